"""The rules for accepted tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenRules:
    """The rules for accepted tokens.

    issuers: the permitted values of `iss`.
    audiences: `aud` must contain one of these values; None permits any audience.
    clients: the permitted values of `azp`; None permits every client of the issuer.
    owner_claim: the claim that contains the owner.
    algorithms: the permitted signature algorithms.
    leeway_seconds: the permitted clock skew between the issuer and this service.
    """

    issuers: frozenset[str]
    audiences: frozenset[str] | None = None
    clients: frozenset[str] | None = None
    owner_claim: str = "userId"
    algorithms: frozenset[str] = frozenset({"RS256"})
    leeway_seconds: float = 5
