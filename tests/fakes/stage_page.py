"""The stage's page in a real Chromium, with a plain observer that notes every row it sees."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from dealflow.stage.whatnot import Stage

# Notes, for each row that was ever mounted with a text: its index and that text.
OBSERVER = """
window.rows = []; window.nodes = new Map(); window.reused = 0; window.empty = 0;
addEventListener('DOMContentLoaded', () => {
  const seen = new Set();
  const note = (wrapper) => {
    const row = wrapper?.querySelector('[data-testid="chat-message"]');
    if (!row || !wrapper.closest('[data-testid="desktop-chat-panel"]')) return;
    const index = Number(wrapper.dataset.index);
    if (window.nodes.has(wrapper) && window.nodes.get(wrapper) !== index) window.reused++;
    window.nodes.set(wrapper, index);
    const text = row.lastElementChild.lastElementChild.textContent;
    const user = row.querySelector('a').getAttribute('href').slice('/user/'.length);
    if (!text) window.empty++;
    const key = `${index} ${user} ${text}`;
    if (!text || seen.has(key)) return;
    seen.add(key);
    window.rows.push([index, decodeURIComponent(user), text]);
  };
  new MutationObserver((records) => {
    for (const { target, addedNodes } of records) {
      const element = target.nodeType === 1 ? target : target.parentElement;
      note(element?.closest('[data-index]'));
      for (const node of addedNodes) {
        if (node.nodeType !== 1) continue;
        note(node.closest('[data-index]'));
        node.querySelectorAll('[data-index]').forEach(note);
      }
    }
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
});
"""


@asynccontextmanager
async def page_of(stage: Stage) -> AsyncIterator[Page]:
    """Open the show's page and wait until its sockets joined and its feed is connected."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.add_init_script(OBSERVER)
        await page.goto(stage.show_url)
        await joined(page, stage)
        yield page
        await browser.close()


async def joined(page: Page, stage: Stage) -> None:
    """Wait until both sockets are in all of their topics."""
    wanted = {stage.show.chat, stage.show.auction, stage.show.commerce}
    while not stage.house.feeds or wanted - {
        topic for seat in stage.house.seats for topic in seat.topics
    }:
        await page.wait_for_timeout(20)


async def rows(page: Page, count: int) -> list[tuple[int, str, str]]:
    """Wait for this many rows and return all that were seen."""
    await page.wait_for_function("(n) => window.rows.length >= n", arg=count, timeout=10_000)
    seen: list[list[object]] = await page.evaluate("window.rows")
    return [(int(str(index)), str(user), str(text)) for index, user, text in seen]


async def texts(page: Page, count: int) -> list[str]:
    """Wait for this many rows and return what they say, in the order of their indices."""
    return [text for _, _, text in sorted(await rows(page, count))]
