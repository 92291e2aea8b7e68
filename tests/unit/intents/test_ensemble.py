"""What the linear model leaves open goes to the encoder, and only that, while there is time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import wait
from pathlib import Path
from threading import Event

import msgspec
import numpy as np
import pytest

from dealflow.errors import ModelDamaged
from dealflow.intents.blend import Blend, Mixture
from dealflow.intents.encoder.runtime import Encoder, Heard
from dealflow.intents.encoder.spans import Cut, Tag
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.evidence import Evidence
from dealflow.intents.finding import Finding
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.judge_settings import JudgeSettings, read_settings
from dealflow.intents.linear.features import SIZE
from dealflow.intents.linear.table import INTENTS, LinearTable
from dealflow.intents.training import linear
from dealflow.model.intent import Intent, Role, Utterance, Verdict
from dealflow.model.show import ShowRules
from tests.fakes.allowance import Purse
from tests.unit.intents.lessons import lessons
from tests.unit.intents.saying import said

CLAIM, CHATTER = INTENTS.index(Intent.CLAIM), INTENTS.index(Intent.CHATTER)
PLAIN = JudgeSettings(
    version="9",
    blend=Blend(quick=Mixture(linear=1.0), full=Mixture(linear=0.0, encoder=1.0)),
    marks={"?": 4},
)
NOTHING = LinearTable(np.zeros((SIZE, len(INTENTS)), np.float32))
"""A linear model that leaves everything open."""


class Noting(Encoder):
    """Sees a claim in every text that speaks of silver; remembers what it was asked."""

    is_open = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def prepare(self, read: Sequence[tuple[Utterance, Evidence, Finding]]) -> list[list[int]]:
        self.asked += [utterance.text for utterance, _, _ in read]
        return [["silver" in utterance.text] for utterance, _, _ in read]

    def run(self, rows: Sequence[Sequence[int]]) -> Heard:
        scores = np.zeros((len(rows), len(INTENTS)), np.float32)
        for at, (silver,) in enumerate(rows):
            scores[at, CLAIM if silver else CHATTER] = 5
        return Heard(scores, [np.zeros((0, len(Tag)), np.float32) for _ in rows])

    def cut(self, text: str) -> Cut:
        return Cut(text, [])


@pytest.fixture(scope="module")
def learned(classifier: GrammarClassifier) -> LinearTable:
    """A linear model of sixty lines."""
    lines = lessons()
    rows, starts = linear.read(lines, classifier)
    return linear.train(rows, starts, linear.targets(lines), np.arange(len(lines)))


def judge(
    classifier: GrammarClassifier,
    encoder: Encoder | None,
    *,
    table: LinearTable = NOTHING,
    settings: JudgeSettings = PLAIN,
    left: int = 1_000,
) -> EnsembleClassifier:
    return EnsembleClassifier(
        grammar=classifier, table=table, encoder=encoder, settings=settings, allowance=Purse(left)
    )


def models(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.model for verdict in verdicts]


def test_what_is_open_goes_to_the_encoder(classifier: GrammarClassifier) -> None:
    encoder = Noting()
    silver, other = judge(classifier, encoder).judge([said("silver?"), said("what a day")])
    assert sorted(encoder.asked) == ["silver?", "what a day"]
    assert (silver.intent, silver.model) == (Intent.CLAIM, "ensemble-9")
    assert silver.confidence > 0.9
    assert (other.intent, other.model) == (Intent.CHATTER, "ensemble-9")


def test_what_is_plain_stays_with_the_linear_model(
    classifier: GrammarClassifier, learned: LinearTable
) -> None:
    encoder = Noting()
    sharp = Blend(quick=Mixture(linear=4.0), full=PLAIN.blend.full)
    settings = msgspec.structs.replace(PLAIN, blend=sharp)
    ensemble = judge(classifier, encoder, table=learned, settings=settings)
    (plain,) = ensemble.judge([said("good evening all")])
    assert (plain.intent, plain.model) == (Intent.CHATTER, "linear-9")
    assert encoder.asked == []


@pytest.mark.parametrize("text", ["blobWave blobWave blobWave", "ome4 ome4 ome4", "aye aye aye"])
def test_an_emote_over_and_over_is_no_buyer_where_nothing_is_known(
    classifier: GrammarClassifier, text: str
) -> None:
    encoder = Noting()
    (verdict,) = judge(classifier, encoder).judge([said(text, lot=None, mode=None)])
    assert (verdict.intent, encoder.asked) == (Intent.CHATTER, [])
    judge(classifier, encoder).judge([said(text)])
    assert encoder.asked == [text]  # a code may be claimed over and over


def test_the_shop_is_asked_of_no_model(classifier: GrammarClassifier) -> None:
    encoder = Noting()
    (verdict,) = judge(classifier, encoder).judge([said("mine", role=Role.HOST)])
    assert (verdict.intent, encoder.asked) == (Intent.SELLER, [])


def test_a_rule_of_the_seller_weighs_much_and_not_everything(
    classifier: GrammarClassifier,
) -> None:
    by_rule = said("marbles", rules=ShowRules(claim_words=("marbles",)))
    open_minded, against = judge(classifier, None), judge(classifier, Noting())
    (without,) = open_minded.judge([said("marbles")])
    (counted,) = open_minded.judge([by_rule])
    (ruled_out,) = against.judge([by_rule])
    assert without.confidence < 0.7 <= counted.confidence
    assert counted.intent is Intent.CLAIM
    assert "marbles" in counted.reason
    assert (ruled_out.intent, ruled_out.confidence < 0.7) == (Intent.CHATTER, True)


def test_a_rule_says_what_it_means_to_say_such_a_thing(classifier: GrammarClassifier) -> None:
    bids = np.zeros((1, len(INTENTS)), np.float32)
    bids[0, INTENTS.index(Intent.BID)] = 3
    table = LinearTable(np.repeat(bids, SIZE, axis=0))
    by_rule = said("55", rules=ShowRules(number_is="item"))
    (verdict,) = judge(classifier, None, table=table).judge([by_rule])
    assert (verdict.intent, verdict.slots.item) == (Intent.CLAIM, "55")


def test_a_rule_that_denies_a_claim_takes_from_the_odds(classifier: GrammarClassifier) -> None:
    plus = ShowRules(plus_n=False)
    verdicts = judge(classifier, None).judge([said("+1"), said("+1", rules=plus)])
    assert verdicts[1].confidence < 0.05 < verdicts[0].confidence


def test_while_nothing_is_known_but_a_rule_it_decides(classifier: GrammarClassifier) -> None:
    rules = ShowRules(number_is="item")
    silent = said("43", lot=None, mode=None, rules=rules)
    asked = said("43", lot=None, mode=None, rules=rules, shop="guess how many are in the jar")
    decided, weighed = judge(classifier, Noting()).judge([silent, asked])
    assert decided == classifier.judge([silent])[0]
    assert weighed.confidence < 0.7


def test_nothing_gets_nothing(classifier: GrammarClassifier) -> None:
    assert judge(classifier, Noting()).judge([]) == []


@pytest.mark.asyncio
async def test_a_busy_show_keeps_the_linear_verdicts(classifier: GrammarClassifier) -> None:
    batch = [said(f"silver number {word}") for word in ("one", "two", "three", "four", "five")]
    encoder = Noting()
    verdicts = await judge(classifier, encoder, left=2).judge_live(batch)
    assert sorted(models(verdicts)) == ["ensemble-9"] * 2 + ["linear-9"] * 3
    assert len(encoder.asked) == 2
    assert [verdict.intent for verdict in verdicts if verdict.model == "ensemble-9"] == [
        Intent.CLAIM,
        Intent.CLAIM,
    ]
    assert await judge(classifier, None, left=2).judge_live(batch) == judge(classifier, None).judge(
        batch
    )


@pytest.mark.asyncio
async def test_the_nearest_to_a_buyer_goes_first(
    classifier: GrammarClassifier, learned: LinearTable
) -> None:
    soft = Blend(quick=Mixture(linear=0.3), full=PLAIN.blend.full)
    settings = msgspec.structs.replace(PLAIN, blend=soft)
    batch = [said(text) for text in ("lol", "good evening all", "mine or no", "is it silver?")]
    quick = judge(classifier, None, table=learned, settings=settings).judge(batch)
    nearest = min(batch, key=lambda one: abs(quick[batch.index(one)].confidence - 0.5))
    encoder = Noting()
    await judge(classifier, encoder, table=learned, settings=settings, left=1).judge_live(batch)
    assert encoder.asked == [nearest.text]


@pytest.mark.asyncio
async def test_with_time_enough_a_show_is_judged_as_at_leisure(
    classifier: GrammarClassifier,
) -> None:
    batch = [said(text) for text in ("silver", "hello", "mine", "sold silver")]
    ensemble = judge(classifier, Noting())
    assert await ensemble.judge_live(batch) == ensemble.judge(batch)


class Opening(Noting):
    """Takes its time to open, or cannot be opened."""

    is_open = False

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.may_open = Event()
        self.was_tried = Event()
        self._error = error

    def open(self) -> None:
        self.may_open.wait(5)
        self.is_open = self._error is None
        self.was_tried.set()
        if self._error is not None:
            raise self._error


@pytest.mark.asyncio
async def test_while_the_encoder_opens_the_linear_verdict_stands(
    classifier: GrammarClassifier,
) -> None:
    encoder = Opening()
    ensemble = judge(classifier, encoder)
    (first,) = await ensemble.judge_live([said("silver?")])
    assert first.model == "linear-9"
    encoder.may_open.set()
    assert await asyncio.to_thread(encoder.was_tried.wait, 5)
    (second,) = await ensemble.judge_live([said("silver?")])
    assert second.model == "ensemble-9"


@pytest.mark.asyncio
async def test_an_encoder_that_cannot_be_opened_says_so(classifier: GrammarClassifier) -> None:
    encoder = Opening(ModelDamaged("The encoder cannot be loaded."))
    ensemble = judge(classifier, encoder)
    await ensemble.judge_live([said("silver?")])
    encoder.may_open.set()
    assert ensemble._opening is not None
    await asyncio.to_thread(wait, [ensemble._opening], 5)
    with pytest.raises(ModelDamaged):
        await ensemble.judge_live([said("silver?")])


@pytest.mark.asyncio
async def test_what_the_encoder_meets_is_raised(classifier: GrammarClassifier) -> None:
    class Broken(Noting):
        def run(self, rows: Sequence[Sequence[int]]) -> Heard:
            raise OSError("no memory")

    with pytest.raises(OSError, match="no memory"):
        await judge(classifier, Broken()).judge_live([said("silver")])


def test_what_corrections_taught_is_used(tmp_path: Path) -> None:
    shipped = read_settings()
    own = tmp_path / "judge.json"
    keen = Mixture(linear=0.0, shift=6.0)
    learned = msgspec.structs.replace(shipped, blend=Blend(quick=keen, full=keen))
    own.write_bytes(msgspec.json.encode(learned))
    (verdict,) = EnsembleClassifier.load(encoder=False, own=own).judge([said("hello all")])
    assert verdict.confidence > 0.9


@pytest.mark.parametrize("other", [{"version": "0"}, {"corpus": "another"}])
def test_what_was_learned_of_another_model_is_left_aside(
    tmp_path: Path, other: dict[str, str]
) -> None:
    own = tmp_path / "judge.json"
    keen = Mixture(linear=0.0, shift=6.0)
    learned = msgspec.structs.replace(read_settings(), blend=Blend(quick=keen, full=keen), **other)
    own.write_bytes(msgspec.json.encode(learned))
    (verdict,) = EnsembleClassifier.load(encoder=False, own=own).judge([said("hello all")])
    assert verdict.confidence < 0.5


def test_without_corrections_the_model_is_as_it_was_shipped(tmp_path: Path) -> None:
    loaded = EnsembleClassifier.load(encoder=False, own=tmp_path / "none.json")
    assert loaded.judge([said("mine")]) == EnsembleClassifier.load(encoder=False).judge(
        [said("mine")]
    )


@pytest.mark.parametrize("data", [b"", b"{}", b'{"version":'])
def test_damaged_lessons_name_the_way_back(tmp_path: Path, data: bytes) -> None:
    own = tmp_path / "judge.json"
    own.write_bytes(data)
    with pytest.raises(ModelDamaged, match=r"judge\.json") as raised:
        EnsembleClassifier.load(encoder=False, own=own)
    assert "dealflow train --forget" in raised.value.advice
