"""What an attack is: a token or a way to send it with one defect, and the same without, which must be let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.api.forging import Forge, sign_parts, with_header, with_parts
from tests.api.wire import cancel_bytes
from tests.build import ALICE, Issuer

AUDIENCE = "https://connect.test"
CLIENT = "portal-api"

Send = Callable[[str, int], bytes]
"""From a token and the id of an appointment-request to the bytes of a cancel."""


class StrictIssuer(Issuer):
    """An issuer whose tokens name the audience that the service asks for."""

    def claims(self, owner: object = ALICE, **changes: object) -> dict[str, object]:
        """The claims of the documentation's example token, and `aud`."""
        return super().claims(owner, **{"aud": AUDIENCE, **changes})


class Attack(NamedTuple):
    """One defect.

    control: the same token without it. bearer: a bearer token was seen, so that the answer speaks of it (D15).
    """

    forge: Forge
    control: Forge
    send: Send
    bearer: bool = True


def token(issuer: Issuer) -> str:
    """The token of most controls."""
    return issuer.token()


by_hand = with_header()
"""The same signed without a library, as many forged ones are."""

respelled = with_parts(lambda parts: parts)


def against(control: Forge, forges: Mapping[str, Forge]) -> dict[str, Attack]:
    """Attacks that have one control, sent as the documentation says."""
    return {name: Attack(forge, control, cancel_bytes) for name, forge in forges.items()}


def signed_text(head: str, payload: str) -> Forge:
    """A token whose parts are these very texts, signed."""
    return lambda issuer: sign_parts(issuer, head, payload)
