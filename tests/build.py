"""What tests are made of: an issuer, a clock, sample orders, capacity."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import RSAKey

from connect_appointments.core.capacity import Capacity, Window
from connect_appointments.core.model import Order, Site, SlotType
from connect_appointments.store.engine import Database
from connect_appointments.store.queries import capacity, orders

ALICE = "11001"
BOB = "11002"
ISSUER = "https://issuer.test/auth/realms/connect"
PUBLIC_URL = "https://connect.test"
BRISBANE = Site("Australia/Brisbane", "QLD", "4000")
ALICES_ORDERS = range(1, 10)
BOBS_ORDERS = range(11, 20)


class Clock:
    """The true time, and as much later or earlier as a test moves it."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def move(self, **how_far: float) -> None:
        """Move it by a timedelta's arguments."""
        self.moved += timedelta(**how_far)


class Issuer:
    """Signs tokens with a key made for this run."""

    def __init__(self, kid: str = "test-key") -> None:
        self.kid = kid
        self.key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"}, private=True)

    def jwks(self) -> list[Any]:
        """The members of its JWKS."""
        return [self.key.as_dict(private=False)]

    def claims(self, owner: object = ALICE, **changes: object) -> dict[str, object]:
        """The claims of the documentation's example token, for now; a change to None leaves the claim out."""
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "sub": "ca0ce66a-408c-4b3a-aa73-119b492346bc",
            "clientId": "portal-api",
            "clientHost": "localhost",
            "iss": ISSUER,
            "typ": "Bearer",
            "userId": owner,
            "clientAddress": "127.0.0.1",
            "azp": "portal-api",
            "exp": now + 3600,
            "iat": now,
            "jti": "5b074ea2-7820-4440-bc72-209d2be83917",
            "apps": "portal-api",
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, owner: object = ALICE, *, header: dict[str, Any] | None = None, **changes: object) -> str:
        """A token of the documentation's shape."""
        return self.sign(json.dumps(self.claims(owner, **changes)).encode(), header)

    def sign(self, payload: bytes, header: dict[str, Any] | None = None) -> str:
        """Any payload, signed."""
        return jws.serialize_compact({"alg": "RS256", "kid": self.kid, **(header or {})}, payload, self.key)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token with an empty signature."""
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims))
    return ".".join((*parts, ""))


def sample_order(order_id: int, owner: str = ALICE, **changes: Any) -> Order:
    """An order in Brisbane, with the details of the documentation's webhook."""
    values = {
        "id": order_id,
        "owner": owner,
        "site": BRISBANE,
        "demand_type": "Standard Install",
        "priority_assist": False,
        "e_sla": "Standard",
        "customer_ref": "CUST-REF-007",
        "service_id": 300,
        "contact_name": "Alice",
        "contact_type": "Primary Contact",
        "contact_phone": "0739076000",
        "contact_notes": None,
        **changes,
    }
    return Order(**values)


async def fill(database: Database, now: datetime, *, places: int = 1000) -> None:
    """Import orders 1 to 9 of Alice and 11 to 19 of Bob, and capacity in Brisbane for 120 days."""
    found = [sample_order(n) for n in ALICES_ORDERS] + [sample_order(n, BOB) for n in BOBS_ORDERS]
    await database.write(lambda transaction: orders.upsert(transaction, found))
    await set_capacity(database, places, days_from(now, 120))


def days_from(now: datetime, count: int) -> list[date]:
    """So many days, from yesterday on."""
    return [now.date() + timedelta(days=n - 1) for n in range(count)]


async def set_capacity(database: Database, places: int, days: list[date], area: str = "4000") -> None:
    """Give both windows of each day so many places."""
    rows = [Capacity(Window(area, day, half), places) for day in days for half in SlotType]
    await database.write(lambda transaction: capacity.set_capacity(transaction, rows))
