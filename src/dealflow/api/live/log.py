"""The newest frames of each show, shared by all clients."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import islice

from dealflow.model.events import Frame

MAX_FRAMES = 4096
MAX_BYTES = 2_000_000
"""About two seconds of the wildest show: enough for a blink of a bad line; the store has more."""

MAX_TOTAL_BYTES = 64_000_000
"""Over all shows; the one that was silent for longest gives way. An emptied log is 200 bytes."""


class Log:
    """Frames of one show without a hole, from ``floor`` (exclusive) to ``head``."""

    __slots__ = ("_frames", "epoch", "head", "session_id", "show_id", "size")

    def __init__(self, show_id: str, session_id: str, epoch: int, head: int) -> None:
        self.show_id = show_id
        self.session_id = session_id
        self.epoch = epoch
        self.head = head
        self.size = 0
        self._frames: deque[Frame] = deque()

    @property
    def floor(self) -> int:
        """Return the position before the oldest frame that is still here."""
        return self.head - len(self._frames)

    def append(self, frames: Sequence[Frame]) -> None:
        """Take the frames that follow ``head``, and let the oldest go."""
        self._frames.extend(frames)
        self.size += sum(len(frame.data) for frame in frames)
        self.head = frames[-1].seq
        while len(self._frames) > MAX_FRAMES or self.size > MAX_BYTES:
            self.size -= len(self._frames.popleft().data)

    def clear(self) -> None:
        """Let all frames go; ``head`` stays known."""
        self._frames.clear()
        self.size = 0

    def after(self, seq: int, limit: int) -> list[Frame]:
        """Return up to ``limit`` frames after a position from ``floor`` to ``head``."""
        start = seq - self.floor
        return list(islice(self._frames, start, start + limit))


class Logs:
    """The logs of all shows that spoke since the start, in bounded memory."""

    def __init__(self) -> None:
        self._logs: OrderedDict[str, Log] = OrderedDict()
        self._size = 0

    def get(self, show_id: str) -> Log | None:
        """Return a show's log, or ``None`` when nothing was heard of it."""
        return self._logs.get(show_id)

    def all(self) -> tuple[Log, ...]:
        """Return every log, the longest silent first."""
        return tuple(self._logs.values())

    def begin(self, log: Log) -> None:
        """Keep a new log, in the place of the show's old one if there is one."""
        self.drop(log.show_id)
        self._logs[log.show_id] = log

    def drop(self, show_id: str) -> None:
        """Forget a show."""
        old = self._logs.pop(show_id, None)
        if old is not None:
            self._size -= old.size

    def append(self, log: Log, frames: Sequence[Frame]) -> None:
        """Put frames on a log, and empty silent ones while all together are too big."""
        self._size -= log.size
        log.append(frames)
        self._size += log.size
        self._logs.move_to_end(log.show_id)
        if self._size > MAX_TOTAL_BYTES:
            self._make_room(log)

    def _make_room(self, keep: Log) -> None:
        for log in self._logs.values():
            if self._size <= MAX_TOTAL_BYTES:
                return
            if log is not keep:
                self._size -= log.size
                log.clear()
