"""What a host announces is learned; what a host says all evening is not."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dealflow.intents.rules import Announcements
from dealflow.model.intent import Role
from dealflow.model.show import RulesPatch

CORPUS = Path(__file__).parents[3] / "corpus" / "announcements.jsonl"


class Line(msgspec.Struct):
    text: str
    lang: str
    rules: RulesPatch | None


LINES = [msgspec.json.decode(line, type=Line) for line in CORPUS.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def learn() -> Announcements:
    return Announcements()


def test_announcements_in_many_languages(learn: Announcements) -> None:
    said = [line for line in LINES if line.rules is not None]
    missed = [line.text for line in said if learn(line.text, Role.HOST, line.lang) != line.rules]
    assert len(said) >= 150
    assert len(missed) <= len(said) * 0.03, missed


def test_ordinary_speech_of_hosts_teaches_nothing(learn: Announcements) -> None:
    ordinary = [line for line in LINES if line.rules is None]
    learned = [line.text for line in ordinary if learn(line.text, Role.HOST, line.lang)]
    assert len(ordinary) >= 150
    assert len(learned) <= len(ordinary) * 0.01, learned


@pytest.mark.parametrize(
    ("text", "patch"),
    [
        ("type SOLD and the number", RulesPatch(claim_words=("sold",), number_is="item")),
        ("numbers are prices tonight", RulesPatch(number_is="price")),
        ("drop a 🙋🏽‍♀️ to claim", RulesPatch(claim_words=("🙋",))),
        ("comment the number of the item", RulesPatch(number_is="item")),
        ("first come first served, no put-backs", RulesPatch(retract=False)),
        ("+1 per piece", RulesPatch(plus_n=True)),
        ("TYPE SOLD AND THE NUMBER", RulesPatch(claim_words=("sold",), number_is="item")),
        ("codes A1 to A60 tonight", RulesPatch(codes=("A1-A60",))),
    ],
)
def test_what_is_learned(learn: Announcements, text: str, patch: RulesPatch) -> None:
    assert learn(text, Role.HOST) == patch
    assert learn(text, Role.MOD) == patch


@pytest.mark.parametrize(
    "text",
    [
        "don't type sold yet",
        "want it? can you type sold for me?",
        "type 1 if you can hear me",
        "@amy type your size please",
        "type SOLD at https://example.com",
        "one per box",
        "two per person",
        "type PASS and we skip you",
        "say mine like that again haha",
        "",
    ],
)
def test_what_is_not(learn: Announcements, text: str) -> None:
    assert learn(text, Role.HOST) is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.BOT])
def test_only_the_shop_makes_rules(learn: Announcements, role: Role) -> None:
    assert learn("type SOLD and the number to claim", role) is None


@given(st.text(max_size=300))
def test_any_text_is_taken(text: str) -> None:
    patch = _LEARN(text, Role.HOST)
    assert patch is None or len(patch.claim_words) <= 3


_LEARN = Announcements()
