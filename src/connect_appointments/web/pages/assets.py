"""The style sheets and scripts of the pages: those of this package, and Swagger UI's from its Python package."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from swagger_ui_bundle import swagger_ui_path

OWN: Final = Path(__file__).parent / "static"
SWAGGER_UI: Final = Path(swagger_ui_path)
STYLE: Final = "text/css; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"


class Asset(NamedTuple):
    """A static file, read on its first request."""

    media_type: str
    file: Path


ASSETS: Final = {
    "/docs/assets/site.css": Asset(STYLE, OWN / "site.css"),
    "/docs/assets/docs.css": Asset(STYLE, OWN / "docs.css"),
    "/docs/assets/docs.js": Asset(SCRIPT, OWN / "docs.js"),
    "/docs/assets/swagger-ui.css": Asset(STYLE, SWAGGER_UI / "swagger-ui.css"),
    "/docs/assets/swagger-ui-bundle.js": Asset(SCRIPT, SWAGGER_UI / "swagger-ui-bundle.js"),
}
