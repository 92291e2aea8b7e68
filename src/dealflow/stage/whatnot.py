"""The stage: one show, played as Whatnot would play it, on loopback."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from dealflow.clock import Clock, SystemClock
from dealflow.errors import ShowUnknown
from dealflow.model.intent import Role
from dealflow.model.recording import (
    ChatLine,
    EndLine,
    Line,
    LotLine,
    RecordedShowInfo,
    SaleLine,
    ShowLine,
    ViewersLine,
)
from dealflow.model.show import Lot
from dealflow.stage import frames, hostile
from dealflow.stage.controls import Controls
from dealflow.stage.emissions import EmissionLog, Emitted
from dealflow.stage.frames import Author, Frame
from dealflow.stage.house import House
from dealflow.stage.mischief import Mischief
from dealflow.stage.products import cents
from dealflow.stage.programme import Programme
from dealflow.stage.script import HAMMER_SECONDS, BidCue, bids, sale_of
from dealflow.stage.server import HOST, Platform, Server
from dealflow.stage.show import Show
from dealflow.stage.sockets import Sockets

AUCTION_SECONDS = 15.0
"""How long an auction runs unless the caller says otherwise."""


class Stage:
    """A platform with one show on it. Use it as an async context manager.

    Args:
        port: 0 lets the system choose.
        show_id: a UUID; a fresh one by default.
        script: a recorded show for `play`; its first line also names the show.
        speed: how much faster than real time `play` goes.
        log: a file that gets every emitted message, on the disk before the call returns.
        seed: makes the random faults the same each time.
    """

    def __init__(
        self,
        port: int = 0,
        show_id: str | None = None,
        script: Sequence[Line] | None = None,
        speed: float = 1.0,
        log: Path | None = None,
        *,
        seed: int = 1,
        clock: Clock | None = None,
    ) -> None:
        self._clock = SystemClock() if clock is None else clock
        self._script = tuple(script or ())
        self._speed = speed
        info = _info(self._script)
        self.show_id = show_id or str(uuid.uuid4())
        self.show = Show(
            self.show_id,
            title=info.title or "Vintage night",
            seller=info.seller or "seller",
            mode=info.mode,
            started_ms=self._clock.now_ms(),
        )
        self.programme = Programme(self.show)
        self.house = House(seed)
        self.emitted: list[Emitted] = []
        self._log_path = log
        self._log: EmissionLog | None = None
        self._port = port
        self._closers = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Listen."""
        sockets = Sockets(self.programme, self.house, self._clock.now_ms)
        self.platform = Platform(self.programme, self.house)
        routes = [*self.platform.routes(sockets), *Controls(self).routes()]
        self._server = Server(self._port, routes, self.house)
        self._mischief = Mischief(self.show, self.house, self._server)
        async with AsyncExitStack() as closers:
            if self._log_path is not None:
                self._log = EmissionLog(self._log_path)
                closers.callback(self._log.close)
            group = await closers.enter_async_context(asyncio.TaskGroup())
            group.create_task(self._server.run())
            closers.callback(self._server.stop)
            self._closers = closers.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drop every connection and close."""
        # The error is not passed on: it would cancel the server, which would then leave its socket.
        await self._closers.aclose()

    @property
    def base_url(self) -> str:
        """Return the platform's address, without a slash at its end."""
        return f"http://{HOST}:{self._server.port}"

    @property
    def show_url(self) -> str:
        """Return the address of the show."""
        return f"{self.base_url}/live/{self.show_id}"

    async def say(
        self,
        user: str,
        text: str,
        role: Role | str = Role.VIEWER,
        *,
        id: str | None = None,
        user_id: str | None = None,
        badges: Sequence[str] = (),
        announcement: bool = False,
        show: str | None = None,
    ) -> Emitted:
        """Let somebody say something, in the main show or in a neighbour of this id.

        Raises:
            ShowUnknown: there is no such neighbour.
        """
        where = self.show if show is None else self.programme.show(show)
        if where is None:
            raise ShowUnknown(f"There is no show {show!r} on this stage.")
        line = ChatLine(t=0, user=user, text=text, id=id, role=Role(role))
        said = self._speak(line, where, user_id, tuple(badges), announcement=announcement)
        await self._record([said])
        return said

    async def neighbour(
        self, title: str, seller: str, viewers: int | None = None, show_id: str | None = None
    ) -> str:
        """Put another live show on the platform and return its id; `say` can speak in it."""
        show = Show(
            show_id or str(uuid.uuid4()),
            title=title,
            seller=seller,
            mode=None,
            started_ms=self._clock.now_ms(),
        )
        show.viewers = viewers
        self.programme.add(show)
        return show.id

    async def burst(self, lines: Sequence[tuple[str, str]]) -> list[Emitted]:
        """Let several people ``(user, text)`` speak at one moment."""
        said = [self._speak(ChatLine(t=0, user=user, text=text)) for user, text in lines]
        await self._record(said)
        return said

    async def flood(
        self,
        rate: float,
        seconds: float,
        *,
        users: int = 50,
        text: Callable[[int], str] | str = "flood message {n}",
    ) -> list[Emitted]:
        """Emit numbered messages at an exact rate; one that is late is sent at once.

        Args:
            rate: messages per second.
            seconds: for how long; ``rate × seconds`` messages are emitted in all.
            users: how many names take turns.
            text: what they say; ``{n}`` is the number, from 1.
        """
        total, start = round(rate * seconds), self._clock.monotonic()
        said: list[Emitted] = []
        while len(said) < total:
            due = min(total, int((self._clock.monotonic() - start) * rate) + 1)
            numbers = range(len(said) + 1, due + 1)
            batch = [self._speak(_numbered(n, users, text)) for n in numbers]
            await self._record(batch)
            said += batch
            await self._clock.sleep(start + len(said) / rate - self._clock.monotonic())
        return said

    async def join(self, user: str) -> None:
        """Let somebody come in."""
        self._tell([frames.joined(self.show.chat, _author(user), self._clock.now_ms())])

    async def lot(self, lot: Lot, seconds: float = AUCTION_SECONDS) -> None:
        """Bring a lot on screen, or change the one on screen (same key)."""
        self._tell(self.show.offered(lot, seconds, self._clock.now_ms()))

    async def clear_lot(self) -> None:
        """Take the lot off the screen unsold."""
        self._tell(self.show.taken_off())

    async def bid(self, user: str, amount: float | None = None) -> None:
        """Bid on the auction on screen; without an amount, the next bid."""
        self._tell(self.show.bid(_author(user), amount, self._clock.now_ms()))

    async def close_lot(self, *, delay: float = 0.0, paid: bool = True) -> None:
        """End the auction: it is told as ended and, ``delay`` seconds later, as sold and paid.

        Without a bid it is taken off unsold; with ``paid=False`` the payment fails.
        """
        self._tell(self.show.hammered())
        await self._clock.sleep(delay)
        self._tell(self.show.paid() if paid else self.show.unpaid())

    async def buy_now(self, user: str, lot: Lot | None = None, price: float | None = None) -> None:
        """Sell one piece at a fixed price: of the lot on screen, or of the one given."""
        self._tell(self.show.bought(_author(user), lot, price))

    async def giveaway(self, user: str, item: str = "Mystery sticker", entries: int = 9) -> None:
        """Run a giveaway that this user wins."""
        others = [_author(f"entrant{n}") for n in range(1, entries)]
        self._tell(self.show.given_away(_author(user), item, [_author(user), *others]))

    async def tip(self, user: str, amount: float, text: str = "") -> None:
        """Tip the seller; it is told on two topics, as the platform does."""
        told = frames.money(round(amount * 100), "USD")
        topics = (self.show.chat, self.show.auction)
        self._tell([frames.tip(topic, _author(user), told, text) for topic in topics])

    async def viewers(self, n: int) -> None:
        """Say how many watch."""
        self._tell(self.show.watched_by(n))

    async def pause(self) -> None:
        """Stop the show for a while (status STOPPED)."""
        self._tell(self.show.turned("STOPPED"))

    async def resume(self) -> None:
        """Go on after `pause`."""
        self._tell(self.show.turned("PLAYING"))

    async def end(self) -> None:
        """End the show."""
        self._tell(self.show.turned("ENDED"))

    async def play(self) -> None:
        """Play the script in its own time, divided by the speed."""
        start = self._clock.monotonic()
        cues = sorted([*self._script, *bids(self._script)], key=lambda cue: cue.t)
        for cue in cues:
            await self._clock.sleep(start + cue.t / self._speed - self._clock.monotonic())
            await self._perform(cue)

    async def fault(self, name: str, value: object = None, **args: Any) -> None:
        """Break something: see `faults.Faults` and `mischief.Mischief` for the names.

        Args:
            name: a standing fault, which lasts until `clear`, or an act, which happens once.
            value: what a standing fault is set to; by default it is switched on.
            args: those of an act; with ``dom=True`` the page goes on rendering by its own feed.

        Raises:
            InputInvalid: no such fault, or a value that it does not take.
        """
        self._mischief.do(name, value, args)

    async def clear(self, name: str | None = None) -> None:
        """End a standing fault; without a name, all of them.

        Raises:
            InputInvalid: no such fault.
        """
        self._mischief.clear(name)

    async def say_hostile(self) -> list[Emitted]:
        """Let a stranger send every hostile text, and a stranger of every hostile name speak."""
        lines = [("mallory", text) for text in hostile.TEXTS]
        return await self.burst(lines + [(name, "mine") for name in hostile.NAMES])

    def state(self) -> dict[str, object]:
        """Return what is so now, for people and other processes."""
        return {
            "showUrl": self.show_url,
            "show": self.show.livestream(),
            "product": self.show.pinned_product(),
            "emitted": len(self.emitted),
            "sockets": [
                {"door": seat.door, "topics": sorted(seat.topics)} for seat in self.house.seats
            ],
            "feeds": len(self.house.feeds),
            "pagesServed": self.platform.pages_served,
            "mediaAsked": self.platform.media_asked,
            "faults": msgspec.structs.asdict(self.house.faults),
        }

    def _speak(
        self,
        line: ChatLine,
        show: Show | None = None,
        user_id: str | None = None,
        badges: tuple[str, ...] = (),
        *,
        announcement: bool = False,
    ) -> Emitted:
        show = show or self.show
        number = len(self.emitted) + 1
        author = Author(
            username=line.user,
            id=user_id or frames.user_id(line.user),
            role=line.role,
            badges=badges,
        )
        said = Emitted(
            number=number,
            id=line.id or f"{show.id[:8]}{number:08x}",
            show_id=show.id,
            user=line.user,
            text=line.text,
            at_ms=self._clock.now_ms(),
            user_id=author.id,
            role=line.role,
        )
        topic = show.chat
        message = frames.chat_message(topic, said.id, author, said.text, announcement=announcement)
        self.emitted.append(said)
        self.house.deliver(show.spoken(message))
        return said

    async def _record(self, said: Sequence[Emitted]) -> None:
        if self._log is not None and said:
            await self._log.append(said)

    def _tell(self, told: Sequence[Frame]) -> None:
        for frame in told:
            self.house.deliver(frame)

    async def _perform(self, line: Line | BidCue) -> None:
        match line:
            case BidCue(user=user, price=price):
                await self.bid(user, price)
            case ShowLine():
                return
            case ChatLine():
                await self._record([self._speak(line)])
            case LotLine(lot=None):
                await self.clear_lot()
            case LotLine(lot=lot, mode=mode):
                assert lot is not None
                shown = lot if mode is None else msgspec.structs.replace(lot, mode=mode)
                await self.lot(shown, self._auction_seconds(line))
            case SaleLine():
                await self._sell(line)
            case ViewersLine(count=count):
                await self.viewers(count)
            case EndLine():
                await self.end()

    def _auction_seconds(self, line: LotLine) -> float:
        """Return how long the auction of a scripted lot runs."""
        sale = sale_of(self._script, self._script.index(line))
        if sale is None:
            return AUCTION_SECONDS
        return max(0.0, sale.t - HAMMER_SECONDS - line.t) / self._speed

    async def _sell(self, line: SaleLine) -> None:
        """Play the platform's word: by the hammer where an auction of that lot runs."""
        user = line.user or "somebody"
        running = self.show.product
        if running is not None and running.is_running and running.lot.code == line.code:
            leads = running.bidder is not None and running.bidder.username == user
            if not leads or cents(line.price) != running.highest:
                await self.bid(user, line.price)
            await self.close_lot()
        else:
            lot = Lot(code=line.code, title="", currency=line.currency)
            await self.buy_now(user, lot, line.price)


def _author(username: str) -> Author:
    return Author(username=username, id=frames.user_id(username))


def _numbered(n: int, users: int, text: Callable[[int], str] | str) -> ChatLine:
    words = text.replace("{n}", str(n)) if isinstance(text, str) else text(n)
    return ChatLine(t=0, user=f"viewer{n % users:03d}", text=words)


def _info(script: Sequence[Line]) -> RecordedShowInfo:
    first = script[0] if script else None
    return first.show if isinstance(first, ShowLine) else RecordedShowInfo()
