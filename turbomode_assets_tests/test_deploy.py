"""What stands in ``deploy/`` starts a command that exists, on this machine alone."""

import configparser
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from turbomode_assets import cli
from turbomode_assets.store import home

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNIT = (DEPLOY / "turbomode.service").read_text()
CONTAINER = (DEPLOY / "Containerfile").read_text()


def unit() -> configparser.ConfigParser:
    """The systemd unit, its keys as they are written."""
    parsed = configparser.ConfigParser(strict=False, interpolation=None)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(UNIT)
    return parsed


def understood(command: list[str]) -> tuple[str, int]:
    """Address and port a ``turbomode`` command asks for."""
    options = cli._parser().parse_args(command)  # noqa: SLF001
    return options.host, options.port


def test_the_unit_keeps_to_this_machine() -> None:
    started = shlex.split(unit()["Service"]["ExecStart"])
    assert Path(started[0]).name == "turbomode"
    assert understood(started[1:]) == ("127.0.0.1", 3000)


def test_the_unit_may_write_its_home() -> None:
    service = unit()["Service"]
    home = service["Environment"].partition("TURBOMODE_HOME=")[2]
    assert home.startswith(f"{service['ReadWritePaths']}/")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    # The program and its user are those of the server; here anything that runs will do.
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE)
    copy = tmp_path / "turbomode.service"
    copy.write_text(there.replace("User=turbomode\n", ""))
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", "--man=no", str(copy)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "turbomode.service" in done.stderr) == (0, False)


TRAINS = (DEPLOY / "turbomode-train.service").read_text()


def commands(text: str) -> list[list[str]]:
    """Every ``turbomode`` command line of a file, wrapped ones in full."""
    whole = re.sub(r"\\\n#\s*", " ", text)
    found = re.findall(r"/opt/turbomode/bin/turbomode (.*)", whole)
    return [shlex.split(each) for each in found]


@pytest.mark.parametrize("text", [UNIT, TRAINS])
def test_every_command_of_a_unit_is_one(text: str) -> None:
    listed = commands(text)
    assert listed
    for words in listed:
        cli._parser().parse_args(words)  # noqa: SLF001


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="needs systemd-analyze"
)
def test_systemd_understands_the_timer_and_what_it_starts(tmp_path: Path) -> None:
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", TRAINS, flags=re.MULTILINE)
    started = tmp_path / "turbomode-train.service"
    started.write_text(there.replace("User=turbomode\n", ""))
    timer = shutil.copy(DEPLOY / "turbomode-train.timer", tmp_path)
    command = ["systemd-analyze", "verify", "--man=no", str(timer)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, "turbomode-train" in done.stderr) == (0, False)


def test_the_container_runs_what_the_command_line_has() -> None:
    first, *rest = json.loads(CONTAINER.partition("\nCMD ")[2].partition("\n")[0])
    assert first == "turbomode" == cli._parser().prog  # noqa: SLF001
    # Workers and pods give the whole command.
    assert "\nENTRYPOINT" not in CONTAINER
    assert understood(rest) == ("0.0.0.0", 3000)  # noqa: S104 - inside its own network


def test_the_container_copies_what_is_there() -> None:
    copied = re.findall(r"^COPY (.*) \S+$", CONTAINER, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_every_container_is_published_to_this_machine_alone() -> None:
    published = re.findall(r" -p (\S+)", CONTAINER)
    assert published == ["127.0.0.1:3000:3000"]


def test_every_dependency_is_listed_with_its_license() -> None:
    command = [sys.executable, str(DEPLOY / "licenses.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    licenses = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    listed = {name.partition(" ")[0].lower().replace("_", "-") for name in licenses}
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=]", each)[0] for each in asked["dependencies"]}
    assert wanted <= listed
    assert [name for name, said in licenses.items() if "GPL" in said] == []


CLUSTER = DEPLOY / "cluster"


def composed() -> list[str] | None:
    """Program that reads compose files; null where there is none."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if shutil.which("docker") is None:
        return None
    asked = ["docker", "compose", "version"]
    done = subprocess.run(asked, capture_output=True, check=False)  # noqa: S603
    return None if done.returncode else asked[:2]


@pytest.mark.skipif(composed() is None, reason="needs docker compose")
def test_compose_understands_the_cluster() -> None:
    command = [*(composed() or ()), "-f", str(CLUSTER / "compose.yaml"), "config"]
    words = {"PATH": os.environ["PATH"], "POSTGRES_PASSWORD": "secret"}
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env=words
    )
    assert done.returncode == 0, done.stderr


def test_the_services_of_the_cluster_mount_files_that_are_there() -> None:
    services = yaml.safe_load((CLUSTER / "compose.yaml").read_text())["services"]
    mounts = [mount for one in services.values() for mount in one.get("volumes", ())]
    named = {mount.split(":")[0] for mount in mounts if mount.startswith("./")}
    assert named
    assert all((CLUSTER / name).is_file() for name in named)
    worker = services["worker"]
    assert worker["command"][:4] == ["celery", "-A", "dagster_celery.app", "worker"]


def test_the_instance_of_the_cluster_asks_for_what_compose_gives() -> None:
    instance = (CLUSTER / "dagster.yaml").read_text()
    asked = set(re.findall(r"env: (\w+)", instance))
    services = yaml.safe_load((CLUSTER / "compose.yaml").read_text())["services"]
    assert asked
    for name in ("node", "worker"):
        assert asked <= services[name]["environment"].keys()


def test_the_chart_loads_the_code_location() -> None:
    values = yaml.safe_load((CLUSTER / "values.yaml").read_text())
    (code,) = values["dagster-user-deployments"]["deployments"]
    assert code["dagsterApiGrpcArgs"] == ["-m", "turbomode_assets.definitions"]
    assert values["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"


def handed_on(code: Mapping[str, Any]) -> dict[str, Any]:
    """What the chart hands on to every run of a code location, for Dagster to read."""
    return {
        "image_pull_policy": code["image"]["pullPolicy"],
        "env_secrets": [secret["name"] for secret in code["envSecrets"]],
        "env": code["env"],
        "volumes": code["volumes"],
        "volume_mounts": code["volumeMounts"],
    }


def test_a_run_on_kubernetes_finds_its_home() -> None:
    contexts = pytest.importorskip(
        "dagster_k8s.container_context", reason="needs turbomode-assets[kubernetes]"
    )
    jobs = importlib.import_module("dagster_k8s.job")
    values = yaml.safe_load((CLUSTER / "values.yaml").read_text())
    (code,) = values["dagster-user-deployments"]["deployments"]
    given = contexts.K8sContainerContext.create_from_config({"k8s": handed_on(code)})
    image = "{repository}:{tag}".format(**code["image"])
    made = jobs.construct_dagster_k8s_job(
        jobs.DagsterK8sJobConfig(job_image=image, dagster_home="/opt/dagster"),
        args=["true"],
        job_name="run",
        user_defined_k8s_config=given.run_k8s_config,
    )
    pod = made.spec.template.spec
    (container,) = pod.containers
    (mount,) = [one for one in container.volume_mounts if one.name == "home"]
    (volume,) = [one for one in pod.volumes if one.name == "home"]
    told = {one.name: one.value for one in container.env}
    assert container.image == "turbomode:latest"
    assert told[home.VARIABLE] == mount.mount_path
    assert volume.persistent_volume_claim.claim_name == "turbomode-home"
    assert "turbomode" in [one.secret_ref.name for one in container.env_from]
