"""Sixty labelled lines that say plainly what they are: enough to see that training learns."""

from __future__ import annotations

from dealflow.intents.training.dataset import Example
from dealflow.model.intent import Intent
from tests.unit.intents.saying import CUFF, said

CLAIMS = (
    "mine", "mine please", "I'll take it", "sold to me", "dibs", "me me me", "claim", "mine 22",
    "ill take that one", "put me down", "I claim this", "mine mine", "gimme that one", "sold",
    "taking it", "mine!!", "22 mine", "claiming 22", "dibs on this", "yes mine",
)  # fmt: skip
QUESTIONS = (
    "is it silver?", "what size is it?", "does it bend?", "is the stone real?", "any scratches?",
    "how wide is it?", "is it signed?", "does it fit a small wrist?", "is it heavy?", "how old?",
    "what stone is that?", "is it new?", "any marks inside?", "does it close?", "is it plated?",
    "how thick is the band?", "is that a crack?", "does it tarnish?", "is it adjustable?",
    "which mine is the stone from?",
)  # fmt: skip
CHATTER = (
    "hello from ohio", "lol", "good evening all", "love this music", "haha same", "so sleepy",
    "rainy here", "what a day", "go team", "cute dog", "hi friends", "that was funny",
    "my cat agrees", "coffee time", "nice lights", "happy friday", "back again", "brb dinner",
    "who else is snowed in", "great show tonight",
)  # fmt: skip


def lessons() -> list[Example]:
    """Return all lines, the intents in turn."""
    rows = zip(CLAIMS, QUESTIONS, CHATTER, strict=True)
    intents = (Intent.CLAIM, Intent.PRODUCT_QUESTION, Intent.CHATTER)
    return [
        Example(id=text, utterance=said(text, lot=CUFF), intent=intent)
        for row in rows
        for text, intent in zip(row, intents, strict=True)
    ]
