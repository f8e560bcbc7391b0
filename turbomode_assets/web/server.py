"""Dagster's web server behind the guard: ``python -m turbomode_assets.web.server``.

Takes the options of ``dagster-webserver`` and is it, but for the guard. The web server
builds its application by a function of its own module; that one seam is used here, and
a test asks a running server whether it holds.
"""

import os
from typing import Any

from dagster_webserver import cli

from turbomode_assets.web import guard

NAMES = "TURBOMODE_NAMES"
"""Environment variable: names of the server beside the loopback, comma-separated."""

_SEAM = "create_app_from_workspace_process_context"
"""Function by which that module builds the application."""


def main() -> None:
    """Serve until told to stop."""
    build = vars(cli)[_SEAM]
    names = [name for name in os.environ.get(NAMES, "").split(",") if name]

    def guarded(*arguments: Any, **options: Any) -> guard.Guard:
        return guard.Guard(build(*arguments, **options), names)

    vars(cli)[_SEAM] = guarded
    cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
