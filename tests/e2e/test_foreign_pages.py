"""A real browser: our own page works, and a foreign page gets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright

from tests.fakes.api import TOKEN, Api, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

CHROMIUM = "/usr/bin/chromium"

ATTACK = """async ([port, token]) => {
  const base = `127.0.0.1:${port}`;
  const found = {};
  const attempt = async (name, path, options) => {
    try {
      const answer = await fetch(`http://${base}${path}`, options);
      found[name] = answer.type === "opaque" ? "opaque" : `read ${answer.status}`;
    } catch { found[name] = "refused"; }
  };
  await attempt("read", "/health", {});
  await attempt("with cookies", "/api/streams", {credentials: "include"});
  await attempt("with a token", "/api/streams", {headers: {Authorization: `Bearer ${token}`}});
  await attempt("blind post", "/api/sessions/forged/messages", {
    method: "POST", mode: "no-cors", credentials: "include",
    body: JSON.stringify({messages: [{username: "evil", message: "mine"}]}),
  });
  found.socket = await new Promise((done) => {
    const socket = new WebSocket(`ws://${base}/ws`);
    socket.onmessage = () => done("heard");
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
  });
  found.frame = await new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.src = `http://${base}/`;
    frame.onload = () => {
      try { done(frame.contentDocument ? "empty" : "blocked or foreign"); }
      catch { done("blocked or foreign"); }
    };
    document.body.append(frame);
  });
  return found;
}"""


@asynccontextmanager
async def page_of_a_browser() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield await browser.new_page()
        finally:
            await browser.close()


@asynccontextmanager
async def foreign_site() -> AsyncIterator[int]:
    """Serve an empty page on another port of this machine."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<body>"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def log_in(page: Page, api: Api) -> list[str]:
    """Follow a login link; return what the browser complained of."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    assert api.server is not None
    await page.goto(api.server.login_link())
    return complaints


@pytest.mark.asyncio
async def test_our_page_and_a_foreign_one() -> None:
    async with served() as api, foreign_site() as port, page_of_a_browser() as page:
        await api.store.open_show(
            session_id="<img src=x onerror=alert(1)>", platform="push", url="", now_ms=1
        )
        complaints = await log_in(page, api)
        assert await page.inner_text("h1") == "DealFlow is running"
        assert "<img src=x onerror=alert(1)>" in await page.inner_text("ul")
        assert await page.evaluate("getComputedStyle(document.body).maxWidth") != "none"
        assert complaints == []

        await page.goto(f"http://localhost:{port}/")
        found: dict[str, Any] = await page.evaluate(ATTACK, [api.port, TOKEN])
        assert found == {
            "read": "refused",
            "with cookies": "refused",
            "with a token": "refused",
            "blind post": "refused",
            "socket": "refused",
            "frame": "blocked or foreign",
        }
        assert await api.store.show_of("forged") is None
