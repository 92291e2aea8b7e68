"""``correct``, ``corrections`` and ``reanalyze``, as a seller types them."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from dealflow.clock import SystemClock
from dealflow.intents.training.dataset import read_examples
from dealflow.model.intent import Intent
from dealflow.pipeline.reanalysis import STRETCH
from dealflow.store.base import Store
from dealflow.store.sqlite import SqliteStore
from dealflow.telemetry.metrics import Metrics
from tests.e2e.command import line_of, run, started
from tests.fakes.batches import NOW, a_batch, a_message, a_show, viewers

SHOW = "test-session"


async def opened(folder: Path) -> SqliteStore:
    return await SqliteStore.open(folder / "dealflow.db", clock=SystemClock(), metrics=Metrics())


def filled(folder: Path, *said: str, copies: int = 1) -> list[str]:
    """Make a store with one show that is over; return the ids of its messages."""
    folder.mkdir()
    return asyncio.run(_filled(folder, said, copies))


async def _filled(folder: Path, said: Sequence[str], copies: int) -> list[str]:
    store: Store = await opened(folder)
    show = await a_show(store, SHOW)
    await store.append(a_batch(show, events=[viewers(1)]))
    ids: list[str] = []
    for copy in range(copies):
        messages = [
            a_message(f"m{copy}-{n}", text=text, username=f"u{n}", received_at=NOW + n)
            for n, text in enumerate(said)
        ]
        await store.append(a_batch(show, messages))
        ids += [judged.message.id for judged in messages]
    await store.aclose()
    return ids


def version_of(folder: Path, message_id: str) -> int:
    return asyncio.run(_version_of(folder, message_id))


async def _version_of(folder: Path, message_id: str) -> int:
    store = await opened(folder)
    show = await store.show_of(SHOW)
    assert show is not None
    stored = await store.message(show.id, message_id)
    assert stored is not None
    await store.aclose()
    return stored.version


def test_a_correction_is_made_listed_and_taken_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first, second = filled(data, "that one is for me", "so nice")
    place = ("--data-dir", data)
    done = run(tmp_path, "correct", SHOW, first, "--missed-buyer", "--json", *place)
    (record,) = done.records
    assert (
        record.items()
        >= {
            "type": "correction",
            "sessionId": SHOW,
            "messageId": first,
            "intent": "claim",
            "isBuyer": True,
            "source": "seller",
            "version": 2,
        }.items()
    )
    again = run(tmp_path, "correct", SHOW, first, "--missed-buyer", "--intent", "bid", *place)
    assert again.code == 0
    assert b"u0 is a buyer (bid" in again.out
    assert run(tmp_path, "correct", SHOW, second, "--not-buyer", *place).code == 0
    lines = run(tmp_path, "corrections", "--json", *place)
    assert [(line["id"], line["text"], line["intent"]) for line in lines.records] == [
        (first, "that one is for me", "bid"),
        (second, "so nice", "chatter"),
    ]
    assert all(set(line) == {"id", "text", "context", "lang", "intent"} for line in lines.records)
    examples = list(read_examples(lines.out.splitlines()))
    assert [example.intent for example in examples] == [Intent.BID, Intent.CHATTER]
    assert b"missed buyer (bid): that one is for me" in run(tmp_path, "corrections", *place).out
    assert run(tmp_path, "correct", SHOW, first, "--take-back", *place).code == 0
    left = run(tmp_path, "corrections", "--json", *place)
    assert [line["id"] for line in left.records] == [second]
    assert version_of(data, first) == 1


def test_wrong_corrections_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (said,) = filled(data, "hm")
    wrong: list[tuple[list[str], int, str]] = [
        ([SHOW, said], 2, "usage"),
        ([SHOW, said, "--not-buyer", "--intent", "yes"], 2, "usage"),
        ([SHOW, said, "--take-back", "--intent", "bid"], 2, "usage"),
        ([SHOW, said, "--not-buyer", "--intent", "bid"], 1, "input_invalid"),
        ([SHOW, "nothing", "--not-buyer"], 1, "message_unknown"),
        (["nothing", said, "--not-buyer"], 1, "show_unknown"),
    ]
    for arguments, code, error in wrong:
        done = run(tmp_path, "correct", *arguments, "--json", "--data-dir", data)
        assert (done.code, done.records[-1]["error"]) == (code, error)
    assert version_of(data, said) == 1


def test_beside_serve_the_commands_say_whom_to_ask(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (said,) = filled(data, "mine")
    with started(tmp_path, "serve", "--port", "0", "--json", "--data-dir", data) as process:
        ready = line_of(process)
        for arguments, path in (
            (["correct", SHOW, said, "--not-buyer"], f"messages/{said}/correction"),
            (["reanalyze", SHOW], "reanalysis"),
        ):
            refused = run(tmp_path, *arguments, "--json", "--data-dir", data)
            assert refused.code == 1
            assert refused.records[-1]["error"] == "store_locked"
            assert f"POST /api/sessions/{SHOW}/{path}" in refused.records[-1]["hint"]
        token = (data / "token").read_text().strip()
        answer = httpx.post(
            f"{ready['url'].rstrip('/')}/api/sessions/{SHOW}/messages/{said}/correction",
            json={"verdict": "missed_buyer"},
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
        )
        assert answer.status_code == 200
        listed = run(tmp_path, "corrections", "--json", "--data-dir", data)
        assert [line["id"] for line in listed.records] == [said]


def runs(folder: Path) -> list[dict[str, Any]]:
    """Read the runs beside whoever writes: their ids and how many messages they judged."""
    with closing(sqlite3.connect(f"file:{folder / 'dealflow.db'}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT id, (SELECT count(*) FROM verdicts WHERE run = runs.id) FROM runs"
        )
        return [{"id": id, "judged": judged} for id, judged in rows]


def until_judged(folder: Path, count: int) -> None:
    deadline = time.monotonic() + 20
    while not any(one["judged"] >= count for one in runs(folder)):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def asked(*more: str) -> list[str]:
    return ["reanalyze", SHOW, "--model", "grammar-1", *more]


def test_a_show_is_judged_again_and_compared(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data, "mine!", "hello there", "I'll take it")
    done = run(tmp_path, *asked("--json"), "--data-dir", data)
    assert done.code == 0
    *buyers, summary = done.records
    assert {(line["type"], line["change"]) for line in buyers} == {("reanalysis_buyer", "gained")}
    assert {line["username"] for line in buyers} == {"u0", "u2"}
    assert (
        summary.items()
        >= {
            "type": "reanalysis",
            "sessionId": SHOW,
            "model": "grammar-1",
            "threshold": 0.7,
            "messages": 3,
            "gained": 2,
            "lost": 0,
            "same": 0,
        }.items()
    )
    plain = run(tmp_path, *asked(), "--data-dir", data)
    assert b"buyers: 0 the same, 2 gained, 0 lost" in plain.out
    assert b"+ u0" in plain.out
    unknown = run(tmp_path, "reanalyze", SHOW, "--model", "pigeon", "--json", "--data-dir", data)
    assert unknown.code == 1
    assert "grammar-1" in unknown.records[-1]["hint"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    copies = 40
    filled(data, *(f"hm {n} mine" for n in range(STRETCH)), copies=copies)
    with started(tmp_path, *asked("--json"), "--data-dir", data) as process:
        until_judged(data, 2 * STRETCH)
        process.send_signal(number)
        process.communicate(timeout=10)
    assert process.returncode in (1, -signal.SIGKILL)
    before = runs(data)[0]
    assert 0 < before["judged"] < copies * STRETCH
    assert before["judged"] % STRETCH == 0
    done = run(tmp_path, *asked("--json"), "--data-dir", data)
    assert done.records[-1]["runId"] == before["id"]
    assert done.records[-1]["messages"] == copies * STRETCH
    (after,) = runs(data)
    assert after["judged"] == copies * STRETCH
