"""What a seller keeps out is kept out by name of the reason, and nothing else is."""

from __future__ import annotations

import time
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.errors import InputInvalid
from dealflow.model.facts import DropReason
from dealflow.model.filters import Filters
from dealflow.model.intent import Role
from dealflow.model.message import Message
from dealflow.model.show import Lot
from dealflow.pipeline import filters as module
from dealflow.pipeline.filters import Filter, folded, hosts_in

SHIRT, SHOES = Lot(code="1", title="Shirt"), Lot(code="2", title="Shoes")
_numbers = count()


def message(text: str, user: str = "amy", role: Role = Role.VIEWER) -> Message:
    id = f"m{next(_numbers)}"
    return Message(id=id, key=id, username=user, text=text, sent_at=0, received_at=0, role=role)


def look(
    door: Filter,
    text: str,
    *,
    user: str = "amy",
    role: Role = Role.VIEWER,
    lot: Lot | None = SHIRT,
    now: int | None = 0,
) -> DropReason | None:
    return door.look(message(text, user, role), lot, now)


def test_nothing_is_kept_out_by_itself() -> None:
    door = Filter(Filters())
    for _ in range(100):
        assert look(door, "free followers at evil.com") is None


@pytest.mark.parametrize(
    ("mute", "user", "is_muted"),
    [
        ("spammer", "Spammer", True),
        ("@spammer", "spammer", True),
        ("spammer", "spammer2", False),
        ("bot_*", "BOT_77", True),
        ("bot_*", "robot_77", False),
        ("user?", "user7", True),
        ("user?", "user77", False),
        ("/^user\\d+$/", "user123", True),
        ("/^user\\d+$/", "user", False),
        ("a.b", "axb", False),
    ],
)
def test_names_are_muted(mute: str, user: str, is_muted: bool) -> None:
    door = Filter(Filters(mute=(mute,)))
    assert (look(door, "mine", user=user) is DropReason.MUTED) is is_muted


@pytest.mark.parametrize(
    ("pattern", "text", "is_out"),
    [
        ("free*followers", "get FREE 100 followers now", True),
        ("free*followers", "followers are free", False),
        ("/\\bwin \\d+ usd\\b/", "WIN 500 USD today", True),
        ("/\\bwin \\d+ usd\\b/", "win usd", False),
        ("c?rd", "a CARD", True),
        ("ฟรี*", "ของฟรีค่ะ", True),
        ("followers", "ｆｏｌｌｏｗｅｒｓ here", True),
    ],
)
def test_texts_are_kept_out(pattern: str, text: str, is_out: bool) -> None:
    door = Filter(Filters(patterns=(pattern,)))
    assert (look(door, text) is DropReason.PATTERN) is is_out


@pytest.mark.parametrize(
    ("word", "text", "is_out"),
    [
        ("free", "it is FREE!!", True),
        ("free", "freedom", False),
        ("free stuff", "free, stuff", True),
        ("café", "Café", True),
        ("ฟรี", "ของฟรีค่ะ", True),
        ("免费", "全部免费哦", True),
        ("don't", "dont do it", True),
    ],
)
def test_denied_words_keep_a_message_out(word: str, text: str, is_out: bool) -> None:
    door = Filter(Filters(deny=(word,)))
    assert (look(door, text) is DropReason.DENIED) is is_out


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.com/x",
        "bit.ly/abc",
        "www.evil.example",
        "EVIL.COM",
        "ｅｖｉｌ．ｃｏｍ",
        "t.me/win",
        "https://whatnot.com@evil.com/",
        "https://evil.com\\@whatnot.com/",
        "whatnot.com.evil.com/live",
    ],
)
def test_links_are_kept_out_but_for_welcome_sites(text: str) -> None:
    door = Filter(Filters(links=True, hosts=("whatnot.com",)))
    assert look(door, text) is DropReason.LINK
    assert look(door, "watch www.whatnot.com/live/1 and https://help.whatnot.com") is None


@pytest.mark.parametrize(
    "text",
    ["that's it.me too", "5.99", "v2.0", "ok...mine", "amy@mail.com", "A1.B2", "sold.thanks"],
)
def test_what_is_no_link(text: str) -> None:
    assert look(Filter(Filters(links=True)), text) is None


def test_the_same_words_on_the_next_lot_are_a_new_claim() -> None:
    door = Filter(Filters(repeats=1, window=60))
    assert look(door, "mine", now=0) is None
    assert look(door, "MINE 🙋", now=1_000) is DropReason.REPEAT
    assert look(door, "mine!!", now=2_000, lot=SHOES) is None
    assert look(door, "mine", now=3_000, user="bob") is None


def test_a_repeat_is_forgiven_after_the_window() -> None:
    door = Filter(Filters(repeats=2, window=10))
    said = [look(door, "hi all", now=at) for at in (0, 1_000, 2_000, 10_500)]
    assert said == [None, None, DropReason.REPEAT, None]


def test_while_no_lot_is_known_a_few_words_may_be_the_next_claim() -> None:
    door = Filter(Filters(repeats=1))
    assert [look(door, "mine please", lot=None) for _ in range(3)] == [None] * 3
    long = "come to my page for the best deals"
    assert [look(door, long, lot=None) for _ in range(2)] == [None, DropReason.REPEAT]


def test_a_flood_by_one_author_is_cut() -> None:
    door = Filter(Filters(flood=3, window=10))
    said = [look(door, f"text {at}", now=at * 1_000) for at in range(5)]
    assert said == [None, None, None, DropReason.FLOOD, DropReason.FLOOD]
    assert look(door, "me", user="bob", now=4_000) is None
    assert look(door, "later", now=11_000) is None


def test_a_backlog_without_times_is_neither_repeat_nor_flood() -> None:
    door = Filter(Filters(repeats=1, flood=1))
    assert [look(door, "mine", now=None) for _ in range(5)] == [None] * 5


def test_the_allow_list_protects_from_everything() -> None:
    door = Filter(
        Filters(
            mute=("amy",), patterns=("mine*",), deny=("mine",), links=True,
            repeats=1, flood=1, allow=("mine",),
        )
    )  # fmt: skip
    for _ in range(5):
        assert look(door, "MINE evil.com") is None
    assert look(door, "hello") is DropReason.MUTED


@pytest.mark.parametrize("role", [Role.HOST, Role.MOD])
def test_the_shop_is_kept_out_by_name_only(role: Role) -> None:
    door = Filter(
        Filters(patterns=("sold",), deny=("sold",), links=True, repeats=1, flood=1, mute=("bad",))
    )
    for _ in range(3):
        assert look(door, "SOLD evil.com", role=role) is None
    assert look(door, "SOLD", role=role, user="bad") is DropReason.MUTED


def test_bots_are_kept_out_when_asked() -> None:
    assert look(Filter(Filters(bots=True)), "!help", role=Role.BOT) is DropReason.MUTED
    assert look(Filter(Filters(flood=9)), "!help", role=Role.BOT) is None


@pytest.mark.parametrize(
    ("filters", "place"),
    [
        (Filters(patterns=("fine", "/(a/")), r"patterns\[1\]"),
        (Filters(patterns=("/a(?=b)/",)), r"patterns\[0\]"),
        (Filters(patterns=(r"/(a)\1/",)), r"patterns\[0\]"),
        (Filters(patterns=("/x*/",)), "everything"),
        (Filters(patterns=("*",)), "everything"),
        (Filters(patterns=("/[a-z]{999}[a-z]{999}/",)), r"patterns\[0\]"),
        (Filters(patterns=(r"/\pL{400}/",)), r"patterns\[0\]"),
        (Filters(mute=("amy", "/open")), r"mute\[1\]"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_place(filters: Filters, place: str) -> None:
    with pytest.raises(InputInvalid, match=place):
        Filter(filters)


def test_what_is_told_again_is_not_counted_twice() -> None:
    door = Filter(Filters(repeats=1, flood=1))
    first = message("mine")
    assert door.look(first, SHIRT, 0) is None
    door.forget([first])
    assert door.look(first, SHIRT, 1) is None


TEXTS = st.text(max_size=60) | st.sampled_from(["mine", "sold 22", "🔥", "evil.com", "A1"])
FILTERS = st.builds(
    Filters,
    mute=st.lists(st.sampled_from(["amy", "b*", "/c+/"]), max_size=2).map(tuple),
    patterns=st.lists(st.sampled_from(["evil", "s*d", "/[0-9]{2}/"]), max_size=2).map(tuple),
    deny=st.lists(st.sampled_from(["evil", "มาย"]), max_size=2).map(tuple),
    allow=st.lists(st.sampled_from(["sold", "a1"]), max_size=2).map(tuple),
    links=st.booleans(),
    repeats=st.integers(0, 3),
    flood=st.integers(0, 5),
)


@given(
    FILTERS,
    st.lists(
        st.tuples(
            TEXTS,
            st.sampled_from(["amy", "bob", "cc"]),
            st.sampled_from([SHIRT, SHOES, None]),
            st.integers(0, 100_000) | st.none(),
        ),
        max_size=40,
    ),
)
def test_any_message_gets_an_answer_and_a_first_one_is_no_repeat(
    filters: Filters, said: list[tuple[str, str, Lot | None, int | None]]
) -> None:
    door = Filter(filters)
    before: set[tuple[str, str]] = set()
    for text, user, lot, now in said:
        reason = look(door, text, user=user, lot=lot, now=now)
        if reason is DropReason.REPEAT:
            assert (user, folded(text)) in before
        if any(word in folded(text).split() for word in filters.allow):
            assert reason is None
        before.add((user, folded(text)))


@given(st.text(max_size=300))
def test_folding_twice_changes_nothing_and_hosts_are_plain(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert all(host == host.casefold() and "/" not in host for host in hosts_in(text))


def test_the_memory_stays_bounded_under_any_flood() -> None:
    door = Filter(Filters(repeats=3, flood=3))
    for at in range(module.TEXTS + 500):
        look(door, f"text {at}", user=f"user{at}", now=at)
    assert len(door._said) <= module.TEXTS
    assert len(door._paces) <= module.AUTHORS


@pytest.mark.parametrize(
    "pattern",
    [
        "/(a+)+$/",
        "/(a|aa)+b/",
        "/(a|a)*b/",
        "/(.*a){9}b/",
        "/(a?){25}a{25}b/",
        "/([a-z]+)*\\d/",
        "*a*a*a*a*a*b",
        "/(x+x+)+y/",
        "/^(\\w+\\s?)*$x/",
    ],
)
def test_no_pattern_backtracks(pattern: str) -> None:
    """Twice the text costs about twice the time; a backtracking matcher would need for ever."""
    door = Filter(Filters(patterns=(pattern,)))

    def cost(size: int) -> float:
        """Return processor time, which a busy machine does not lengthen."""
        said = message("a" * size + "!")
        best = 1.0
        for _ in range(7):
            began = time.thread_time()
            for _ in range(5):
                door.look(said, SHIRT, 0)
            best = min(best, time.thread_time() - began)
        return best

    cost(1_000)
    assert cost(10_000) < 12 * cost(2_500)
