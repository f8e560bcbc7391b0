"""The page ``docs/reliability.md``, made of what the commands it names have counted.

Each command hands over its part, which is kept in ``docs/reliability.json``; the page
is written anew from all of them. A figure stands beside the command that counted it.
"""

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
PAGE, COUNTED = DOCS / "reliability.md", DOCS / "reliability.json"


def counted() -> dict[str, Any]:
    """What was counted last, by part."""
    found: dict[str, Any] = json.loads(COUNTED.read_text()) if COUNTED.exists() else {}
    return found


def tell(part: str, found: object) -> None:
    """Keep what a command counted, and write the page."""
    told = counted() | {part: found}
    COUNTED.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")
