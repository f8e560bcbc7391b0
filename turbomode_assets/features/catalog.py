"""The one list of features, the named sets of them, and their version.

A feature is a function in the file of its family and a line in the table at the end of
that file; this module gathers the tables and adds ranks within a session. How features
are evaluated is the business of `engine`.
"""

import ast
import dataclasses
import functools
import hashlib
from pathlib import Path

from turbomode_assets import errors, policy
from turbomode_assets.features import (
    bands,
    candles,
    distribution,
    flow,
    market,
    momentum,
    oscillators,
    season,
    trend,
    volatility,
    volume,
)
from turbomode_assets.features.declaration import QLIB, SHARE, Feature

FAMILIES = (
    momentum,
    volatility,
    volume,
    flow,
    trend,
    oscillators,
    bands,
    candles,
    distribution,
    market,
    season,
)
"""Files of the families, in the order of their columns."""

_RANKED = (
    "trailing_return_5",
    "trailing_return_20",
    "trailing_return_60",
    "skipped_return_250_20",
    "residual_momentum_20_60",
    "close_vol_20",
    "max_drawdown_60",
    "volume_surprise_5_60",
    "illiquidity_surprise_5_60",
    "close_location_10",
    "relative_strength_14",
    "position_in_range_252",
    "market_beta_60",
)

_WITHOUT_FORMULAS = ("catalog.py", "page.py")


def _rank(ranked: Feature) -> Feature:
    return dataclasses.replace(
        ranked,
        name=f"{ranked.name}_rank",
        family="rank",
        unit="rank",
        bounds=SHARE,
        sentence=f"Rank of {ranked.name} among the symbols of the session.",
        source="Cross-sectional rank, mean rank for ties",
        over="session",
    )


def _listed() -> list[Feature]:
    per_symbol = [
        f for each in FAMILIES for kind in each.KINDS for f in kind.features()
    ]
    by_name = {feature.name: feature for feature in per_symbol}
    return [*per_symbol, *(_rank(by_name[name]) for name in _RANKED)]


CATALOG: tuple[Feature, ...] = tuple(_listed())
"""Every feature, in the order of the columns of `tables.FEATURES`."""

_COMPACT = """
trailing_return_1 trailing_return_5 trailing_return_10 trailing_return_20
trailing_return_60 trailing_return_120 trailing_return_250 skipped_return_250_20
reversal_5_60 overnight_share_10 overnight_share_20 close_vol_5 close_vol_20
close_vol_60 parkinson_vol_20 garman_klass_vol_20 downside_vol_20 vol_ratio_5_60
max_drawdown_60 largest_move_20 market_vol_20 volume_surprise_1_60
volume_surprise_5_60 volume_surprise_20_60 volume_trend_20 illiquidity_surprise_5_60
close_location_5 close_location_10 close_location_20 signed_volume_20 price_to_mean_20
price_to_mean_50 price_to_mean_200 trend_correlation_20 directional_movement_25
directional_strength_25 position_in_range_20 position_in_range_60
position_in_range_252 market_beta_60 market_correlation_60 residual_momentum_20_60
relative_return_5 relative_return_20 trailing_return_20_rank close_vol_20_rank
volume_surprise_5_60_rank close_location_10_rank yang_zhang_vol_20 mean_true_range_14
rogers_satchell_vol_20 range_width_55 residual_vol_60 span price_deviation_60
market_beta_250 mean_gap_50_200 max_drawdown_60_rank highest_to_price_60 drawdown_60
market_beta_60_rank price_deviation_10 drawdown_252 highest_to_price_10
"""

_SEED = """
trailing_return_1 trailing_return_5 trailing_return_10 trailing_return_20
trailing_return_60 price_to_mean_20 price_to_mean_50 price_to_mean_200 mean_gap_12_26
mean_gap_50_200 mean_gap_change_12_26_9 trend_correlation_20 efficiency_10
directional_movement_25 directional_strength_25 vortex_14 relative_strength_6
relative_strength_14 relative_strength_28 stochastic_14_3 stochastic_strength_14
williams_range_14 commodity_channel_20 ultimate_7_14_28 balance_of_power_14
awesome_5_34 detrended_price_20 band_place_20 band_width_20 keltner_place_20
range_width_20 position_in_range_20 position_in_range_252 high_recency_20
low_recency_20 close_vol_5 close_vol_20 close_vol_60 parkinson_vol_20
garman_klass_vol_20 mean_true_range_14 volume_surprise_1_60 volume_surprise_5_60
signed_volume_20 balance_trend_20 money_location_20 money_flow_14
price_to_volume_mean_20
"""

LEARNED = {
    "full": frozenset(feature.name for feature in CATALOG),
    "alpha158": frozenset(f.name for f in CATALOG if f.source.startswith(QLIB)),
    "seed": frozenset(_SEED.split()),
    "compact": frozenset(_COMPACT.split()),
}
"""Names of the features a challenger learns from in each named set: all; the formulas
of Qlib's Alpha158; the indicators of the predecessor, made scale-free; and a broad
selection to train fast, which ends with those that models of all features relied on
most before 2016, as ``benchmarks/feature_sets.py --strongest 26`` names them."""

_BASELINES = frozenset(
    {
        policy.SWING.training.momentum_feature,
        policy.SWING.training.volatility_feature,
    }
)

SETS = {name: chosen | _BASELINES for name, chosen in LEARNED.items()}
"""Names of the features that are computed for each named set: what is learned from, and
what challengers of any set are held against."""


DEFAULT = policy.SWING.features.feature_set
"""Set in force where none is named."""


@functools.cache
def features(feature_set: str = DEFAULT) -> tuple[Feature, ...]:
    """Features that are computed for a named set, in catalog order.

    Raises
    ------
    errors.SettingsError
        Where no set has that name; names the nearest.

    Examples
    --------
    >>> len(features("seed")), len(features("alpha158"))
    (49, 160)
    """
    if feature_set not in SETS:
        raise errors.SettingsError(
            errors.unknown_name("feature_set", feature_set, SETS)
        )
    return tuple(f for f in CATALOG if f.name in SETS[feature_set])


def names(family: str | None = None, feature_set: str = DEFAULT) -> list[str]:
    """Names of all features of a set or of one family in it, in catalog order.

    Raises
    ------
    errors.SettingsError
        Where the set has no such family; names the nearest.

    Examples
    --------
    >>> names("trend")[0]
    'price_to_mean_20'
    """
    chosen = features(feature_set)
    families = {feature.family for feature in chosen}
    if family is not None and family not in families:
        raise errors.SettingsError(errors.unknown_name("family", family, families))
    return [f.name for f in chosen if family in (None, f.family)]


def learned(feature_set: str = DEFAULT) -> list[str]:
    """Names of the features a challenger learns from, in catalog order.

    Examples
    --------
    >>> len(learned("seed")), len(learned("alpha158"))
    (48, 158)
    """
    return [f.name for f in features(feature_set) if f.name in LEARNED[feature_set]]


def require(name: str, feature_set: str = DEFAULT) -> None:
    """Refuse a feature called `name` that a set does not hold.

    Raises
    ------
    errors.PolicyError
        Names the nearest of the set.

    Examples
    --------
    >>> require("close_vol_20", "compact")
    """
    known = names(feature_set=feature_set)
    if name not in known:
        kind = f"feature of the set {feature_set!r}"
        raise errors.PolicyError(errors.unknown_name(kind, name, known))


def lookback(feature_set: str = DEFAULT) -> int:
    """Most earlier sessions any feature of a set needs.

    Examples
    --------
    >>> lookback()
    251
    """
    return max(feature.lookback_sessions for feature in features(feature_set))


@functools.cache
def feature_version(feature_set: str = DEFAULT) -> str:
    """Twelve hex digits that change with any feature's name, look-back or formula."""
    digest = hashlib.sha256()
    for f in features(feature_set):
        digest.update(f"{f.name} {f.family} {f.over} {f.lookback_sessions}".encode())
    for module in sorted(Path(__file__).parent.glob("*.py")):
        if module.name not in _WITHOUT_FORMULAS:
            digest.update(formulas(module.read_text("utf-8")).encode())
    return digest.hexdigest()[:12]


def formulas(code: str) -> str:
    r"""Python `code` without comments, docstrings and layout: what it computes.

    Examples
    --------
    >>> formulas("def f(x):\n    '''Twice.'''\n    return 2*x  # or x + x")
    'def f(x):\n    return 2 * x'
    """
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            node.body = [each for each in node.body if not _is_text(each)]
    return ast.unparse(tree)


def _is_text(node: ast.AST) -> bool:
    value = getattr(node, "value", None)
    return isinstance(node, ast.Expr) and isinstance(value, ast.Constant)
