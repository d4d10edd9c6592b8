"""Programs that run beside these tests, as for the command line."""

from __future__ import annotations

from tests.cli.conftest import start

__all__ = ["start"]
