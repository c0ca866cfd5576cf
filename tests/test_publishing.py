"""The files by which others test, publish, launch and cite the project fit the project."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from perso.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOW = (ROOT / ".github" / "workflows" / "book.yml").read_text("utf-8")
JOBS = yaml.safe_load(WORKFLOW)["jobs"]
BINDER = ROOT / ".binder"


def steps(job: str, key: str) -> list[str]:
    return [step[key] for step in JOBS[job]["steps"] if key in step]


def test_the_workflow_runs_what_is_there():
    assert steps("test", "run") == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"make ([a-z-]+)", "\n".join(steps("book", "run")))) == {"pdf"} <= targets


def test_the_workflow_publishes_main_only_and_only_what_was_tested():
    publish = JOBS["publish"]
    assert set(publish["needs"]) == {"test", "book"}
    assert "github.ref == 'refs/heads/main'" in publish["if"]
    assert "github.event_name != 'pull_request'" in publish["if"]
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert yaml.safe_load(WORKFLOW)["permissions"] == {"contents": "read"}
    (uploaded,) = (
        step["with"]["path"]
        for step in JOBS["book"]["steps"]
        if "upload-pages-artifact" in step.get("uses", "")
    )
    assert uploaded == "build/html"


def test_each_action_has_a_major_version():
    used = [action for job in JOBS for action in steps(job, "uses")]
    assert len(used) >= 8
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in used)


def test_python_of_the_workflow_and_of_binder_is_supported():
    versions = re.findall(r'python-version: "(.*)"', WORKFLOW)
    environment = yaml.safe_load((BINDER / "environment.yml").read_text("utf-8"))
    versions += [name[7:] for name in environment["dependencies"] if name.startswith("python=")]
    assert len(versions) == 3
    assert all(version in SpecifierSet(PROJECT["requires-python"]) for version in versions)


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binder_can_run_its_scripts(name):
    file = BINDER / name
    assert os.access(file, os.X_OK)
    assert subprocess.run(["bash", "-n", file]).returncode == 0


def test_binder_trains_in_one_process():
    """Its machines show more cores than memory for as many processes."""
    command = [BINDER / "start", sys.executable, "-c", "import joblib; print(joblib.cpu_count())"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "1\n"


def test_binder_installs_extras_of_the_project_in_locked_versions():
    script = (BINDER / "postBuild").read_text("utf-8")
    (extras,) = re.findall(r"--editable '\.\[(.*)\]'", script)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    (left_out,) = re.findall(r"grep -Ev '(.*)' requirements.lock > others.lock", script)
    pinned = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    kept = [line for line in pinned if not re.match(left_out, line)]
    assert "--constraint others.lock" in script
    assert any(line.startswith("numpy==") for line in kept)
    assert not any(line.startswith(("torch", "nvidia", "cuda")) for line in kept)


@pytest.mark.parametrize("key", ["version", "license"])
def test_the_citation_agrees_with_the_project(key):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation[key] == PROJECT[key]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
