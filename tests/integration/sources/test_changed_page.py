"""The page reader on pages that are not what the data file expects first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dealflow.model.facts import ChatSeen, LotShown, Oddity, SaleSeen, ViewersSeen
from tests.fakes.shared_browser import Bench, Heard, open_bench, until
from tests.fakes.site import Site, open_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio, pytest.mark.timeout(60)]

SHOW = "7d3e1c52-3b0e-4c55-9d3a-7f8e2a51c001"
SAID = [("ann", "mine"), ("bo", "how much?"), ("ann", "mine")]

PAGE = """<!doctype html><title>seller is live - Vintage night</title>
<div data-testid="virtuoso-item-list"><div data-index="0">a list of the shop</div></div>
<section class="LivePlayer_livePlayer__aB1c">
 <header class="LivePlayer_livePlayerHeader__vENUi"><a href="/user/seller">seller</a>
  <strong class="tabular-nums">1,284</strong></header>
 <video></video>
 <footer class="LivePlayer_livePlayerFooter__UDpaa"><section>
  <strong data-testid="show-winning-status">cleo is Winning!</strong>
  <div data-testid="show-product-title" title="Tee #348"><strong>Tee #348</strong></div>
  <strong class="tabular-nums">$18</strong><strong data-testid="show-timer">00:07</strong>
  <button data-testid="show-bid-button"><strong>Bid: $19</strong></button>
 </section></footer></section>
<section data-testid="desktop-chat-panel">
 <div data-testid="virtuoso-scroller" style="overflow-y:auto;height:480px">
  <div data-testid="virtuoso-item-list"></div></div>
 <input data-testid="chat-input" placeholder="Say something...">
</section>
<script>
let index = 0;
function say(user, text) {
  const row = document.createElement("div");
  row.dataset.index = index++;
  row.innerHTML = `ROW`;
  for (const [css, words] of [["a + div strong", user], ["a + div > strong", text]]) {
    row.querySelector(css).textContent = words;
  }
  row.querySelector("a").setAttribute("href", "/user/" + user);
  document.querySelector("LIST").append(row);
}
</script>"""
ROW = (
    '<div data-testid="chat-message" class="flex gap-2">'
    '<a data-testid="chat-message-avatar-link"><div class="rounded-full">A</div></a>'
    '<div class="flex flex-col"><div><strong></strong></div><strong></strong></div></div>'
)
LIST = "section[data-testid=desktop-chat-panel] > div > div"

Change = Callable[[str], str]


def as_it_is(page: str) -> str:
    return page


def with_new_class_suffixes(page: str) -> str:
    """Change what a build changes: the end of each module's class."""
    return re.sub(r"(LivePlayer_\w+?__)\w+", r"\1Zz9_q", page)


def without_row_test_ids(page: str) -> str:
    """Take the test ids off the rows; links and layout are left."""
    return re.sub(r' data-testid="chat-message[a-z-]*"', "", page)


def without_list_test_ids(page: str) -> str:
    """Name the list by the library's own spelling, and drop the input's id, as in August 2026."""
    page = page.replace(' data-testid="chat-input"', "")
    return page.replace(
        'data-testid="virtuoso-item-list"></div>', 'data-test-id="virtuoso-item-list"></div>'
    )


def with_another_nesting(page: str) -> str:
    """Put every row one level deeper, behind a badge, so that no path by position holds."""
    return page.replace(ROW, f"<div><span></span><div>{ROW}</div></div>")


def without_utility_classes(page: str) -> str:
    """Drop the layout's classes inside the rows."""
    return page.replace(' class="flex flex-col"', "").replace(' class="flex gap-2"', "")


def in_german(page: str) -> str:
    """Say in another language what the page says of the auction: nothing is sold by it."""
    return page.replace("is Winning!", "hat gewonnen!").replace("Bid: ", "Gebot: ")


@asynccontextmanager
async def reading(
    change: Change, profile: Path | None = None
) -> AsyncGenerator[tuple[Site, Bench, Heard]]:
    async with open_site() as site, open_bench(site.url, profile=profile) as bench:
        page = PAGE.replace("ROW", ROW).replace("LIST", LIST)
        site.pages[f"/live/{SHOW}"] = (200, change(page))
        heard = Heard()
        task = asyncio.ensure_future(bench.reader(SHOW).run(heard))
        try:
            await until(lambda: bool(heard.of(LotShown)) or task.done(), 20)
            yield site, bench, heard
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def speak(bench: Bench) -> None:
    (tab,) = bench.browser.tabs
    for user, text in SAID:
        await tab.ask(f"say({user!r}, {text!r})")


def matched(bench: Bench) -> set[str]:
    return {
        sample.labels["selector"]
        for metric in bench.metrics.matched.collect()
        for sample in metric.samples
    }


@pytest.mark.parametrize(
    ("change", "tells"),
    [
        (as_it_is, 'chat_row: [data-testid="chat-message"]'),
        (with_new_class_suffixes, 'player: section[class*="LivePlayer_livePlayer__"]'),
        (without_row_test_ids, 'username: a[href^="/user/"] @href'),
        (without_list_test_ids, 'chat_list: [data-test-id="virtuoso-item-list"]'),
        (with_another_nesting, 'chat_row: [data-testid="chat-message"]'),
        (in_german, 'lot_title: [data-testid="show-product-title"] @title'),
        (without_utility_classes, "message: :scope > div:last-child > :not(:first-child)"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_redesigned_page_is_read_by_other_candidates(change: Change, tells: str) -> None:
    async with reading(change) as (_, bench, heard):
        await speak(bench)
        await until(lambda: len(heard.of(ChatSeen)) >= len(SAID))
        await until(lambda: tells in matched(bench))
        assert [(fact.username, fact.text) for fact in heard.of(ChatSeen)] == SAID
        assert heard.of(LotShown)[0].lot.title == "Tee #348"
        assert heard.of(ViewersSeen)[-1].viewers == 1284
        assert heard.of(SaleSeen) == []


async def test_viewers_that_the_page_does_not_show_are_unknown() -> None:
    async with reading(lambda page: page.replace("1,284", "")) as (_, bench, heard):
        await speak(bench)
        await until(lambda: len(heard.of(ChatSeen)) >= len(SAID))
        assert heard.of(ViewersSeen) == []


async def test_words_that_flicker_are_no_sale() -> None:
    """ "won!" stands for 60 ms, then the bidding goes on; later it stays, in another order."""
    async with reading(as_it_is) as (_, bench, heard):
        (tab,) = bench.browser.tabs
        status = "document.querySelector('[data-testid=show-winning-status]')"
        price = "document.querySelector('footer .tabular-nums')"
        sold = f"{price}.insertAdjacentHTML('beforebegin', '<strong>Sold</strong>')"
        await tab.ask(f"{status}.textContent = 'dora won!'; {sold}; 0")
        await tab.ask(
            "new Promise((done) => setTimeout(() => {"
            f"{status}.textContent = 'cleo is Winning!'; {price}.previousSibling.remove(); done()"
            "}, 60))"
        )
        await asyncio.sleep(1.0)  # in which a sale that has settled would be told
        assert heard.of(SaleSeen) == []
        await tab.ask(f"{status}.textContent = 'cleo won!'; {price}.textContent = '$21'")
        await asyncio.sleep(0.1)
        await tab.ask(f"{sold}; 0")
        await until(lambda: bool(heard.of(SaleSeen)))
        (sale,) = heard.of(SaleSeen)
        assert (sale.sale.username, sale.sale.price) == ("cleo", 21.0)


async def test_the_pages_own_sockets_are_left_as_they_are() -> None:
    """A wrapper around `WebSocket` loses its constants, its prototype or URL objects."""
    async with reading(as_it_is) as (site, bench, _):
        (tab,) = bench.browser.tabs
        await tab.ask(
            "new Promise((done) => {"
            "const socket = window.own = new WebSocket(new URL('/own/websocket', location.href));"
            "socket.onopen = done; socket.onerror = done; })"
        )
        assert "/own/websocket" in site.asked
        assert await tab.ask(
            "own instanceof WebSocket && own.readyState === WebSocket.OPEN"
            " && Object.getPrototypeOf(own) === WebSocket.prototype"
            " && /native code/.test(Function.prototype.toString.call(WebSocket))"
        )


async def test_a_login_that_is_gone_is_told(tmp_path: Path) -> None:
    """The page works on, silently, as for anyone."""
    async with reading(as_it_is, tmp_path / "profile") as (_, bench, heard):
        await until(lambda: any(fact.kind == "login_expired" for fact in heard.of(Oddity)))
        await speak(bench)
        await until(lambda: len(heard.of(ChatSeen)) >= len(SAID))
