"""THE table of attacks on the access token. `python -m tests.api.attacks.table` counts them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.api.attacks.attack import Attack
from tests.api.attacks.claims import OF_THE_KIND, OF_THE_OWNER, OF_TIME, OF_WHOM_IT_IS_FOR
from tests.api.attacks.headers import OF_THE_HEADER, OF_THE_KEY
from tests.api.attacks.signatures import OF_THE_ALGORITHM, OF_THE_SIGNATURE
from tests.api.attacks.spellings import OF_SENDING, OF_SIZE, OF_THE_SPELLING

FAMILIES: Mapping[str, Mapping[str, Attack]] = {
    "The signature": OF_THE_SIGNATURE,
    "The algorithm, confusions among them": OF_THE_ALGORITHM,
    "The key: kid, jwk, jku, x5u, x5c": OF_THE_KEY,
    "The header: crit, b64, zip, nesting, repeated members": OF_THE_HEADER,
    "Times": OF_TIME,
    "Issuer, audience, client": OF_WHOM_IT_IS_FOR,
    "The kind of token": OF_THE_KIND,
    "The owner, and repeated claims": OF_THE_OWNER,
    "Spellings and encodings": OF_THE_SPELLING,
    "Size and depth": OF_SIZE,
    "Ways to send it": OF_SENDING,
}

ATTACKS: Mapping[str, Attack] = {
    f"{family.partition(',')[0].partition(':')[0]}: {name}": attack
    for family, attacks in FAMILIES.items()
    for name, attack in attacks.items()
}


def rows() -> list[list[str]]:
    """How many there are of each family, and of all, as docs/security.md shows them."""
    found = [[family, str(len(attacks))] for family, attacks in FAMILIES.items()]
    return [*found, ["All", str(len(ATTACKS))]]


if __name__ == "__main__":
    for name, count in rows():
        print(f"| {name} | {count} |")
