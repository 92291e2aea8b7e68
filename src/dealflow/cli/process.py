"""How a command runs on the event loop and how it is asked to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable, Coroutine

GRACE_SECONDS = 9.0
"""From the first Ctrl-C or SIGTERM to the end, whatever hangs: within 10 s, with time to exit."""


YOUNG = 20_000
"""New objects after which the garbage collector looks for rings among them. Judging makes and
drops thousands a second and hardly a ring, and by default each 700 of them are looked through."""


def settle() -> None:
    """Tell the garbage collector that what is loaded now stays for good.

    A full round then need not walk it in the middle of a show: on a busy machine that took 266 ms,
    and takes 3 ms so.
    """
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])


def run(work: Callable[[asyncio.Event], Coroutine[object, object, int]]) -> int:
    """Run a command's work to its exit code.

    Args:
        work: gets an event that Ctrl-C or SIGTERM sets; it then commits what it has and returns.
            A second signal ends the process at once.
    """
    return asyncio.run(_run(work))


async def _run(work: Callable[[asyncio.Event], Coroutine[object, object, int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _ask_to_stop, stop)
    try:
        return await work(stop)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _ask_to_stop(stop: asyncio.Event) -> None:
    if stop.is_set():
        os._exit(1)
    stop.set()
    # A thread, since a loop that hangs cannot end itself; what is committed stays committed.
    watchdog = threading.Timer(GRACE_SECONDS, os._exit, (1,))
    watchdog.daemon = True
    watchdog.start()
