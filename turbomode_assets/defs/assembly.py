"""One function that assembles a fresh `Definitions` for a home.

Tests and the command line override resources here; assets, jobs and schedules are
defined in their own modules.
"""

import warnings
from collections.abc import Mapping

import dagster as dg

from turbomode_assets import policy
from turbomode_assets.defs import (
    actions,
    automation,
    conditions,
    freshness,
    messaging,
    partitions,
    resources,
    sensors,
    verification,
)
from turbomode_assets.defs.assets import (
    feature_reports,
    features,
    intraday,
    intraday_learning,
    learning,
    outcomes,
    prices,
    reports,
    samples,
    signals,
    universe,
)
from turbomode_assets.store import home


def assemble(
    where: home.Home,
    settings: home.Settings,
    overrides: Mapping[str, object] | None = None,
    *,
    rules: policy.Policy = policy.SWING,
    is_paused: bool = False,
) -> dg.Definitions:
    """Definitions of a home, assets in the order of the loop.

    Parameters
    ----------
    where
        The home.
    settings
        Its settings; the first session starts every partitions definition.
    overrides
        Resources to use in the place of the home's, by name.
    rules
        Policy challengers are trained by.
    is_paused
        Whether schedules and sensors wait until somebody switches them on.

    Returns
    -------
    dg.Definitions
    """
    assets = _stages(partitions.grains(settings.first), rules)
    if settings.is_living:
        assets = list(dg.map_asset_specs(freshness.watch, assets))
    assets = list(dg.map_asset_specs(conditions.attach, assets))
    told = messaging.build_specs()
    jobs = automation.build_jobs()
    proof = verification.build_job()
    timed = dg.DefaultScheduleStatus.RUNNING
    watching = dg.DefaultSensorStatus.RUNNING
    if is_paused:
        timed, watching = timed.STOPPED, watching.STOPPED
    stock = dg.Definitions(
        assets=[*assets, *told],
        asset_checks=[verification.build_checks()],
        jobs=[*jobs.values(), proof, *actions.build(where, settings)],
        schedules=[*automation.build_schedules(timed), automation.build_proof(timed)],
        sensors=[
            *sensors.build(sensors.Parts(jobs, watching)),
            messaging.build_sensor(watching, is_living=settings.is_living),
        ],
        resources={**resources.build(where, settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )
    if not settings.is_living:
        return stock
    alarm = dg.Definitions(
        asset_checks=freshness.build_checks(),
        jobs=[freshness.build_job()],
        schedules=[automation.build_alarm(timed)],
        sensors=[sensors.build_alarm(watching)],
    )
    return dg.Definitions.merge(stock, alarm)


def _stages(
    grains: partitions.Grains, rules: policy.Policy
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of every stage, in the order of the loop."""
    before = (prices, universe, features, signals, outcomes, samples)
    after = (intraday, intraday_learning, feature_reports, reports)
    with warnings.catch_warnings():
        # Single-run backfills are in beta and partitioned checks in preview; both are
        # covered by our own tests.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        stages = [stage.build(grains) for stage in before]
        stages += [learning.build(grains, rules)]
        stages += [stage.build(grains) for stage in after]
    return [asset for stage in stages for asset in stage]
