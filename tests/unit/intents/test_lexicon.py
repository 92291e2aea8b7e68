from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from dealflow.errors import SettingsInvalid
from dealflow.intents.lexicon.compile import LABELS, compile_tables
from dealflow.intents.lexicon.pattern import SYMBOLS
from dealflow.intents.lexicon.reader import Lexicon
from dealflow.intents.lexicon.shipped import load
from dealflow.intents.normalise import normalise
from dealflow.intents.tokens import Kind, tokenise

FOLDER = files("dealflow.intents.lexicon")
LANGUAGES = sorted(
    entry.name.removesuffix(".toml")
    for entry in FOLDER.iterdir()
    if entry.name.endswith(".toml") and entry.name != "colors.toml"
)
NEEDED = (
    *("claim_word", "claim", "backup", "bid", "checkout", "demand", "price", "product"),
    *("shipping", "interest", "retraction", "decline", "post", "idiom", "negation", "past"),
    *("others", "ask", "condition", "filler", "pointer", "contrast", "joke", "shop", "spam"),
)


def find(lexicon: Lexicon, text: str) -> set[tuple[str, str]]:
    tokens = tokenise(normalise(text), lexicon.vocabulary, frozenset())
    words = lexicon.look_up(tokens)
    hits = lexicon.find(tokens, words, lexicon.languages(tokens, words, None))
    return {
        (hit.label, " ".join(token.text for token in tokens[hit.start : hit.end])) for hit in hits
    }


def one(label: str, *patterns: str, classes: dict[str, list[str]] | None = None) -> Lexicon:
    return Lexicon(compile_tables({"xx": {label: list(patterns), "classes": classes or {}}}))


def test_eighteen_languages_are_there() -> None:
    known = "ar de en es fil fr hi id it ja ko nl pl pt th tr vi zh"
    assert " ".join(LANGUAGES) == known


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_heading(language: str) -> None:
    table = tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))
    assert set(NEEDED) - set(table) == set()
    assert set(table) - LABELS - {"classes"} == set()
    for label in NEEDED:
        assert all(isinstance(entry, str) and entry.strip() for entry in table[label])


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("take it", "ok take it now", "take it"),
        ("take it|that", "take that", "take that"),
        ("i_will|ill take", "i will take", "i will take"),
        ("take the? lot", "take lot", "take lot"),
        ("take * home", "take mary home", "take mary home"),
        ("take ** home", "take all of them home", "take all of them home"),
        ("give %m", "give $20", "give $20"),
        ("give %m", "give 20", "give 20"),
        ("row %c", "row a7", "row a7"),
        ("hi %@", "hi @amy", "hi @amy"),
        ("^ next $", "next!", "next"),
        ("next|$ $", "next", "next"),
        ("<it>", "that one", "that one"),
    ],
)
def test_the_pattern_language(pattern: str, text: str, found: str) -> None:
    lexicon = one("claim", pattern, classes={"it": ["that one", "this"]})
    assert ("claim", found) in find(lexicon, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("take ** home", "take one two three four home"),
        ("^ next", "the next"),
        ("next $", "next week"),
        ("take it", "take. it"),
        ("give %m", "give a12"),
    ],
)
def test_what_a_pattern_does_not_match(pattern: str, text: str) -> None:
    assert ("claim", text) not in find(one("claim", pattern), text)
    assert not [label for label, _ in find(one("claim", pattern), text) if label == "claim"]


@pytest.mark.parametrize("pattern", ["* take", "$", "take <that>", "", "take !"])
def test_a_pattern_that_says_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(SettingsInvalid):
        one("claim", pattern)


@pytest.mark.parametrize(
    "table", [{"claims": ["mine"]}, {"claim": "mine"}, {"claim": [1]}, {"classes": ["it"]}]
)
def test_a_damaged_file_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(SettingsInvalid):
        compile_tables({"xx": table})


def test_an_english_line_claims_in_no_other_language() -> None:
    lexicon = load()
    assert "claim_word" not in {label for label, _ in find(lexicon, "yo bro what is that")}
    assert "claim_word" in {label for label, _ in find(lexicon, "mío")}


def test_a_number_that_is_a_word_elsewhere_is_any_number_to_a_pattern() -> None:
    """ "5" says "ha" in Thai, and is politeness there; in "claim 5" it is a number."""
    lexicon = Lexicon(compile_tables({"xx": {"claim": ["claim %n"], "filler": ["5"]}}))
    tokens = tokenise("claim 5 5", lexicon.vocabulary, frozenset())
    word, five, other = lexicon.look_up(tokens)
    assert (word.symbol, five.symbol) == ("claim", SYMBOLS[Kind.NUMBER])
    assert five is other
    assert five.filler
    assert find(lexicon, "claim 5") == {("claim", "claim 5")}


def test_forgetting_steps_changes_nothing() -> None:
    lexicon = one("claim", "take it", "take that home")
    before = find(lexicon, "take that home and take it")
    lexicon._automaton.reset()
    assert find(lexicon, "take that home and take it") == before


def test_the_cache_gives_the_same_lexicon_and_a_damaged_one_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiled = load()
    (kept,) = (tmp_path / "dealflow").glob("lexicon-*.msgpack")
    again = load()
    kept.write_bytes(b"damaged")
    mended = load()
    for lexicon in (again, mended):
        assert lexicon.vocabulary == compiled.vocabulary
        assert lexicon.triggers == compiled.triggers
        assert lexicon.claim_words == compiled.claim_words
    assert kept.stat().st_size > 1_000


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "mine" in load().claim_words
