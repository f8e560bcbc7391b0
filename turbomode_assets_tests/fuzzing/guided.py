"""Inputs that reach further: mutants of those that ran lines no input had run before.

1. `mutant`   changes bytes, or the structure where an input is JSON
2. `Guided`   feeds them, watches which lines of the package run, and keeps an input
              that ran a new one as a parent of later ones

All is drawn by a seed: the same entrance, seed and number give the same inputs.
"""

import contextlib
import dataclasses
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import turbomode_assets
from turbomode_assets import errors
from turbomode_assets_tests.loopback import mutants

PACKAGE = str(Path(turbomode_assets.__file__).parent)

TOKENS = (
    *(b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\n", b"\r\n", b",", b";", b'"', b"'"),
    *(b"[", b"]", b"{", b"}", b"null", b"true", b"NaN", b"-Infinity", b"1e999"),
    *(b"-1", b"0", b"9" * 40, b"0.1", b"1e308", b"2024-02-30", b"9999-12-31"),
    *(b"[" * 5_000, b'{"a":' * 2_000),
    *(b"2024-07-03", b"0001-01-01", b"../../etc/passwd", b"%s%n", b"$(id)"),
    *(b"A'; DROP TABLE market.bars; --", "\u202e\u00e9\U0001f4a9".encode()),
)
"""What breaks readers."""

LONGEST = 20_000
"""Bytes of an input; longer mutants are cut."""


def mutant(whole: bytes, other: bytes, dice: random.Random) -> bytes:
    """An input after one to four changes.

    Parameters
    ----------
    whole
        The input.
    other
        Another one, of which a piece may be taken.
    dice
        Draws the changes.
    """
    if dice.random() < 0.5:
        with contextlib.suppress(ValueError, RecursionError):
            return mutants.mutant(json.loads(whole), dice.getrandbits(32)).encode(
                "utf-8", "surrogatepass"
            )
    content = bytearray(whole)
    for _ in range(dice.randint(1, 4)):
        _change(content, other, dice)
    return bytes(content[:LONGEST])


def _change(content: bytearray, other: bytes, dice: random.Random) -> None:
    """Put something in the place of a piece: a token, a byte, or a piece of another."""
    begin = dice.randint(0, len(content))
    end = min(begin + dice.choice((0, 0, 1, 1, 4, 16, 256)), len(content))
    kind = dice.random()
    if kind < 0.4:
        piece = dice.choice(TOKENS)
    elif kind < 0.6:
        piece = bytes([dice.randrange(256)])
    elif kind < 0.8:
        since = dice.randint(0, len(other))
        piece = other[since : since + dice.choice((1, 8, 64))]
    else:
        piece = bytes(content[begin:end]) * 2
    content[begin:end] = piece


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entrance:
    """Something that takes what others wrote."""

    name: str
    seeds: tuple[bytes, ...]
    """Inputs that are as they should be."""

    feed: Callable[[bytes], object]
    """Takes an input in; raises nothing but `errors.TurbomodeError`, and asserts that
    what it believed is right."""

    n_inputs: int
    """In every run of the tests."""


@dataclasses.dataclass
class Guided:
    """An entrance, and every input that was worth keeping.

    Parameters
    ----------
    entrance
        The entrance.
    seed
        Draws the mutants.
    """

    entrance: Entrance
    seed: int
    n_inputs: int = 0
    n_understood: int = 0
    kept: list[bytes] = dataclasses.field(default_factory=list)
    _lines: set[tuple[CodeType, int]] = dataclasses.field(default_factory=set)

    @property
    def n_lines(self) -> int:
        """Lines of the package that ran."""
        return len(self._lines)

    def feed(self, n_inputs: int) -> None:
        """Feed the seeds, then mutants of whatever reached furthest."""
        dice = random.Random(self.seed)  # noqa: S311 - no secret
        for content in self._inputs(n_inputs, dice):
            n_before = self.n_lines
            with _shown(content, self), _watched(self._on_call):
                self.n_understood += _is_understood(self.entrance, content)
            self.n_inputs += 1
            if self.n_lines > n_before:
                self.kept.append(content)

    def _inputs(self, n_inputs: int, dice: random.Random) -> Iterator[bytes]:
        seeds: Sequence[bytes] = self.entrance.seeds
        yield from seeds
        for _ in range(n_inputs - len(seeds)):
            # A seed half of the time: what reached a rare line is often beyond repair.
            family = seeds if dice.random() < 0.5 else self.kept
            yield mutant(dice.choice(family), dice.choice(self.kept), dice)

    def _on_call(self, frame: FrameType, event: str, _: Any) -> Any:
        del event
        is_ours = frame.f_code.co_filename.startswith(PACKAGE)
        return self._on_line if is_ours else None

    def _on_line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self._lines.add((frame.f_code, frame.f_lineno))
        return self._on_line


def _is_understood(entrance: Entrance, content: bytes) -> bool:
    try:
        entrance.feed(content)
    except errors.TurbomodeError as refusal:
        said = str(refusal)
    else:
        return True
    assert " " in said, f"{said!r} is no sentence"
    return False


@contextlib.contextmanager
def _watched(on_call: Any) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def _shown(content: bytes, guided: Guided) -> Iterator[None]:
    """Show the input where it does not end as it should."""
    is_over = False
    try:
        yield
        is_over = True
    finally:
        if not is_over:
            where = f"{guided.entrance.name}, seed {guided.seed}, {guided.n_inputs}"
            sys.stderr.write(f"{where}: {content!r}\n")
