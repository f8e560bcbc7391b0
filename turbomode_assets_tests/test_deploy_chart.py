"""What Dagster's Helm chart makes of the values in ``deploy/cluster/values.yaml``."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.instance.ref import InstanceRef
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.storage.dagster_run import DagsterRun
from dagster._serdes.config_class import ConfigurableClassData

from turbomode_assets.store import home

VALUES = Path(__file__).parents[1] / "deploy" / "cluster" / "values.yaml"
CHART = "TURBOMODE_DAGSTER_CHART"
"""Variable that names the chart, as a folder or packed."""

NOBODY = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "none",
    "contexts": [{"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://localhost:9"}}],
    "users": [{"name": "none", "user": {}}],
}
"""A cluster that does not exist: the launcher is built, and asks it nothing."""

Made = list[dict[str, Any]]
"""Kubernetes objects as YAML has them."""


@pytest.fixture(scope="module")
def rendered() -> Made:
    """Every object of the chart."""
    chart = os.environ.get(CHART)
    if shutil.which("helm") is None or not chart:
        pytest.skip(
            f"needs helm, and {CHART} to name the folder made by helm pull dagster "
            "--repo https://dagster-io.github.io/helm --untar"
        )
    command = ["helm", "template", "turbomode", chart, "--values", str(VALUES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def file_of(rendered: Made, name: str) -> str:
    """The file `name`, from whichever config map holds it."""
    maps = [one for one in rendered if one["kind"] == "ConfigMap"]
    (found,) = [one["data"] for one in maps if name in (one.get("data") or {})]
    text: str = found[name]
    return text


def pod_of_code(rendered: Made) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pod of the code location, and its only container."""
    (found,) = [
        one
        for one in rendered
        if one["kind"] == "Deployment"
        and one["metadata"]["labels"].get("component") == "user-deployments"
    ]
    pod = found["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return pod, container


def test_helm_gives_dagster_an_instance_it_understands(
    rendered: Made, tmp_path: Path
) -> None:
    (tmp_path / "dagster.yaml").write_text(file_of(rendered, "dagster.yaml"))
    settings: Any = InstanceRef.from_dir(str(tmp_path)).settings
    monitored = settings["run_monitoring"]
    assert settings["telemetry"] == {"enabled": False}
    assert (monitored["enabled"], monitored["start_timeout_seconds"]) == (True, 600)
    assert monitored["free_slots_after_run_end_seconds"] == 60
    assert monitored["max_runtime_seconds"] == 43200


def test_helm_puts_all_of_dagster_into_one_database(rendered: Made) -> None:
    utils = pytest.importorskip(
        "dagster_postgres.utils", reason="needs turbomode-assets[cluster]"
    )
    instance = yaml.safe_load(file_of(rendered, "dagster.yaml"))
    stored = [instance[f"{one}_storage"] for one in ("run", "event_log", "schedule")]
    assert all(one["class"].startswith("Postgres") for one in stored)
    first, *others = [one["config"] for one in stored]
    assert others == [first, first]
    assert first["postgres_db"].pop("password") == {"env": "DAGSTER_PG_PASSWORD"}
    first["postgres_db"]["password"] = "secret"  # noqa: S105 - read by nobody
    url = utils.pg_url_from_config(first)
    assert url.startswith("postgresql+psycopg2://")
    assert url.endswith(":5432/dagster")


def test_helm_queues_runs(rendered: Made, tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(file_of(rendered, "dagster.yaml"))
    queue: Any = InstanceRef.from_dir(str(tmp_path)).run_coordinator
    assert type(queue).__name__ == "QueuedRunCoordinator"
    assert queue.inst_data.config_dict["max_concurrent_runs"] == 16


def test_helm_starts_the_code_location(rendered: Made) -> None:
    _, container = pod_of_code(rendered)
    words = container["args"]
    # The chart sets no command: the image has no entry point either, see its test.
    assert "command" not in container
    assert words[:3] == ["dagster", "api", "grpc"]
    assert words[-2:] == ["-m", "turbomode_assets.definitions"]


def test_helm_gives_the_code_location_its_home(rendered: Made) -> None:
    pod, container = pod_of_code(rendered)
    (mount,) = container["volumeMounts"]
    (volume,) = pod["volumes"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert told[home.VARIABLE] == mount["mountPath"] == "/home/turbomode/home"
    assert volume["persistentVolumeClaim"]["claimName"] == "turbomode-home"
    assert {"secretRef": {"name": "turbomode"}} in container["envFrom"]


def test_helm_leads_dagster_to_the_code_location(rendered: Made) -> None:
    words = pod_of_code(rendered)[1]["args"]
    workspace = yaml.safe_load(file_of(rendered, "workspace.yaml"))
    (location,) = workspace["load_from"]
    server = location["grpc_server"]
    services = [one for one in rendered if one["kind"] == "Service"]
    ports = {one["metadata"]["name"]: one["spec"]["ports"] for one in services}
    assert words[words.index("-p") + 1] == str(server["port"])
    assert [one["port"] for one in ports[server["host"]]] == [server["port"]]


def launched(rendered: Made, kubeconfig: Path) -> Any:
    """Pod of a run, as the launcher of the instance makes it for the code location."""
    jobs = importlib.import_module("dagster_k8s.job")
    data = yaml.safe_load(file_of(rendered, "dagster.yaml"))["run_launcher"]
    kubeconfig.write_text(yaml.safe_dump(NOBODY))
    here = {"load_incluster_config": False, "kubeconfig_file": str(kubeconfig)}
    launcher: Any = ConfigurableClassData(
        data["module"], data["class"], yaml.safe_dump(data["config"] | here)
    ).rehydrate()
    told = {one["name"]: one.get("value") for one in pod_of_code(rendered)[1]["env"]}
    code = RepositoryPythonOrigin(
        sys.executable,
        ModuleCodePointer("turbomode_assets.definitions", "defs"),
        container_image=told["DAGSTER_CURRENT_IMAGE"],
        container_context=json.loads(told["DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"]),
    )
    run = DagsterRun(job_name="night", job_code_origin=JobPythonOrigin("night", code))
    context = launcher.get_container_context_for_run(run)
    made = jobs.construct_dagster_k8s_job(
        context.get_k8s_job_config(code.container_image, launcher),
        args=["dagster", "api", "execute_run"],
        job_name="run",
        user_defined_k8s_config=context.run_k8s_config,
    )
    return made.spec.template.spec


def test_helm_hands_the_home_and_its_secrets_on_to_runs(
    rendered: Made, tmp_path: Path
) -> None:
    pytest.importorskip("dagster_k8s", reason="needs turbomode-assets[kubernetes]")
    pod = launched(rendered, tmp_path / "kubeconfig")
    (container,) = pod.containers
    told = {one.name: one for one in container.env}
    mounted = {one.name: one.mount_path for one in container.volume_mounts}
    volumes = {one.name: one for one in pod.volumes}
    image = (container.image, container.image_pull_policy, container.command)
    assert image == ("turbomode:latest", "IfNotPresent", None)
    assert told[home.VARIABLE].value == mounted["home"]
    claim = volumes["home"].persistent_volume_claim
    assert claim.claim_name == "turbomode-home"
    secrets = [one.secret_ref.name for one in container.env_from if one.secret_ref]
    assert secrets == ["turbomode"]


def test_helm_gives_runs_the_password_of_dagsters_database(
    rendered: Made, tmp_path: Path
) -> None:
    pytest.importorskip("dagster_k8s", reason="needs turbomode-assets[kubernetes]")
    (container,) = launched(rendered, tmp_path / "kubeconfig").containers
    told = {one.name: one for one in container.env}
    password = told["DAGSTER_PG_PASSWORD"].value_from.secret_key_ref
    (secret,) = [
        one
        for one in rendered
        if (one["kind"], one["metadata"]["name"]) == ("Secret", password.name)
    ]
    assert password.key in secret["data"]
