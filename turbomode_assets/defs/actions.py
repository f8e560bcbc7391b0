"""Commands of the terminal as jobs, for those who would rather press a button.

A job here runs one ``turbomode`` command for the home it belongs to, with the home's
own settings, and logs what the command says. What needs no command is a job of
``automation.py``: `retraining` trains now, `grading` grades a range again.
"""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import dagster as dg

from turbomode_assets import errors
from turbomode_assets.defs import catching_up, lifeline, ticks
from turbomode_assets.store import home

EVERY_HOUR = "45 * * * *"
"""When machines exchange: a quarter of an hour before the scan of 23:00, and soon
enough after it."""


class Bootstrap(dg.Config):
    """From when to when; empty for what ``turbomode run`` does without it."""

    live_from: str = ""
    """First session lived one by one, such as 2024-01-02."""

    to: str = ""
    """Last session lived."""


class Replay(dg.Config):
    """The months to replay."""

    live_from: str
    """First day of them, such as 2022-01-03."""

    to: str
    """Last day of them."""


def build(where: home.Home, settings: home.Settings) -> list[dg.JobDefinition]:
    """Jobs of a home that run commands, by its role."""

    @dg.op
    def live(context: dg.OpExecutionContext, config: Bootstrap) -> None:
        """Everything that is missing between the first session and the last."""
        options = run_options(settings, config.live_from, config.to)
        _run(context, where, ["run", *options])

    @dg.op
    def replay_arms(context: dg.OpExecutionContext, config: Replay) -> None:
        """The same history with every arm, and the page that compares them."""
        options = replay_options(settings, config.live_from, config.to)
        _run(context, where, ["replay", *options])

    bootstrap = _job(
        "bootstrap", live, "Bring the home to its last session: `turbomode run`."
    )
    replay = _job("replay", replay_arms, "Hold the loop against its arms.")
    by_role = {"all": [bootstrap, replay], "serve": [bootstrap], "train": [replay]}
    return [*by_role[settings.role], *_exchanging(where, settings.role)]


_EXCHANGES = {
    "serve": (
        ("pull", ["exchange", "pull"], "Challengers that arrived, seated if they may."),
        ("push", ["exchange", "push"], "The ledger, as far as it was not sent."),
    ),
    "train": (("train", ["train"], "Pull, learn what is due, push."),),
}
"""Commands by which a role exchanges: name, words and description of each."""

EXCHANGE = "exchange"
"""Name of the job and schedule that exchange."""


def _exchanging(where: home.Home, role: str) -> list[dg.JobDefinition]:
    """Job `exchange`; its steps do not wait for each other's success."""
    steps = [_command(where, *one) for one in _EXCHANGES.get(role, ())]
    if not steps:
        return []
    sentence = "Everything that goes to the other machine and comes from it."
    return [
        dg.GraphDefinition(name=EXCHANGE, node_defs=steps).to_job(
            description=sentence, executor_def=dg.in_process_executor
        )
    ]


def _command(
    where: home.Home, name: str, words: Sequence[str], sentence: str
) -> dg.OpDefinition:
    @dg.op(name=name, description=sentence)
    def run(context: dg.OpExecutionContext) -> None:
        _run(context, where, words)

    return run


def build_schedules(
    role: str, status: dg.DefaultScheduleStatus
) -> list[dg.ScheduleDefinition]:
    """Schedule of the exchange: every hour, between two runs and never beside one.

    Parameters
    ----------
    role
        One of `home.ROLES`.
    status
        Whether it runs where nobody has switched it.
    """

    @dg.schedule(
        name=EXCHANGE,
        job_name=EXCHANGE,
        cron_schedule=EVERY_HOUR,
        execution_timezone=ticks.TIMEZONE,
        default_status=status,
    )
    def hourly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """Exchange with the other machine, unless something runs."""
        busy = catching_up.why_busy(context.instance)
        return dg.SkipReason(busy) if busy else dg.RunRequest()

    return [hourly] if role in _EXCHANGES else []


def _job(name: str, op: dg.OpDefinition, sentence: str) -> dg.JobDefinition:
    return dg.GraphDefinition(name=name, node_defs=[op]).to_job(
        description=sentence, executor_def=dg.in_process_executor
    )


Options = Callable[[home.Settings, str, str], list[str]]
"""Options of a command for the market of a home, from one day to another."""


def run_options(settings: home.Settings, live_from: str, to: str) -> list[str]:
    """Options of ``turbomode run``; an empty day is left to the command."""
    return _flat(
        _market(settings)
        | {
            "--seed": str(settings.seed),
            "--edge": str(settings.edge),
            "--pace": str(settings.pace_seconds),
            "--from": str(settings.first),
            "--live-from": live_from,
            "--to": to,
        }
    )


def replay_options(settings: home.Settings, live_from: str, to: str) -> list[str]:
    """Options of ``turbomode replay``, over the history of the home."""
    return _flat(
        _market(settings)
        | {
            "--seeds": str(settings.seed),
            "--edges": str(settings.edge),
            "--history-from": str(settings.first),
            "--from": live_from,
            "--to": to,
        }
    )


def _market(settings: home.Settings) -> dict[str, str]:
    return {
        "--source": settings.source,
        "--path": settings.path,
        "--universe": settings.universe,
        "--symbols": str(settings.n_symbols),
    }


def _flat(options: dict[str, str]) -> list[str]:
    return [part for pair in options.items() if pair[1] for part in pair]


def _run(
    context: dg.OpExecutionContext, where: home.Home, command: Sequence[str]
) -> None:
    """Run a command and log its lines; where the run is ended, so is the command."""
    whole = [sys.executable, "-m", "turbomode_assets.cli", *command]
    whole += ["--home", str(where.root)]
    with (
        lifeline.held(where.root, context.run_id),
        subprocess.Popen(  # noqa: S603 - our own command line
            whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as child,
        _ended_with(child),
    ):
        for line in child.stdout or ():
            context.log.info(line.rstrip())
        child.wait()
    if child.returncode:
        message = (
            f"expected `turbomode {command[0]}` to end well; its last lines say why"
        )
        raise errors.TurbomodeError(message)


@contextlib.contextmanager
def _ended_with(child: subprocess.Popen[str]) -> Iterator[None]:
    """Interrupt a command where what waits for it is; it keeps whole steps."""
    try:
        yield
    finally:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
