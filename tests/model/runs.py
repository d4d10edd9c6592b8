"""The searches: each model with the sizes of its runs, and each mutant, a model without one of its guards."""

from __future__ import annotations

from typing import NamedTuple


class Run(NamedTuple):
    """A model, and the numbers of calls and faults in its runs."""

    name: str
    model: str
    macros: tuple[str, ...] = ()
    meaning: str = ""


class Mutant(NamedTuple):
    """A model without a guard.

    macros: the macros that take the guard out.
    meaning: what the mutant does instead.
    """

    run: Run
    macros: tuple[str, ...]
    meaning: str

    @property
    def name(self) -> str:
        """The macros, as one word."""
        return "+".join(self.macros)


REQUEST = Run("request", "request", (), "search, two booking attempts, cancels, two transfers of the order")
CANCELLATION = Run(
    "cancellation",
    "appointment",
    ("CANCELLATIONS=2", "RESCHEDULES=0", "RIVALS=0", "LOSSES=1"),
    "two cancellations, the first of which may be refused; news",
)
NEWS = Run(
    "news",
    "appointment",
    ("CANCELLATIONS=1", "RESCHEDULES=0", "RIVALS=0", "LOSSES=1", "READERS=2"),
    "a cancellation; news that is repeated, read by two workers",
)
RESCHEDULE = Run(
    "reschedule",
    "appointment",
    ("CANCELLATIONS=0", "RESCHEDULES=2", "LOSSES=1", "DOUBLES=0", "NEWS=1"),
    "two reschedules, other customers who want the windows, one item of news",
)
BOTH = Run(
    "both",
    "appointment",
    ("CANCELLATIONS=1", "RESCHEDULES=1", "RIVALS=0", "LOSSES=1", "DOUBLES=0", "NEWS=1"),
    "a cancellation and a reschedule in any order, one item of news",
)
NETWORK_MOVES = Run(
    "network-moves",
    "appointment",
    ("CANCELLATIONS=0", "RESCHEDULES=1", "LOSSES=1", "NETWORK_MOVES=1", "VISITS=false"),
    "a reschedule; the network moves the visit, and repeats the news of it",
)
RUNS = (REQUEST, CANCELLATION, NEWS, RESCHEDULE, BOTH, NETWORK_MOVES)

ONE_RESCHEDULE = Run(
    "reschedule", "appointment", ("CANCELLATIONS=0", "RESCHEDULES=1", "LOSSES=0", "DOUBLES=0", "NEWS=1")
)
TWO_CANCELLATIONS = Run("cancellation", "appointment", (*CANCELLATION.macros, "DOUBLES=0", "NEWS=1"))

SMALLER = ("CRASHES=0", "RIVALS=0", "LOSSES=1", "DOUBLES=0")
ENDS = (REQUEST, CANCELLATION, ONE_RESCHEDULE, NETWORK_MOVES)
"""The runs in which endless runs are looked for too, with fewer faults."""

SPARE = (
    Mutant(REQUEST, ("NO_COMPARE_AND_SET",), "a worker writes the result of a booking whose claim it has lost"),
    Mutant(REQUEST, ("CONFIRM_UNCHECKED",), "a worker writes the result of a booking without a check of the state"),
)
"""Guards of which either alone is enough: without one of them the model still holds."""

MUTANTS = (
    Mutant(REQUEST, ("CANCEL_CHECKS_THEN_WRITES",), "cancelling checks the state, and writes in another transaction"),
    Mutant(REQUEST, ("BOOK_UNCHECKED",), "booking does not check the state of the appointment-request"),
    Mutant(REQUEST, ("SEARCH_UNCHECKED",), "a search writes its result without a check of the state"),
    Mutant(
        REQUEST,
        ("NO_COMPARE_AND_SET", "CONFIRM_UNCHECKED"),
        "a worker writes the result of a booking after it has lost its claim, without a check of the state",
    ),
    Mutant(REQUEST, ("UNKNOWN_IS_NO",), "a missing answer refuses the booking"),
    Mutant(REQUEST, ("REFUSAL_FORGOTTEN",), "the workforce system decides a refused key again"),
    Mutant(REQUEST, ("CANCELLED_KEY_FORGOTTEN",), "a key that was cancelled before it was reserved can be reserved"),
    Mutant(REQUEST, ("CAPACITY_BACK_WITHOUT_KEY",), "each cancel of a key gives its capacity back"),
    Mutant(
        REQUEST,
        ("TRANSFER_BY_COMPARISON",),
        "whether a booking is undone follows the order's owner of the moment, not a mark that stays",
    ),
    Mutant(REQUEST, ("JOB_APART",), "the job of a booking is inserted in a transaction of its own"),
    Mutant(REQUEST, ("NO_LEASE",), "the claim of a killed worker never expires"),
    Mutant(
        TWO_CANCELLATIONS,
        ("NO_COMPARE_AND_SET",),
        "a worker writes the result of a cancellation whose claim it has lost",
    ),
    Mutant(
        TWO_CANCELLATIONS, ("RESULT_UNCHECKED",), "a worker writes the result of a cancellation that the news has ended"
    ),
    Mutant(TWO_CANCELLATIONS, ("CAPACITY_BACK_WITHOUT_KEY",), "each cancel of a visit gives its capacity back"),
    Mutant(
        TWO_CANCELLATIONS,
        ("CANCEL_WITHOUT_NUMBER",),
        "a cancel has no number: one that was refused and arrives again is decided again",
    ),
    Mutant(NEWS, ("NEWS_CURSOR_APART",), "the cursor of the news is written in a transaction of its own"),
    Mutant(
        NEWS, ("NEWS_OF_UNKNOWN_DROPPED",), "news of an appointment whose booking is not yet written is passed over"
    ),
    Mutant(
        ONE_RESCHEDULE,
        ("MOVE_WITHOUT_NUMBER",),
        "a move has no number: one that arrives late is decided as if it were new",
    ),
    Mutant(ONE_RESCHEDULE, ("MOVE_IN_TWO_STEPS",), "the calendar gives the old place back before it takes the new one"),
    Mutant(ONE_RESCHEDULE, ("NO_UNDO",), "the news ends a reschedule, and the new place is not given back"),
    Mutant(
        ONE_RESCHEDULE,
        ("RESCHEDULE_ENDED_BY_NEWS",),
        "a pending reschedule is decided in the transaction of the news, before its new place is given back",
    ),
    Mutant(
        ONE_RESCHEDULE,
        ("UNDO_NEEDS_CAPACITY",),
        "the new place is given back by a move, which is refused when the old window is full meanwhile",
    ),
    Mutant(BOTH, ("TWO_CHANGES",), "a change begins although another one is pending"),
    Mutant(
        NETWORK_MOVES,
        ("MOVED_NEWS_WITHOUT_VERSION",),
        "news of a moved visit is applied although it is older than the row",
    ),
)
