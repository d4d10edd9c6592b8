"""Which families may be archived: a family is archived whole, or not at all (D50)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple


class EndedFamilies(NamedTuple):
    """The ids of the appointment-requests and of the appointments of families that have ended."""

    requests: frozenset[int]
    appointments: frozenset[int]


def ended_families(
    requests: Mapping[int, bool], appointments: Mapping[int, bool], pairs: Collection[tuple[int, int]]
) -> EndedFamilies:
    """The families of which every row has ended.

    requests, appointments: by id, whether it ended long enough ago; one that could not be locked has not.
    pairs: an appointment-request and an appointment each, which belong together.
    """
    requests_of, appointments_of = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for request_id, appointment_id in pairs:
        requests_of[appointment_id].add(request_id)
        appointments_of[request_id].add(appointment_id)
    standing_requests = {number for number, has_ended in requests.items() if not has_ended}
    standing = {number for number, has_ended in appointments.items() if not has_ended}
    # What stands keeps its whole family: from appointment to request to appointment, until nothing is added.
    new = standing | {number for one in standing_requests for number in appointments_of[one]}
    standing |= new
    while new:
        reached = {one for number in new for one in requests_of[number]} - standing_requests
        standing_requests |= reached
        new = {number for one in reached for number in appointments_of[one]} - standing
        standing |= new
    return EndedFamilies(frozenset(requests.keys() - standing_requests), frozenset(appointments.keys() - standing))
