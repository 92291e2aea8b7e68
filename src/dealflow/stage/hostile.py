"""Texts and frames that try to break a reader. All of it is our own and harmless to a sound one."""

from __future__ import annotations

import json

MEGA = 64 * 1024

TEXTS: tuple[str, ...] = (
    "x" * MEGA,
    "before\x00after",
    "lone \ud800 surrogate",
    "\u202eeert ne eldoop\u202c mine",
    "mi\u200bne s\u200dold\ufeff",
    "<script>document.title='owned'</script>mine",
    "<img src=x onerror=\"document.title='owned'\"> sold 3",
    "' OR 1=1; DROP TABLE sales_captured; --",
    '=HYPERLINK("http://127.0.0.1/","mine")',
    "\x1b]0;owned\x07\x1b[2J mine",
    "e" + "\u0301" * 200,
    "👨‍👩‍👧‍👦" * 50,
    "   ",
    "ﷺ" * 100,
    "mine\r\nX-Injected: yes",
)
"""Messages that a stranger could really send."""

NAMES: tuple[str, ...] = (
    "<b>bold</b>",
    "n" * 500,
    "name\x00nul",
    "lone\udfff",
    "\u202egnirts",
    "constructor",
    "__proto__",
)
"""User names that no form would take; a socket can carry them all the same."""


def malformed(show_id: str) -> list[str]:
    """Return text frames that are not Phoenix frames."""
    topic = f"chat:{show_id}"
    return [
        "",
        "null",
        "not json at all",
        "{}",
        "[]",
        "[null,null]",
        '[null,null,"' + topic + '","new_msg"]',
        '[null,null,"' + topic + '","new_msg",{"id":"cut"',
        "[1,2,3,4,5]",
        "[null,null,null,null,null]",
        '{"topic":"' + topic + '","event":"new_msg","payload":{}}',
        "\ufeff[]",
        "[" * 5_000,
    ]


def hostile(show_id: str) -> list[str]:
    """Return frames that are Phoenix frames with a payload that no sane server sends."""
    topic = f"chat:{show_id}"
    user = {"id": "66", "username": "mallory"}
    deep: object = "mine"
    for _ in range(200):
        deep = [deep]
    payloads: list[object] = [
        None,
        [],
        "text",
        7,
        {},
        {"id": None, "message": None, "user": None},
        {"id": 5, "message": 5, "user": 5},
        {"id": ["a"], "message": {"a": 1}, "user": []},
        {"id": "h1", "message": "mine"},
        {"id": "h2", "message": "mine", "user": {}},
        {"id": "h3", "message": "mine", "user": {"username": None}},
        {"id": "h4", "message": "", "user": user},
        {"id": "h5", "message": deep, "user": user},
        {"id": "", "message": "mine", "user": {"id": "", "username": ""}},
        {"message": ["mine"], "user": {"username": ["mallory"]}},
    ]
    told = [json.dumps([None, None, topic, "new_msg", payload]) for payload in payloads]
    told += [
        json.dumps([None, None, topic, "latest_messages", {"messages": "none"}]),
        json.dumps([None, None, topic, "latest_messages", {"messages": [None, 1, "x", []]}]),
        json.dumps([None, None, topic, "livestream_view_count_updated", {"viewCount": "many"}]),
        json.dumps([None, None, topic, "livestream_view_count_updated", {"viewCount": -1}]),
        json.dumps([None, None, f"auction:{show_id}", "livestream_update", {"status": 0}]),
        json.dumps([None, None, f"commerce:{show_id}", "new_bid", {"product": None}]),
        json.dumps([None, None, topic, "never_heard_of", {"any": "thing"}]),
        f'[null,null,"{topic}","new_msg",{"[" * 2_000}{"]" * 2_000}]',
        f'[null,null,"{topic}","new_msg",{{"id":"h9","message":1e999,"user":{{}}}}]',
    ]
    return told
