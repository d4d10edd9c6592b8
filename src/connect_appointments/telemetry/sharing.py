"""The folder in which several processes of one server keep their counters, so that a scrape of any reads all.

prometheus_client takes the folder's name from an environment variable, once, when it is imported.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def shared_folder() -> str | None:
    """The folder; None where the counters are in the memory of one process."""
    return os.environ.get(VARIABLE)


@contextlib.contextmanager
def counters_of(processes: int) -> Iterator[None]:
    """Keep the counters in memory for one process, for several in a folder that lasts as long as the context.

    Enter it before anything imports prometheus_client, and in the parent of the processes. The folder is open to its
    user alone. The file of a process stays when the process dies, or its counters would be missing from the sums.
    Raises OSError where no folder can be made.
    """
    # A folder that is set for other programs of the operator's is none of ours.
    os.environ.pop(VARIABLE, None)
    if processes == 1:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="connect-appointments-metrics-") as folder:
        os.environ[VARIABLE] = folder
        yield
