"""Long texts arrive whole, in parts that fit."""

import hypothesis
from hypothesis import strategies

from turbomode_assets.notify import parts

LINES = "\n".join(f"line {n} of the report" for n in range(500))


@hypothesis.given(strategies.text(max_size=300), strategies.integers(2, 50))
def test_parts_fit_and_give_the_text_again(text: str, limit: int) -> None:
    found = parts.split(text, limit)
    assert "".join(found) == text
    assert all(0 < parts.n_units(part) <= limit for part in found)


def test_a_part_ends_with_a_line() -> None:
    found = parts.split(LINES, 4096)
    assert len(found) == 3
    assert all(part.endswith("\n") for part in found[:-1])


def test_a_character_of_two_units_is_never_cut() -> None:
    assert parts.split("📈" * 5, 5) == ["📈📈", "📈📈", "📈"]
