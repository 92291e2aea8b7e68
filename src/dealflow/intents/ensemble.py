"""The classifier in use: the grammar reads, the linear model judges, the encoder has the last word.

Most chat is plain, and the linear model settles it in microseconds. What it leaves open goes to
the encoder. Where a show is busier than the encoder can follow, the linear verdict stands, and the
verdict's ``model`` says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from dealflow.intents import artefacts
from dealflow.intents.allowance import Allowance
from dealflow.intents.blend import BUYERS, confidences, probabilities, raised
from dealflow.intents.encoder.runtime import Encoder, Heard
from dealflow.intents.evidence import Evidence
from dealflow.intents.explain import explain, read_as
from dealflow.intents.finding import Finding
from dealflow.intents.grammar import GrammarClassifier
from dealflow.intents.judge_settings import JudgeSettings, learned, read_settings
from dealflow.intents.linear.features import Features
from dealflow.intents.linear.table import INTENTS, LinearTable, Scores
from dealflow.intents.normalise import normalise
from dealflow.intents.slots.marked import Marks, completed, with_marks
from dealflow.intents.slots.reader import read_slots
from dealflow.model.intent import Intent, Role, Utterance, Verdict

LINEAR, CALIBRATION = "linear.npz", "calibration.npz"

SURE = 0.97
"""How probable one intent must be for the linear verdict to stand without the encoder."""

NO_BUYER = 0.004
"""Below this confidence the linear model alone settles that somebody is no buyer, whichever of the
other intents it is. On held-out lines the encoder turned fewer than one in a thousand of these."""

RULE_ODDS = 2.2
"""What the seller's own rule adds to the log-odds of a buyer, or takes from them where it says that
something is no claim. At a threshold of 0.7, words or a number that the rule asks for then count
unless the models, which also hear what the shop just asked, give them less than one chance in five:
a number may be the answer to "guess how many"."""

PLAIN = 0.7
"""The grammar's confidence from which its word counts while nothing is known of the show."""

CHANTED = 3
"""Words from which a message that repeats itself is a chant."""

DOUBTFUL = 0.05
"""Confidence from which slots are read as a buyer's: a lower threshold or a second opinion may
still count the message. What is taken back is always read as that."""

DIGITS = 4
"""Digits behind the point of a confidence that is told."""

_SHOP = frozenset({Role.HOST, Role.MOD, Role.BOT})


class _Read(NamedTuple):
    utterance: Utterance
    evidence: Evidence
    finding: Finding
    text: str


class _Weighed(NamedTuple):
    """What the models say of a message: a probability for each intent, and what follows from it.

    ``confidence`` is that of a buyer, ``told`` the same with fewer digits; ``buying`` and ``other``
    are the likeliest intents of a buyer and of anybody else.
    """

    row: list[float]
    confidence: float
    told: float
    buying: Intent
    other: Intent


class _Draft:
    """A batch after its quick half: what was read, the linear model's scores and the open ones."""

    def __init__(self, verdicts: list[Verdict | None], read: list[_Read], linear: Scores) -> None:
        self.verdicts = verdicts
        self.read = read
        self.linear = linear
        self.shares = linear
        self.open: list[int] = []
        self.marks: dict[int, Marks] = {}
        """What the encoder marked, for each message that it judged."""


class EnsembleClassifier:
    """Judges messages by all that DealFlow has on this machine; see `Classifier`.

    Not thread-safe, but for the encoder's part, which runs in a thread of its own.
    """

    def __init__(
        self,
        *,
        grammar: GrammarClassifier,
        table: LinearTable,
        encoder: Encoder | None,
        settings: JudgeSettings,
        allowance: Allowance | None = None,
    ) -> None:
        self.name = f"{'linear' if encoder is None else 'ensemble'}-{settings.version}"
        self._quick_name = f"linear-{settings.version}"
        self._grammar = grammar
        self._features = Features()
        self._table = table
        self._encoder = encoder
        self._blend = settings.blend
        self._allowance = allowance or Allowance()
        self._executor: ThreadPoolExecutor | None = None
        self._opening: Future[None] | None = None
        self._shop = Verdict(
            intent=Intent.SELLER,
            confidence=0.0,
            scores=_certain(Intent.SELLER),
            reason="the shop speaks",
            model=self.name,
        )

    @classmethod
    def load(
        cls,
        *,
        encoder: bool = True,
        folder: Path = artefacts.FOLDER,
        own: Path | None = None,
        allowance: Allowance | None = None,
    ) -> EnsembleClassifier:
        """Read the model that is shipped.

        Args:
            encoder: whether the encoder takes part.
            folder: where the model's files lie.
            own: what this seller's corrections taught, if they did.
            allowance: how much time the encoder may have while a show is read.

        Raises:
            ModelDamaged: a file is missing or is not what training wrote.
        """
        settings = read_settings(folder)
        if own is not None and own.exists():
            taught = learned(own)
            if (taught.version, taught.corpus) == (settings.version, settings.corpus):
                # What was learned of an older model is void.
                settings = msgspec.structs.replace(settings, blend=taught.blend)
        return cls(
            grammar=GrammarClassifier(),
            table=LinearTable.from_bytes(artefacts.read(LINEAR, folder)),
            encoder=Encoder.load(settings.marks, folder) if encoder else None,
            settings=settings,
            allowance=allowance,
        )

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """Return one verdict for each utterance, in the same order; take the time it needs."""
        draft = self._draft(batch)
        if draft.open and self._encoder is not None:
            heard = self._encoder.hear(_inputs(draft, draft.open))
            self._refine(draft, self._encoder, draft.open, heard)
        return self._verdicts(draft)

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """As `judge`, but keep up with a show: leave the event loop to others, and bound the time.

        The open messages nearest to being a buyer go to the encoder first; those for which there
        is no time keep the linear verdict, as do those of the first moment, while it is opened.
        """
        draft = self._draft(batch)
        encoder = self._encoder
        if draft.open and encoder is not None and self._is_ready(encoder):
            chosen = draft.open[: self._allowance.take(len(draft.open))]
            if chosen:
                rows = encoder.prepare(_inputs(draft, chosen))
                loop = asyncio.get_running_loop()
                with self._allowance.spending(len(chosen)):
                    heard = await loop.run_in_executor(self._worker(), encoder.run, rows)
                self._refine(draft, encoder, chosen, heard)
        return self._verdicts(draft)

    def _is_ready(self, encoder: Encoder) -> bool:
        """Say whether the encoder answers at once; begin to open it, if nobody has.

        Raises:
            ModelDamaged: it cannot be opened.
        """
        if encoder.is_open:
            return True
        if self._opening is None:
            self._opening = self._worker().submit(encoder.open)
        if self._opening.done():
            self._opening.result()
        return encoder.is_open

    def _worker(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "encoder")
        return self._executor

    def _draft(self, batch: Sequence[Utterance]) -> _Draft:
        verdicts: list[Verdict | None] = []
        read: list[_Read] = []
        for utterance in batch:
            if utterance.context.author_role in _SHOP:
                verdicts.append(self._shop)
                continue
            evidence, finding = self._grammar.read(utterance)
            plain = self._plain(utterance, evidence, finding)
            if plain is not None:
                verdicts.append(plain)
                continue
            verdicts.append(None)
            read.append(_Read(utterance, evidence, finding, normalise(utterance.text)))
        if not read:
            return _Draft(verdicts, read, np.empty((0, len(INTENTS)), np.float32))
        rows, starts = self._features.rows([(one.evidence, one.finding, one.text) for one in read])
        draft = _Draft(verdicts, read, self._table.logits(rows, starts))
        shares = probabilities(self._blend.quick, draft.linear)
        draft.shares = raised(shares, _ruled(read))
        if self._encoder is not None:
            draft.open = _open(draft.shares)
        return draft

    def _plain(self, utterance: Utterance, evidence: Evidence, finding: Finding) -> Verdict | None:
        """Return the grammar's verdict where it is the better reader.

        A seller's rule decides while nothing is on screen and the shop says nothing: it is then
        all that is known, and in some shows the screen is never known. And a commitment in plain
        words counts while not even the mode is known: the models hear talk in a lone "mine", and
        buyers in the names of emotes that are typed over and over.
        """
        if finding.is_ruled:
            silent = evidence.scene.lot is None and not utterance.context.room.shop
            return self._grammar.verdict(utterance, evidence, finding) if silent else None
        if not _is_unplaced(evidence):
            return None
        if _is_chant(evidence):
            finding = Finding(Intent.CHATTER, "quiet")
            return self._grammar.verdict(utterance, evidence, finding)
        verdict = self._grammar.verdict(utterance, evidence, finding)
        return verdict if verdict.confidence >= PLAIN else None

    def _refine(self, draft: _Draft, encoder: Encoder, chosen: Sequence[int], heard: Heard) -> None:
        shares = probabilities(self._blend.full, draft.linear[chosen], heard.scores)
        draft.shares[chosen] = raised(shares, _ruled([draft.read[at] for at in chosen]))
        for at, tags in zip(chosen, heard.tags, strict=True):
            draft.marks[at] = Marks(encoder.cut, draft.read[at].utterance.text, tags)

    def _verdicts(self, draft: _Draft) -> list[Verdict]:
        weighed = _weighed(draft.shares)
        at = -1
        verdicts: list[Verdict] = []
        for settled in draft.verdicts:
            if settled is not None:
                verdicts.append(settled)
                continue
            at += 1
            verdicts.append(self._verdict(draft.read[at], weighed[at], draft.marks.get(at)))
        return verdicts

    def _verdict(self, read: _Read, weighed: _Weighed, marks: Marks | None) -> Verdict:
        row, confidence, told, buying, other = weighed
        # The likeliest intent on the side, buyer or not, on which the confidence stands.
        intent = buying if confidence >= 0.5 else other
        if read.finding.is_ruled and read.finding.intent.is_buyer:
            buying = read.finding.intent  # the rule says what it means to say such a thing
            intent = buying if intent.is_buyer else intent
        doubtful = confidence >= DOUBTFUL and intent is not Intent.RETRACTION
        wants = buying if doubtful else intent
        slots, claims = read_slots(read.evidence, wants, read.utterance.text)
        if marks is not None and wants.is_buyer and not claims:
            join = completed if read.finding.is_ruled else with_marks
            slots = join(slots, marks, read.evidence)
        reason = (
            explain(read.evidence, read.finding)
            if intent is read.finding.intent
            else read_as(read.evidence, intent)
        )
        return Verdict(
            intent=intent,
            confidence=told,
            scores=dict(zip(INTENTS, row, strict=True)),
            slots=slots,
            claims=claims,
            reason=reason,
            model=self._quick_name if marks is None else self.name,
        )


def _ruled(read: Sequence[_Read]) -> NDArray[np.float64]:
    """Return what the seller's rules add to the log-odds of each message."""
    return np.array([_rule_odds(one.finding) for one in read])


def _rule_odds(finding: Finding) -> float:
    if not finding.is_ruled:
        return 0.0
    return RULE_ODDS if finding.intent.is_buyer else -RULE_ODDS


def _is_unplaced(evidence: Evidence) -> bool:
    """Say whether nothing is known of what is on screen and how it sells."""
    return evidence.scene.lot is None and evidence.scene.mode is None


def _is_chant(evidence: Evidence) -> bool:
    """Say whether a message is words of no language, most of them said again."""
    texts = [token.text for token in evidence.tokens]
    return len(texts) >= CHANTED and not evidence.hits and 2 * len(set(texts)) <= len(texts)


_BUYING, _OTHERS = np.flatnonzero(BUYERS), np.flatnonzero(~BUYERS)


def _weighed(shares: Scores) -> list[_Weighed]:
    """Return what the probabilities say of each message."""
    sure = confidences(shares).tolist()
    told = np.round(sure, DIGITS).tolist()
    buying, others = _likeliest(shares, _BUYING), _likeliest(shares, _OTHERS)
    return list(map(_Weighed, shares.tolist(), sure, told, buying, others))


def _likeliest(shares: Scores, side: NDArray[np.intp]) -> list[Intent]:
    """Return each message's likeliest intent of one side."""
    return [INTENTS[at] for at in side[shares[:, side].argmax(axis=1)].tolist()]


def is_unsettled(shares: Scores) -> NDArray[np.bool_]:
    """Say of each message whether the linear model is too unsure of it to judge alone."""
    return np.asarray((shares.max(axis=1) < SURE) & (confidences(shares) >= NO_BUYER), np.bool_)


def _open(shares: Scores) -> list[int]:
    """Return the messages that the linear model leaves open, the nearest to a buyer first.

    A buyer's is among them however sure it is, for the words that say what is wanted.
    """
    sure = confidences(shares)
    chosen = np.flatnonzero(is_unsettled(shares) | (sure >= SURE))
    order = np.argsort(np.abs(sure[chosen] - 0.5), kind="stable")
    return [int(at) for at in chosen[order]]


def _inputs(draft: _Draft, chosen: Sequence[int]) -> list[tuple[Utterance, Evidence, Finding]]:
    read = (draft.read[at] for at in chosen)
    return [(one.utterance, one.evidence, one.finding) for one in read]


def _certain(intent: Intent) -> dict[Intent, float]:
    return {each: float(each is intent) for each in INTENTS}
