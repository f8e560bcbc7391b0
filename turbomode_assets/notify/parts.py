"""Long texts in parts that a channel takes, broken where a reader would.

Knows no channel; the limit is its own.
"""


def n_units(text: str) -> int:
    """Length as chat services count it: UTF-16 code units.

    Examples
    --------
    >>> n_units("up"), n_units("📈")
    (2, 2)
    """
    return len(text.encode("utf-16-le")) // 2


def split(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` units each, that joined give the text again.

    Parameters
    ----------
    text
        Any text.
    limit
        Units, at least 2: a character may take two.

    Returns
    -------
    list of str
        Broken after a line if there is one in the second half of a part, else after
        a space there, else anywhere between characters; no part for no text.

    Examples
    --------
    >>> split("one two three", 8)
    ['one two ', 'three']
    """
    parts = []
    while text:
        end = _fitting(text, limit)
        if end < len(text):
            end = _break(text[:end])
        parts.append(text[:end])
        text = text[end:]
    return parts


def _fitting(text: str, limit: int) -> int:
    """Characters from the start that fit."""
    if n_units(text) <= limit:
        return len(text)
    end, used = 0, 0
    while used + n_units(text[end]) <= limit:
        used += n_units(text[end])
        end += 1
    return end


def _break(text: str) -> int:
    """Where a full part is broken."""
    places = (text.rfind(mark) + 1 for mark in "\n ")
    return next((end for end in places if end > len(text) // 2), len(text))
