"""Tests against software that nobody here wrote; they need Node.js, so they run only when this folder is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.outside.node import NodeError
from tests.outside.provider import Provider, running_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave this folder out unless an argument names it or something in it. None lets other rules decide."""
    started_in = config.invocation_params.dir
    named = [(started_in / argument.partition("::")[0]).resolve() for argument in config.args]
    return None if any(path.is_relative_to(FOLDER) for path in named) else True


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Run npm's oidc-provider for the whole session; without Node.js the run ends, failed, with one line."""
    try:
        with running_provider() as running:
            yield running
    except NodeError as trouble:
        pytest.exit(str(trouble), returncode=1)
