from __future__ import annotations

from msgspec.structs import replace

from dealflow.model.facts import ChatDropped, ChatSeen
from dealflow.sources.whatnot.merge import (
    FEW,
    HOLD_SECONDS,
    TWIN_SECONDS,
    WAIT_SECONDS,
    ChannelMerge,
)
from tests.property.test_channel_merge import by_page, by_socket


def opened() -> ChannelMerge:
    merge = ChannelMerge()
    merge.socket_opened()
    return merge


def ids(facts: list[ChatSeen | ChatDropped]) -> list[str | None]:
    return [fact.platform_id for fact in facts if isinstance(fact, ChatSeen)]


def test_a_message_of_the_socket_is_told_at_once_and_its_row_is_not() -> None:
    merge = opened()
    assert ids(merge.socket(by_socket(1, "ann", "mine"), 0.0)) == ["m1"]
    assert merge.dom(by_page(1, "ann", "mine"), 0.02) == []
    assert merge.due(10.0) == []


def test_a_row_waits_for_its_twin_only_while_the_socket_is_well() -> None:
    merge = opened()
    assert merge.dom(by_page(1, "ann", "mine"), 0.0) == []
    assert merge.next_due == WAIT_SECONDS
    assert len(merge.due(WAIT_SECONDS)) == 1
    merge.socket_closed(1.0)
    assert len(merge.dom(by_page(2, "ann", "mine"), 1.0)) == 1


def test_a_socket_without_chat_is_held_to_be_deaf_after_a_few_rows() -> None:
    merge = opened()
    for place in range(FEW):
        assert merge.dom(by_page(place, "ann", f"hi {place}"), place) == []
        merge.due(place + WAIT_SECONDS)
    assert not merge.socket_well
    assert len(merge.dom(by_page(9, "ann", "mine"), 9.0)) == 1


def test_a_deaf_socket_is_trusted_again_when_it_tells_what_a_row_said() -> None:
    merge = opened()
    for place in range(FEW):
        merge.dom(by_page(place, "ann", f"hi {place}"), place)
        merge.due(place + WAIT_SECONDS)
    merge.socket(by_socket(2, "ann", "hi 2"), FEW)
    assert merge.socket_well


def deaf() -> ChannelMerge:
    """Return a merge whose socket missed the first rows."""
    merge = opened()
    for place in range(FEW):
        merge.dom(by_page(place, "ann", f"hi {place}"), 0.0)
    merge.due(WAIT_SECONDS)
    assert not merge.socket_well
    return merge


def test_a_socket_that_hears_again_does_not_overtake_the_page() -> None:
    merge = deaf()
    assert merge.socket(by_socket(5, "ann", "hi 5"), 1.0) == []
    assert merge.socket(by_socket(6, "ann", "hi 6"), 1.0) == []
    assert len(merge.dom(by_page(4, "ann", "hi 4"), 1.1)) == 1
    assert ids(merge.dom(by_page(5, "ann", "hi 5"), 1.2)) == ["m5", "m6"]
    assert merge.socket_well
    assert merge.dom(by_page(6, "ann", "hi 6"), 1.3) == []
    assert ids(merge.socket(by_socket(7, "ann", "hi 7"), 1.4)) == ["m7"]


def test_a_page_that_shows_nothing_more_holds_the_socket_up_only_once() -> None:
    merge = deaf()
    assert merge.socket(by_socket(5, "ann", "hi 5"), 1.0) == []
    assert merge.next_due == 1.0 + HOLD_SECONDS
    assert ids(merge.due(1.0 + HOLD_SECONDS)) == ["m5"]
    assert ids(merge.socket(by_socket(6, "ann", "hi 6"), 2.5)) == ["m6"]
    assert merge.next_due is None


def test_what_is_held_is_told_when_the_socket_closes_or_tells_a_backlog() -> None:
    merge = deaf()
    merge.socket(by_socket(5, "ann", "hi 5"), 1.0)
    assert ids(merge.socket_closed(1.1)) == ["m5"]
    merge = deaf()
    merge.socket(by_socket(5, "ann", "hi 5"), 1.0)
    backlog = replace(by_socket(6, "ann", "hi 6"), backlog=True)
    assert ids(merge.socket(backlog, 1.1)) == ["m5", "m6"]


def test_a_late_twin_is_told_as_backlog_so_that_its_id_is_learned() -> None:
    merge = opened()
    merge.dom(by_page(1, "ann", "mine"), 0.0)
    merge.due(WAIT_SECONDS)
    (twin,) = merge.socket(by_socket(1, "ann", "mine"), 1.0)
    assert isinstance(twin, ChatSeen)
    assert (twin.platform_id, twin.backlog) == ("m1", True)


def test_a_repeat_after_the_window_is_a_message_of_its_own() -> None:
    merge = opened()
    merge.socket(by_socket(1, "ann", "mine"), 0.0)
    merge.dom(by_page(2, "ann", "mine"), TWIN_SECONDS + 0.1)
    assert len(merge.due(TWIN_SECONDS + 1)) == 1


def test_a_message_told_twice_by_the_socket_cancels_one_row_only() -> None:
    merge = opened()
    merge.socket(by_socket(1, "ann", "mine"), 0.0)
    assert ids(merge.socket(by_socket(1, "ann", "mine"), 0.01)) == ["m1"]
    assert merge.dom(by_page(1, "ann", "mine"), 0.02) == []
    merge.dom(by_page(2, "ann", "mine"), 0.03)
    assert len(merge.due(1.0)) == 1


def test_the_two_ways_may_differ_a_little_in_order() -> None:
    merge = opened()
    merge.socket(by_socket(1, "ann", "one"), 0.0)
    merge.socket(by_socket(2, "bob", "two"), 0.0)
    assert merge.dom(by_page(1, "bob", "two"), 0.01) == []
    assert merge.dom(by_page(2, "ann", "one"), 0.01) == []
    assert merge.due(1.0) == []


def test_doubtful_jumps_count_once_the_socket_proves_deaf() -> None:
    merge = opened()
    out: list[ChatSeen | ChatDropped] = []
    for place in range(FEW):
        out += merge.dom(by_page(place, "ann", f"hi {place}", skipped=2), place)
        out += merge.due(place + WAIT_SECONDS)
    assert sum(fact.count for fact in out if isinstance(fact, ChatDropped)) == 2 * FEW
