"""Advice for callers after an error, by HTTP status."""

from __future__ import annotations

from typing import Final

_NEXT_STEPS: Final = {
    400: "Correct the request as the detail of the answer says. Sent again unchanged, it gets the same answer.",
    401: "Get a new access token from the issuer and send it once, as Authorization: Bearer and the token.",
    404: (
        "Check the path, the id, and that the token belongs to the owner who created the resource. "
        "An id of another owner and an id that does not exist get the same answer."
    ),
    405: "Use a method that the Allow header of the answer names.",
    408: "Send the request again on a new connection, with its whole body at once.",
    409: "Wait as long as the Retry-After header of the answer says, then send the same request again.",
    413: "Send a smaller body, on a new connection: the rest of this one was not read.",
    415: "Send JSON in UTF-8 with Content-Type: application/json and without Content-Encoding.",
    422: (
        "Read the detail of the answer, and errors where fields are named. "
        "With a Retry-After header: wait that long and look again. "
        "Without one, the same request is refused again until it, or the state it meets, is different."
    ),
    429: "Wait as long as the Retry-After header of the answer says, then go on at a lower rate.",
    431: "Send fewer or shorter headers.",
    500: (
        "Whether the request had its effect is unknown. Wait as long as the Retry-After header says, if there is one, "
        "then send the same request again: cancelling and booking are safe to repeat, and so is creating "
        "with the same Idempotency-Key. If it happens again, give the operator the requestId of the answer."
    ),
    503: "Nothing was changed. Wait as long as the Retry-After header of the answer says, then send the request again.",
}


def next_step(status: int) -> str:
    """Return the advice for a response with this HTTP status (400 to 599), in one or more sentences.

    Source: RFC 9110 section 15: an unknown status is treated as the x00 of its class.
    """
    return _NEXT_STEPS.get(status) or _NEXT_STEPS[status // 100 * 100]
