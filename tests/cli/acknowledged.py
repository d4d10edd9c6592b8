"""Callers that create and cancel until told to stop, and remember what was acknowledged, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import httpx2

from tests.api_client import CANCEL, CREATE

PATIENCE_SECONDS = 60


class Acknowledged(NamedTuple):
    """One answer: which appointment-request, whether it is cancelled, and when the answer was here."""

    request_id: int
    cancelled: bool
    at: float


class Callers:
    """Some threads, each with a connection of its own."""

    def __init__(self, url: str, token: str, count: int = 4) -> None:
        self.answers: list[Acknowledged] = []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(url, token)) for _ in range(count)]

    def _work(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "X-API-VERSION": "7"}
        day = str(datetime.now(UTC).date() + timedelta(days=2))
        with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE_SECONDS) as client:
            while not self._stopping.is_set():
                created = client.post(CREATE, json={"orderId": 1, "dateFrom": day})
                assert created.status_code == 201
                request_id = int(created.headers["location"].rpartition("/")[2])
                self.answers.append(Acknowledged(request_id, cancelled=False, at=time.monotonic()))
                if request_id % 2:
                    assert client.post(CANCEL, json={"appointmentRequestId": request_id}).status_code == 204
                    self.answers.append(Acknowledged(request_id, cancelled=True, at=time.monotonic()))

    def until(self, count: int) -> None:
        """Return once so many answers are here; an assertion fails when they do not come."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(self.answers) < count:
            assert time.monotonic() < give_up
            assert any(thread.is_alive() for thread in self._threads)
            time.sleep(0.01)

    @contextmanager
    def at_work(self) -> Iterator[Callers]:
        """Let them work while the context lasts."""
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()
