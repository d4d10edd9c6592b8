"""The metrics, and their output for a scrape."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from connect_appointments.telemetry.sharing import are_counters_shared

KEY_REFRESH_FAILURES = Counter("connect_key_refresh_failures", "Refreshes of the issuer's keys that failed.")
REQUESTS = Counter("connect_requests", "Responses, by operation and status.", ["operation", "status"])
JOB_FAILURES = Counter("connect_job_failures", "Background jobs that failed and will be retried.", ["kind"])
DATABASE_FAILURES = Counter(
    "connect_database_failures", "Calls, jobs and health checks that failed because the database was unreachable."
)


def metrics() -> bytes:
    """The metrics of this server, summed over its processes, in the Prometheus text format."""
    if not are_counters_shared():
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)
