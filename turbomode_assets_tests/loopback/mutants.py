"""Answers gone wrong in ways nobody thought of: seeded changes of a right one."""

import copy
import json
import random
from typing import Any

JUNK: tuple[object, ...] = (
    None,
    "x",
    -1,
    0,
    1e308,
    10**400,
    True,
    [],
    {},
    [None],
    {"a": 1},
    "2024-01-02",
)


def mutant(whole: object, seed: int) -> str:
    """Text of an answer after one to three changes of structure, value or byte."""
    dice = random.Random(seed)  # noqa: S311 - draws mutants, guards nothing
    content = [copy.deepcopy(whole)]
    for _ in range(dice.randint(1, 3)):
        _change(content, dice)
    text = json.dumps(content)[1:-1]
    if dice.random() < 0.2:
        place = int(len(text) * dice.random())
        rest = dice.choice(["", text[place + 1 :]])
        text = text[:place] + dice.choice(["", "\0", "]", "9", "1e999", "NaN"]) + rest
    return text


def _change(content: list[Any], dice: random.Random) -> None:
    """Replace, drop or double something at a random place, deep down more often."""
    if not content:
        return
    holder: Any = content
    key: Any = 0
    while isinstance(holder[key], (dict, list)) and holder[key] and dice.random() < 0.9:
        holder = holder[key]
        every = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = dice.choice(every)
    kind = dice.random()
    if kind < 0.7:
        holder[key] = copy.deepcopy(dice.choice(JUNK))
    elif kind < 0.85:
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(key, holder[key])
