"""A family is archived whole, or not at all."""

from __future__ import annotations

from connect_appointments.core.decisions.archiving import EndedFamilies, ended_families


def ended(requests: set[int], appointments: set[int]) -> EndedFamilies:
    return EndedFamilies(frozenset(requests), frozenset(appointments))


def test_requests_without_an_appointment_are_families_of_their_own() -> None:
    assert ended_families({1: True, 2: False, 3: True}, {}, []) == ended({1, 3}, set())


def test_an_appointment_and_its_requests_are_one_family() -> None:
    pairs = [(1, 9), (2, 9), (3, 8)]
    requests = {1: True, 2: True, 3: True}
    assert ended_families(requests, {9: True, 8: True}, pairs) == ended({1, 2, 3}, {9, 8})
    assert ended_families(requests, {9: False, 8: True}, pairs) == ended({3}, {8})
    assert ended_families(requests | {2: False}, {9: True, 8: True}, pairs) == ended({3}, {8})


def test_a_chain_of_appointments_and_requests_is_one_family_from_either_end() -> None:
    pairs = [(1, 9), (2, 9), (2, 8), (3, 8), (3, 7)]
    requests, appointments = {1: True, 2: True, 3: True}, {9: True, 8: True, 7: True}
    assert ended_families(requests, appointments, pairs) == ended({1, 2, 3}, {7, 8, 9})
    for number in requests:
        assert ended_families(requests | {number: False}, appointments, pairs) == ended(set(), set())
    for number in appointments:
        assert ended_families(requests, appointments | {number: False}, pairs) == ended(set(), set())
