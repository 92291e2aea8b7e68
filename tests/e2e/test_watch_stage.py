"""The main job: every message of a show, once and in order, by each way, whatever is broken."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dealflow.clock import from_iso
from dealflow.stage.whatnot import Stage
from tests.e2e.watching import assert_exactly_once_in_order, watching

WAYS = [
    pytest.param("socket", id="socket"),
    pytest.param("browser", id="browser", marks=pytest.mark.browser),
    pytest.param("auto", id="auto"),
]
REPEATING = "mine {n}"


@pytest.mark.asyncio
@pytest.mark.timeout(90)
@pytest.mark.parametrize("way", WAYS)
async def test_200_messages_a_second(tmp_path: Path, way: str) -> None:
    async with Stage() as stage, watching(stage, tmp_path, way) as watch:
        await watch.until(lambda w: "live" in w.states)
        said = await stage.flood(200, 5)
        await watch.until(lambda w: len(w.messages) >= len(said))
        await stage.end()
        await asyncio.wait_for(watch.process.wait(), 20)
        assert watch.process.returncode == 0
    assert_exactly_once_in_order(watch, said)
    assert watch.states[-1] == "ended"
    assert watch.gaps == []


@pytest.mark.slow
@pytest.mark.asyncio
@pytest.mark.timeout(180)
@pytest.mark.parametrize("way", WAYS)
async def test_a_minute_at_200_a_second_with_two_cuts(tmp_path: Path, way: str) -> None:
    async with Stage() as stage, watching(stage, tmp_path, way) as watch:
        await stage.fault("backlog_size", 500)
        await watch.until(lambda w: "live" in w.states)
        async with asyncio.TaskGroup() as tasks:
            flood = tasks.create_task(stage.flood(200, 60))
            for _ in range(2):
                await asyncio.sleep(20)
                await stage.fault("cut_sockets")
        said = flood.result()
        await watch.until(lambda w: len(w.messages) >= len(said), 30)
    assert_exactly_once_in_order(watch, said)


@pytest.mark.asyncio
@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", WAYS)
async def test_equal_messages_by_one_person_are_all_kept(tmp_path: Path, way: str) -> None:
    async with Stage() as stage, watching(stage, tmp_path, way) as watch:
        await watch.until(lambda w: "live" in w.states)
        said = await stage.burst([("amy", "mine")] * 5 + [("bo", "mine")] * 3)
        await watch.until(lambda w: len(w.messages) >= len(said))
        await asyncio.sleep(0.5)
    assert_exactly_once_in_order(watch, said)


@pytest.mark.asyncio
@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", WAYS)
async def test_a_cut_socket_loses_and_doubles_nothing(tmp_path: Path, way: str) -> None:
    async with Stage() as stage, watching(stage, tmp_path, way) as watch:
        await watch.until(lambda w: "live" in w.states)
        said = await stage.flood(40, 1)
        await stage.fault("cut_sockets")
        said += await stage.flood(40, 1)
        await watch.until(lambda w: len(w.messages) >= len(said))
        said.append(await stage.say("amy", "mine"))
        await watch.until(lambda w: len(w.messages) >= len(said))
        await asyncio.sleep(0.5)
    assert_exactly_once_in_order(watch, said)
    assert watch.gaps == []


@pytest.mark.asyncio
@pytest.mark.timeout(60)
@pytest.mark.parametrize("way", WAYS)
async def test_what_a_short_backlog_cannot_cover_is_a_recorded_gap(
    tmp_path: Path, way: str
) -> None:
    async with Stage() as stage, watching(stage, tmp_path, way) as watch:
        await stage.fault("backlog_size", 2)
        await watch.until(lambda w: "live" in w.states)
        await stage.say("amy", "hello")
        await watch.until(lambda w: w.messages)
        said = await stage.flood(100, 1)
        await stage.fault("cut_sockets")
        said += await stage.flood(100, 3)
        last = said[-1]
        await watch.until(lambda w: any(m["platformId"] == last.id for m in w.messages))
        await watch.until(lambda w: w.gaps)
    got = {message["platformId"] for message in watch.messages}
    lost = [one for one in said if one.id not in got]
    assert lost
    stretches = [(from_iso(gap["from"]), from_iso(gap["to"])) for gap in watch.gaps]
    outside = [one.at_ms for one in lost if not any(a <= one.at_ms <= b for a, b in stretches)]
    assert outside == [], (stretches, len(lost))


@pytest.mark.browser
@pytest.mark.asyncio
@pytest.mark.timeout(90)
@pytest.mark.parametrize("dying", ["drop_socket_delivery", "freeze_dom"])
async def test_in_the_browser_one_channel_may_die(tmp_path: Path, dying: str) -> None:
    async with Stage() as stage, watching(stage, tmp_path, "browser") as watch:
        await watch.until(lambda w: "live" in w.states)
        said = await stage.flood(20, 2)
        await stage.fault(dying)
        said += await stage.flood(20, 3)
        await watch.until(lambda w: len(w.messages) >= len(said))
        await stage.clear()
        said += await stage.flood(20, 2)
        await watch.until(lambda w: len(w.messages) >= len(said))
        await asyncio.sleep(1.0)
    assert_exactly_once_in_order(watch, said)


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_hostile_messages_and_frames_cost_no_neighbour(tmp_path: Path) -> None:
    async with Stage() as stage, watching(stage, tmp_path, "socket") as watch:
        await watch.until(lambda w: "live" in w.states)
        before = await stage.say("amy", "before")
        await stage.say_hostile()
        after = await stage.say("amy", "after")
        await watch.until(lambda w: any(m["message"] == "after" for m in w.messages))
    kept = {message["platformId"] for message in watch.messages}
    assert {before.id, after.id} <= kept
