"""A show's filters over HTTP."""

from __future__ import annotations

import pytest

from tests.fakes.api import in_process

pytestmark = pytest.mark.asyncio

FILTERS = "/api/sessions/friday/filters"


async def test_filters_are_read_replaced_and_changed() -> None:
    async with in_process() as api:
        hello = {"messages": [{"username": "ann", "message": "hello"}]}
        await api.http.post("/api/sessions/friday/messages", json=hello)
        empty = (await api.http.get(FILTERS)).json()
        assert empty["filters"]["mute"] == []
        assert empty["dropped"] == dict.fromkeys(
            ("denied", "flood", "link", "muted", "pattern", "repeat"), 0
        )
        assert empty["held"] == []

        put = await api.http.put(FILTERS, json={"mute": ["bot_*"], "links": True})
        assert put.status_code == 200
        patched = await api.http.patch(FILTERS, json={"deny": ["free"]})
        wanted = {"mute": ["bot_*"], "links": True, "deny": ["free"]}
        assert wanted.items() <= patched.json()["filters"].items()
        assert (await api.http.get(FILTERS)).json()["filters"] == patched.json()["filters"]
        replaced = (await api.http.put(FILTERS, json={})).json()["filters"]
        assert replaced == empty["filters"]


async def test_a_bad_pattern_is_refused_with_its_place_and_nothing_changes() -> None:
    async with in_process() as api:
        hello = {"messages": [{"username": "ann", "message": "hello"}]}
        await api.http.post("/api/sessions/friday/messages", json=hello)
        await api.http.put(FILTERS, json={"mute": ["bo"]})
        for bad in (["fine", "/(a/"], ["fine", "*"], ["fine", "/(?=a)/"]):
            refused = await api.http.patch(FILTERS, json={"patterns": bad})
            assert refused.status_code == 400
            assert refused.json()["error"] == "input_invalid"
            assert "patterns[1]" in refused.json()["message"]
        for bad_body in ({"mute": ["x" * 400]}, {"repeats": -1}, {"window": 0}):
            assert (await api.http.put(FILTERS, json=bad_body)).status_code == 400
        assert (await api.http.get(FILTERS)).json()["filters"]["mute"] == ["bo"]


async def test_an_unknown_show_has_no_filters() -> None:
    async with in_process() as api:
        for answer in (await api.http.get(FILTERS), await api.http.put(FILTERS, json={})):
            assert (answer.status_code, answer.json()["error"]) == (404, "show_unknown")


async def test_rules_start_as_an_object_or_as_a_line_and_stand_in_the_summary() -> None:
    url = "https://www.whatnot.com/live/0b2c"
    async with in_process() as api:
        for rules in ({"numberIs": "item"}, "numbers are items"):
            started = await api.http.post(
                "/api/start-monitoring", json={"url": url, "sessionId": "s", "rules": rules}
            )
            assert started.status_code == 200
        refused = await api.http.post(
            "/api/start-monitoring", json={"url": url, "sessionId": "s", "rules": "blah"}
        )
        assert refused.status_code == 400
        assert "'blah'" in refused.json()["message"]
        assert "number = item" in refused.json()["hint"]
        summary = (await api.http.get("/api/stream-summary/s")).json()
        assert summary["rules"]["line"] == "the usual rules"  # the fake keeps none
        assert summary["rules"]["learned"] == []
