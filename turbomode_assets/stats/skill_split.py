"""How much of a gain is volatility, and how much is direction.

Log-loss is split exactly, by the chain rule of probability: whether a move is large at
all, and then, given that it is, whether it goes up or down. Most of what a model gains
on up, flat and down is the first, which any volatility forecast has; an edge is the
second.

Measures only. What a gain must reach does not belong here.
"""

import dataclasses

import polars as pl

from turbomode_assets import policy
from turbomode_assets.stats import classification, resampling


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """Mean gain per row in nats, and its range; None with too few sessions."""

    gain: float
    interval: tuple[float, float] | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Split:
    """Log-loss gained over a reference: `total` is `volatility` plus `direction`."""

    total: Part
    volatility: Part
    direction: Part


def volatility_loss(suffix: str = "") -> pl.Expr:
    """Log-loss of whether a move was large, either way, in nats.

    Parameters
    ----------
    suffix
        Whose probabilities, as for `classification.log_loss`.

    Returns
    -------
    pl.Expr
        Null where label or probabilities are.

    Examples
    --------
    >>> row = {"p_up": [0.1], "p_flat": [0.5], "p_down": [0.4], "label": ["up"]}
    >>> pl.DataFrame(row).select(volatility_loss()).item().__round__(4)
    0.6931
    """
    up, flat, down = _clipped(suffix)
    is_large = pl.col("label").is_in(["up", "down"])
    happened = pl.when(pl.col("label") == "flat").then(flat)
    return -(happened.when(is_large).then(up + down) / (up + flat + down)).log()


def direction_loss(suffix: str = "") -> pl.Expr:
    """Log-loss of up against down given a large move, in nats; zero for flat.

    Parameters
    ----------
    suffix
        Whose probabilities, as for `classification.log_loss`.

    Returns
    -------
    pl.Expr
        Null where label or probabilities are.

    Examples
    --------
    >>> row = {"p_up": [0.1], "p_flat": [0.5], "p_down": [0.4], "label": ["up"]}
    >>> pl.DataFrame(row).select(direction_loss()).item().__round__(4)
    1.6094
    """
    up, _, down = _clipped(suffix)
    label = pl.col("label")
    happened = pl.when(label == "up").then(up).when(label == "down").then(down)
    certain = happened.when(label == "flat").then(up + down)
    return -(certain / (up + down)).log()


def split(rows: pl.DataFrame, reference: str, gate: policy.GatePolicy) -> Split:
    """Gain of a forecast over a reference on the same rows.

    Parameters
    ----------
    rows
        Columns symbol, session, label, p_up, p_flat, p_down and the same three with
        the suffix `reference`, without nulls.
    reference
        Suffix of the reference, ``"_base_rate"`` or ``"_volatility"``.
    gate
        Gives the bootstrap and the confidence of each end.

    Returns
    -------
    Split
        Means over sessions of means over names, with block-bootstrap ranges.
    """
    volatility = volatility_loss(reference) - volatility_loss()
    direction = direction_loss(reference) - direction_loss()
    gains = rows.with_columns(
        volatility=volatility, direction=direction, total=volatility + direction
    )
    means = classification.session_means(gains, "volatility", "direction", "total")
    parts = {
        name: Part(
            gain=means[name].to_numpy().mean().item(),
            interval=resampling.interval(means[name], gate),
        )
        for name in ("total", "volatility", "direction")
    }
    return Split(**parts)


def _clipped(suffix: str) -> list[pl.Expr]:
    return [
        pl.col(f"p_{name}{suffix}").clip(lower_bound=classification.CLIP)
        for name in classification.CLASSES
    ]
