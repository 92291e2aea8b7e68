"""The parts of the second opinion, one by one: band, queue, quota, breaker, memory, names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.errors import SettingsInvalid
from dealflow.model.intent import Context, Intent, Role, Room, Utterance, Verdict
from dealflow.model.revision import Doubt
from dealflow.model.show import Lot
from dealflow.pipeline.second.band import Band
from dealflow.pipeline.second.breaker import Breaker, Circuit
from dealflow.pipeline.second.names import Names
from dealflow.pipeline.second.patience import Patience
from dealflow.pipeline.second.quota import Quota
from dealflow.pipeline.second.remembered import Remembered
from dealflow.pipeline.second.waiting import Entry, Waiting
from dealflow.settings import LlmSettings


def verdict(confidence: float) -> Verdict:
    return Verdict(intent=Intent.CHATTER, confidence=confidence, scores={})


def entry(id: str, distance: float = 0.1, person: str = "amy", since: float = 0.0) -> Entry:
    doubt = Doubt(
        message_id=id,
        show_id="s",
        utterance=Utterance(text=id),
        verdict=verdict(0.5),
        at=0,
    )
    return Entry(doubt, ("s", person), distance, since)


def ids(waiting: Waiting) -> list[str]:
    return [one.doubt.message_id for entries in waiting.ranked().values() for one in entries]


@pytest.mark.parametrize(
    ("confidence", "role", "doubtful"),
    [
        (0.25, Role.VIEWER, True),
        (0.75, Role.VIEWER, True),
        (0.24, Role.VIEWER, False),
        (0.76, Role.VIEWER, False),
        (0.5, Role.HOST, False),
        (0.5, Role.MOD, False),
        (0.5, Role.BOT, False),
    ],
)
def test_the_band(confidence: float, role: Role, doubtful: bool) -> None:
    utterance = Utterance(text="hm", context=Context(author_role=role))
    why = Band(LlmSettings(), 0.7).why(utterance, verdict(confidence))
    assert (why is not None) is doubtful


def test_a_band_upside_down_is_refused() -> None:
    with pytest.raises(SettingsInvalid):
        Band(LlmSettings(low=0.8, high=0.2), 0.7)


def test_the_most_valuable_stays_when_there_is_no_room() -> None:
    waiting = Waiting(capacity=2)
    assert waiting.add(entry("far", 0.4, "a"))
    assert waiting.add(entry("near", 0.1, "b"))
    assert waiting.add(entry("nearer", 0.05, "c"))
    assert not waiting.add(entry("farthest", 0.6, "d"))
    assert ids(waiting) == ["nearer", "near"]


def test_one_person_has_so_many_places() -> None:
    waiting = Waiting(each=2)
    assert [waiting.add(entry(str(n))) for n in range(3)] == [True, True, False]
    waiting.remove(["0", "unknown"])
    assert waiting.add(entry("3"))


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(0, 1), st.sampled_from("abc"), st.booleans()),
        max_size=200,
    )
)
def test_what_waits_is_bounded_whatever_comes(
    steps: list[tuple[int, float, str, bool]],
) -> None:
    waiting = Waiting(capacity=5, each=3)
    for number, distance, person, goes in steps:
        if goes:
            waiting.remove([str(number)])
        else:
            waiting.add(entry(str(number), distance, person))
        ranked = waiting.ranked()
        assert len(waiting) == sum(map(len, ranked.values())) <= 5
        assert all(len(entries) <= 3 for entries in ranked.values())
        assert len(waiting._worst) <= 4 * 5 + 1


def test_a_chatter_may_ask_again_after_a_minute() -> None:
    quota = Quota(2)
    quota.use(("s", "amy"), 2, 0.0)
    assert quota.left(("s", "amy"), 59.9) == 0
    assert quota.left(("s", "bo"), 59.9) == 2
    assert quota.left(("s", "amy"), 60.0) == 2


def test_the_breaker() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker.failed(0.0)
    assert breaker.may_ask(0.0)
    breaker.failed(0.0)
    assert breaker.circuit is Circuit.OPEN
    assert not breaker.may_ask(29.9)
    assert breaker.may_ask(30.0)
    breaker.asked()
    assert not breaker.may_ask(30.0)  # one at a time
    breaker.failed(31.0)
    assert not breaker.may_ask(60.9)
    assert breaker.may_ask(61.0)
    breaker.asked()
    breaker.succeeded()
    assert breaker.may_ask(62.0)
    for _ in range(4):
        breaker.failed(70.0)
    assert breaker.may_ask(70.0)


def test_a_call_that_was_interrupted_blocks_no_other() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.failed(0.0)
    breaker.asked()
    breaker.interrupted()
    assert breaker.may_ask(30.0)


def test_nobody_can_ask_for_peace_for_ever() -> None:
    breaker = Breaker()
    breaker.failed(0.0, after=10.0**9)
    assert not breaker.may_ask(3_599.0)
    assert breaker.may_ask(3_600.0)


def test_patience() -> None:
    patience = Patience()
    assert not patience.lost("m", 0.0, about_message=True)
    assert not patience.may_ask("m", 59.0)
    assert patience.may_ask("m", 60.0)
    assert patience.may_ask("other", 0.0)
    assert not patience.lost("m", 60.0, about_message=True)
    assert patience.lost("m", 660.0, about_message=True)
    assert not patience.lost("n", 0.0, about_message=False)


def test_the_same_words_in_the_same_context_are_remembered() -> None:
    lot = Lot(code="A1", price=5.0)
    asked = Utterance(text="I'd  Take it", context=Context(lot=lot, lot_age=3.0))
    memory = Remembered(capacity=2)
    memory.keep(asked, verdict(0.9))
    same = Utterance(
        text="i'd take IT", context=Context(lot=lot, lot_age=9.0, room=Room(shop="hi"))
    )
    assert memory.find(same) == verdict(0.9)
    for other in (
        Utterance(text="i'd take it"),
        Utterance(text="i'd take it", context=Context(lot=Lot(code="A1", price=6.0))),
        Utterance(text="i'd take it", context=Context(lot=lot, history=("no",))),
        Utterance(text="i'd take it not", context=Context(lot=lot)),
    ):
        assert memory.find(other) is None
    memory.keep(Utterance(text="a"), verdict(0.1))
    memory.keep(Utterance(text="b"), verdict(0.1))
    assert memory.find(asked) is None  # bounded


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("ask jo.ellen_9 or JO.ELLEN_9!", "ask someone or someone!"),
        ("is Jo Ellen Watts here? jo ellen watts", "is someone here? someone"),
        ("jo ellen wattson stays", "jo ellen wattson stays"),
        ("Kayla's one", "someone's one"),
        ("kaylas one", "kaylas one"),
        ("-kayla- 43 Al", "someone 43 Al"),
        ("İ am kayla", "İ am someone"),
        ("ขอให้ นิด ค่ะ", "ขอให้ someone ค่ะ"),
        ("123456 at 43", "someone at 43"),
        ("我是王小明的朋友", "我是someone的朋友"),
        ("🔥🔥 ana from ✨Ana✨", "🔥🔥 someone from someone"),
        ("kayla-thanks, e.kayla.b", "someone-thanks, e.someone.b"),
    ],
)
def test_names_are_taken_out(said: str, sent: str) -> None:
    names = Names(
        [
            "jo.ellen_9",
            "Jo Ellen Watts",
            "kayla",
            "Al",
            "43",
            "นิด",
            "123456",
            "王小明",
            "🔥🔥",
            "✨ana✨",
        ]
    )
    assert names.without(said) == sent


def test_what_others_said_is_not_sent() -> None:
    room = Room(shop="who wants it?", others=("me",), numbers=("12",))
    sent = Names(["kayla"]).hidden(Utterance(text="me", context=Context(room=room)))
    assert sent == Utterance(text="me")


@given(st.text(max_size=80), st.lists(st.text(min_size=3, max_size=12), max_size=5))
def test_any_text_and_any_names(text: str, names: list[str]) -> None:
    assert isinstance(Names(names).without(text), str)
