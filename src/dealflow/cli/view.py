"""The live screen as a picture: a show's state in, something to draw out.

Strangers' text enters as `rich.text.Text` only, so it is never read as markup, and only after
`printable`, so it never moves the cursor.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dealflow.cli.output import printable
from dealflow.cli.words import lot_words, value_words, verdict_mark
from dealflow.model.events import Event, GapView, MessageView, SourceStateChanged
from dealflow.model.view import ShowView, apply

STATE_STYLES = (
    ("live", "bold green"),
    ("quiet", "green"),
    ("connecting", "yellow"),
    ("stalled", "bold yellow"),
    ("blocked", "bold red"),
    ("failed", "bold red"),
    ("ended", "dim"),
)

SMALL_WIDTH = 70
"""Columns below which the buyers' column would leave no room for a message."""

SMALL_HEIGHT = 14
"""Rows below which only the header and the chat are drawn."""

LOT_ROWS = 4
"""Rows for the lot on screen: its frame, and two lines for a long title."""

# Terminals disagree on how wide these make an emoji, and a line of the wrong width tears the frame.
_JOINERS = re.compile("[\ufe0e\ufe0f]|\u200d(?=[\u2600-\u27bf\U0001f000-\U0001faff])")

# Direction overrides can make a line read as another one; they are evidence in the store, not here.
_OVERRIDES = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "·")


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that the screen shows."""

    show: ShowView = field(default_factory=ShowView)
    gaps: int = 0
    last_gap: GapView | None = None


def advance(picture: Picture, seq: int, event: Event) -> Picture:
    """Return the picture after one event."""
    picture = replace(picture, show=apply(picture.show, seq, event))
    if isinstance(event, SourceStateChanged) and event.gap is not None:
        picture = replace(picture, gaps=picture.gaps + 1, last_gap=event.gap)
    return picture


def draw(picture: Picture, width: int, height: int) -> RenderableType:
    """Return what to put on a terminal of this size."""
    layout = Layout()
    if height < SMALL_HEIGHT or width < SMALL_WIDTH:
        head = min(1, max(0, height - 1))
        layout.split_column(
            Layout(_header(picture.show), size=head or None, visible=bool(head)),
            Layout(_chat(picture.show, height - head)),
        )
        return layout
    body = Layout()
    rows = height - 4
    body.split_row(
        Layout(Panel(_chat(picture.show, rows - 2), title="chat"), ratio=3),
        Layout(_side(picture.show, rows), ratio=2),
    )
    layout.split_column(
        Layout(Group(_header(picture.show), _figures(picture.show)), size=2),
        body,
        Layout(_footer(picture), size=2),
    )
    return layout


def safe(text: str, style: str = "") -> Text:
    """Return a stranger's text as it may be drawn: one line, cut at the edge."""
    shown = _JOINERS.sub("", printable(text).translate(_OVERRIDES))
    return Text(shown, style=style, no_wrap=True, overflow="ellipsis")


def _header(show: ShowView) -> Text:
    style = dict(STATE_STYLES).get(show.state, "")
    line = safe(f"● {show.state}", style)
    stream = show.stream
    title = "" if stream is None else (stream.title or stream.url)
    line.append_text(safe(f"  {title}", "bold"))
    if show.reason and show.state not in ("live", "quiet"):
        line.append_text(safe(f"  {show.reason}", style))
    return line


def _figures(show: ShowView) -> Text:
    stats = show.stats
    viewers = "?" if show.viewers is None else f"{show.viewers:,}"
    return Text(
        f"{viewers} viewers · {stats.total_messages:,} messages · "
        f"{stats.messages_per_minute:,.0f}/min · {stats.total_buyers} buyers · "
        f"{stats.total_leads} leads · about {stats.estimated_value:,.2f} wanted",
        style="dim",
        no_wrap=True,
        overflow="ellipsis",
    )


def _chat(show: ShowView, rows: int) -> RenderableType:
    shown = show.messages[-rows:] if rows > 0 else ()
    return Group(*(_message(message) for message in shown))


def _message(message: MessageView) -> Text:
    mark = verdict_mark(message)
    style = {"BUYER": "bold green", "lead": "yellow"}.get(mark, "")
    line = Text(f"{mark:5} {message.confidence:4.0%} ", style=style or "dim", no_wrap=True)
    line.overflow = "ellipsis"
    line.append_text(safe(message.username, "bold cyan" if message.role == "viewer" else "magenta"))
    line.append_text(safe(f" {message.message}", style))
    return line


def _side(show: ShowView, rows: int) -> RenderableType:
    claims = [claim for claim in show.claims if show.lot and claim.lot in _names(show)]
    lot_rows = min(len(claims), max(0, rows // 3)) + LOT_ROWS
    column = Layout()
    column.split_column(
        Layout(Panel(_lot(show, lot_rows - LOT_ROWS), title="lot on screen"), size=lot_rows),
        Layout(Panel(_buyers(show, rows - lot_rows - 2), title="buyers")),
    )
    return column


def _names(show: ShowView) -> tuple[str | None, ...]:
    return () if show.lot is None else (show.lot.code, show.lot.title)


def _lot(show: ShowView, rows: int) -> RenderableType:
    claims = sorted(
        (claim for claim in show.claims if claim.lot in _names(show)),
        key=lambda claim: (claim.state != "sold", claim.state != "awarded", claim.place),
    )
    words = safe(lot_words(show.lot), "bold")
    words.no_wrap = False
    lines = [words]
    for claim in claims[: max(0, rows)]:
        place = f" {claim.place}" if claim.state == "backup" else ""
        style = {"awarded": "green", "sold": "bold green", "backup": "yellow"}.get(claim.state, "")
        lines.append(safe(f"{claim.state}{place}: {claim.username} × {claim.quantity}", style))
    return Group(*lines)


def _buyers(show: ShowView, rows: int) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(justify="right", style="dim")
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=2, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    for buyer in reversed(show.buyers[-rows:] if rows > 0 else ()):
        item = buyer.item or "the lot"
        many = f"{buyer.quantity} × " if buyer.quantity != 1 else ""
        table.add_row(
            f"{buyer.buyer_number}.",
            safe(buyer.username, "bold green"),
            safe(f"{many}{item}"),
            safe(value_words(buyer.value_range)),
        )
    return table


def _footer(picture: Picture) -> Text:
    if picture.last_gap is None:
        line = Text("nothing was missed so far", style="dim", no_wrap=True, overflow="ellipsis")
    else:
        gap = picture.last_gap
        line = safe(
            f"{picture.gaps} gap(s) in reading, the last from {gap.start[11:19]} to "
            f"{gap.end[11:19]} UTC",
            "bold yellow",
        )
    return Text.assemble(line, "\n", ("Ctrl-C ends and keeps everything", "dim"))
