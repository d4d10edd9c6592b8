"""A proxy in front of PostgreSQL that cuts, freezes and slows connections, and catches a client at a statement."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import NamedTuple

CHUNK_BYTES = 65_536
SSL_REQUEST = 80_877_103
CHANGE = re.compile(r"(INSERT INTO|(?<!FOR )UPDATE|DELETE FROM) (\w+)", re.IGNORECASE)
LOOK = re.compile(r"(FROM) (\w+)", re.IGNORECASE)


class Trap(NamedTuple):
    """At which kind of statement to catch a client: before it is passed on, or when its answer comes."""

    step: str
    after: bool


class Proxy:
    """One port of 127.0.0.1 that leads to another.

    port: its own, the same whenever it is open.
    delay_seconds: how long every piece of data is held up, each way.
    steps: the kinds of statements seen so far.
    caught: set when a client has run into the trap; its connection waits until `let_go` or `drop`.
    """

    def __init__(self, target: int) -> None:
        """Listen nowhere yet; `target` is the port it leads to."""
        self.port = 0
        self.delay_seconds = 0.0
        self.steps: dict[str, None] = {}
        self.caught = asyncio.Event()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self._target = target
        self._trap: Trap | None = None
        self._held: list[asyncio.Future[None]] = []
        self._lines: set[_Line] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more connections, and break those there are."""
        if self._server:
            self._server.close()
            self._server = None
        self.drop()
        for line in self._lines:
            line.abort()

    def set_trap(self, trap: Trap) -> None:
        """Catch the next client that comes to this step."""
        self.caught.clear()
        self._trap = trap

    def let_go(self) -> None:
        """Take the trap away; who was caught goes on."""
        self._trap = None
        for hold in self._waiting():
            hold.set_result(None)

    def drop(self) -> None:
        """Take the trap away; the connection of who was caught breaks, and what was held is never passed on."""
        self._trap = None
        for hold in self._waiting():
            hold.set_exception(ConnectionAbortedError())

    def _waiting(self) -> list[asyncio.Future[None]]:
        """Those who still wait in the trap: a connection may have ended there. Nobody does after this."""
        held, self._held = self._held, []
        return [hold for hold in held if not hold.done()]

    def springs(self, step: str) -> Trap | None:
        """The trap, if it is for this step; it catches one."""
        self.steps[step] = None
        if self._trap is None or self._trap.step != step:
            return None
        trap, self._trap = self._trap, None
        return trap

    async def hold(self) -> None:
        """Wait in the trap."""
        future = asyncio.get_running_loop().create_future()
        self._held.append(future)
        self.caught.set()
        await future

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self, reader, writer)
        self._lines.add(line)
        try:
            await line.run(self._target)
        finally:
            self._lines.discard(line)


class _Line:
    """One client's connection and the one that it leads to."""

    def __init__(self, proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy = proxy
        self._client = reader, writer
        self._writers = [writer]
        self._messages = Messages()
        self._answer_is_caught = False

    async def run(self, target: int) -> None:
        """Pass on until either end has had enough."""
        with contextlib.suppress(OSError, ExceptionGroup):
            await self._proxy.flowing.wait()
            reader, writer = await asyncio.open_connection("127.0.0.1", target)
            self._writers.append(writer)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._up(self._client[0], writer))
                tasks.create_task(self._down(reader, self._client[1]))
        self.abort()

    def abort(self) -> None:
        """Break both connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            for step in self._messages.steps(chunk):
                trap = self._proxy.springs(step)
                if trap and trap.after:
                    self._answer_is_caught = True
                elif trap:
                    await self._proxy.hold()
            await self._pass(chunk, writer)
        raise ConnectionAbortedError

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            if self._answer_is_caught:
                self._answer_is_caught = False
                await self._proxy.hold()
            await self._pass(chunk, writer)
        raise ConnectionAbortedError

    async def _pass(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        if self._proxy.delay_seconds:
            await asyncio.sleep(self._proxy.delay_seconds)
        await self._proxy.flowing.wait()
        writer.write(chunk)
        await writer.drain()


class Messages:
    """What a client of PostgreSQL says, cut into its messages.

    Source: PostgreSQL, "Message Formats".
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._started = False
        self._statements: dict[bytes, str] = {}
        self._last = ""

    def steps(self, chunk: bytes) -> list[str]:
        """The kinds of the statements that begin to run with this piece."""
        self._buffer += chunk
        found = []
        while message := self._next():
            text = self._statement(message)
            if text is not None:
                found.append(self._step(text))
        return found

    def _next(self) -> bytes:
        """The next whole message, or nothing; those of the start have no type."""
        head = 1 if self._started else 0
        if len(self._buffer) < head + 4:
            return b""
        end = head + int.from_bytes(self._buffer[head : head + 4], "big")
        if len(self._buffer) < end:
            return b""
        message, self._buffer = self._buffer[:end], self._buffer[end:]
        if not self._started:
            self._started = int.from_bytes(message[4:8], "big") != SSL_REQUEST
            return self._next() if self._buffer else b""
        return message

    def _statement(self, message: bytes) -> str | None:
        """The text of the statement that a message runs, if it runs one."""
        kind, body = message[:1], message[5:]
        match kind:
            case b"Q":
                return body.rstrip(b"\0").decode()
            case b"P":
                name, text, _ = body.split(b"\0", 2)
                self._statements[name] = text.decode()
            case b"B":
                return self._statements.get(body.split(b"\0", 2)[1])
        return None

    def _step(self, text: str) -> str:
        """What a statement does to which table; a COMMIT is told by the last statement before it."""
        if table := CHANGE.search(text) or LOOK.search(text):
            self._last = " ".join(table.groups())
            return self._last
        word = text.split(maxsplit=1)[0].rstrip(";").upper()
        return f"{word} after {self._last}" if word == "COMMIT" else word
