"""Verdicts change after the fact: in one commit, told once, and the same after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from dealflow.bus.memory import MemoryBus
from dealflow.clock import SystemClock
from dealflow.errors import DiskFull, InputInvalid, MessageUnknown, ShowUnknown
from dealflow.model.claim import Claim
from dealflow.model.correction import Correction
from dealflow.model.events import (
    BuyerDetected,
    BuyerReturned,
    BuyerWithdrawn,
    ClaimUpdated,
    EventBody,
    VerdictUpdated,
    decode,
)
from dealflow.model.facts import ChatSeen, LotShown, SaleSeen, ShowSeen
from dealflow.model.intent import Intent, Room, Verdict
from dealflow.model.revision import Revision, VerdictSource
from dealflow.model.show import Lot, Sale, SaleMode
from dealflow.model.view import ShowView, apply
from dealflow.pipeline.base import PushedMessage, StartRequest
from dealflow.pipeline.monitor import ShowMonitor
from dealflow.settings import Settings
from dealflow.sources.registry import Platforms
from dealflow.store.base import Show, StoredMessage
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.classifier import WordClassifier
from tests.fakes.flaky_store import FlakyStore
from tests.fakes.platform import HOST, QueuePlatform

pytestmark = pytest.mark.asyncio

SHIRT = Lot(code="1", title="Shirt", price=20.0, currency="USD")
Kind = TypeVar("Kind", bound=EventBody)
NOT_BUYER, MISSED = Correction.NOT_BUYER, Correction.MISSED_BUYER


class World:
    """A monitor over a real store, and one show "s" in it."""

    def __init__(self, monitor: ShowMonitor, store: FlakyStore, platform: QueuePlatform) -> None:
        self.monitor = monitor
        self.store = store
        self.platform = platform

    async def show(self) -> Show:
        show = await self.store.show_of("s")
        assert isinstance(show, Show)
        return show

    async def read(self, *facts: Any) -> None:
        """Let a source read these facts, and wait until they are committed."""
        if "s" not in self.monitor.active:
            await self.monitor.start(StartRequest(url=f"{HOST}s", session_id="s"))
        self.platform.show("s").put_nowait(list(facts))
        said = {fact.text for fact in facts if isinstance(fact, ChatSeen)}
        async with asyncio.timeout(5):
            while not said <= {one.message.text for one in await self.messages()}:
                await asyncio.sleep(0.01)

    async def messages(self) -> list[StoredMessage]:
        found: list[StoredMessage] = await self.store.messages((await self.show()).id, limit=1000)
        return found

    async def message(self, text: str) -> StoredMessage:
        return next(one for one in await self.messages() if one.message.text == text)

    async def correct(
        self, text: str, correction: Correction | None, intent: Intent | None = None
    ) -> StoredMessage:
        message_id = (await self.message(text)).message.id
        return await self.monitor.correct("s", message_id, correction, intent)

    async def second(self, text: str, intent: Intent, confidence: float) -> None:
        message_id = (await self.message(text)).message.id
        verdict = Verdict(
            intent=intent, confidence=confidence, scores={}, reason="asked", model="big-1"
        )
        await self.monitor.reconsider(
            "s",
            [
                Revision(
                    message_id=message_id,
                    verdict=verdict,
                    source=VerdictSource.SECOND_OPINION,
                    at=9_000,
                    prompt="5f3a",
                )
            ],
        )

    async def events(self, kind: type[Kind], after: int = 0) -> list[Kind]:
        frames = await self.store.frames((await self.show()).id, after=after, limit=10_000)
        return [event for event in (decode(one.data) for one in frames) if isinstance(event, kind)]

    async def kinds(self, after: int) -> list[str]:
        frames = await self.store.frames((await self.show()).id, after=after, limit=10_000)
        return [frame.kind for frame in frames if frame.kind != "stats"]

    async def claims(self) -> dict[str, tuple[str, int]]:
        """Return who stands how: the latest word of each, as the store and the frames have it."""
        stored: list[Claim] = await self.store.claims((await self.show()).id)
        told = {event.claim.key: event.claim for event in await self.events(ClaimUpdated)}
        assert {claim.key: claim for claim in stored} == told
        return {claim.username: (str(claim.state), claim.place) for claim in stored}

    async def captured(self) -> list[str]:
        """Return who is captured, and hold the totals against it."""
        show = await self.show()
        rows = await self.store.captures(show.id, limit=1000)
        assert show.total_sales_caught == len(rows) == show.counters.buyers
        assert show.total_revenue_recovered == sum(row.estimated_value or 0.0 for row in rows)
        view = await self.view()
        assert [buyer.capture_id for buyer in view.buyers] == [row.id for row in rows]
        assert view.stats.total_buyers == len(rows)
        return [row.username for row in rows]

    async def view(self) -> ShowView:
        view = ShowView()
        for frame in await self.store.frames((await self.show()).id, after=0, limit=10_000):
            view = apply(view, frame.seq, decode(frame.data))
        return view


@asynccontextmanager
async def world(path: Path) -> AsyncIterator[World]:
    clock, metrics, platform = SystemClock(), Metrics(), QueuePlatform()
    platform.show("s")
    real = await SqliteStore.open(path / "shows.db", clock=clock, metrics=metrics)
    store = FlakyStore(real)
    try:
        async with ShowMonitor(
            settings=Settings(),
            platforms=Platforms([platform]),
            store=store,
            bus=MemoryBus(),
            classifier=WordClassifier(),
            clock=clock,
            metrics=metrics,
        ) as monitor:
            yield World(monitor, store, platform)
    finally:
        await real.aclose()


def chat(user: str, text: str, at: int) -> ChatSeen:
    return ChatSeen(username=user, text=text, at=at, platform_id=f"p{at}")


def two_buyers() -> list[Any]:
    """bo says it first, in words that the classifier does not know; amy says it after him."""
    return [
        LotShown(lot=SHIRT, at=0),
        chat("bo", "that shirt is coming home", 1_000),
        chat("amy", "mine!", 2_000),
    ]


async def test_a_missed_buyer_stands_where_they_spoke(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        assert await here.claims() == {"amy": ("awarded", 1)}
        before = (await here.show()).last_seq
        after = await here.correct("that shirt is coming home", MISSED)
        assert (after.source, after.version, after.intent) == (
            VerdictSource.SELLER,
            2,
            Intent.CLAIM,
        )
        assert after.first is not None
        assert after.first.intent is Intent.CHATTER
        assert await here.claims() == {"bo": ("awarded", 1), "amy": ("backup", 1)}
        assert await here.captured() == ["amy", "bo"]
        assert await here.kinds(before) == [
            "verdict_updated",
            "claim_updated",
            "claim_updated",
            "buyer_detected",
        ]
        [told] = await here.events(VerdictUpdated)
        assert (told.source, told.message.is_buyer) == (VerdictSource.SELLER, True)
        assert (told.previous.intent, told.previous.is_buyer) == (Intent.CHATTER, False)
        shown = {message.message: message.is_buyer for message in (await here.view()).messages}
        assert shown == {"that shirt is coming home": True, "mine!": True}


async def test_what_is_sold_stays_sold(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        sale = Sale(lot="1", username="amy", price=20.0, currency="USD", timestamp="t")
        await here.read(*two_buyers(), SaleSeen(sale=sale, at=3_000), chat("cat", "hi", 4_000))
        await here.correct("that shirt is coming home", MISSED)
        assert await here.claims() == {"amy": ("sold", 1), "bo": ("backup", 1)}


async def test_no_buyer_gives_the_piece_to_the_next_and_it_can_be_taken_back(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await here.read(LotShown(lot=SHIRT, at=0), chat("amy", "mine!", 1), chat("bo", "mine", 2))
        await here.correct("mine!", NOT_BUYER)
        assert await here.claims() == {"amy": ("void", 1), "bo": ("awarded", 1)}
        assert await here.captured() == ["bo"]
        every = await here.store.captures((await here.show()).id, withdrawn=True)
        assert [(one.username, one.withdrawn_at is not None) for one in every] == [
            ("amy", True),
            ("bo", False),
        ]
        back = await here.correct("mine!", None)
        assert (back.source, back.version) == (VerdictSource.LOCAL, 1)
        assert await here.claims() == {"amy": ("awarded", 1), "bo": ("backup", 1)}
        assert await here.captured() == ["amy", "bo"]
        assert len(await here.events(BuyerDetected)) == 2  # nobody is alerted twice
        assert len(await here.events(BuyerWithdrawn)) == 1
        assert len(await here.events(BuyerReturned)) == 1
        kept = await here.store.verdicts((await here.show()).id, back.message.id)
        assert [(one.source, one.withdrawn) for one in kept] == [
            (VerdictSource.LOCAL, False),
            (VerdictSource.SELLER, False),
            (VerdictSource.SELLER, True),
        ]


async def test_another_word_of_the_same_buyer_keeps_the_capture(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(
            LotShown(lot=SHIRT, at=0), chat("amy", "mine", 1), chat("amy", "mine again", 2)
        )
        await here.correct("mine", NOT_BUYER)
        assert await here.captured() == ["amy"]
        assert await here.claims() == {"amy": ("awarded", 1)}
        await here.correct("mine again", NOT_BUYER)
        assert await here.captured() == []
        assert await here.claims() == {"amy": ("void", 1)}
        await here.read(chat("amy", "mine after all", 3))
        assert await here.captured() == ["amy"]
        assert len(await here.events(BuyerDetected)) == 1


async def test_a_second_opinion_only_adds(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        await here.second("mine!", Intent.CHATTER, 0.02)
        doubted = await here.message("mine!")
        assert (doubted.intent, doubted.source) == (Intent.CHATTER, VerdictSource.SECOND_OPINION)
        assert await here.claims() == {"amy": ("awarded", 1)}
        assert await here.captured() == ["amy"]
        await here.second("that shirt is coming home", Intent.CLAIM, 0.9)
        assert await here.claims() == {"bo": ("awarded", 1), "amy": ("backup", 1)}
        assert await here.captured() == ["amy", "bo"]


async def test_nothing_goes_before_the_sellers_word(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        await here.correct("that shirt is coming home", NOT_BUYER, Intent.SPAM)
        told = len(await here.events(VerdictUpdated))
        await here.second("that shirt is coming home", Intent.CLAIM, 0.9)
        stands = await here.message("that shirt is coming home")
        assert (stands.intent, stands.source) == (Intent.SPAM, VerdictSource.SELLER)
        assert len(await here.events(VerdictUpdated)) == told
        assert await here.captured() == ["amy"]
        await here.correct("that shirt is coming home", MISSED, Intent.CLAIM)
        assert await here.captured() == ["amy", "bo"]
        assert await here.claims() == {"bo": ("awarded", 1), "amy": ("backup", 1)}


async def test_leads_follow_the_verdict_that_stands(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(LotShown(lot=SHIRT, at=0), chat("amy", "size?", 1))
        assert (await here.show()).counters.leads == 1
        await here.correct("size?", NOT_BUYER, Intent.CHATTER)
        assert (await here.show()).counters.leads == 0
        await here.correct("size?", None)
        assert (await here.show()).counters.leads == 1
        assert (await here.show()).counters.read == 1


async def test_a_restart_gives_the_same_state(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers(), chat("cat", "mine too", 3_000))
        await here.correct("that shirt is coming home", MISSED)
        await here.second("mine!", Intent.CHATTER, 0.02)
        await here.correct("mine too", NOT_BUYER)
        claims, captured = await here.claims(), await here.captured()
        outcomes = here.monitor.ledger("s")
    async with world(tmp_path) as here:
        await here.read(chat("dan", "hello", 5_000))
        assert here.monitor.ledger("s") == outcomes
        assert await here.claims() == claims
        assert await here.captured() == captured
        await here.correct("mine too", None)
        assert await here.captured() == ["amy", "cat", "bo"]
        assert (await here.claims())["cat"] == ("backup", 2)
        await here.read(chat("dan", "mine now", 6_000))
        assert await here.captured() == ["amy", "cat", "bo", "dan"]


async def test_a_restart_knows_when_it_was_learned_how_the_show_sells(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        plain = msgspec.structs.replace(SHIRT, mode=None)
        await here.read(
            LotShown(lot=plain, at=0),
            chat("amy", "mine", 1),
            ShowSeen(at=2, mode=SaleMode.AUCTION),
            chat("bo", "mine too", 3),
            chat("cat", "hm", 4),
        )
        assert await here.claims() == {"amy": ("awarded", 1)}
        outcomes = here.monitor.ledger("s")
        assert outcomes[0].asked == ("bo",)
    async with world(tmp_path) as here:
        await here.read(chat("dan", "hello", 5_000))
        assert here.monitor.ledger("s") == outcomes
        await here.read(chat("eve", "mine, three", 6_000))
        assert await here.claims() == {"amy": ("awarded", 1)}


async def test_a_show_that_is_not_read_is_corrected_and_stays_closed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        ended = await here.monitor.stop("s")
        before = ended.last_seq
        await here.correct("that shirt is coming home", MISSED)
        assert here.monitor.active == frozenset()
        assert (await here.show()).ended_at == ended.ended_at
        assert await here.claims() == {"bo": ("awarded", 1), "amy": ("backup", 1)}
        assert await here.captured() == ["amy", "bo"]
        assert (await here.kinds(before))[0] == "verdict_updated"
        [shirt] = here.monitor.ledger("s")
        assert [award.user for award in shirt.awards] == ["bo"]


async def test_corrections_of_a_closed_show_come_in_any_number(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(LotShown(lot=SHIRT, at=0), *(chat(f"u{n}", f"hm {n}", n) for n in range(9)))
        await here.monitor.stop("s")
        await asyncio.gather(*(here.correct(f"hm {n}", MISSED) for n in range(9)))
        claims = await here.claims()
        assert claims["u0"] == ("awarded", 1)
        assert {name: place for name, (_, place) in claims.items() if name != "u0"} == {
            f"u{n}": n for n in range(1, 9)
        }
        assert len(await here.captured()) == 9


async def test_a_full_disk_takes_no_correction_and_leaves_no_trace(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        here.store.errors.append(DiskFull("full"))
        with pytest.raises(DiskFull):
            await here.correct("that shirt is coming home", MISSED)
        assert await here.claims() == {"amy": ("awarded", 1)}
        assert (await here.message("that shirt is coming home")).version == 1
        async with asyncio.timeout(5):  # until the show has seen that the disk has room
            while (await here.message("that shirt is coming home")).version == 1:
                with suppress(DiskFull):
                    await here.correct("that shirt is coming home", MISSED)
                await asyncio.sleep(0.01)
        assert await here.claims() == {"bo": ("awarded", 1), "amy": ("backup", 1)}
        assert await here.captured() == ["amy", "bo"]


async def test_what_cannot_be_corrected_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(*two_buyers())
        with pytest.raises(MessageUnknown):
            await here.monitor.correct("s", "nothing", MISSED)
        with pytest.raises(ShowUnknown):
            await here.monitor.correct("nothing", "nothing", MISSED)
        with pytest.raises(InputInvalid):
            await here.correct("mine!", NOT_BUYER, Intent.CLAIM)
        with pytest.raises(InputInvalid):
            await here.correct("mine!", MISSED, Intent.CHATTER)
        unknown = Revision(
            message_id="nothing",
            verdict=Verdict(intent=Intent.CLAIM, confidence=1.0, scores={}),
            source=VerdictSource.SECOND_OPINION,
            at=1,
        )
        with pytest.raises(MessageUnknown):
            await here.monitor.reconsider("s", [unknown])
        known = (await here.message("mine!")).message.id
        broken = msgspec.structs.replace(unknown, message_id=known)
        for verdict in (
            msgspec.structs.replace(broken.verdict, reason="\ud800"),
            msgspec.structs.replace(broken.verdict, confidence=float("nan")),
        ):
            with pytest.raises(InputInvalid):
                await here.monitor.reconsider(
                    "s", [msgspec.structs.replace(broken, verdict=verdict)]
                )
        assert (await here.correct("mine!", None)).version == 1  # there is nothing to take back
        assert await here.events(VerdictUpdated) == []


async def test_a_correction_keeps_the_message_as_it_was_judged(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.read(
            LotShown(lot=msgspec.structs.replace(SHIRT, mode=SaleMode.AUCTION), at=0),
            chat("amy", "so nice", 500),
            chat("bo", "other", 600),
            chat("amy", "15 from me", 2_500),
        )
        await here.correct("15 from me", MISSED)
        await here.correct("15 from me", MISSED, Intent.CHECKOUT)
        await here.correct("so nice", NOT_BUYER)
        await here.correct("so nice", None)
        [kept] = await here.store.corrections()
        assert (kept.session_id, kept.correction) == ("s", MISSED)
        assert kept.verdict.intent is Intent.CHECKOUT
        context = kept.utterance.context
        assert (kept.utterance.text, context.history) == ("15 from me", ("so nice",))
        assert (context.mode, context.lot_age) == (SaleMode.AUCTION, 2.5)
        assert context.room == Room(others=("other",))
        assert await here.store.corrections("nothing") == []


async def test_a_show_has_a_threshold_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.monitor.start(StartRequest(url=f"{HOST}s", session_id="s", threshold=0.97))
        await here.read(LotShown(lot=SHIRT, at=0), chat("amy", "mine!", 1))
        assert await here.captured() == []
        assert (await here.show()).threshold == 0.97
        [outcome] = await here.monitor.push("s", [PushedMessage(username="bo", text="mine")])
        assert (outcome.is_buyer, outcome.captured) == (False, False)
    async with world(tmp_path) as here:
        [outcome] = await here.monitor.push("s", [PushedMessage(username="bo", text="mine 2")])
        assert (outcome.is_buyer, outcome.captured) == (False, False)
