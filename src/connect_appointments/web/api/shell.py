"""What every answer has in common, whatever the path: the six headers, a request id, and no error unanswered."""

from __future__ import annotations

import itertools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable

import structlog
from starlette.types import Message, Receive, Scope, Send

from connect_appointments.core.errors import NotFound, Refusal
from connect_appointments.telemetry import REQUESTS
from connect_appointments.web.api.answers import Answer, send_answer, send_last_answer
from connect_appointments.web.api.problems import NOT_FOUND, problem_answer
from connect_appointments.web.api.reading import CallerGone, drain
from connect_appointments.web.api.refusals import InvalidHost, MethodNotAllowed, PathNotFound, UnexpectedError

log = structlog.get_logger(__name__)

_trace = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_host = re.compile(rb"[A-Za-z0-9._~:\[\]-]{1,255}")

CLOSE = (b"connection", b"close")


class Headers:
    """The headers of a request, by name, and the names that stand more than once."""

    __slots__ = ("_repeated", "_values")

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        """`raw` has lower-case names, as ASGI says."""
        self._values = dict(raw)
        self._repeated: frozenset[bytes] = frozenset()
        if len(self._values) != len(raw):
            names = [name for name, _ in raw]
            self._repeated = frozenset(name for name in names if names.count(name) > 1)

    def get(self, name: bytes) -> bytes | None:
        """The value, or None; of a repeated one the last."""
        return self._values.get(name)

    def repeated(self, name: bytes) -> bool:
        """Whether the name stands more than once."""
        return name in self._repeated


class Serving:
    """What all answers of one process share: where its pages are, and whether it is about to stop."""

    def __init__(self, public_url: str | None, trusted_proxies: frozenset[str] = frozenset()) -> None:
        """Not draining yet.

        public_url: without a slash at its end; None where the caller's Host is believed, which only the sandbox does.
        trusted_proxies: addresses whose X-Forwarded-Host and -Proto are believed in its place.
        """
        self.public_url = public_url
        self.trusted_proxies = trusted_proxies
        self.draining = False
        # Random once a process, counted from there: a random number for each request would cost a system call.
        self._traces = map("{}-{:x}".format, itertools.repeat(os.urandom(8).hex()), itertools.count(1))

    def new_trace(self) -> str:
        """A request id nobody else has."""
        return next(self._traces)


class Request:
    """A request on its way: what is known of it so far."""

    __slots__ = ("_receive", "base_url", "headers", "owes_continue", "receive", "scope", "trace", "trail")

    def __init__(self, scope: Scope, receive: Receive, serving: Serving) -> None:
        """`receive` gives the body, piece by piece."""
        self.scope = scope
        self.headers = Headers(scope["headers"])
        self.owes_continue = self.headers.get(b"expect") is not None
        self._receive = receive
        self.receive = self._continue if self.owes_continue else receive
        self.trace = self._sent_trace() or serving.new_trace()
        self.trail: tuple[tuple[bytes, bytes], ...] = ()
        self.base_url = serving.public_url or self._host_url(serving.trusted_proxies)

    async def _continue(self) -> Message:
        """Receive, by which the server tells a caller that waits for it to send its body."""
        self.owes_continue = False
        return await self._receive()

    def _host_url(self, trusted_proxies: frozenset[str]) -> str:
        """Where the caller reached us, by its own word or a trusted proxy's; empty when that makes no sense."""
        host, scheme = self.headers.get(b"host"), self.scope["scheme"].encode()
        if (self.scope.get("client") or ("",))[0] in trusted_proxies:
            host = self.headers.get(b"x-forwarded-host") or host
            scheme = self.headers.get(b"x-forwarded-proto") or scheme
        if host is None or not _host.fullmatch(host) or scheme not in {b"http", b"https"}:
            return ""
        return f"{scheme.decode('ascii')}://{host.decode('ascii')}"

    def _sent_trace(self) -> str | None:
        """The caller's X-Request-Id, if it is a plain one."""
        sent = self.headers.get(b"x-request-id")
        if sent is None or self.headers.repeated(b"x-request-id") or not _trace.fullmatch(sent):
            return None
        return sent.decode("ascii")

    def check_host(self) -> None:
        """Raise `InvalidHost` unless the Host header stands once and holds nothing else."""
        host = self.headers.get(b"host")
        if host is None or self.headers.repeated(b"host") or not _host.fullmatch(host):
            raise InvalidHost


class Shell(ABC):
    """An ASGI callable that answers every request, whatever happens."""

    operation: str
    not_found_title: str = NOT_FOUND

    def __init__(self, serving: Serving) -> None:
        """`serving` is shared with the server."""
        self._serving = serving
        self._counters: dict[int, Callable[[], None]] = {}

    @abstractmethod
    async def answer(self, request: Request) -> Answer:
        """The answer to a request, or a `Refusal` raised."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, self._serving)
        try:
            answer = await self.answer(request)
        except CallerGone:
            return
        except Refusal as refusal:
            answer = self._refuse(request, refusal)
        except Exception:
            log.exception("unexpected-error", trace=request.trace, operation=self.operation)
            answer = self._refuse(request, UnexpectedError())
        self._count(answer.status)
        await self._send(request, answer, send)

    def _refuse(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.__cause__ is not None and refusal.retry_after_seconds:
            log.warning("refused", code=refusal.code, trace=request.trace, reason=str(refusal.__cause__)[:500])
        title = self.not_found_title if refusal.code == NotFound.code else None
        return problem_answer(refusal, public_url=request.base_url, trace=request.trace, title=title)

    async def _send(self, request: Request, answer: Answer, send: Send) -> None:
        more = [*request.trail, (b"x-request-id", request.trace.encode())]
        last = CLOSE in answer.trail
        if not last and (request.owes_continue or self._serving.draining):
            # Whether a body that was waited for comes after all is the caller's choice: nothing could be told from it.
            last = request.owes_continue
            more.append(CLOSE)
        if last:
            await send_last_answer(send, answer, more, drain(request.receive))
        else:
            await send_answer(send, answer, more)

    def _count(self, status: int) -> None:
        counter = self._counters.get(status)
        if counter is None:
            counter = self._counters[status] = REQUESTS.labels(self.operation, str(status)).inc
        counter()


class GetOnly(Shell):
    """Answers GET, and HEAD, with what a function gives, given the path; None is a 404."""

    def __init__(self, serving: Serving, operation: str, give: Callable[[str], Answer | None]) -> None:
        """`give` answers at once: what takes time is ready before."""
        super().__init__(serving)
        self.operation = operation
        self._give = give

    async def answer(self, request: Request) -> Answer:
        """The page, or a refusal of everything else."""
        found = self._give(request.scope["path"])
        if found is None:
            raise PathNotFound
        if request.scope["method"] not in {"GET", "HEAD"}:
            raise MethodNotAllowed("GET, HEAD")
        request.check_host()
        return found
