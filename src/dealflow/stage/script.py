"""Recorded shows as scripts: read from a file, or the demo that comes with the package.

A recording has no bids, only what an auction ended at. So that the stage can run the auction,
`bids` makes up the bids that led there.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import msgspec

from dealflow.errors import FileUnreadable
from dealflow.model.recording import ChatLine, Line, LotLine, SaleLine, read_line
from dealflow.model.show import SaleMode

DEMO = "demo.jsonl"
BIDS = 6
"""Bids made up for an auction: enough for a person to see the price rise."""

HAMMER_SECONDS = 1.0
"""Between an auction's end and the word that it was sold (0.86 to 1.2 s were seen)."""


class BidCue(msgspec.Struct, frozen=True, kw_only=True):
    """A bid that the stage makes up; ``t`` is in seconds from the start of the show."""

    t: float
    user: str
    price: float


def load_show(path: Path | None = None) -> list[Line]:
    """Read a recorded show; without a path, the demo show.

    Raises:
        FileUnreadable: the file cannot be read.
        InputInvalid: a line is not of a recorded show.
    """
    try:
        data = _demo() if path is None else path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    lines = enumerate(data.splitlines(), start=1)
    return [read_line(line, number) for number, line in lines if line.strip()]


def _demo() -> bytes:
    return (resources.files("dealflow.stage") / "shows" / DEMO).read_bytes()


def sale_of(lines: Sequence[Line], place: int) -> SaleLine | None:
    """Return the sale that ends the auction of the lot at this place of the script, if any."""
    shown = lines[place]
    if not isinstance(shown, LotLine) or shown.lot is None:
        return None
    if SaleMode.AUCTION not in (shown.mode, shown.lot.mode):
        return None
    for line in lines[place + 1 :]:
        if isinstance(line, SaleLine) and line.code == shown.lot.code:
            return line
        if isinstance(line, LotLine):
            return None
    return None


def bids(lines: Sequence[Line]) -> list[BidCue]:
    """Make up the bids of every auction in a script, in time order.

    Those who spoke meanwhile bid in turn, at rising prices from the lot's own to that of the sale;
    the last bid is the buyer's.
    """
    made: list[BidCue] = []
    for place, line in enumerate(lines):
        sale = sale_of(lines, place)
        if sale is None or sale.user is None or sale.price is None:
            continue
        start = line.lot.price if isinstance(line, LotLine) and line.lot else None
        made += _bidding(sale, line.t, start or 1.0, _speakers(lines, line.t, sale))
    return made


def _speakers(lines: Sequence[Line], start: float, sale: SaleLine) -> list[str]:
    """Return who spoke between two times, each once, without the buyer and the shop."""
    names = [
        line.user
        for line in lines
        if isinstance(line, ChatLine) and start <= line.t <= sale.t and line.role == "viewer"
    ]
    return [name for name in dict.fromkeys(names) if name != sale.user]


def _bidding(sale: SaleLine, start: float, lowest: float, others: list[str]) -> list[BidCue]:
    assert sale.user is not None
    assert sale.price is not None
    rise, seconds = sale.price - lowest, sale.t - HAMMER_SECONDS - start
    cues = []
    for number in range(1, BIDS + 1):
        share = number / BIDS
        is_buyer = number % 2 == 0 or not others
        user = sale.user if is_buyer else others[number // 2 % len(others)]
        price = round(lowest + rise * share) if number < BIDS else sale.price
        cues.append(BidCue(t=start + seconds * share * 0.9, user=user, price=price))
    return cues
