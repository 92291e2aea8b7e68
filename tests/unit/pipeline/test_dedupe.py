"""The ring tells a message that was seen before from one that only looks like it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dealflow.model.facts import ChatSeen
from dealflow.pipeline.dedupe import TWIN_MS, DedupeRing


def chat(
    text: str, user: str = "amy", *, id: str | None = None, at: int = 1_000, backlog: bool = False
) -> ChatSeen:
    return ChatSeen(username=user, text=text, at=at, platform_id=id, backlog=backlog)


def admit(ring: DedupeRing, fact: ChatSeen) -> bool:
    """Show the ring a live fact as intake does; return whether it is new."""
    if ring.look(fact).known is not None:
        return False
    ring.remember(f"k{len(ring)}-{fact.at}", fact.platform_id, fact.username, fact.text, fact.at)
    return True


def test_the_same_id_twice_is_one_message() -> None:
    ring = DedupeRing()
    assert admit(ring, chat("mine", id="1"))
    assert not admit(ring, chat("mine", id="1", at=999_999))


def test_equal_texts_with_ids_of_their_own_are_two_messages() -> None:
    ring = DedupeRing()
    assert admit(ring, chat("mine", id="1"))
    assert admit(ring, chat("mine", id="2"))


def test_equal_live_rows_without_ids_are_two_messages() -> None:
    ring = DedupeRing()
    assert admit(ring, chat("mine"))
    assert admit(ring, chat("mine"))


def test_an_id_that_comes_soon_after_its_row_is_learned() -> None:
    ring = DedupeRing()
    admit(ring, chat("mine", at=0))
    sighting = ring.look(chat("mine", id="7", at=TWIN_MS))
    assert sighting.learned
    assert ring.knows("7")
    assert ring.look(chat("mine", id="8", at=TWIN_MS)).known is None


def test_an_id_that_comes_too_late_is_another_message() -> None:
    ring = DedupeRing()
    admit(ring, chat("mine", at=0))
    assert ring.look(chat("mine", id="7", at=TWIN_MS + 1)).known is None


def test_a_repeat_after_known_neighbours_is_new() -> None:
    """The buyer said "mine" again while we were away; the rows around it tell the two apart."""
    ring = DedupeRing()
    for text, user in (("mine", "amy"), ("hi", "bo"), ("nice", "cy")):
        admit(ring, chat(text, user))
    backlog = [chat("hi", "bo"), chat("nice", "cy"), chat("mine", "amy")]
    assert [one.known is not None for one in ring.look_back(backlog)] == [True, True, False]


def test_a_long_backlog_is_lined_up_as_far_back_as_it_reaches() -> None:
    """Rows of a page, and then the socket's backlog, which tells all of them with their ids."""
    ring = DedupeRing()
    for number in range(500):
        admit(ring, chat(f"hi {number}"))
    backlog = [chat(f"hi {number}", id=str(number), backlog=True) for number in range(500)]
    assert all(one.learned for one in ring.look_back(backlog))


def test_white_space_folds_between_a_page_and_a_socket() -> None:
    ring = DedupeRing()
    admit(ring, chat("I'll take it"))
    [sighting] = ring.look_back([chat("I'll  take\nit", id="3", backlog=True)])
    assert sighting.learned


def test_the_oldest_go_first_when_the_ring_is_full() -> None:
    ring = DedupeRing(size=2)
    for number in range(3):
        admit(ring, chat("x", id=str(number)))
    assert not ring.knows("0")
    assert ring.knows("2")


said = st.lists(
    st.tuples(st.sampled_from(["amy", "bo"]), st.sampled_from(["mine", "sold", "hi"])),
    min_size=1,
    max_size=60,
)


@given(said, st.data())
def test_with_ids_any_replay_is_exact(log: list[tuple[str, str]], data: st.DataObject) -> None:
    """R4: with ids there is no false merge and no false split, whatever is told again."""
    ring = DedupeRing()
    facts = [chat(text, user, id=str(n), at=n) for n, (user, text) in enumerate(log)]
    kept = sum(admit(ring, fact) for fact in facts)
    start = data.draw(st.integers(0, len(facts)))
    replay = [
        chat(fact.text, fact.username, id=fact.platform_id, at=99, backlog=True)
        for fact in facts[start:]
    ]
    assert kept == len(facts)
    assert all(sighting.known is not None for sighting in ring.look_back(replay))


@given(said, st.integers(0, 20), st.integers(0, 20))
def test_without_ids_a_backlog_that_touches_what_was_read_is_exact(
    log: list[tuple[str, str]], shown: int, missed: int
) -> None:
    """The rows on a page are a contiguous stretch: what we had, then what we missed.

    Where the last known rows differ from one another there is nothing to guess.
    """
    missed = min(missed, len(log) - 1)
    known, new = log[: len(log) - missed], log[len(log) - missed :]
    ring = DedupeRing()
    for number, (user, text) in enumerate(known):
        admit(ring, chat(f"{text} {number}", user, at=number))
    page = [(user, f"{text} {n}") for n, (user, text) in enumerate(known)][-shown:] if shown else []
    backlog = [chat(text, user) for user, text in page + new]
    verdicts = [sighting.known is not None for sighting in ring.look_back(backlog)]
    assert verdicts == [True] * len(page) + [False] * len(new)
