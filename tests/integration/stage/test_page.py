"""The page in a real Chromium: it renders every message, and breaks the way it is told."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from dealflow.model.show import Lot, SaleMode
from dealflow.stage.whatnot import Stage
from tests.fakes.phoenix import in_chat
from tests.fakes.stage_page import joined, page_of, rows, texts

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

MOUNTED = '[data-testid="desktop-chat-panel"] [data-index]'
SCROLLER = "document.querySelector('#panel [data-testid=virtuoso-scroller]')"
END = f"{SCROLLER}.scrollHeight - {SCROLLER}.clientHeight - {SCROLLER}.scrollTop"
MESSAGES = f'{MOUNTED} [data-testid="chat-message"]'


@pytest.mark.asyncio
@pytest.mark.parametrize("seconds", [2, pytest.param(10, marks=pytest.mark.slow)])
async def test_every_row_is_mounted_once_at_200_a_second(seconds: int) -> None:
    async with Stage() as stage, page_of(stage) as page:
        said = await stage.flood(200, seconds, text="number {n}")
        seen = sorted(await rows(page, len(said)))
        assert [(user, text) for _, user, text in seen] == [(each.user, each.text) for each in said]
        indices = [index for index, _, _ in seen]
        assert len(set(indices)) == len(indices)
        assert await page.locator(MOUNTED).count() < 50
        assert await page.evaluate("window.reused") > 20 * seconds
        assert await page.evaluate("window.empty") > 2 * seconds


@pytest.mark.asyncio
async def test_a_burst_that_is_longer_than_the_list_is_mounted_in_turns() -> None:
    async with Stage() as stage, page_of(stage) as page:
        said = await stage.burst([("amy", f"number {n}") for n in range(300)])
        assert await texts(page, 300) == [each.text for each in said]


@pytest.mark.asyncio
async def test_the_backlog_comes_first_and_cards_are_no_messages() -> None:
    async with Stage() as stage:
        await stage.burst([("amy", f"before {n}") for n in range(60)])
        async with page_of(stage) as page:
            await stage.say("bo", "after")
            assert await texts(page, 51) == [*(f"before {n}" for n in range(10, 60)), "after"]
            await stage.burst([("amy", f"more {n}") for n in range(20)])
            await rows(page, 71)
            odd = page.locator(f"{MOUNTED}:not(:has([data-testid='chat-message']))")
            assert "Sold! 90s band tees" in await odd.first.inner_text()


@pytest.mark.asyncio
async def test_a_row_looks_as_in_the_sample() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.fault("late_share", 0.0)
        await stage.say("mia", "@bob.1 shipping is 4.99", "mod", user_id="5")
        await stage.say("seller", "Next lot soon", "host", user_id="8", announcement=True)
        await stage.say("eve", "<b onclick=1>mine</b>", user_id="7")
        await rows(page, 3)
        mod, host, eve = await page.locator(MESSAGES).all()
        await expect(mod.locator("div.flex.flex-col > div strong")).to_have_text("mia")
        await expect(mod.locator("div.flex.flex-col > div img")).to_have_attribute("alt", "Mod")
        await expect(mod.locator("span.bg-neutrals-opaque-200")).to_have_text("@bob.1")
        await expect(mod.locator("div.flex.flex-col > strong")).to_have_text(
            "@bob.1 shipping is 4.99"
        )
        await expect(mod.locator("a img")).to_have_attribute("alt", "mia profile image")
        await expect(mod.locator("a img")).to_have_attribute("src", re.compile("users%2F5"))
        await expect(host).to_have_class(re.compile("text-system-orange"))
        await expect(host.locator("a .rounded-full")).to_have_text("S")
        await expect(eve.locator("div.flex.flex-col > strong")).to_have_text(
            "<b onclick=1>mine</b>"
        )
        wrapper = page.locator(MOUNTED).last
        assert await wrapper.get_attribute("data-index") == "3"
        assert await wrapper.get_attribute("data-known-size") == "52"


@pytest.mark.asyncio
async def test_auction_sale_giveaway_and_viewers_are_on_the_page() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await expect(page.get_by_test_id("show-bid-button")).to_have_text("Awaiting next item")
        await expect(page.locator("#viewers")).to_be_hidden()
        await stage.viewers(1284)
        await expect(page.locator("header strong.tabular-nums")).to_have_text("1,284")
        await stage.lot(Lot(code="348", title="Nike tee", price=10, currency="USD"), seconds=60)
        await stage.bid("kay")
        await stage.bid("dommy31", 18)
        status = page.get_by_test_id("show-winning-status")
        await expect(status).to_have_text("dommy31 is Winning!")
        title = page.get_by_test_id("show-product-title")
        await expect(title).to_have_attribute("title", "Nike tee #348")
        await expect(page.get_by_test_id("show-bid-button")).to_have_text("Bid: $19")
        await expect(page.get_by_test_id("show-timer")).to_have_text(re.compile(r"00:\d\d|01:00"))
        await expect(page.locator("footer strong.tabular-nums")).to_have_text("$18")
        await stage.close_lot()
        await expect(status).to_have_text("dommy31 won!")
        await expect(page.locator("footer")).to_contain_text("Sold")
        await stage.giveaway("tina", "Pin set")
        await expect(status).to_have_text("tina won!")
        await expect(page.locator("footer")).to_contain_text("Entries")
        await expect(page.locator("#shop-list section")).to_have_count(1)
        pants = Lot(code="9", title="Pants", price=32, currency="USD", mode=SaleMode.CLAIM)
        await stage.lot(pants)
        await expect(title).to_have_text("Pants #9")
        await stage.end()
        await expect(page.get_by_test_id("show-has-ended-banner")).to_contain_text("Show Has Ended")


@pytest.mark.asyncio
async def test_cut_sockets_are_opened_again_and_the_backlog_fills_the_hole() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.say("amy", "before")
        await rows(page, 1)
        await stage.fault("cut_sockets")
        await stage.burst([("amy", f"meanwhile {n}") for n in range(5)])
        await joined(page, stage)
        await stage.say("amy", "after")
        wanted = ["before", *(f"meanwhile {n}" for n in range(5)), "after"]
        assert await texts(page, 7) == wanted


@pytest.mark.asyncio
async def test_the_page_goes_on_while_its_sockets_are_silent() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.fault("silent_sockets", dom=True)
        await stage.burst([("amy", f"number {n}") for n in range(5)])
        assert await texts(page, 5) == [f"number {n}" for n in range(5)]


@pytest.mark.asyncio
async def test_the_page_goes_on_while_its_sockets_are_dead() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.fault("refuse_sockets", dom=True)
        await stage.fault("cut_sockets")
        await stage.burst([("amy", f"number {n}") for n in range(5)])
        assert await texts(page, 5) == [f"number {n}" for n in range(5)]


@pytest.mark.asyncio
async def test_chat_may_be_missing_on_the_sockets_alone() -> None:
    async with Stage() as stage, page_of(stage) as page, in_chat(stage) as client:
        await stage.fault("drop_socket_delivery")
        await stage.say("amy", "on the page only")
        assert await texts(page, 1) == ["on the page only"]
        await stage.clear()
        await stage.say("amy", "everywhere")
        assert await client.texts(1) == ["everywhere"]
        assert await texts(page, 2) == ["on the page only", "everywhere"]


@pytest.mark.asyncio
@pytest.mark.parametrize("level", ["list", "scroller", "panel"])
async def test_a_swapped_container_goes_on(level: str) -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.burst([("amy", f"number {n}") for n in range(30)])
        await rows(page, 30)
        selector = {
            "list": f"{MOUNTED} >> xpath=..",
            "scroller": '#panel [data-testid="virtuoso-scroller"]',
            "panel": '[data-testid="desktop-chat-panel"]',
        }[level]
        old = await page.locator(selector).first.element_handle()
        assert old is not None
        await stage.fault("swap_container", level=level)
        await page.wait_for_function("(node) => !node.isConnected", arg=old)
        await stage.burst([("amy", f"number {n}") for n in range(30, 60)])
        assert await texts(page, 60) == [f"number {n}" for n in range(60)]


@pytest.mark.asyncio
async def test_a_swap_may_start_its_numbers_again() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.fault("late_share", 0.0)
        await stage.burst([("amy", f"number {n}") for n in range(60)])
        await rows(page, 60)
        await stage.fault("swap_container", restart=True)
        await page.wait_for_function(f"document.querySelector('{MOUNTED}').dataset.index === '0'")
        await stage.say("amy", "after")
        last = page.locator(MOUNTED).last
        await expect(last).to_contain_text("after")
        assert int(await last.get_attribute("data-index") or "99") < 30


@pytest.mark.asyncio
async def test_a_list_rendered_again_holds_the_same_rows() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.fault("late_share", 0.0)
        await stage.burst([("amy", f"number {n}") for n in range(40)])
        await rows(page, 40)
        before = await page.locator(MOUNTED).all_inner_texts()
        old = await page.locator(MOUNTED).last.element_handle()
        assert old is not None
        await stage.fault("rerender")
        await page.wait_for_function("(node) => !node.isConnected", arg=old)
        await stage.say("amy", "after")
        await rows(page, 41)
        assert (await page.locator(MOUNTED).all_inner_texts())[-2] == before[-1]


async def heard(page: Page, stage: Stage, viewers: int) -> None:
    """Wait until the page has heard everything so far and had ten turns to render it."""
    await stage.viewers(viewers)
    await expect(page.locator("#viewers")).to_have_text(str(viewers))
    await page.evaluate("new Promise((done) => setTimeout(done, 200))")


@pytest.mark.asyncio
async def test_a_frozen_page_goes_on_at_the_end_of_the_list() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.burst([("amy", f"first {n}") for n in range(30)])
        await rows(page, 30)
        await stage.fault("freeze_dom")
        await stage.burst([("amy", f"frozen {n}") for n in range(60)])
        await heard(page, stage, 7)
        assert await page.evaluate("window.rows.length") == 30
        await stage.clear("freeze_dom")
        await expect(page.locator(MOUNTED).last).to_contain_text("frozen 59")
        assert "frozen 0" not in await texts(page, 45)


@pytest.mark.asyncio
async def test_a_list_that_is_scrolled_up_hides_what_is_new() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await stage.burst([("amy", f"first {n}") for n in range(30)])
        await rows(page, 30)
        await stage.fault("scroll_up")
        await page.wait_for_function(f"{END} > 200")
        await stage.say("amy", "below")
        await heard(page, stage, 8)
        assert await page.evaluate("window.rows.length") == 30
        await page.evaluate(f"{SCROLLER}.scrollTop = {SCROLLER}.scrollHeight")
        await expect(page.locator(MOUNTED).last).to_contain_text("below")


@pytest.mark.asyncio
async def test_an_overlay_leaves_the_chat_behind_it() -> None:
    async with Stage() as stage, page_of(stage) as page:
        overlay = page.get_by_role("dialog")
        await expect(overlay).to_be_hidden()
        await stage.fault("overlay")
        await expect(overlay).to_contain_text("You're joining a show by seller.")
        await stage.say("amy", "behind the overlay")
        assert await texts(page, 1) == ["behind the overlay"]


@pytest.mark.asyncio
async def test_a_false_banner_comes_and_goes() -> None:
    async with Stage() as stage, page_of(stage) as page:
        banner = page.get_by_test_id("show-has-ended-banner")
        await stage.fault("false_banner")
        await expect(banner).to_be_visible()
        await stage.resume()
        await expect(banner).to_have_count(0)


@pytest.mark.asyncio
async def test_a_busy_page_stops_for_as_long_as_it_is_told() -> None:
    async with Stage() as stage, page_of(stage) as page:
        await page.evaluate(
            "window.gap = 0; window.last = performance.now(); setInterval(() => {"
            "const now = performance.now(); gap = Math.max(gap, now - last); last = now; }, 10)"
        )
        await stage.fault("busy", ms=800)
        await page.wait_for_function("window.gap >= 800")
        await stage.say("amy", "awake")
        assert await texts(page, 1) == ["awake"]


@pytest.mark.asyncio
async def test_the_page_asks_and_goes_where_it_is_told() -> None:
    async with Stage() as stage, page_of(stage) as page:
        url = f"{stage.base_url}/images/probe"
        async with page.expect_request(url):
            await stage.fault("fetch", url=url)
        await stage.fault("navigate", path="/user/seller")
        await page.wait_for_url(f"{stage.base_url}/user/seller")


@pytest.mark.asyncio
async def test_hostile_texts_do_nothing_to_the_page() -> None:
    async with Stage() as stage, page_of(stage) as page:
        title = await page.title()
        await stage.fault("malformed")
        await stage.fault("hostile")
        said = await stage.say_hostile()
        await stage.say("amy", "the end")
        await expect(page.locator(MOUNTED).last).to_contain_text("the end")
        assert len(await rows(page, len(said) // 2)) > len(said) // 2
        assert await page.title() == title
