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
from turbomode_assets.defs import lifeline
from turbomode_assets.store import home


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
    """Jobs `bootstrap` and `replay` of a home."""

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

    return [
        _job("bootstrap", live, "Bring the home to its last session: `turbomode run`."),
        _job("replay", replay_arms, "Hold the loop against its arms."),
    ]


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
