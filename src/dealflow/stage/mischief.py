"""What can be done to the readers: acts that happen once, and the standing faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

from dealflow.errors import InputInvalid
from dealflow.stage import faults, frames, hostile
from dealflow.stage.frames import Frame
from dealflow.stage.house import Door, House, Seat
from dealflow.stage.server import Server
from dealflow.stage.show import Show

Topic = Literal["chat", "auction", "commerce"]


class Mischief:
    """Breaks one show's platform by name. Each method is an act; standing faults are data."""

    def __init__(self, show: Show, house: House, server: Server) -> None:
        self._show = show
        self._house = house
        self._server = server

    def do(self, name: str, value: object, args: Mapping[str, Any]) -> None:
        """Do an act, or set a standing fault; with ``dom=True`` the page's own feed goes on.

        Raises:
            InputInvalid: no such fault, or arguments that it does not take.
        """
        rest = dict(args)
        if rest.pop("dom", False):
            self._set("feed", True)
        act = ACTS.get(name)
        if act is None:
            wanted = rest.pop("on", value)
            if rest:
                raise InputInvalid(f"The fault {name!r} takes one value, not {sorted(rest)}.")
            return self._set(name, wanted)
        if value is not None:
            raise InputInvalid(f"The act {name!r} takes named arguments only.")
        try:
            return act(self, **rest)
        except TypeError as error:
            raise InputInvalid(f"The act {name!r} cannot be done so: {error}.") from error

    def clear(self, name: str | None) -> None:
        """End a standing fault, or all of them."""
        self._house.faults = faults.cleared(self._house.faults, name)
        self._house.command(self._house.page_state())

    def _set(self, name: str, value: object) -> None:
        self._house.faults = faults.changed(self._house.faults, name, value)
        if name in faults.SHOWN_BY_PAGE:
            self._house.command(self._house.page_state())

    def cut_sockets(self, door: str | None = None) -> None:
        """Abort the TCP connections of the sockets, of one door or of both."""
        for seat in self._seats(door):
            self._server.cut(seat)

    def close_sockets(self, code: int = 1000, door: str | None = None) -> None:
        """Close the sockets in good order."""
        for seat in self._seats(door):
            seat.close(code)

    def phx_error(self, topic: Topic = "chat") -> None:
        """Say that a channel crashed; whoever is in it must join again."""
        self._dismiss(topic, "phx_error")

    def phx_close(self, topic: Topic = "chat") -> None:
        """Close a channel; whoever is in it must join again."""
        self._dismiss(topic, "phx_close")

    def drop_socket_delivery(self) -> None:
        """Hold chat back on the sockets while the page goes on rendering."""
        self._set("silent_chat", True)
        self._set("feed", True)

    def malformed(self) -> None:
        """Send frames that are not frames."""
        for text in hostile.malformed(self._show.id):
            self._house.deliver_raw(text)

    def hostile(self) -> None:
        """Send frames whose payloads no sane server sends."""
        for text in hostile.hostile(self._show.id):
            self._house.deliver_raw(text)

    def false_end(self) -> None:
        """Say that the show has ended, once, though it goes on."""
        ended = {**self._show.livestream(), "status": "ENDED"}
        self._house.deliver(frames.livestream_update(self._show.auction, ended))

    def false_banner(self) -> None:
        """Let the page alone say that the show has ended."""
        self._house.command({"do": "banner"})

    def swap_container(self, level: str = "list", restart: bool = False) -> None:
        """Replace the chat's ``list``, ``scroller`` or ``panel`` by a new element.

        Args:
            level: which element.
            restart: count rows from 0 again.
        """
        self._house.command({"do": "swap", "level": level, "restart": restart})

    def rerender(self) -> None:
        """Take all rows away and render them again, as a tab switch does."""
        self._house.command({"do": "rerender"})

    def scroll_up(self) -> None:
        """Scroll the chat up, so that new rows are not mounted."""
        self._house.command({"do": "scroll_up"})

    def busy(self, ms: int = 5_000) -> None:
        """Block the page's main thread."""
        self._house.command({"do": "busy", "ms": ms})

    def navigate(self, path: str = "/") -> None:
        """Send the page to another address of the stage."""
        self._house.command({"do": "navigate", "path": path})

    def fetch(self, url: str) -> None:
        """Let the page ask for an address, which an egress gate may refuse."""
        self._house.command({"do": "fetch", "url": url})

    def _seats(self, door: str | None) -> list[Seat]:
        wanted = None if door is None else Door(door)
        return [seat for seat in self._house.seats if wanted in (None, seat.door)]

    def _dismiss(self, topic: Topic, event: str) -> None:
        name = f"{topic}:{self._show.id}"
        for seat in tuple(self._house.seats):
            if name in seat.topics:
                join_ref = seat.topics.pop(name)
                self._house.tell(seat, Frame(name, event, {}), ref=join_ref, join_ref=join_ref)


ACTS: Mapping[str, Callable[..., None]] = MappingProxyType(
    {
        "cut_sockets": Mischief.cut_sockets,
        "close_sockets": Mischief.close_sockets,
        "phx_error": Mischief.phx_error,
        "phx_close": Mischief.phx_close,
        "drop_socket_delivery": Mischief.drop_socket_delivery,
        "malformed": Mischief.malformed,
        "hostile": Mischief.hostile,
        "false_end": Mischief.false_end,
        "false_banner": Mischief.false_banner,
        "swap_container": Mischief.swap_container,
        "rerender": Mischief.rerender,
        "scroll_up": Mischief.scroll_up,
        "busy": Mischief.busy,
        "navigate": Mischief.navigate,
        "fetch": Mischief.fetch,
    }
)
"""The acts by name."""
