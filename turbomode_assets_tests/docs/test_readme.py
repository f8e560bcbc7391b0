"""What README and CONTRIBUTING name exists, under the name they give it."""

import os
import pathlib
import re

import pytest

from turbomode_assets import cli

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
TEXTS = {page: (ROOT / page).read_text() for page in PAGES}
CI = (ROOT / ".ci" / "run").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def code(text: str) -> list[str]:
    """Fenced blocks and inline code of a page."""
    fenced = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    return fenced + inline


def paths(text: str) -> list[str]:
    """Paths into the repository that a page names."""
    folders = r"(?:turbomode_assets|turbomode_assets_tests|benchmarks|docs)/[\w./-]*"
    return [each for each in code(text) if re.fullmatch(folders, each)]


def targets(text: str) -> set[str]:
    """Targets of make that a page asks for."""
    return {t for each in code(text) for t in re.findall(r"\bmake ([a-z-]+)", each)}


def table_of_places() -> list[str]:
    """Rows of the table that says where things stand."""
    section = TEXTS["README.md"].partition("## Where do I")[2].partition("\n## ")[0]
    return re.findall(r"^\| .+ \| (.*`.*) \|$", section, re.MULTILINE)


def test_everything_in_the_table_of_places_exists() -> None:
    rows = table_of_places()
    named = [path for row in rows for path in re.findall(r"`([^`]+)`", row)]
    assert len(named) >= len(rows) > 0
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_path_named_exists(page: str) -> None:
    assert [path for path in paths(TEXTS[page]) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", TEXTS[page])
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page: str) -> None:
    assert targets(TEXTS[page]) <= TARGETS


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command line says when asked for help."""
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--help"])
    return capsys.readouterr().out


def commands(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Every command, as the help lists them."""
    listed = told(capsys).partition("COMMAND\n")[2]
    return re.findall(r"^    ([a-z]+) ", listed, re.MULTILINE)


def test_every_command_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    known = commands(capsys)
    assert {"run", "up"} <= set(known) & targets(TEXTS["README.md"])
    text = TEXTS["README.md"]
    assert [each for each in known if f"turbomode {each}" not in text] == []


def test_every_option_named_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    helps = "".join(told(capsys, command) for command in commands(capsys))
    known = set(re.findall(r"--[a-z-]+", helps))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(TEXTS.values())))
    assert named
    assert named - known == set()


def test_continuous_integration_runs_what_a_person_is_told_to_run() -> None:
    steps = re.findall(r"^make ([a-z-]+)$", CI, re.MULTILINE)
    page = TEXTS["README.md"].partition("## Development")[2]
    assert steps == ["test", "check"]
    assert set(steps) <= targets(page)
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
