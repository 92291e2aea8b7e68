"""What ``doctor`` looks at: each check is one question about this machine, with what to do."""

from __future__ import annotations

import asyncio
import shutil
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

import msgspec

from dealflow.clock import Clock
from dealflow.compose import STORE_FILE, TOKEN_FILE, classifier, data_dir, second_opinion
from dealflow.errors import DealflowError, StoreLocked
from dealflow.intents.base import Question, Trouble
from dealflow.intents.compiled import is_compiled
from dealflow.model.intent import Context, Intent, Utterance, Verdict
from dealflow.settings import Settings
from dealflow.sources.browser.chromium import SharedBrowser
from dealflow.sources.browser.launch import find_executable
from dealflow.sources.egress import Gate, origin_of, policy_for
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics

LOW_DISK = 1 << 30
"""Bytes below which a warning is due: a busy season of shows fits into less, a full disk does not
announce itself."""

NO_DISK = 64 << 20
"""Bytes below which a show would soon be paused for lack of room."""


class Status(StrEnum):
    """How a check ended; only ``fail`` keeps DealFlow from reading shows."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(msgspec.Struct, frozen=True, kw_only=True, tag="check"):
    """What one check found; ``todo`` is empty when there is nothing to do."""

    name: str
    status: Status
    message: str
    todo: str = ""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the checks work with."""

    settings: Settings
    clock: Clock
    metrics: Metrics


Check = Callable[[Machine], Awaitable[Finding]]


def ok(name: str, message: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(name=name, status=Status.OK, message=message)


def trouble(name: str, error: DealflowError, status: Status) -> Finding:
    """Return an error of ours as a finding."""
    return Finding(name=name, status=status, message=error.message, todo=error.advice)


async def check_data_dir(machine: Machine) -> Finding:
    """Look whether the data folder is there, is ours and is private."""
    try:
        folder = data_dir(machine.settings)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except DealflowError as error:
        return trouble("data folder", error, Status.FAIL)
    except OSError as error:
        return Finding(
            name="data folder",
            status=Status.FAIL,
            message=f"Nothing can be written to {machine.settings.data_path}: {error.strerror}.",
            todo="Choose a folder that you own with --data-dir or DEALFLOW_DATA_DIR.",
        )
    open_paths = [path for path in (folder, folder / TOKEN_FILE) if _is_open_to_others(path)]
    if open_paths:
        return Finding(
            name="data folder",
            status=Status.WARN,
            message=f"Others on this machine can read {open_paths[0]}.",
            todo=f"Run: chmod go-rwx {' '.join(map(str, open_paths))}",
        )
    return ok("data folder", f"{folder} can be written, and only by you")


def _is_open_to_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except FileNotFoundError:
        return False


async def check_disk(machine: Machine) -> Finding:
    """Look how much room is left for the store."""
    folder = machine.settings.data_path
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    message = f"{free / (1 << 30):.1f} GiB free at {folder}"
    if free >= LOW_DISK:
        return ok("disk", message)
    status = Status.WARN if free >= NO_DISK else Status.FAIL
    return Finding(name="disk", status=status, message=message, todo="Free some space.")


async def check_store(machine: Machine) -> Finding:
    """Open a store as a show would, write to it and ask how durable it is."""
    try:
        folder = data_dir(machine.settings)
        with tempfile.TemporaryDirectory(dir=folder, prefix="doctor-") as probe:
            facts = await _open_and_close(Path(probe) / STORE_FILE, machine)
        message = f"SQLite {facts['sqlite']}, durability {facts['durability']}"
        if not (folder / STORE_FILE).exists():
            return ok("store", f"{message}; no store yet")
        facts = await _open_and_close(folder / STORE_FILE, machine)
    except StoreLocked as error:
        return ok("store", f"{message}; in use: {error.message}")
    except DealflowError as error:
        return trouble("store", error, Status.FAIL)
    except OSError as error:
        return Finding(
            name="store",
            status=Status.FAIL,
            message=f"A store cannot be made: {error.strerror}.",
            todo="See the line about the data folder.",
        )
    return ok("store", f"{message}; {int(facts['size']):,} bytes in {facts['path']}")


async def _open_and_close(path: Path, machine: Machine) -> dict[str, str]:
    store = await SqliteStore.open(path, clock=machine.clock, metrics=machine.metrics)
    try:
        return await store.check()
    finally:
        await store.aclose()


async def check_port(machine: Machine) -> Finding:
    """Look whether ``serve`` could listen; ``watch`` needs no port."""
    api = machine.settings.api
    where = f"{api.host}:{api.port}"
    try:
        with socket.create_server((api.host, api.port)):
            return ok("port", f"{where} is free")
    except OSError as error:
        return Finding(
            name="port",
            status=Status.WARN,
            message=f"{where} cannot be listened on: {error.strerror or error}.",
            todo="If that is not `dealflow serve` itself, give it another port with --port.",
        )


async def check_browser(machine: Machine) -> Finding:
    """Find Chromium, and start it as a show would."""
    browser_settings = machine.settings.browser
    try:
        executable = find_executable(browser_settings)
        gate = Gate(policy_for(machine.settings), clock=machine.clock, metrics=machine.metrics)
        browser = SharedBrowser(
            browser_settings, gate=gate, clock=machine.clock, metrics=machine.metrics
        )
        try:
            async with browser.page():
                pass
        finally:
            await browser.aclose()
            await gate.aclose()
    except DealflowError as error:
        return trouble("browser", error, Status.WARN)
    return ok("browser", f"{await _version(executable)} at {executable} starts")


async def _version(executable: str) -> str:
    """Return what a browser calls itself, such as ``Chromium 156.0``."""
    process = await asyncio.create_subprocess_exec(
        executable,
        "--version",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(5):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return "a browser"
    return " ".join(said.decode("utf-8", "replace").split()[:2]) or "a browser"


async def check_platform(machine: Machine) -> Finding:
    """Reach the platform's own address through the egress gate."""
    base_url = machine.settings.whatnot.base_url
    try:
        host, port = origin_of(base_url)
        gate = Gate(policy_for(machine.settings), clock=machine.clock, metrics=machine.metrics)
        try:
            (await gate.open(host, port)).close()
        finally:
            await gate.aclose()
    except DealflowError as error:
        return trouble("platform", error, Status.FAIL)
    return ok("platform", f"{base_url} can be reached")


async def check_classifier(machine: Machine) -> Finding:
    """Load the classifier and have it judge a message."""
    try:
        judge = classifier(machine.settings)
        (verdict,) = judge.judge([Utterance(text="I'll take it!", context=Context())])
    except DealflowError as error:
        return trouble("classifier", error, Status.FAIL)
    how = "compiled" if is_compiled() else "from source"
    return ok("classifier", f'{judge.name} ({how}) answers; "I\'ll take it!" is {verdict.intent}')


async def check_second_opinion(machine: Machine) -> Finding:
    """Ask the language model one question, where one is set."""
    name = "second opinion"
    asked = Question(
        id="00000000",
        utterance=Utterance(text="I'll take it!"),
        verdict=Verdict(intent=Intent.CLAIM, confidence=0.5, scores={}),
    )
    try:
        gate = Gate(policy_for(machine.settings), clock=machine.clock, metrics=machine.metrics)
        try:
            model = await second_opinion(machine.settings, gate=gate, clock=machine.clock)
            if model is None:
                return ok(name, "off: no language model is asked")
            try:
                answers = await model.judge([asked])
            finally:
                await model.aclose()
        finally:
            await gate.aclose()
    except DealflowError as error:
        return trouble(name, error, Status.WARN)
    verdict = answers.verdicts.get(asked.id)
    if verdict is not None:
        return ok(name, f'{model.name} answers; "I\'ll take it!" is {verdict.intent}')
    why = answers.trouble or answers.troubles[asked.id]
    return Finding(
        name=name,
        status=Status.WARN,
        message=f"{model.name} gives no answer that can be used ({why}).",
        todo=_TODO.get(why, "Try again, or another model: it must answer by a JSON schema."),
    )


_TODO = {
    Trouble.DENIED: (
        "Check llm.api_key, llm.model and llm.base_url; where a JSON schema is refused, set "
        "llm.answer_form to json_object."
    ),
    Trouble.UNREACHABLE: "Check llm.base_url, and that something answers there.",
    Trouble.LATE: "Use a quicker model, or raise llm.deadline_seconds.",
    Trouble.CUT_OFF: "Raise llm.max_answer_tokens, or set llm.reasoning_effort to none.",
}

CHECKS: tuple[Check, ...] = (
    check_data_dir,
    check_disk,
    check_store,
    check_classifier,
    check_second_opinion,
    check_browser,
    check_platform,
    check_port,
)
