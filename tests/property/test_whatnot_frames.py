"""Whatever comes over a socket, the parser tells facts, raises nothing and loses no neighbour."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.model.facts import ChatDropped, ChatSeen, Fact
from dealflow.sources.whatnot.parse import FrameParser
from dealflow.sources.whatnot.topics import load

SHOW = "3f0c2a9e-7f43-4a52-9a86-0d2f1b6f6c01"
AT = 1_790_960_500_000

text = st.text(st.characters(exclude_categories=()), max_size=30)
scalar = st.none() | st.booleans() | st.integers() | st.floats() | text
names = st.sampled_from(
    [
        *("id", "message", "user", "username", "product", "highestBid", "price", "amount"),
        *("currency", "bidCount", "auctionEndTime", "status", "transactionType", "quantity"),
        *("purchaserUser", "livestream", "messages", "timestamp", "viewCount", "orderId"),
        *("response", "pinnedProduct", "pinnedProductId", "isComment", "muted", "type", "name"),
    ]
)
words = st.sampled_from(["ok", "SOLD", "ENDED", "AUCTION", "GIVEAWAY", "BUY_IT_NOW", "joined 👋"])
anything = st.recursive(
    scalar | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | text, inner, max_size=6),
    max_leaves=25,
)
events = st.sampled_from([*load().kinds(), "phx_reply", "unheard_of"]) | text
topics = st.sampled_from([f"{kind}:{SHOW}" for kind in ("chat", "auction", "commerce")]) | text
frames = st.tuples(scalar, scalar, topics, events, anything).map(list)


def feed(parser: FrameParser, frame: object) -> list[Fact]:
    return parser.feed(json.dumps(frame), AT)


def message(number: int) -> dict[str, Any]:
    user = {"id": str(number), "username": f"user{number}", "isHost": False}
    return {"id": f"m{number}", "message": f"text {number}", "user": user, "isComment": True}


@settings(max_examples=120, deadline=None)
@given(st.lists(frames, max_size=8))
def test_frames_of_any_content_are_read(told: list[object]) -> None:
    parser = FrameParser(SHOW)
    for frame in told:
        feed(parser, frame)
    parser.finish()
    [fact] = feed(parser, [None, None, f"chat:{SHOW}", "new_msg", message(1)])
    assert isinstance(fact, ChatSeen)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=200) | text | anything.map(json.dumps))
def test_any_data_is_read(data: bytes | str) -> None:
    FrameParser(SHOW).feed(data, AT)


@settings(max_examples=60, deadline=None)
@given(st.lists(anything, max_size=5), st.randoms(use_true_random=False))
def test_neighbours_of_broken_messages_survive(broken: list[object], dice: random.Random) -> None:
    whole = [message(number) for number in range(5)]
    told: list[object] = [*whole, *broken]
    dice.shuffle(told)
    frame = [None, None, f"chat:{SHOW}", "latest_messages", {"messages": told}]
    facts = feed(FrameParser(SHOW), frame)
    ids = [fact.platform_id for fact in facts if isinstance(fact, ChatSeen)]
    sent = [each["id"] for each in reversed(told) if isinstance(each, dict) and each in whole]
    assert [each for each in ids if each in sent] == sent
    assert all(isinstance(fact, ChatSeen | ChatDropped) or fact for fact in facts)


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_fields_means_nothing(dice: random.Random) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        items = [(key, shuffled(each)) for key, each in value.items()]
        dice.shuffle(items)
        return dict(items)

    parts = [None, None, f"chat:{SHOW}", "new_msg"]
    plain = feed(FrameParser(SHOW), [*parts, message(1)])
    assert feed(FrameParser(SHOW), [*parts, shuffled(message(1))]) == plain


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(1, 4))
def test_equal_messages_stay_two_and_repeated_ones_keep_their_id(
    order: list[int], times: int
) -> None:
    parser = FrameParser(SHOW)
    ids: list[str | None] = []
    for place, who in enumerate(order):
        said = {**message(who), "id": f"m{place}", "message": "mine"}
        for _ in range(times):
            told = feed(parser, [None, None, f"chat:{SHOW}", "new_msg", said])
            ids += [fact.platform_id for fact in told if isinstance(fact, ChatSeen)]
    assert list(dict.fromkeys(ids)) == [f"m{place}" for place in range(len(order))]
    assert len(ids) == times * len(order)
