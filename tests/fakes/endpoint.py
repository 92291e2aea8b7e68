"""A language model's endpoint on loopback that answers well, obeys everybody, or goes wrong."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

import msgspec

Line = dict[str, Any]
Label = dict[str, Any]
Think = Callable[[list[Line]], list[Label]]
Speak = Callable[[list[Line]], tuple[dict[str, Any], str]]
"""Returns the model's whole message and its reason to finish."""


class Mode(StrEnum):
    """How the endpoint behaves; all but the first are trouble."""

    WELL = "well"
    HANG = "hang"
    TRICKLE = "trickle"
    RESET = "reset"
    DENIED = "401"
    BUSY = "429"
    BUSY_AFTER = "429 with Retry-After"
    BROKEN = "500"
    OVERLOADED = "529"
    HTML = "html"
    TRUNCATED = "truncated json"
    EMPTY = "empty choices"
    WRONG_SCHEMA = "wrong schema"
    WRONG_IDS = "wrong ids"
    DOUBLE_IDS = "duplicate ids"
    HUGE = "50 MB body"
    HUGE_UNTOLD = "50 MB body in chunks"
    REFUSAL = "refusal"
    FILTERED = "content filter"
    CUT_OFF = "stopped for length"
    ZIPPED = "compressed"
    REDIRECT = "redirect"
    EXTRA = "more than was asked for"


STATUSES = {Mode.DENIED: 401, Mode.BUSY: 429, Mode.BUSY_AFTER: 429, Mode.BROKEN: 500,
            Mode.OVERLOADED: 529}  # fmt: skip

HUGE_BYTES = 50 * 1024 * 1024


def by_words(lines: list[Line]) -> list[Label]:
    """Judge by a word, so that a test can read the answer off the text."""
    return [label(line, *_word(line["text"])) for line in lines]


def label(line: Line, intent: str, buyer: float) -> Label:
    return {"id": line["id"], "intent": intent, "buyer": buyer}


def _word(text: str) -> tuple[str, float]:
    if "buy" in text:
        return "claim", 0.95
    return ("product_question", 0.1) if "?" in text else ("chatter", 0.02)


class Endpoint:
    """What the endpoint was asked, and how it is to answer."""

    def __init__(self) -> None:
        self.mode = Mode.WELL
        self.think: Think = by_words
        self.speak: Speak | None = None
        self.usage: dict[str, int] | None = {"prompt_tokens": 700, "completion_tokens": 30}
        self.requests: list[bytes] = []
        self.heads: list[str] = []
        self.sent = 0
        self.port = 0
        self.asked = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.requests]

    @property
    def lines(self) -> list[list[Line]]:
        return [lines_of(body) for body in self.bodies]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    int(line.split(":")[1])
                    for line in head.lower().split("\r\n")
                    if line.startswith("content-length")
                )
                self.heads.append(head)
                self.requests.append(await reader.readexactly(length))
                self.asked.set()
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        match self.mode:
            case Mode.HANG:
                await asyncio.Event().wait()
            case Mode.TRICKLE:
                writer.write(_head(200, 4_000))
                while True:
                    await self._write(writer, b" ")
                    await asyncio.sleep(1)
            case Mode.RESET:
                writer.write(_head(200, 4_000) + b'{"choices":')
                await writer.drain()
                writer.transport.abort()
            case Mode.HUGE:
                writer.write(_head(200, HUGE_BYTES))
                await self._flood(writer)
            case Mode.HUGE_UNTOLD:
                writer.write(_head(200, None))
                await self._flood(writer, chunked=True)
            case _:
                status, extra, body = self._reply()
                writer.write(_head(status, len(body), extra) + body)
                await writer.drain()

    async def _flood(self, writer: asyncio.StreamWriter, chunked: bool = False) -> None:
        block = b" " * 65_536
        while self.sent < HUGE_BYTES:
            await self._write(writer, b"10000\r\n" + block + b"\r\n" if chunked else block)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)

    def _reply(self) -> tuple[int, str, bytes]:
        mode = self.mode
        if mode in STATUSES:
            after = "Retry-After: 20\r\n" if mode is Mode.BUSY_AFTER else ""
            return STATUSES[mode], after, b'{"error":{"message":"no"}}'
        if mode is Mode.HTML:
            return 200, "", b"<html><body>Sign in to the network</body></html>"
        if mode is Mode.REDIRECT:
            return 307, "Location: http://127.0.0.1:1/v1/chat/completions\r\n", b""
        whole = self._completion()
        if mode is Mode.TRUNCATED:
            whole = whole[: len(whole) // 2]
        return 200, "Content-Encoding: gzip\r\n" if mode is Mode.ZIPPED else "", whole

    def _completion(self) -> bytes:
        mode = self.mode
        lines = lines_of(json.loads(self.requests[-1]))
        if self.speak is not None:
            said, reason = self.speak(lines)
            return completion([{"index": 0, "message": said, "finish_reason": reason}], self.usage)
        labels = self.think(lines)
        content: Any = {"verdicts": labels}
        if mode is Mode.WRONG_SCHEMA:
            content = {"labels": [one["intent"] for one in labels]}
        elif mode is Mode.WRONG_IDS:
            content = {"verdicts": [one | {"id": f"no{one['id']}"} for one in labels]}
        elif mode is Mode.DOUBLE_IDS:
            content = {"verdicts": [*labels, *labels]}
        elif mode is Mode.EXTRA:
            content = {"verdicts": labels, "note": "visit http://evil.example"}
        message: dict[str, Any] = {"role": "assistant", "content": json.dumps(content)}
        if mode is Mode.REFUSAL:
            message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
        reasons = {Mode.CUT_OFF: "length", Mode.FILTERED: "content_filter"}
        choice = {"index": 0, "message": message, "finish_reason": reasons.get(mode, "stop")}
        return completion([] if mode is Mode.EMPTY else [choice], self.usage)


def completion(choices: list[Any], usage: dict[str, int] | None = None) -> bytes:
    answer = {"id": "c1", "object": "chat.completion", "model": "stand-in", "choices": choices}
    return msgspec.json.encode(answer if usage is None else answer | {"usage": usage})


def lines_of(body: dict[str, Any]) -> list[Line]:
    """Return the chat lines of a request."""
    lines: list[Line] = json.loads(body["messages"][1]["content"])["lines"]
    return lines


def troubles() -> Iterator[Mode]:
    return (mode for mode in Mode if mode is not Mode.WELL)


def _head(status: int, length: int | None, extra: str = "") -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    kind = "text/html" if status == 307 else "application/json"
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}{size}\r\n\r\n".encode()


@asynccontextmanager
async def open_endpoint(tls: ssl.SSLContext | None = None) -> AsyncGenerator[Endpoint]:
    endpoint = Endpoint()
    talks: set[asyncio.Task[None]] = set()

    def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.create_task(endpoint.answer(reader, writer)))

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    endpoint.port = server.sockets[0].getsockname()[1]
    try:
        yield endpoint
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
