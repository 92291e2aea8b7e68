"""The grammar: a classifier made of words and rules, which needs no network and no model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from dealflow.intents import calibration as tables
from dealflow.intents.calibration import Calibration
from dealflow.intents.decide import decide
from dealflow.intents.evidence import Evidence
from dealflow.intents.explain import explain
from dealflow.intents.finding import Finding
from dealflow.intents.lexicon import shipped
from dealflow.intents.lexicon.reader import Hit, Lexicon, Word
from dealflow.intents.normalise import normalise
from dealflow.intents.scene import Scene, Scenes
from dealflow.intents.slots.reader import read_slots
from dealflow.intents.tokens import Kind, Token, tokenise
from dealflow.model.intent import Intent, Role, Utterance, Verdict

NAME = "grammar-1"

MAX_WORDS = 1_000
"""Sets of claim words of shows' rules that stay cut into tokens."""

_SHOP = frozenset({Role.HOST, Role.MOD, Role.BOT})
_TELLING = frozenset({Kind.NUMBER, Kind.MONEY, Kind.CODE, Kind.COUNT, Kind.LINK})


class GrammarClassifier:
    """Judges messages by the claim grammar and the lexicon; see `Classifier`.

    Not thread-safe: it remembers lots, rules and steps of matching, all bounded.
    """

    name = NAME

    def __init__(
        self, lexicon: Lexicon | None = None, calibration: Calibration | None = None
    ) -> None:
        self.lexicon = lexicon or shipped.load()
        self._calibration = calibration or tables.load()
        self._scenes = Scenes()
        self._glue = frozenset(word for word in self.lexicon.claim_words if word.isascii())
        self._quiet = self._plain_verdict(
            Finding(Intent.CHATTER, "quiet"), "nothing in it speaks of buying"
        )
        self._shop = self._plain_verdict(Finding(Intent.SELLER, "shop_role"), "the shop speaks")

    def judge(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """Return one verdict for each utterance, in the same order."""
        return [self._judge(utterance) for utterance in batch]

    async def judge_live(self, batch: Sequence[Utterance]) -> list[Verdict]:
        """Return what `judge` does: the grammar is quick enough for any show."""
        return self.judge(batch)

    def read(self, utterance: Utterance) -> tuple[Evidence, Finding]:
        """Return what stands in a message and what the grammar concludes; for other models."""
        scene = self._scenes.read(utterance.context)
        tokens, known = self._tokens(utterance, scene)
        evidence = self._evidence_of(tokens, known, scene, utterance)
        if not _says_something(tokens, known, utterance):
            return evidence, Finding(Intent.CHATTER, "quiet")
        return evidence, decide(evidence)

    def find(self, utterance: Utterance) -> Finding:
        """Return what the grammar concludes, before any probability; for calibration."""
        if utterance.context.author_role in _SHOP:
            return Finding(Intent.SELLER, "shop_role")
        scene = self._scenes.read(utterance.context)
        tokens, known = self._tokens(utterance, scene)
        if not _says_something(tokens, known, utterance):
            return Finding(Intent.CHATTER, "quiet")
        return decide(self._evidence_of(tokens, known, scene, utterance))

    def _judge(self, utterance: Utterance) -> Verdict:
        if utterance.context.author_role in _SHOP:
            return self._shop
        scene = self._scenes.read(utterance.context)
        tokens, known = self._tokens(utterance, scene)
        if not _says_something(tokens, known, utterance):
            return self._quiet
        evidence = self._evidence_of(tokens, known, scene, utterance)
        return self.verdict(utterance, evidence, decide(evidence))

    def verdict(self, utterance: Utterance, evidence: Evidence, finding: Finding) -> Verdict:
        """Return the verdict for what `read` returned."""
        reading = self._calibration.read(finding.tier, finding.intent)
        if reading.intent is not finding.intent:
            finding = Finding(reading.intent, "outvoted", finding.hit)
        slots, claims = read_slots(evidence, finding.intent, utterance.text)
        return Verdict(
            intent=finding.intent,
            confidence=reading.confidence,
            scores=reading.scores,
            slots=slots,
            claims=claims,
            reason=explain(evidence, finding),
            model=NAME,
        )

    def _tokens(self, utterance: Utterance, scene: Scene) -> tuple[list[Token], list[Word]]:
        glue = _with_own(self._glue, scene.claim_words) if scene.claim_words else self._glue
        tokens = tokenise(normalise(utterance.text), self.lexicon.vocabulary, glue)
        return tokens, self.lexicon.look_up(tokens)

    def _evidence_of(
        self, tokens: list[Token], known: list[Word], scene: Scene, utterance: Utterance
    ) -> Evidence:
        languages = self.lexicon.languages(tokens, known, utterance.lang)
        hits = self.lexicon.find(tokens, known, languages, scene.words)
        own = _own_words(tokens, scene.claim_words) if scene.claim_words else ()
        return Evidence(tokens, known, hits, scene, utterance.context, languages, own)

    def _plain_verdict(self, finding: Finding, reason: str) -> Verdict:
        reading = self._calibration.read(finding.tier, finding.intent)
        return Verdict(
            intent=finding.intent,
            confidence=reading.confidence,
            scores=reading.scores,
            reason=reason,
            model=NAME,
        )


def _says_something(tokens: list[Token], known: list[Word], utterance: Utterance) -> bool:
    """Most chat holds no word of the lexicon; it is settled here."""
    for token, word in zip(tokens, known, strict=True):
        if word.triggers or token.kind in _TELLING or token.text == "?":
            return True
    rules = utterance.context.rules
    return rules is not None and bool(rules.claim_words or rules.codes or rules.size_claims)


def _own_words(tokens: list[Token], words: frozenset[str]) -> list[Hit]:
    """Find the claim words that this show's rules add."""
    split, first = _split(words)
    texts = tuple([_spelled(token) for token in tokens])
    if first.isdisjoint(texts):
        return []
    return [
        Hit("claim_word", start, start + len(parts))
        for parts in split
        for start in range(len(texts) - len(parts) + 1)
        if texts[start : start + len(parts)] == parts
    ]


@lru_cache(maxsize=MAX_WORDS)
def _with_own(glue: frozenset[str], words: frozenset[str]) -> frozenset[str]:
    return glue | words


@lru_cache(maxsize=MAX_WORDS)
def _split(words: frozenset[str]) -> tuple[tuple[tuple[str, ...], ...], frozenset[str]]:
    """Return the tokens of each claim word, and those with which one begins."""
    split = tuple(map(_parts, sorted(words)))
    return split, frozenset(parts[0] for parts in split)


def _parts(word: str) -> tuple[str, ...]:
    """Return the tokens of a claim word; signs that only vary an emoji are left out."""
    parts = tuple(token.text for token in tokenise(word, frozenset(), frozenset()))
    return tuple(part for part in parts if part not in _VARIANTS) or parts


def _spelled(token: Token) -> str:
    """Return a token as a claim word would be: a row of ones is one ("111" for "type 1")."""
    text = token.text
    if token.kind is Kind.NUMBER and len(text) > 1 and set(text) == {text[0]}:
        return text[0]
    return text


_VARIANTS = frozenset("♀♂")
