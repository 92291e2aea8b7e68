"""A small HTTP proxy on loopback, for one client: our own browser.

It takes ``CONNECT`` (TLS and WebSockets) and plain ``http://`` requests, one each connection, and
asks its owner to open every one of them. It refuses whoever does not know the credentials that
were made at the start, since any program of this machine can reach a loopback port.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from dealflow.clock import Clock
from dealflow.errors import EgressRefused, PlatformUnreachable

MAX_HEAD: Final = 32 * 1024
"""Bytes in the head of a request or an answer: cookies make real ones 2–8 KiB."""

MAX_BODY: Final = 4 * 1024 * 1024
"""Bytes that a page may send in one plain request; a page that is only read sends next to none."""

MAX_CONNECTIONS: Final = 512
"""Connections at once: about 30 for each of the 16 pages that may be open."""

HEAD_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 300.0
"""A tunnel without a byte either way. Live sockets speak every 10–30 s."""

_CHUNK: Final = 64 * 1024
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)

Opener = Callable[[str, int], Awaitable[socket.socket]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """Where the proxy is (``http://127.0.0.1:PORT``) and what it must be told."""

    server: str
    username: str
    password: str


class Refusal(Exception):
    """A request that gets an answer of our own instead of a connection."""

    def __init__(self, status: str, decision: str = "", *, challenge: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.decision = decision
        self.challenge = challenge


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request: its first line in three parts, and its header lines as they came."""

    method: str
    target: str
    lines: tuple[bytes, ...]

    def values(self, name: bytes) -> list[bytes]:
        """Return every value of a header, by its lower-case name."""
        return [line.split(b":", 1)[1].strip() for line in self.lines if _field_name(line) == name]


def parse_head(data: bytes) -> Head:
    """Read the head of a request.

    Raises:
        Refusal: it is not well formed.
    """
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    try:
        method, target, version = first.decode("ascii").split(" ")
    except (UnicodeDecodeError, ValueError) as error:
        raise Refusal("400 Bad Request", "malformed") from error
    if version not in ("HTTP/1.1", "HTTP/1.0") or not method.isalpha():
        raise Refusal("400 Bad Request", "malformed")
    if any(b":" not in line or line[:1] in b" \t" or b"\n" in line for line in lines):
        raise Refusal("400 Bad Request", "malformed")
    return Head(method, target, tuple(lines))


def parse_authority(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Read ``host:port`` strictly: no user-info, digits only in the port.

    Raises:
        Refusal: it is not well formed.
    """
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        host, port = text, "" if default_port is None else str(default_port)
    if not host or "@" in text or not (port.isascii() and port.isdigit() and len(port) <= 5):
        raise Refusal("400 Bad Request", "malformed")
    if not 0 < int(port) <= 65535:
        raise Refusal("400 Bad Request", "malformed")
    return host, int(port)


def split_target(target: str) -> tuple[str, int, str]:
    """Read an absolute ``http://`` target as host, port and path.

    Raises:
        Refusal: it is no such address; every other scheme is refused here.
    """
    if not target.lower().startswith("http://"):
        raise Refusal("400 Bad Request", "malformed")
    rest = target[len("http://") :]
    cut = min((place for place in map(rest.find, "/?#") if place >= 0), default=len(rest))
    host, port = parse_authority(rest[:cut], 80)
    path = rest[cut:].split("#", 1)[0]
    return host, port, path if path.startswith("/") else f"/{path}"


def rewrite_request(head: Head, authority: str, path: str) -> tuple[bytes, int]:
    """Return the head to send on, and how many bytes of body follow it.

    The proxy's credentials and all that concerns only this connection are taken out, so that
    neither reaches the platform.

    Raises:
        Refusal: the body has no plain length, or is too long.
    """
    lengths = head.values(b"content-length")
    if head.values(b"transfer-encoding"):
        raise Refusal("411 Length Required", "malformed")
    if len(lengths) > 1 or not all(value.isdigit() for value in lengths):
        raise Refusal("400 Bad Request", "malformed")
    length = int(lengths[0]) if lengths else 0
    if length > MAX_BODY:
        raise Refusal("413 Content Too Large", "malformed")
    kept = [
        line
        for line in head.lines
        if _field_name(line) not in _HOP_BY_HOP and _field_name(line) != b"host"
    ]
    first = f"{head.method} {path} HTTP/1.1".encode("ascii")
    host = f"Host: {authority}".encode("ascii")
    return b"\r\n".join([first, host, *kept, b"Connection: close", b"", b""]), length


def rewrite_answer(data: bytes) -> bytes:
    """Return an answer's head that ends the connection after it."""
    first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
    kept = [line for line in lines if _field_name(line) not in _HOP_BY_HOP]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _field_name(line: bytes) -> bytes:
    return line.split(b":", 1)[0].strip().lower()


class ForwardProxy:
    """The proxy: ``start``, ``access``, ``aclose``."""

    def __init__(self, opener: Opener, *, count: Callable[[str], None], clock: Clock) -> None:
        self._opener = opener
        self._count = count
        self._clock = clock
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._username = "dealflow"
        self._password = secrets.token_urlsafe(24)
        pair = f"{self._username}:{self._password}".encode("ascii")
        self._expected = b"Basic " + base64.b64encode(pair)

    async def start(self) -> None:
        """Listen; a second call changes nothing."""
        async with self._starting:
            if self._server is None:
                self._server = await asyncio.start_server(
                    self._serve, "127.0.0.1", 0, limit=MAX_HEAD
                )

    @property
    def access(self) -> ProxyAccess:
        """Return where to find the proxy and its credentials."""
        if self._server is None:
            raise RuntimeError("the proxy was not started")
        port = self._server.sockets[0].getsockname()[1]
        return ProxyAccess(f"http://127.0.0.1:{port}", self._username, self._password)

    async def aclose(self) -> None:
        """Stop listening and cut every connection."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) > MAX_CONNECTIONS:
                raise Refusal("503 Service Unavailable", "crowded")
            await self._handle(reader, writer)
        except Refusal as refusal:
            await self._refuse(writer, refusal)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # either side went away, or said too much: nothing is left to say
        except asyncio.CancelledError:
            pass  # the proxy closes; a cancelled handler would be logged as a fault
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(HEAD_SECONDS):
            head = parse_head(await reader.readuntil(b"\r\n\r\n"))
        self._authenticate(head)
        if head.method == "CONNECT":
            host, port = parse_authority(head.target)
            upstream = await self._open(host, port)
            try:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await self._tunnel(reader, writer, *upstream)
            finally:
                upstream[1].close()
            return
        host, port, path = split_target(head.target)
        authority = host if port == 80 else f"{host}:{port}"
        request, length = rewrite_request(head, authority, path)
        upstream = await self._open(host, port)
        try:
            await self._exchange(reader, writer, *upstream, request, length)
        finally:
            upstream[1].close()

    def _authenticate(self, head: Head) -> None:
        given = head.values(b"proxy-authorization")
        if len(given) != 1 or not hmac.compare_digest(given[0], self._expected):
            # The browser asks once without credentials; only a wrong answer is worth a count.
            raise Refusal(
                "407 Proxy Authentication Required",
                "unauthenticated" if given else "",
                challenge=True,
            )

    async def _open(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            connection = await self._opener(host, port)
        except EgressRefused as error:
            # Pages ask for trackers all the time; the counter has them all.
            _log.debug("egress refused", extra={"host": host[:100], "port": port})
            raise Refusal("403 Forbidden") from error
        except PlatformUnreachable as error:
            raise Refusal("502 Bad Gateway") from error
        return await asyncio.open_connection(sock=connection, limit=MAX_HEAD)

    async def _exchange(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
        request: bytes,
        length: int,
    ) -> None:
        """Send one plain request and its body, and bring back the answer until it ends."""
        up_writer.write(request)
        async with asyncio.timeout(IDLE_SECONDS):
            while length > 0:
                chunk = await reader.read(min(_CHUNK, length))
                if not chunk:
                    return
                length -= len(chunk)
                up_writer.write(chunk)
                await up_writer.drain()
            await up_writer.drain()
        await self._bring_back(reader, writer, upstream)

    async def _bring_back(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamReader,
    ) -> None:
        """Carry an answer until it ends, or whoever asked is gone: it may be an endless one."""
        carrying = asyncio.ensure_future(self._carry(writer, upstream))
        leaving = asyncio.ensure_future(_until_end(reader))
        try:
            await asyncio.wait((carrying, leaving), return_when=asyncio.FIRST_COMPLETED)
            if carrying.done():
                await carrying
        finally:
            carrying.cancel()
            leaving.cancel()
            await asyncio.gather(carrying, leaving, return_exceptions=True)

    async def _carry(self, writer: asyncio.StreamWriter, upstream: asyncio.StreamReader) -> None:
        async with asyncio.timeout(IDLE_SECONDS):
            answer = await upstream.readuntil(b"\r\n\r\n")
            while answer.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
                answer = await upstream.readuntil(b"\r\n\r\n")
        writer.write(rewrite_answer(answer))
        await _pump(upstream, writer, _Activity(self._clock))

    async def _tunnel(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        upstream: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        """Carry bytes both ways until one side ends, or neither speaks for too long."""
        activity = _Activity(self._clock)
        async with asyncio.TaskGroup() as group:
            ways = [
                group.create_task(_pump(reader, up_writer, activity)),
                group.create_task(_pump(upstream, writer, activity)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()

    async def _refuse(self, writer: asyncio.StreamWriter, refusal: Refusal) -> None:
        if refusal.decision:
            self._count(refusal.decision)
        challenge = 'Proxy-Authenticate: Basic realm="dealflow"\r\n' if refusal.challenge else ""
        try:
            writer.write(
                f"HTTP/1.1 {refusal.status}\r\n{challenge}Content-Length: 0\r\n"
                "Connection: close\r\n\r\n".encode("ascii")
            )
            await writer.drain()
        except OSError:
            pass  # it went away before it could hear the answer


class _Activity:
    """When a byte last passed in either direction."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last = clock.monotonic()

    def touch(self) -> None:
        self.last = self._clock.monotonic()

    def quiet_for(self) -> float:
        return self._clock.monotonic() - self.last


async def _until_end(reader: asyncio.StreamReader) -> None:
    """Return when the other side closes; what it says until then is not heard."""
    try:
        while await reader.read(_CHUNK):
            pass
    except OSError:
        return


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, activity: _Activity
) -> None:
    """Carry bytes one way until the end, an error or `IDLE_SECONDS` without any either way."""
    while True:
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                chunk = await reader.read(_CHUNK)
            if not chunk:
                return
            activity.touch()
            writer.write(chunk)
            await writer.drain()
        except TimeoutError:
            if activity.quiet_for() >= IDLE_SECONDS:
                return
        except OSError:
            return  # that side is gone, and so is the tunnel
