"""Which tokens the service accepts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenRules:
    """Which tokens are accepted.

    issuers: the values `iss` may have.
    audiences: one of them must be in `aud`; None asks for no audience.
    clients: the values `azp` may have; None allows every client of the issuer.
    owner_claim: the claim that names the owner.
    algorithms: the signatures accepted.
    leeway_seconds: how far the issuer's clock may be off.
    """

    issuers: frozenset[str]
    audiences: frozenset[str] | None = None
    clients: frozenset[str] | None = None
    owner_claim: str = "userId"
    algorithms: frozenset[str] = frozenset({"RS256"})
    leeway_seconds: float = 5
