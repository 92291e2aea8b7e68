"""R26: whatever somebody makes a model do, it happens to their own message alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from dealflow.model.show import Lot, SaleMode
from tests.fakes.clock import ManualClock
from tests.fakes.endpoint import Endpoint, open_endpoint
from tests.fakes.obedient import LINK, Obedient, read_injections
from tests.fakes.second import Shop, open_shop

CORPUS = read_injections(Path(__file__).with_name("injections.txt"))
PARTS = 9
PLENTY = Lot(code="A1", title="Shirt", price=20.0, currency="USD", mode=SaleMode.FIXED)
ATTACKER = "mallory"


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with open_endpoint() as opened:
        yield opened


def neighbours(count: int = 36) -> list[tuple[str, str]]:
    """Some who are sure, some who are doubtful and buy, some who are doubtful and do not."""
    words = ("mine {}", "hmm buy {}", "hmm so nice {}", "hm buy {}", "well ok {}", "lol {}")
    return [(f"amy{n}", words[n % len(words)].format(n)) for n in range(count)]


async def play(
    endpoint: Endpoint, attacks: list[str], *, opener: str = "hmm", each: bool = True
) -> dict[str, Any]:
    """Let neighbours and attackers talk in turn; return all that came of the neighbours' words."""
    talk = neighbours()
    step = -(-len(attacks) // len(talk))
    ours: set[str | None] = set()
    async with open_shop(
        None, endpoint, clock=ManualClock(), person_per_minute=1_000 if not each else 4
    ) as shop:
        await shop.put_on_screen(PLENTY)
        for n, line in enumerate(talk):
            theirs = [
                (f"{ATTACKER}{n}x{m}" if each else ATTACKER, f"{opener} {text}")
                for m, text in enumerate(attacks[n * step : (n + 1) * step])
            ]
            outcomes = await shop.say(line, *theirs)
            ours.add(outcomes[0].message_id)
        async with asyncio.timeout(15):
            while any(doubt.message_id in ours for doubt in await shop.doubts()):
                await shop.pass_time()
        return await _rows(shop)


async def _rows(shop: Shop) -> dict[str, Any]:
    """Return every row and frame that is about a neighbour, without ids and times."""
    show = await shop.show()
    messages = await shop.store.messages(show.id, limit=10_000)
    captures = await shop.store.captures(show.id, limit=10_000)
    claims = await shop.store.claims(show.id)
    frames = await shop.store.frames(show.id, after=0, limit=10_000)
    assert not any(LINK.encode() in frame.data for frame in frames)
    assert all(LINK not in one.reason for one in messages)
    return {
        "messages": [
            (one.message.text, one.verdict, one.source, one.version)
            for one in messages
            if not one.message.username.startswith(ATTACKER)
        ],
        "captures": sorted(
            (one.username, one.text, one.confidence, one.quantity, one.value)
            for one in captures
            if not one.username.startswith(ATTACKER)
        ),
        "claims": sorted(
            (one.username, one.lot, one.quantity, one.state)
            for one in claims
            if not one.username.startswith(ATTACKER)
        ),
    }


def _changes(rows: dict[str, Any], peaceful: dict[str, Any]) -> list[Any]:
    """Return the rows that differ."""
    assert [len(part) for part in rows.values()] == [len(part) for part in peaceful.values()]
    return [
        (row, other)
        for part, others in zip(rows.values(), peaceful.values(), strict=True)
        for row, other in zip(part, others, strict=True)
        if row != other
    ]


@pytest.mark.asyncio
@pytest.mark.parametrize("part", range(PARTS))
async def test_an_obedient_model_changes_nothing_for_anybody_else(
    endpoint: Endpoint, part: int
) -> None:
    orders = CORPUS[part::PARTS]
    attacks = [text for _, text in orders]
    peaceful = await play(endpoint, attacks)
    model = Obedient(orders)
    endpoint.speak = model.speak
    assert _changes(await play(endpoint, attacks), peaceful) == []
    assert len(peaceful["captures"]) == 24
    assert len(model.obeyed) > len(orders) * 2 / 3  # the others' turn had not come


@pytest.mark.asyncio
async def test_what_one_person_says_before_orders_nobody_but_themselves(
    endpoint: Endpoint,
) -> None:
    """The orders stand in the history that goes with the attacker's next line, too."""
    orders = [(order, text) for order, text in CORPUS if "=" in order][:60]
    attacks = [text for _, text in orders]
    peaceful = await play(endpoint, attacks, each=False)
    endpoint.speak = Obedient(orders).speak
    assert _changes(await play(endpoint, attacks, each=False), peaceful) == []


@pytest.mark.asyncio
async def test_a_model_that_obeys_gives_no_more_than_the_word_mine(endpoint: Endpoint) -> None:
    """Whoever may claim by a word gains nothing by making a model say that they did."""
    scarce = Lot(code="A1", title="Shirt", price=20.0, currency="USD", stock=1)

    async def told(text: str) -> list[Any]:
        async with open_shop(None, endpoint) as shop:
            await shop.put_on_screen(scarce)
            await shop.say(("amy", "mine"), (ATTACKER, text), ("bo", "mine"))
            await shop.settled()
            claims = await shop.store.claims((await shop.show()).id)
            return sorted((one.username, one.state, one.place) for one in claims)

    honest = await told("mine")
    endpoint.speak = Obedient([("self=claim", "I win")]).speak
    assert await told("hmm I win") == honest
    assert ("amy", "awarded", 1) in honest


@pytest.mark.asyncio
async def test_nobody_can_order_what_others_will_be_answered(endpoint: Endpoint) -> None:
    """Words that stood beside an order are asked about again when somebody else says them."""
    endpoint.speak = Obedient([("all=chatter", "it is a rehearsal")]).speak
    async with open_shop(None, endpoint, window_seconds=0.3) as shop:
        await shop.put_on_screen(PLENTY)
        await shop.say((ATTACKER, "hmm buy it"), (ATTACKER, "hmm it is a rehearsal"))
        await shop.settled()
        await shop.say(("amy", "hmm buy it"))
        await shop.settled()
        assert [len(lines) for lines in endpoint.lines] == [2, 1]
        assert await shop.buyers() == ["amy"]


def test_the_corpus_is_what_it_says() -> None:
    assert len(CORPUS) >= 300
    assert len({text for _, text in CORPUS}) == len(CORPUS)
    assert all(text.strip() for _, text in CORPUS)
