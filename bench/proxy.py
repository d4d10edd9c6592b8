"""A TCP proxy that delivers everything late: `python -m bench.proxy PORT TARGET_PORT ONE_WAY_SECONDS`."""

from __future__ import annotations

import asyncio
import selectors
import sys


class Side(asyncio.Protocol):
    """One side of a connection; what arrives here goes out at the other side, later."""

    def __init__(self, delay_seconds: float) -> None:
        self._delay = delay_seconds
        self._early: list[bytes] = []
        self.other: Side | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
            return
        asyncio.get_running_loop().call_later(self._delay, self.other.write, data)

    def join(self, other: Side) -> None:
        """Pass everything on to the other side, also what has arrived already."""
        self.other = other
        early, self._early = self._early, []
        for data in early:
            self.data_received(data)

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self.other is not None and self.other.transport is not None:
            asyncio.get_running_loop().call_later(self._delay, self.other.transport.close)


class Accepted(Side):
    """The side of the client; it connects to the target."""

    def __init__(self, target_port: int, delay_seconds: float) -> None:
        super().__init__(delay_seconds)
        self._target_port = target_port
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, far = await loop.create_connection(lambda: Side(self._delay), "127.0.0.1", self._target_port)
        far.join(self)
        self.join(far)


async def main(port: int, target_port: int, delay_seconds: float) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Accepted(target_port, delay_seconds), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


def new_event_loop() -> asyncio.AbstractEventLoop:
    """select() waits for microseconds; epoll, which is the default, for whole milliseconds."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
