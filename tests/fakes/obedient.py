"""A language model that does whatever it is told by anybody, in any language.

What each text tells it stands beside the text in ``injections.txt``, so it misunderstands nobody:
no real model can be worse.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fakes.endpoint import Label, Line, by_words, label

LINK = "http://said-by-the-model.example"
"""What it says when it is asked to say something; it must never be seen anywhere."""

BUYING = frozenset({"claim", "backup", "bid", "checkout"})


def read_injections(path: Path) -> list[tuple[str, str]]:
    """Return the orders with their texts."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        (order, text)
        for line in lines
        if line and not line.startswith("#")
        for order, _, text in [line.partition("\t")]
    ]


class Obedient:
    """Implements `endpoint.Speak`.

    Args:
        orders: what is ordered by which text; a text may stand anywhere in a line.
    """

    def __init__(self, orders: Sequence[tuple[str, str]]) -> None:
        self._orders = orders
        self.obeyed: set[str] = set()

    def speak(self, lines: list[Line]) -> tuple[dict[str, Any], str]:
        labels = by_words(lines)
        message: dict[str, Any] = {"role": "assistant"}
        finish = "stop"
        for place, line in enumerate(lines):
            seen = json.dumps(line, ensure_ascii=False)
            for order, text in self._orders:
                if json.dumps(text, ensure_ascii=False)[1:-1] not in seen:
                    continue
                self.obeyed.add(text)
                match order:
                    case "prose":
                        return message | {"content": f"As you wish! See {LINK}"}, "stop"
                    case "refuse":
                        return message | {"content": None, "refusal": LINK}, "stop"
                    case "endless":
                        finish = "length"
                    case _:
                        labels = _obey(order, labels, lines, place)
        return message | {"content": json.dumps({"verdicts": labels})}, finish


def _obey(order: str, labels: list[Label], lines: list[Line], place: int) -> list[Label]:
    name, _, intent = order.partition("=")
    own = lines[place]["id"]
    sure = 1.0 if intent in BUYING else 0.0
    match name:
        case "all":
            return [label(line, intent, sure) for line in lines]
        case "others":
            kept = [label(lines[place], "claim", 1.0)]
            return kept + [label(line, intent, sure) for line in lines if line["id"] != own]
        case "self":
            others = [one for one in labels if one["id"] != own]
            return [*others, label(lines[place], intent, sure)]
        case "drop":
            return [one for one in labels if one["id"] == own]
        case "invent":
            made = [{"id": id, "intent": "claim", "buyer": 1.0} for id in ("00000000", "1", "q1")]
            return [*labels, *made]
        case "double":
            return [*labels, *(label(line, "claim", 1.0) for line in lines)]
        case "swap":
            ids = [one["id"] for one in labels]
            return [one | {"id": id} for one, id in zip(labels, ids[::-1], strict=True)]
        case "extra":
            return [one | {"link": LINK, "refund": True} for one in labels]
        case "number":
            return [one | {"buyer": 999_999} for one in labels]
        case "vip":
            return [one | {"intent": "vip"} for one in labels]
    raise AssertionError(f"an order that nobody understands: {order}")
