"""A second opinion from the push to the books: what it may change, and what it never does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from dealflow.intents.llm.prompt import PROMPT
from dealflow.model.intent import Intent, Role
from dealflow.model.revision import Revision, VerdictSource
from tests.fakes.clock import ManualClock
from tests.fakes.endpoint import Endpoint, label, open_endpoint
from tests.fakes.second import SESSION, SHIRT, open_shop

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


async def test_a_doubtful_message_is_shown_at_once_and_corrected_later(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint) as shop:
        await shop.put_on_screen(SHIRT)
        [outcome] = await shop.say(("amy", "hmm I'd buy that"))
        assert outcome.verdict is not None
        assert (outcome.verdict.intent, outcome.captured) == (Intent.CHATTER, False)
        await shop.settled()
        assert (await shop.labels())["hmm I'd buy that"] == ("claim", 0.95, "second_opinion")
        assert await shop.buyers() == ["amy"]
        show = await shop.show()
        [claim] = await shop.store.claims(show.id)
        assert (claim.username, claim.state) == ("amy", "awarded")
        kinds = await shop.kinds()
        assert kinds.count("VerdictUpdated") == kinds.count("BuyerDetected") == 1
        assert outcome.message_id is not None
        first, second = await shop.store.verdicts(show.id, outcome.message_id)
        assert first.source is VerdictSource.LOCAL
        assert (second.source, second.prompt) == (VerdictSource.SECOND_OPINION, PROMPT)
        assert (second.verdict.model, second.verdict.confidence) == ("m", 0.95)
        assert "claim" in second.verdict.reason


async def test_nobody_is_asked_about_what_is_sure_or_said_by_the_shop(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint) as shop:
        await shop.say(("amy", "mine"), ("bo", "lol"))
        for role in (Role.HOST, Role.MOD, Role.BOT):
            await shop.say(("shop", f"hmm {role}"), role=role)
        await shop.say(("cy", "hmm buy"))
        await shop.settled()
        assert [line["text"] for lines in endpoint.lines for line in lines] == ["hmm buy"]


async def test_a_model_takes_no_buyer_away(endpoint: Endpoint) -> None:
    endpoint.think = lambda lines: [label(line, "retraction", 0.0) for line in lines]
    async with open_shop(None, endpoint) as shop:
        await shop.put_on_screen(SHIRT)
        await shop.say(("amy", "well I take it"), ("amy", "hmm so nice"))
        await shop.settled()
        labels = await shop.labels()
        assert {labels[text][2] for text in ("well I take it", "hmm so nice")} == {"second_opinion"}
        assert await shop.buyers() == ["amy"]
        [claim] = await shop.store.claims((await shop.show()).id)
        assert (claim.username, claim.state) == ("amy", "awarded")
        assert "CaptureWithdrawn" not in await shop.kinds()


async def test_what_the_seller_decided_stands(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint, calls_per_month=1) as shop:  # nobody is asked
        await shop.put_on_screen(SHIRT)
        [outcome] = await shop.say(("amy", "hmm buy"))
        assert outcome.verdict is not None
        assert outcome.message_id is not None
        for source, intent, confidence in (
            (VerdictSource.SELLER, Intent.CHATTER, 0.0),
            (VerdictSource.SECOND_OPINION, Intent.CLAIM, 0.95),
        ):
            verdict = replace(outcome.verdict, intent=intent, confidence=confidence)
            revision = Revision(message_id=outcome.message_id, verdict=verdict, source=source, at=1)
            await shop.monitor.reconsider(SESSION, [revision])
        assert (await shop.labels())["hmm buy"] == ("chatter", 0.0, "seller")
        assert await shop.buyers() == []
        assert await shop.doubts() == []
        show = await shop.show()
        kept = await shop.store.verdicts(show.id, outcome.message_id)
        assert [one.source for one in kept] == ["local", "seller", "second_opinion"]


async def test_nobody_is_told_twice_of_one_buyer_and_item(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint) as shop:
        await shop.put_on_screen(SHIRT)
        await shop.say(("amy", "mine"))
        await shop.say(("amy", "hmm buy it"), ("amy", "hm buy"))
        await shop.settled()
        assert await shop.buyers() == ["amy"]
        assert (await shop.kinds()).count("BuyerDetected") == 1


async def test_the_nearest_to_the_threshold_is_asked_about_first(endpoint: Endpoint) -> None:
    clock = ManualClock()
    async with open_shop(None, endpoint, clock=clock, calls_per_minute=2) as shop:
        await shop.say(("amy", "hm far"), ("bo", "hmm near"), ("cy", "hm far too"))
        await shop.until(lambda: endpoint.requests)
        assert [line["text"] for line in endpoint.lines[0]] == ["hmm near"]
        await shop.settled()  # the others' minutes come


async def test_one_persons_messages_go_together_and_two_peoples_never(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint, window_seconds=0.3) as shop:
        await shop.say(*((name, f"hmm {n}") for n in range(3) for name in ("amy", "bo")))
        await shop.settled()
    assert sorted(len(lines) for lines in endpoint.lines) == [3, 3]
    ids = [line["id"] for lines in endpoint.lines for line in lines]
    assert len(set(ids)) == 6


async def test_the_same_words_are_asked_about_once(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint) as shop:
        await shop.say(("amy", "hmm I'd buy"))
        await shop.settled()
        await shop.say(*((f"user{n}", "Hmm  I'd BUY".replace("H", "h")) for n in range(50)))
        await shop.settled()
        assert len(endpoint.requests) == 1
        assert len(await shop.buyers()) == 51


async def test_no_name_leaves_the_machine(endpoint: Endpoint) -> None:
    lot = SHIRT.__class__(code="B2", title="Held for canary_zoe", price=5.0)
    names = ["canary_zoe", "Canary Zed", "CANARY.Zac"]
    async with open_shop(None, endpoint) as shop:
        await shop.put_on_screen(lot)
        await shop.say(*((name, "hi") for name in names))
        await shop.say(
            ("canary_zoe", "hmm canary_zoe wants it, ask canary zed"),
            ("canary_zoe", "hmm @Canary.Zac and CANARY_ZOE's friend"),
            ("Canary Zed", "hmm thanks @nobody_we_know!"),
        )
        await shop.settled()
    sent = b"".join(endpoint.requests).lower() + "".join(endpoint.heads).lower().encode()
    assert len(endpoint.requests) == 2
    assert b"canary" not in sent
    assert b"nobody_we_know" not in sent
    assert b"someone wants it, ask someone" in sent


async def test_a_closed_show_is_corrected_too(endpoint: Endpoint, tmp_path: Path) -> None:
    async with open_shop(tmp_path, endpoint, calls_per_month=1) as shop:  # a call reserves two
        await shop.say(("amy", "hmm buy"))
        assert len(await shop.doubts()) == 1
    async with open_shop(tmp_path, endpoint) as shop:
        await shop.settled()
        assert await shop.buyers() == ["amy"]
        assert shop.monitor.active == frozenset()


async def test_yesterdays_doubts_are_given_up(endpoint: Endpoint, tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_shop(tmp_path, endpoint, clock=clock, calls_per_month=1) as shop:
        await shop.say(("amy", "hmm buy"))
    late = ManualClock(clock.now_ms() + 25 * 3_600_000)
    async with open_shop(tmp_path, endpoint, clock=late) as shop:
        await shop.settled()
        assert endpoint.requests == []
        assert (await shop.labels())["hmm buy"][2] == "local"


async def test_cost_is_counted_for_the_show_and_for_all(endpoint: Endpoint) -> None:
    async with open_shop(None, endpoint, price_in=1.0, price_out=10.0) as shop:
        await shop.say(("amy", "hmm 1"))
        await shop.settled()
        await shop.until(lambda: shop.metrics.second_money._value.get())
        spent = await shop.spent((await shop.show()).id)
        assert (spent.calls, spent.tokens_in, spent.tokens_out) == (1, 700, 30)
        assert spent.money == pytest.approx(0.001)
        text = shop.metrics.text().decode()
        assert 'dealflow_second_calls_total{result="answered"} 1.0' in text
        assert 'dealflow_second_tokens_total{direction="in"} 700.0' in text
        assert "dealflow_second_money_total 0.001" in text
        assert "dealflow_second_circuit 0.0" in text
