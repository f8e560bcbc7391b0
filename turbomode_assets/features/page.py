"""The page that lists every feature, made from the catalog.

``python -m turbomode_assets.features.page`` prints it; a test compares it with the page
in the documentation. Nothing is described here that the catalog does not say.
"""

import sys

from turbomode_assets.features import catalog
from turbomode_assets.features.declaration import Bounds, Feature

_HEAD = """# Features

{n} features of {families} families; printed by
`python -m turbomode_assets.features.page`.

A feature is null until its look-back is filled: as many earlier bars of the symbol, in
sessions. Prices are adjusted for splits and dividends, forward, as known at the
session. The range is what can occur; `..` stands where there is no bound. Look-back and
inputs are read from the formula. A set is chosen by `FeaturePolicy` in
`turbomode_assets/policy.py`.

| set | features | longest look-back |
|---|---|---|
{sets}
"""

_TABLE = """
## {family}

{contract}

| feature | what it is | unit | range | look-back | inputs | source |
|---|---|---|---|---|---|---|
{rows}
"""

_CONTRACTS = {
    module.__name__.rpartition(".")[2]: str(module.__doc__).partition("\n")[0]
    for module in catalog.FAMILIES
}


def markdown() -> str:
    """Page of all features, by family."""
    families = list(dict.fromkeys(feature.family for feature in catalog.CATALOG))
    sets = "\n".join(
        f"| `{name}` | {len(catalog.learned(name))} | {_longest(name)} |"
        for name in catalog.SETS
    )
    head = _HEAD.format(n=len(catalog.CATALOG), families=len(families), sets=sets)
    return head + "".join(_family(name) for name in families)


def _longest(feature_set: str) -> int:
    chosen = catalog.LEARNED[feature_set]
    return max(f.lookback_sessions for f in catalog.CATALOG if f.name in chosen)


def _family(name: str) -> str:
    features = [f for f in catalog.CATALOG if f.family == name]
    contract = _CONTRACTS.get(name, "Rank: a feature among the symbols of its session.")
    rows = "\n".join(map(_row, features))
    return _TABLE.format(family=name.capitalize(), contract=contract, rows=rows)


def _row(feature: Feature) -> str:
    cells = (
        f"`{feature.name}`",
        feature.sentence,
        feature.unit,
        _range(feature.bounds),
        str(feature.lookback_sessions),
        ", ".join(feature.inputs),
        feature.source,
    )
    return f"| {' | '.join(cells)} |"


def _range(bounds: Bounds) -> str:
    low, high = ("" if each is None else f"{each:.3g}" for each in bounds)
    return f"{low}..{high}"


if __name__ == "__main__":
    sys.stdout.write(markdown())
