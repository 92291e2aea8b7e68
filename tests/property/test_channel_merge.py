"""Whatever the interleaving, and whenever a channel dies, each message is told exactly once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from dealflow.model.facts import ChatDropped, ChatSeen, DropReason
from dealflow.model.message import Channel
from dealflow.sources.whatnot.dom import Row
from dealflow.sources.whatnot.merge import FEW, ChannelMerge

USERS = ("ann", "bob")
TEXTS = ("mine", "mine!", "2 please")


class Listener:
    """What the pipeline makes of what is told: a backlog twin teaches an id, it adds nothing."""

    def __init__(self) -> None:
        self.told: list[ChatSeen] = []
        self.missing = 0

    def hear(self, facts: list[ChatSeen | ChatDropped]) -> None:
        for fact in facts:
            if isinstance(fact, ChatDropped):
                assert fact.reason is DropReason.GAP
                self.missing += fact.count
            elif fact.backlog:
                self.learn(fact)
            else:
                self.told.append(fact)

    def learn(self, fact: ChatSeen) -> None:
        for place, other in enumerate(self.told):
            if other.platform_id is None and words(other) == words(fact):
                self.told[place] = fact
                return
        raise AssertionError(f"{fact} is the twin of nothing")


def words(fact: ChatSeen) -> tuple[str, str]:
    return (fact.username, " ".join(fact.text.split()))


def by_socket(place: int, user: str, text: str) -> ChatSeen:
    return ChatSeen(username=user, text=f" {text} ", at=place, platform_id=f"m{place}")


def by_page(place: int, user: str, text: str, skipped: int = 0) -> Row:
    fact = ChatSeen(username=user, text=text, at=place, channel=Channel.DOM, index=place)
    return Row(fact=fact, skipped=skipped)


messages = st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(TEXTS)), max_size=30)


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[str]]:
    """Messages, and the order of what happens: ``s`` and ``d`` deliver, ``w`` lets time pass."""
    said = draw(messages)
    by_s = draw(st.integers(0, len(said)))
    by_d = draw(st.integers(0, len(said)))
    steps = ["s"] * by_s + ["d"] * by_d + ["w"] * draw(st.integers(0, 10))
    return said, draw(st.permutations(steps))


@settings(max_examples=400)
@given(runs(), st.booleans())
def test_each_message_once_and_in_order(
    run: tuple[list[tuple[str, str]], list[str]], is_open: bool
) -> None:
    said, steps = run
    merge, listener, now = ChannelMerge(), Listener(), 0.0
    if is_open:
        merge.socket_opened()
    places = {"s": 0, "d": 0}
    for step in steps:
        now += 0.2 if step == "w" else 0.001
        listener.hear(merge.due(now))
        if step == "s":
            listener.hear(merge.socket(by_socket(places["s"], *said[places["s"]]), now))
        elif step == "d":
            listener.hear(merge.dom(by_page(places["d"], *said[places["d"]]), now))
        if step != "w":
            places[step] += 1
    listener.hear(merge.socket_closed(now))
    expected = said[: max(places.values())]
    assert [words(fact) for fact in listener.told] == expected
    assert listener.missing == 0


@settings(max_examples=400)
@given(runs(), st.data())
def test_a_socket_that_dies_loses_nothing(
    run: tuple[list[tuple[str, str]], list[str]], data: st.DataObject
) -> None:
    """The socket closes somewhere on the way; the page goes on to the end."""
    said, steps = run
    merge, listener, now = ChannelMerge(), Listener(), 0.0
    merge.socket_opened()
    at_s = at_d = 0
    death = data.draw(st.integers(0, len(steps)))
    for count, step in enumerate(steps):
        now += 0.2 if step == "w" else 0.001
        listener.hear(merge.due(now))
        if count == death:
            listener.hear(merge.socket_closed(now))
        if step == "s" and count < death:
            listener.hear(merge.socket(by_socket(at_s, *said[at_s]), now))
            at_s += 1
        elif step == "d":
            listener.hear(merge.dom(by_page(at_d, *said[at_d]), now))
            at_d += 1
    for place in range(at_d, len(said)):
        now += 0.001
        listener.hear(merge.due(now))
        listener.hear(merge.dom(by_page(place, *said[place]), now))
    listener.hear(merge.due(now + 1.0))
    assert [words(fact) for fact in listener.told] == said


@settings(max_examples=300)
@given(st.integers(FEW, 12), st.integers(0, 8), st.integers(0, 12), st.data())
def test_a_deaf_socket_that_hears_again_keeps_the_order(
    missed: int, behind: int, heard: int, data: st.DataObject
) -> None:
    """It begins while the page still has to show some of what the socket missed."""
    merge, listener, now = ChannelMerge(), Listener(), 0.0
    merge.socket_opened()
    for place in range(missed):
        listener.hear(merge.dom(by_page(place, "ann", f"hi {place}"), now))
        now += 0.2
        listener.hear(merge.due(now))
    at_d, at_s, end = missed, missed + behind, missed + behind + heard
    steps = ["d"] * (end - at_d) + ["s"] * (end - at_s)
    for step in data.draw(st.permutations(steps)):
        now += 0.001
        listener.hear(merge.due(now))
        if step == "s":
            listener.hear(merge.socket(by_socket(at_s, "ann", f"hi {at_s}"), now))
            at_s += 1
        else:
            listener.hear(merge.dom(by_page(at_d, "ann", f"hi {at_d}"), now))
            at_d += 1
    listener.hear(merge.socket_closed(now))
    assert [fact.at for fact in listener.told] == list(range(end))
    assert listener.missing == 0


@settings(max_examples=300)
@given(messages, st.data())
def test_rows_that_the_page_never_had_come_by_socket(
    said: list[tuple[str, str]], data: st.DataObject
) -> None:
    """A virtual list jumps over rows while the socket tells them all, a little earlier."""
    merge, listener, now, skipped = ChannelMerge(), Listener(), 0.0, 0
    merge.socket_opened()
    for place, message in enumerate(said):
        now += 0.005
        listener.hear(merge.due(now))
        listener.hear(merge.socket(by_socket(place, *message), now))
        if data.draw(st.booleans()):
            listener.hear(merge.dom(by_page(place, *message, skipped=skipped), now + 0.002))
            skipped = 0
        else:
            skipped += 1
    listener.hear(merge.due(now + 1.0))
    assert Counter(map(words, listener.told)) == Counter(said)
    assert listener.missing == 0


@given(st.integers(1, 30))
def test_jumps_without_a_socket_are_counted(size: int) -> None:
    merge, listener = ChannelMerge(), Listener()
    listener.hear(merge.dom(by_page(0, "ann", "hi"), 0.0))
    listener.hear(merge.dom(by_page(size + 1, "bob", "mine", skipped=size), 0.1))
    assert listener.missing == size
