"""What second opinions may cost: by the minute, by the show and by the month.

A call's worst is written to the store before the call is made, and the rest given back after it:
so a crash leaves too much on the bill and never too little, and the caps hold to within a call.
This process is the only one that spends from its store, so what was read once is kept up here.
"""

from __future__ import annotations

from collections import deque

import msgspec

from dealflow.clock import Clock, iso
from dealflow.model.revision import Spent
from dealflow.settings import LlmSettings
from dealflow.store.base import Store
from dealflow.telemetry.metrics import Metrics

MINUTE = 60.0
MILLION = 1_000_000

SHOWS = 1_000
"""Shows whose spending is held in memory; any other is read again."""


class Reserved(msgspec.Struct):
    """What one call may use at most, taken off every budget."""

    show_id: str
    month: str
    worst: Spent
    since: float


class Budget:
    """Keeps the caps of the settings; see the module."""

    def __init__(
        self, settings: LlmSettings, *, store: Store, clock: Clock, metrics: Metrics
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._minute: deque[Reserved] = deque()
        self._month = ""
        self._all = Spent()
        self._shows: dict[str, Spent] = {}

    def may_ask(self, worst: Spent) -> bool:
        """Say whether this minute has room for a call; it reads nothing."""
        now = self._clock.monotonic()
        while self._minute and now - self._minute[0].since >= MINUTE:
            self._minute.popleft()
        used = Spent()
        for one in self._minute:
            used = _sum(used, one.worst)
        limits = self._settings
        return _fits(used, worst, limits.calls_per_minute, limits.tokens_per_minute)

    async def has_room(self, show_id: str, worst: Spent) -> bool:
        """Say whether a call about a show fits every budget."""
        await self._read(iso(self._clock.now_ms())[:7], show_id)
        limits = self._settings
        return (
            self.may_ask(worst)
            and _fits(self._shows[show_id], worst, limits.calls_per_show, limits.tokens_per_show)
            and _fits(self._all, worst, limits.calls_per_month, limits.tokens_per_month)
        )

    async def reserve(self, show_id: str, worst: Spent) -> Reserved | None:
        """Take a call's worst off the budgets and write it down, or return ``None``: no room.

        Raises:
            DiskFull, StoreUnavailable, InputInvalid: it cannot be written down; do not call.
        """
        if not await self.has_room(show_id, worst):
            return None
        reserved = Reserved(show_id, self._month, self._priced(worst), self._clock.monotonic())
        self._minute.append(reserved)
        self._add(reserved, reserved.worst)
        try:
            await self._write(reserved, reserved.worst)
        except BaseException:
            self._add(reserved, _less(Spent(), reserved.worst))
            self._minute.remove(reserved)
            raise
        return reserved

    async def settle(self, reserved: Reserved, spent: Spent) -> None:
        """Give back what a call did not use.

        Raises:
            DiskFull, StoreUnavailable: the bill stays at the worst.
        """
        spent = self._priced(spent)
        back = _less(spent, reserved.worst)
        self._metrics.second_tokens.labels("in").inc(spent.tokens_in)
        self._metrics.second_tokens.labels("out").inc(spent.tokens_out)
        self._metrics.second_money.inc(spent.money)
        self._add(reserved, back)
        reserved.worst = spent
        await self._write(reserved, back)

    async def _read(self, month: str, show_id: str) -> None:
        if month != self._month:
            spent = await self._store.spent(month)
            self._month, self._all, self._shows = month, spent, {}
        if show_id not in self._shows:
            spent = await self._store.spent(month, show_id)
            while len(self._shows) >= SHOWS:
                del self._shows[next(iter(self._shows))]
            self._shows.setdefault(show_id, spent)

    def _add(self, reserved: Reserved, spent: Spent) -> None:
        if reserved.month != self._month:
            return  # what began last month is last month's
        self._all = _sum(self._all, spent)
        if reserved.show_id in self._shows:
            self._shows[reserved.show_id] = _sum(self._shows[reserved.show_id], spent)

    async def _write(self, reserved: Reserved, spent: Spent) -> None:
        await self._store.spend(
            reserved.show_id,
            month=reserved.month,
            calls=spent.calls,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            money=spent.money,
        )

    def _priced(self, spent: Spent) -> Spent:
        money = (
            spent.tokens_in * self._settings.price_in + spent.tokens_out * self._settings.price_out
        ) / MILLION
        return msgspec.structs.replace(spent, money=money)


def _fits(used: Spent, worst: Spent, calls: int, tokens: int) -> bool:
    return used.calls + worst.calls <= calls and _tokens(used) + _tokens(worst) <= tokens


def _tokens(spent: Spent) -> int:
    return spent.tokens_in + spent.tokens_out


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(
        calls=one.calls + other.calls,
        tokens_in=one.tokens_in + other.tokens_in,
        tokens_out=one.tokens_out + other.tokens_out,
        money=one.money + other.money,
    )


def _less(one: Spent, other: Spent) -> Spent:
    return Spent(
        calls=one.calls - other.calls,
        tokens_in=one.tokens_in - other.tokens_in,
        tokens_out=one.tokens_out - other.tokens_out,
        money=one.money - other.money,
    )
