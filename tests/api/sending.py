"""Bodies sent as they are written in a test."""

from __future__ import annotations

import httpx2

from tests.api_client import CANCEL, Api


async def post(api: Api, body: bytes, path: str = CANCEL, **headers: str | None) -> httpx2.Response:
    """Send these very bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await api.alice.request("POST", path, content=body, headers=named)
