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
    pages,
    partitions,
    resources,
    roles,
    sensors,
    verification,
)
from turbomode_assets.defs.assets import (
    feature_reports,
    features,
    intraday,
    intraday_learning,
    learning,
    options,
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
    is_watched = settings.is_living and settings.role != "train"
    assets = _stages(settings, rules)
    if is_watched:
        assets = list(dg.map_asset_specs(freshness.watch, assets))
    told = messaging.build_specs()
    jobs = automation.build_jobs(settings.role)
    timetable = automation.timetable(settings.role)
    proof = verification.build_job()
    timed = dg.DefaultScheduleStatus.RUNNING
    watching = dg.DefaultSensorStatus.RUNNING
    if is_paused:
        timed, watching = timed.STOPPED, watching.STOPPED
    stock = dg.Definitions(
        assets=[*assets, *told],
        asset_checks=[verification.build_checks()],
        jobs=[*jobs.values(), proof, *actions.build(where, settings)],
        schedules=[
            *automation.build_schedules(timetable, timed),
            automation.build_proof(timed),
            *actions.build_schedules(settings.role, timed),
        ],
        sensors=[
            *sensors.build(sensors.Parts(settings.role, jobs, timetable, watching)),
            messaging.build_sensor(where, settings, watching),
            pages.build_sensor(where, watching),
        ],
        resources={**resources.build(where, settings), **(overrides or {})},
        executor=dg.in_process_executor,
    )
    if not is_watched:
        return stock
    alarm = dg.Definitions(
        asset_checks=freshness.build_checks(),
        jobs=[freshness.build_job()],
        schedules=[automation.build_alarm(timed)],
        sensors=[sensors.build_alarm(watching)],
    )
    return dg.Definitions.merge(stock, alarm)


def _stages(
    settings: home.Settings, rules: policy.Policy
) -> list[dg.AssetsDefinition | dg.AssetSpec]:
    """Assets of every stage, in the order of the loop, as the role sees them."""
    grains = partitions.grains(settings.first)
    before = (prices, universe, features, signals, outcomes, samples)
    after = (intraday, intraday_learning, options, feature_reports, reports)
    with warnings.catch_warnings():
        # Single-run backfills are in beta and partitioned checks in preview; both are
        # covered by our own tests.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        stages = [stage.build(grains) for stage in before]
        stages += [learning.build(grains, rules, moves_alias=settings.role == "all")]
        stages += [stage.build(grains) for stage in after]
    assets = [asset for stage in stages for asset in stage]
    if settings.partitions_per_run:
        assets = [_shared_out(each, settings.partitions_per_run) for each in assets]
    if settings.role != "train":  # what is due there follows from the ledger
        assets = list(dg.map_asset_specs(conditions.attach, assets))
    return roles.assign(settings.role, assets)


def _shared_out(
    asset: dg.AssetsDefinition | dg.AssetSpec, n_partitions: int
) -> dg.AssetsDefinition | dg.AssetSpec:
    """Same asset, its backfills cut into runs of so many partitions."""
    if isinstance(asset, dg.AssetSpec) or asset.partitions_def is None:
        return asset
    if asset.backfill_policy != dg.BackfillPolicy.single_run():
        return asset
    return asset.with_attributes(
        backfill_policy=dg.BackfillPolicy.multi_run(n_partitions)
    )
