"""The result of a retry, for appointments and appointment-requests."""

from __future__ import annotations

from collections.abc import Sequence

from connect_appointments.cli.listing import print_rows
from connect_appointments.usecases.operations.job_retries import RetriedJob


def print_retry(subject: str, found: Sequence[RetriedJob], *, as_json: bool) -> None:
    """Print the jobs of a subject, for example `appointment 583`; as JSON, one line per job."""
    if not found and not as_json:
        print(f"{subject} has no job")
        return
    rows = [
        {"id": job.id, "kind": job.kind, "state": state, "tries": job.tries, "lastError": job.last_error}
        for job, state in found
    ]
    print_rows(rows, as_json=as_json)
