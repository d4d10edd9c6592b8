"""These tests need the judges' own programs, so they run only when this folder is named."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out unless an argument names it or something in it. None lets other rules decide."""
    started_in = config.invocation_params.dir
    named = [(started_in / argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(FOLDER) for path in named) else True
