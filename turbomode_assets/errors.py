"""Every exception this package raises on purpose.

::

    TurbomodeError
    ├── PolicyError             a chosen number lies outside what is meaningful
    ├── SettingsError           a home, path or option that cannot be used
    ├── SourceError             a source delivered what cannot be read as bars
    ├── TableError              a frame does not match its declaration in tables.py
    │   └── RowLossExceeded     a stage lost more rows than its budget allows
    ├── WarehouseBusy           another process holds the warehouse
    ├── WarehouseUnusable       damaged, of a later version, read-only, or out of room
    ├── BackupError             a backup that is not whole, or of a later version
    ├── HomeBusy                another `turbomode up` lives the home
    ├── NotEnoughHistory        too few matured samples to learn from
    ├── Leakage                 a split would learn from what it is to predict
    ├── MissingUpstream         a partition is asked for before what it is made of
    ├── MissingEvidence         a verdict was asked for without a metric it needs
    ├── ArtifactError           a model artifact is absent, torn or tampered with
    ├── PromotionRefused        no passing verdict stands behind a promotion
    ├── BookBroken              fills that the risk engine would not have allowed
    ├── ExchangeFailed          the place two homes share, or a disk, failed
    └── ExchangeRefused         what lies there cannot be taken over as it is

A message says what was expected, what was found and what to do. Nothing but
exception classes and the wording they share belongs here.
"""

import difflib
from collections.abc import Iterable

MOST_LISTED = 20
"""Known names that are all listed: two lines, which a person reads."""


class TurbomodeError(Exception):
    """Base of every error this package raises on purpose."""


class PolicyError(TurbomodeError, ValueError):
    """A chosen number lies outside what is meaningful."""


class SettingsError(TurbomodeError, ValueError):
    """A home, path or option cannot be used as given."""


class SourceError(TurbomodeError, ValueError):
    """A source delivered what cannot be read as bars."""


class TableError(TurbomodeError, ValueError):
    """A frame does not match its declaration."""


class RowLossExceeded(TableError):
    """A stage lost more rows than its budget allows."""


class WarehouseBusy(TurbomodeError, RuntimeError):
    """Another process holds the warehouse."""


class WarehouseUnusable(TurbomodeError, RuntimeError):
    """The warehouse is damaged, of a later version, read-only, or out of room."""


class BackupError(TurbomodeError, ValueError):
    """A backup is not whole, or of a later version."""


class HomeBusy(TurbomodeError, RuntimeError):
    """Another ``turbomode up`` lives the home."""


class NotEnoughHistory(TurbomodeError, ValueError):
    """Too few matured samples to learn from."""


class Leakage(TurbomodeError, RuntimeError):
    """A split would learn from what it is to predict."""


class MissingUpstream(TurbomodeError, LookupError):
    """A partition was asked for before what it is made of exists."""


class MissingEvidence(TurbomodeError, LookupError):
    """A verdict was asked for without a metric it needs."""


class ArtifactError(TurbomodeError, ValueError):
    """A model artifact is absent, torn or tampered with."""


class ExchangeFailed(TurbomodeError, RuntimeError):
    """The place two homes share cannot be reached, or a disk is full: try again."""


class ExchangeRefused(TurbomodeError, ValueError):
    """What lies in the place cannot be taken over as it is; somebody must see to it."""


class PromotionRefused(TurbomodeError, RuntimeError):
    """No passing verdict stands behind a promotion."""


class BookBroken(TurbomodeError, ValueError):
    """Fills of a paper book that the risk engine would not have allowed."""


def require(name: str, value: float, low: float, high: float) -> None:
    """Refuse a chosen number outside of what is meaningful.

    Raises
    ------
    PolicyError
        Names the number and both bounds, which belong to what is allowed.
    """
    if not low <= value <= high:
        message = f"`{name}` must lie in [{low}, {high}], was {value}"
        raise PolicyError(message)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Sentence for a name that is not known, with the nearest known one.

    Parameters
    ----------
    kind
        What the name stands for, such as ``"symbol"``.
    name
        The name as it was given.
    known
        Every name that would have been accepted.

    Returns
    -------
    str
        A message that names the nearest match, or lists what is known; of many the
        ends.

    Examples
    --------
    >>> unknown_name("source", "simulatd", ["simulated", "files"])
    "unknown source 'simulatd'. Did you mean 'simulated'?"
    >>> unknown_name("symbol", "AAPL", [f"SIM{n:03}" for n in range(90)])
    "unknown symbol 'AAPL'. There are 90, from 'SIM000' to 'SIM089'."
    """
    names = sorted(known)
    nearest = difflib.get_close_matches(name, names, n=1)
    if nearest:
        hint = f"Did you mean {nearest[0]!r}?"
    elif len(names) > MOST_LISTED:
        hint = f"There are {len(names)}, from {names[0]!r} to {names[-1]!r}."
    else:
        hint = f"Known: {', '.join(names)}."
    return f"unknown {kind} {name!r}. {hint}"
