"""Writes the figures of the corpus and of the model into their cards.

Run it in the root of the repository: ``python -m dealflow.intents.training.card``. The figures
stand between two marks in ``corpus/README.md`` and ``docs/model.md``; the rest of both is written
by hand.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from dealflow.errors import InputInvalid
from dealflow.intents import artefacts
from dealflow.intents.ensemble import EnsembleClassifier
from dealflow.intents.training import corpus, evaluate
from dealflow.intents.training.corpus import Entry, Part
from dealflow.intents.training.evaluate import Pair, Rate

CORPUS = Path("corpus")
CORPUS_CARD = CORPUS / "README.md"
MODEL_CARD = Path("docs/model.md")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"

Row = Sequence[str]


def corpus_figures(entries: Sequence[Entry]) -> str:
    """Return the corpus's figures as Markdown."""
    shows = sorted({entry.file for entry in entries if entry.in_show})
    total, foreign = len(entries), sum(entry.example.lang != "en" for entry in entries)
    in_shows = sum(entry.in_show for entry in entries)
    worlds = {entry.example.world for entry in entries} - {""}
    head = (
        f"{total:,} lines, {foreign / total:.0%} of them in other languages than English; "
        f"{in_shows:,} stand in {len(shows)} whole shows and {total - in_shows:,} are single "
        f"lines; {len(worlds)} worlds."
    )
    parts = [
        [
            str(part),
            f"{sum(e.part is part for e in entries):,}",
            _share(e for e in entries if e.part is part),
        ]
        for part in Part
    ]
    return "\n\n".join(
        [
            head,
            _table(("part", "lines", "buyers"), parts),
            _table(("intent", "lines"), _counts(entries, lambda e: e.example.intent)),
            _table(
                ("language", "lines", "buyers", "held out"),
                [
                    [
                        name,
                        f"{len(own):,}",
                        _share(own),
                        f"{sum(e.part is Part.HELDOUT for e in own):,}",
                    ]
                    for name, own in _groups(entries, lambda e: e.example.lang)
                ],
            ),
            _table(("platform", "lines"), _counts(entries, lambda e: e.example.platform or "–")),
            _table(("world", "lines"), _counts(entries, lambda e: e.example.world or "–")),
            _table(
                ("show", "language", "mode", "messages", "buyers"),
                [_show_row(name, [e for e in entries if e.file == name]) for name in shows],
            ),
        ]
    )


def model_figures(pairs: Sequence[tuple[Entry, Pair]]) -> str:
    """Return the model's figures on held-out lines as Markdown."""
    single = [pair for entry, pair in pairs if not entry.in_show]
    shows = [pair for entry, pair in pairs if entry.in_show]
    every = [pair for _, pair in pairs]
    return "\n\n".join(
        [
            _table(
                ("held-out lines", "lines", "precision", "recall", "F1", "intents", "ECE", "slots"),
                [
                    _measured(name, part)
                    for name, part in (("single", single), ("shows", shows), ("all", every))
                ],
            ),
            _table(_RATES, _by(pairs, lambda e: e.example.lang, "language")),
            _table(_RATES, _by(pairs, lambda e: e.example.utterance.context.mode or "–", "mode")),
            _table(_RATES, _by(pairs, lambda e: e.example.platform or "–", "platform")),
            _table(
                ("intent", "lines", "precision", "recall", "F1"),
                _rated({str(i): rate for i, rate in evaluate.measure(every).intents.items()}),
            ),
            _table(
                ("slot of buyers", "lines", "precision", "recall", "F1"),
                _rated(evaluate.measure(every).slot_kinds),
            ),
            _table(
                ("confidence", "lines", "said", "buyers"),
                [
                    [
                        f"{at / evaluate.BINS:.1f}–{(at + 1) / evaluate.BINS:.1f}",
                        str(row.count),
                        f"{row.confidence:.2f}",
                        f"{row.buyers:.2f} {'█' * round(row.buyers * 20)}",
                    ]
                    for at, row in enumerate(evaluate.reliability(every))
                ],
            ),
        ]
    )


def _rated(rates: Mapping[str, Rate]) -> list[Row]:
    return [
        [
            name,
            f"{rate.right + rate.missed:,}",
            f"{rate.precision:.2f}",
            f"{rate.recall:.2f}",
            f"{rate.f1:.2f}",
        ]
        for name, rate in rates.items()
    ]


_RATES = ("by", "lines", "buyers", "precision", "recall", "F1")


def held_out(entries: Sequence[Entry]) -> list[tuple[Entry, Pair]]:
    """Judge the held-out lines with the model that is shipped."""
    kept = [entry for entry in entries if entry.part is Part.HELDOUT]
    judge = EnsembleClassifier.load(folder=artefacts.FOLDER)
    return list(
        zip(kept, evaluate.judge_all(judge, [entry.example for entry in kept]), strict=True)
    )


def put(path: Path, figures: str) -> None:
    """Replace what stands between the marks of a card.

    Raises:
        InputInvalid: the card has no marks.
    """
    text = path.read_text("utf-8")
    before, mark, rest = text.partition(BEGIN)
    _, close, after = rest.partition(END)
    if not mark or not close:
        raise InputInvalid(f"{path} has no marks for its figures.")
    path.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}", "utf-8")


def taken(path: Path) -> str:
    """Return what stands between the marks of a card."""
    return path.read_text("utf-8").partition(BEGIN)[2].partition(END)[0].strip()


def _measured(name: str, pairs: Sequence[Pair]) -> Row:
    report = evaluate.measure(pairs)
    buyers = report.buyers
    return [
        name,
        f"{len(pairs):,}",
        f"{buyers.precision:.3f}",
        f"{buyers.recall:.3f}",
        f"{buyers.f1:.3f}",
        f"{report.accuracy:.3f}",
        f"{report.calibration_error:.3f}",
        f"{report.slots.f1:.3f}",
    ]


def _by(pairs: Sequence[tuple[Entry, Pair]], key: Callable[[Entry], str], title: str) -> list[Row]:
    rows: list[Row] = []
    groups: dict[str, list[Pair]] = {}
    for entry, pair in pairs:
        groups.setdefault(key(entry), []).append(pair)
    for name, own in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        rate = evaluate.buyer_rate(own)
        buyers = rate.right + rate.missed
        rows.append(
            [
                f"{title} {name}",
                f"{len(own):,}",
                str(buyers),
                f"{rate.precision:.2f}",
                f"{rate.recall:.2f}",
                f"{rate.f1:.2f}",
            ]
        )
    return rows


def _show_row(name: str, own: Sequence[Entry]) -> Row:
    modes = sorted({str(e.example.utterance.context.mode) for e in own})
    languages = Counter(e.example.lang for e in own)
    return [
        name.partition("/")[2],
        languages.most_common(1)[0][0],
        ", ".join(mode for mode in modes if mode != "None"),
        f"{len(own):,}",
        _share(own),
    ]


def _groups(entries: Sequence[Entry], key: Callable[[Entry], str]) -> list[tuple[str, list[Entry]]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def _counts(entries: Sequence[Entry], key: Callable[[Entry], str]) -> list[Row]:
    return [[name, f"{len(own):,}"] for name, own in _groups(entries, key)]


def _share(entries: Iterable[Entry]) -> str:
    told = [entry.example.intent.is_buyer for entry in entries]
    return f"{sum(told) / len(told):.0%}" if told else "–"


def _table(head: Row, rows: Iterable[Row]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> int:
    """Write the figures of both cards."""
    if arguments:
        sys.stderr.write("usage: python -m dealflow.intents.training.card\n")
        return 2
    entries = corpus.read(CORPUS)
    put(CORPUS_CARD, corpus_figures(entries))
    put(MODEL_CARD, model_figures(held_out(entries)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
