"""What every store must do, over every store there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from dealflow.errors import DuplicateMessages, InputInvalid, ShowUnknown, StoreUnavailable
from dealflow.model.claim import Claim, ClaimState
from dealflow.model.events import ViewersChanged, decode
from dealflow.model.facts import Gap
from dealflow.model.filters import Filters
from dealflow.model.intent import Intent, Role, Slots, Verdict
from dealflow.model.message import Channel, Judged, Message
from dealflow.model.show import (
    LearnedRule,
    Lot,
    RulesPatch,
    Sale,
    SaleMode,
    ShowRules,
    ShowStatus,
)
from dealflow.store.base import Counters, EventDraft, ShowUpdate, Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.fakes.batches import NOW, a_batch, a_capture, a_message, a_show, viewers
from tests.fakes.clock import ManualClock

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture(params=["file", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    path = tmp_path / "dealflow.db" if request.param == "file" else None
    opened = await SqliteStore.open(path, clock=ManualClock(), metrics=Metrics())
    yield opened
    await opened.aclose()


async def test_a_key_names_one_show_for_good(store: Store) -> None:
    made = await a_show(store, "mine")
    again = await a_show(store, "mine")
    assert made == again
    assert made.epoch == NOW
    assert await store.show(made.id) == made
    assert await store.show_of("mine") == made
    assert await store.show("nothing") is None
    assert await store.show_of("nothing") is None


async def test_rules_can_be_set_later_and_stay(store: Store) -> None:
    rules = ShowRules(claim_words=("meins",), number_is="item", codes=("A1-A99",))
    await a_show(store, "mine")
    ruled = await store.open_show(
        session_id="mine", platform="whatnot", url="", now_ms=NOW + 5, rules=rules
    )
    assert ruled.rules == rules
    assert (await a_show(store, "mine")).rules == rules


async def test_filters_and_what_was_learned_can_be_set_later_and_stay(store: Store) -> None:
    show = await a_show(store, "mine")
    assert (show.filters, show.learned) == (None, ())
    filters = Filters(mute=("bot_*",), repeats=2)
    learned = LearnedRule(
        rule="a bare number is an item", source="m1", patch=RulesPatch(number_is="item")
    )
    await store.append(a_batch(show, [], update=ShowUpdate(filters=filters, learned=(learned,))))
    await store.append(a_batch(show, [], update=ShowUpdate(title="New")))
    known = await store.show(show.id)
    assert known is not None
    assert (known.filters, known.learned) == (filters, (learned,))
    other = Filters(deny=("free",))
    again = await store.open_show(
        session_id="mine", platform="whatnot", url="", now_ms=NOW, filters=other
    )
    assert (again.filters, again.learned) == (other, (learned,))


async def test_a_key_can_read_another_url_later_and_a_push_leaves_it(store: Store) -> None:
    for platform, url, wanted in (
        ("whatnot", "https://a.example/live/1", "https://a.example/live/1"),
        ("push", "", "https://a.example/live/1"),
        ("whatnot", "https://a.example/live/2", "https://a.example/live/2"),
    ):
        show = await store.open_show(session_id="k", platform=platform, url=url, now_ms=NOW)
        assert (show.platform, show.url) == ("whatnot", wanted)


async def test_shows_made_in_one_millisecond_have_their_own_epochs(store: Store) -> None:
    shows = await asyncio.gather(*(a_show(store, f"show-{n}") for n in range(5)))
    assert len({show.epoch for show in shows}) == 5
    newest_first = [show.session_id for show in await store.shows(limit=3)]
    by_epoch = sorted(shows, key=lambda show: -show.epoch)
    assert newest_first == [show.session_id for show in by_epoch[:3]]


async def test_a_message_comes_back_as_it_was(store: Store) -> None:
    show = await a_show(store)
    message = Message(
        id="018f0000-0000-7000-8000-000000000001",
        key="i:77",
        username="zoë",
        text="two of A12 and a B3 pls",
        sent_at=NOW - 123,
        received_at=NOW + 7,
        platform_id="77",
        user_id="9",
        role=Role.MOD,
        badges=("returning_buyer", "gold"),
        channel=Channel.DOM,
        backlog=True,
        lot=Lot(code="A12", title="Shirt", price=12.5, currency="USD", stock=3),
    )
    slots = Slots(item="A12", quantity=2)
    verdict = Verdict(
        intent=Intent.CLAIM,
        confidence=0.875,
        scores={Intent.CLAIM: 1.0},
        slots=slots,
        claims=(slots, Slots(item="B3", quantity=1)),
        reason="names a code",
        model="grammar-1",
    )
    await store.append(a_batch(show, [Judged(message, verdict)], events=[viewers(3)]))
    (stored,) = await store.messages(show.id)
    assert stored.message == message
    assert stored.seq == 2
    assert (stored.intent, stored.confidence) == (Intent.CLAIM, 0.875)
    assert (stored.slots, stored.claims) == (verdict.slots, verdict.claims)
    assert (stored.reason, stored.model) == ("names a code", "grammar-1")


async def test_positions_rise_by_one_and_never_repeat(store: Store) -> None:
    show = await a_show(store)
    seqs: list[int] = []
    for n in range(5):
        frames = await store.append(
            a_batch(show, [a_message(f"m{n}-{i}") for i in range(n)], events=[viewers(n)])
        )
        seqs += [frame.seq for frame in frames]
    assert seqs == list(range(1, len(seqs) + 1))
    read = await store.frames(show.id, after=0, limit=100)
    assert [frame.seq for frame in read] == seqs
    after = await store.show(show.id)
    assert after is not None
    assert after.last_seq == seqs[-1]


async def test_frames_are_read_as_they_were_told(store: Store) -> None:
    show = await a_show(store, 'a "key" with ümlaut')
    told = await store.append(a_batch(show, [a_message("m")], events=[viewers(3)]))
    read = await store.frames(show.id, after=0, limit=10)
    assert tuple(read) == told
    place = msgspec.json.decode(read[0].data)
    assert place["sessionId"] == 'a "key" with ümlaut'
    assert (place["seq"], place["epoch"], place["type"]) == (1, show.epoch, "viewers")
    assert decode(read[0].data) == ViewersChanged(viewers=3)


async def test_frames_are_filtered_and_paged(store: Store) -> None:
    show = await a_show(store)
    for n in range(4):
        await store.append(a_batch(show, [a_message(f"m{n}")], events=[viewers(n)]))
    chat = await store.frames(show.id, after=2, limit=2, kinds=("new_message",))
    assert [(frame.seq, frame.kind) for frame in chat] == [(4, "new_message"), (6, "new_message")]
    both = await store.frames(show.id, after=6, limit=9, kinds=("new_message", "viewers"))
    assert [frame.seq for frame in both] == [7, 8]
    assert await store.frames(show.id, after=0, limit=9, kinds=("stats",)) == []
    assert await store.frames("nothing", after=0, limit=9) == []


async def test_messages_are_filtered_and_paged(store: Store) -> None:
    show = await a_show(store)
    intents = [Intent.CLAIM, Intent.CHATTER, Intent.BID, Intent.CLAIM]
    await store.append(
        a_batch(show, [a_message(f"m{n}", intent=intent) for n, intent in enumerate(intents)])
    )
    page = await store.messages(show.id, after=1, limit=2)
    assert [stored.message.key for stored in page] == ["m1", "m2"]
    buyers = await store.messages(show.id, intents=(Intent.CLAIM, Intent.BID))
    assert [stored.message.key for stored in buyers] == ["m0", "m2", "m3"]


async def test_a_batch_that_fails_leaves_no_trace(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("m0")]))
    before = await store.show(show.id)
    with pytest.raises(DuplicateMessages) as refused:
        await store.append(
            a_batch(
                show,
                [a_message("m1"), a_message("m0"), a_message("m2")],
                captures=(a_capture(1),),
                claims=(Claim(lot="A1", username="alice_k"),),
                sales=(Sale(lot="A1"),),
                gaps=(Gap(start=NOW, end=NOW + 1, reason="test"),),
                update=ShowUpdate(title="changed"),
                events=[viewers(3)],
            )
        )
    assert refused.value.keys == {"m0"}
    assert await store.show(show.id) == before
    assert len(await store.frames(show.id, after=0, limit=9)) == 1
    assert len(await store.messages(show.id)) == 1
    assert await store.captures(show.id) == []
    assert await store.claims(show.id) == []
    assert await store.sales(show.id) == []
    assert await store.gaps(show.id) == []
    (frame,) = await store.append(a_batch(show, [a_message("m1")]))
    assert frame.seq == 2


async def test_an_id_known_under_another_key_is_a_duplicate(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("i:1", platform_id="1")]))
    for key in ("i:1", "other"):
        with pytest.raises(DuplicateMessages) as refused:
            await store.append(a_batch(show, [a_message(key, platform_id="1")]))
        assert refused.value.keys == {key}


async def test_equal_messages_with_their_own_keys_are_both_stored(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("m:1"), a_message("m:2")]))
    await store.append(a_batch(show, [a_message("i:1", platform_id="1")]))
    other = await a_show(store, "other")
    await store.append(a_batch(other, [a_message("i:1", platform_id="1"), a_message("m:1")]))
    assert len(await store.messages(show.id)) == 3
    assert len(await store.messages(other.id)) == 2


async def test_a_batch_with_a_message_twice_is_refused_as_such(store: Store) -> None:
    show = await a_show(store)
    with pytest.raises(InputInvalid):
        await store.append(a_batch(show, [a_message("m"), a_message("m")]))
    with pytest.raises(InputInvalid):
        await store.append(
            a_batch(show, [a_message("a", platform_id="1"), a_message("b", platform_id="1")])
        )
    assert await store.messages(show.id) == []


async def test_every_message_has_one_event(store: Store) -> None:
    show = await a_show(store)
    for events in ((), (viewers(1),)):
        with pytest.raises(InputInvalid):
            await store.append(
                msgspec.structs.replace(a_batch(show, [a_message("m")]), events=events)
            )


async def test_learned_ids_make_later_sightings_duplicates(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("m:1"), a_message("i:5", platform_id="5")]))
    await store.append(a_batch(show, learned=(("m:1", "9"), ("m:unknown", "10"))))
    assert [stored.message.platform_id for stored in await store.messages(show.id)] == ["9", "5"]
    with pytest.raises(DuplicateMessages):
        await store.append(a_batch(show, [a_message("i:9", platform_id="9")]))
    # An id that is taken, and a message that has one, stay as they are; the batch goes through.
    await store.append(a_batch(show, [a_message("m:2")], learned=(("m:2", "5"), ("m:1", "11"))))
    ids = [stored.message.platform_id for stored in await store.messages(show.id)]
    assert ids == ["9", "5", None]
    await store.append(a_batch(show, [a_message("i:11", platform_id="11")]))


async def test_an_id_can_be_learned_in_the_batch_that_stores_the_message(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message("m:1")], learned=(("m:1", "9"),)))
    (seen,) = await store.recent(show.id, limit=5)
    assert (seen.key, seen.platform_id, seen.username) == ("m:1", "9", "alice_k")
    assert (seen.text, seen.received_at) == ("mine!", NOW)


async def test_recent_gives_the_newest_oldest_first(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message(f"m{n}") for n in range(9)]))
    assert [seen.key for seen in await store.recent(show.id, limit=3)] == ["m6", "m7", "m8"]


async def test_an_unknown_show_or_epoch_is_refused(store: Store) -> None:
    show = await a_show(store)
    for wrong in ({"show_id": "nothing"}, {"epoch": show.epoch + 1}):
        with pytest.raises(ShowUnknown):
            await store.append(a_batch(show, [a_message("m")], **wrong))


async def test_a_capture_is_made_once(store: Store) -> None:
    show = await a_show(store)
    first = a_capture(1, item="A1", quantity=2, lot_key="c:A1")
    unvalued = a_capture(2, value=a_capture(0).value.__class__())
    await store.append(a_batch(show, captures=(first,)))
    await store.append(a_batch(show, captures=(a_capture(3, key=first.key), unvalued)))
    assert await store.captures(show.id) == [first, unvalued]
    assert await store.captures(show.id, after=1, limit=1) == [unvalued]
    after = await store.show(show.id)
    assert after is not None
    assert (after.total_sales_caught, after.total_revenue_recovered) == (2, 12.5)


async def test_two_captures_with_one_number_are_refused(store: Store) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, captures=(a_capture(1),)))
    with pytest.raises(InputInvalid):
        await store.append(a_batch(show, captures=(a_capture(1, key="another"),)))


async def test_a_claim_stands_once_for_lot_and_person(store: Store) -> None:
    show = await a_show(store)
    alice = Claim(lot="A1", username="alice", evidence=("m1",))
    bob = Claim(lot="A1", username="bob", state=ClaimState.BACKUP, evidence=("m2",))
    await store.append(a_batch(show, claims=(alice, bob)))
    sold = msgspec.structs.replace(alice, state=ClaimState.SOLD, quantity=2, evidence=("m1", "m3"))
    await store.append(a_batch(show, claims=(sold,)))
    assert await store.claims(show.id) == [sold, bob]


async def test_facts_come_back_in_order(store: Store) -> None:
    show = await a_show(store)
    sales = (
        Sale(lot="A1", platform_id="p", username="bob", price=3.5, currency="EUR", timestamp="t"),
        Sale(lot="A2", kind="buy_now", timestamp="u"),
    )
    gaps = (
        Gap(start=NOW, end=NOW + 1_500, reason="socket closed"),
        Gap(start=NOW + 9_000, end=NOW + 9_001, reason="crash"),
    )
    lots = (Lot(code="A1", price=1.0), Lot(code="A1", price=2.0, stock=4), Lot(title="B"))
    await store.append(a_batch(show, sales=sales, gaps=gaps, lots=lots))
    assert tuple(await store.sales(show.id)) == sales
    assert tuple(await store.gaps(show.id)) == gaps


async def test_counters_add_up(store: Store) -> None:
    show = await a_show(store)
    first = Counters(read=10, stored=6, duplicates=1, dropped={"empty": 2, "oversize": 1}, leads=1)
    second = Counters(read=3, stored=1, dropped={"empty": 2}, buyers=1)
    await store.append(a_batch(show, counters=first))
    await store.append(a_batch(show, counters=second))
    after = await store.show(show.id)
    assert after is not None
    total = after.counters
    assert total == Counters(
        read=13, stored=7, duplicates=1, dropped={"empty": 4, "oversize": 1}, buyers=1, leads=1
    )
    assert total.read == total.stored + total.duplicates + sum(total.dropped.values())


async def test_the_show_changes_only_where_told(store: Store) -> None:
    show = await a_show(store)
    told = ShowUpdate(
        title="Sneakers",
        seller="kicks",
        source="whatnot.socket",
        mode=SaleMode.AUCTION,
        status=ShowStatus.LIVE,
        viewers=120,
        ended_at=NOW + 9,
    )
    await store.append(a_batch(show, update=told))
    await store.append(a_batch(show, update=ShowUpdate(viewers=0)))
    after = await store.show(show.id)
    assert after is not None
    assert (after.title, after.seller, after.source) == ("Sneakers", "kicks", "whatnot.socket")
    assert (after.mode, after.status) == (SaleMode.AUCTION, ShowStatus.LIVE)
    assert (after.viewers, after.ended_at) == (0, NOW + 9)
    await store.append(a_batch(show, update=ShowUpdate(reopen=True)))
    again = await store.show(show.id)
    assert again == msgspec.structs.replace(after, ended_at=None)


HOSTILE = [
    "null\x00inside",
    "\u202eevil\u202c \u2066bidi\u2069",
    "zero\u200bwidth\u200d\ufeff",
    "👩‍👩‍👧‍👦🏳️‍🌈" * 50,
    "x" * 10_000,
    "'); DROP TABLE chat_messages; --",
    "\u0001\u0007\u001b[31m",
    "\U0010ffff\ufffd\uffff",
    "",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_text_is_stored_as_it_is(store: Store, text: str) -> None:
    show = await a_show(store)
    await store.append(a_batch(show, [a_message(f"m:{text}", text=text, username=text)]))
    (stored,) = await store.messages(show.id)
    assert (stored.message.text, stored.message.username) == (text, text)
    assert stored.message.key == f"m:{text}"


@pytest.mark.parametrize(
    "bad",
    [
        a_message("m", text="\ud800"),
        a_message("m\udfff"),
        a_message("m", sent_at=10**17),
        a_message("m", badges=("\ud800",)),
        Judged(
            a_message("m").message,
            Verdict(intent=Intent.CHATTER, confidence=float("nan"), scores={}),
        ),
    ],
    ids=["text", "key", "time", "badge", "confidence"],
)
async def test_a_row_that_cannot_be_stored_fails_its_batch_alone(store: Store, bad: Judged) -> None:
    show = await a_show(store)
    good = [a_batch(show, [a_message(f"good-{n}")]) for n in range(20)]
    poisoned = a_batch(show, [a_message("neighbour"), bad])
    outcomes = await asyncio.gather(
        *(store.append(batch) for batch in (*good[:10], poisoned, *good[10:])),
        return_exceptions=True,
    )
    assert isinstance(outcomes[10], InputInvalid)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 20
    keys = [stored.message.key for stored in await store.messages(show.id)]
    assert keys == [f"good-{n}" for n in range(20)]
    assert [frame.seq for frame in await store.frames(show.id, after=0, limit=99)] == list(
        range(1, 21)
    )


async def test_a_number_beyond_64_bits_is_refused(store: Store) -> None:
    show = await a_show(store)
    with pytest.raises(InputInvalid):
        await store.append(a_batch(show, update=ShowUpdate(viewers=2**70)))


async def test_many_shows_write_at_once(store: Store) -> None:
    shows = [await a_show(store, f"show-{n}") for n in range(10)]

    async def fill(n: int) -> list[int]:
        seqs: list[int] = []
        for part in range(8):
            messages = [a_message(f"{part}-{i}") for i in range(3)]
            frames = await store.append(a_batch(shows[n], messages))
            seqs += [frame.seq for frame in frames]
        return seqs

    for seqs in await asyncio.gather(*(fill(n) for n in range(10))):
        assert seqs == list(range(1, 25))
    for show in shows:
        keys = [stored.message.key for stored in await store.messages(show.id)]
        assert keys == [f"{part}-{i}" for part in range(8) for i in range(3)]


async def test_one_of_many_equal_batches_wins(store: Store) -> None:
    show = await a_show(store)
    outcomes = await asyncio.gather(
        *(store.append(a_batch(show, [a_message("m")])) for _ in range(20)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, DuplicateMessages) for outcome in outcomes) == 19
    assert len(await store.messages(show.id)) == 1


async def test_what_was_appended_can_be_read_at_once(store: Store) -> None:
    show = await a_show(store)
    for n in range(50):
        await store.append(a_batch(show, [a_message(f"m{n}")]))
        assert len(await store.frames(show.id, after=n, limit=9)) == 1


async def test_a_large_batch_is_whole(store: Store) -> None:
    show = await a_show(store)
    frames = await store.append(a_batch(show, [a_message(f"m{n}") for n in range(1_777)]))
    assert [frame.seq for frame in frames] == list(range(1, 1_778))
    assert len(await store.messages(show.id, limit=10_000)) == 1_777
    with pytest.raises(DuplicateMessages) as refused:
        await store.append(a_batch(show, [a_message(f"m{n}") for n in range(2_300, 1_769, -1)]))
    assert refused.value.keys == {f"m{n}" for n in range(1_770, 1_777)}


async def test_the_first_position_of_an_empty_show_is_the_next_one(store: Store) -> None:
    show = await a_show(store)
    assert await store.first_seq(show.id) == 1
    await store.append(a_batch(show, events=[viewers(1), viewers(2)]))
    assert await store.first_seq(show.id) == 1


async def test_a_body_is_kept_to_the_byte(store: Store) -> None:
    show = await a_show(store)
    body = '{"type":"stats", "ü":"\x7f 👍"}'.encode()
    (frame,) = await store.append(a_batch(show, events=[EventDraft("stats", body)]))
    assert frame.data.endswith(body[1:])
    assert await store.frames(show.id, after=0, limit=1) == [frame]


async def test_check_describes_the_store(store: Store) -> None:
    facts = await store.check()
    assert {"sqlite", "durability", "path"} <= facts.keys()


async def test_a_closed_store_says_so(store: Store) -> None:
    show = await a_show(store)
    pending = [asyncio.ensure_future(store.append(a_batch(show, [a_message("m")])))]
    await asyncio.sleep(0)
    await store.aclose()
    assert (await pending[0])[0].seq == 1  # what was queued is finished
    for call in (store.append(a_batch(show)), store.show(show.id), store.check()):
        with pytest.raises(StoreUnavailable):
            await call
    await store.aclose()
