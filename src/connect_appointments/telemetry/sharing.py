"""The folder in which the processes of a server share their counters, so that each scrape returns all of them.

prometheus_client reads the folder's name from an environment variable, once, at import.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from contextlib import AbstractContextManager

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def counters_of(processes: int) -> AbstractContextManager[str | None]:
    """Keep the counters in memory for a single process, or in a folder that exists until the end of the context.

    Call it before any import of prometheus_client, and in the parent process. The folder is accessible to its
    user only. The file of a process is kept after its exit, so that the sums still include its counters.
    Raises OSError if the folder cannot be created.
    """
    # Ignore a folder that the operator has set for other programs.
    os.environ.pop(VARIABLE, None)
    if processes == 1:
        return contextlib.nullcontext()
    folder = tempfile.TemporaryDirectory(prefix="connect-appointments-metrics-")
    os.environ[VARIABLE] = folder.name
    return folder


def are_counters_shared() -> bool:
    """Whether the processes of this server keep their counters in a folder."""
    return VARIABLE in os.environ
