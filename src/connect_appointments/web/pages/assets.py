"""The style sheets and scripts of the pages: those of this package, and Swagger UI's from its Python package."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from swagger_ui_bundle import swagger_ui_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

STYLE: Final = "text/css; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"


class Asset(NamedTuple):
    """A static file; `source` locates it on the first request."""

    media_type: str
    source: Callable[[], Traversable]


def _own(name: str) -> Traversable:
    return files("connect_appointments.web.pages") / "static" / name


def _swagger_ui(name: str) -> Traversable:
    folder: Traversable = swagger_ui_path
    return folder / name


ASSETS: Final = {
    "/docs/assets/site.css": Asset(STYLE, lambda: _own("site.css")),
    "/docs/assets/docs.css": Asset(STYLE, lambda: _own("docs.css")),
    "/docs/assets/docs.js": Asset(SCRIPT, lambda: _own("docs.js")),
    "/docs/assets/swagger-ui.css": Asset(STYLE, lambda: _swagger_ui("swagger-ui.css")),
    "/docs/assets/swagger-ui-bundle.js": Asset(SCRIPT, lambda: _swagger_ui("swagger-ui-bundle.js")),
}
