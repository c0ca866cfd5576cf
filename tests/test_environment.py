"""pyproject.toml, requirements.lock and environment.yml agree on every system of the lock."""

import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WANTED = list(chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()))
LOCK = (ROOT / "requirements.lock").read_text()
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]

SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
MACHINES = {"linux": "x86_64", "macos": "arm64", "windows": "AMD64"}


def marker_values(system: str, python: str) -> dict[str, str]:
    """The values of the lock's environment markers on that system."""
    return SYSTEMS[system] | {
        "platform_machine": MACHINES[system],
        "python_version": python,
        "python_full_version": f"{python}.1",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def lines(lock: str) -> list[str]:
    """The lines of a lock that are not comments."""
    return [line for line in lock.splitlines() if line.strip() and not line.startswith("#")]


def is_pin(line: str) -> bool:
    """Whether a line is `name==version` with or without a marker, and nothing else."""
    if line.startswith(("-", " ")) or "://" in line:
        return False
    pin = Requirement(line)
    operators = [spec.operator for spec in pin.specifier]
    return operators == ["=="] and "*" not in str(pin.specifier) and not pin.url and not pin.extras


def complaints(wanted: list[str], lock: str, values: dict[str, str]) -> list[str]:
    """Each requirement that the pins do not satisfy, and each name that is pinned twice.

    Only pins that apply with these marker values count.
    """
    found, pins = [], {}
    for pin in map(Requirement, lines(lock)):
        if pin.marker and not pin.marker.evaluate(values):
            continue
        name = canonicalize_name(pin.name)
        if name in pins:
            found.append(f"{name} is pinned twice")
        pins[name] = next(iter(pin.specifier)).version
    for requirement in map(Requirement, wanted):
        version = pins.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{requirement} is pinned to {version}")
    return found


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_lock_satisfies_pyproject(system, python):
    assert python in SpecifierSet(PROJECT["requires-python"])
    assert complaints(WANTED, LOCK, marker_values(system, python)) == []


def test_the_lock_has_only_pins():
    assert len(lines(LOCK)) > len(WANTED)
    assert [line for line in lines(LOCK) if not is_pin(line)] == []


def test_cuda_packages_are_for_linux_only():
    pins = [Requirement(line) for line in lines(LOCK) if line.startswith("nvidia-")]
    assert all(pin.marker.evaluate(marker_values("linux", "3.12")) for pin in pins)
    assert not any(pin.marker.evaluate(marker_values("macos", "3.12")) for pin in pins)


def test_conda_installs_the_lock_and_a_supported_python():
    python = next(entry for entry in CONDA if str(entry).startswith("python="))
    assert python.removeprefix("python=") in SpecifierSet(PROJECT["requires-python"])
    assert "pip" in CONDA
    assert CONDA[-1] == {"pip": ["-r requirements.lock", "-e ."]}


@pytest.mark.parametrize(
    ("lock", "complaint"),
    [
        ("A==2.11.0\nb==0.26.0 ; sys_platform == 'linux'", []),
        ("a==2.11.0", ["b>=0.26 is pinned to None"]),
        ("a==2.11.0\nb==0.26.0 ; sys_platform == 'win32'", ["b>=0.26 is pinned to None"]),
        ("a==2.10.0\nb==0.26.0", ["a>=2.11 is pinned to 2.10.0"]),
        ("a==2.11.0\na==2.12.0\nb==0.26.0", ["a is pinned twice"]),
    ],
)
def test_an_outdated_lock_is_found(lock, complaint):
    assert complaints(["a>=2.11", "b>=0.26"], lock, marker_values("linux", "3.12")) == complaint


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a>=2",
        "a==2.*",
        "a==2,<3",
        "a[x]==2",
        "a @ https://b.org/a.whl",
        "-e .",
        "--pre",
        "  # via b",
    ],
)
def test_a_line_that_is_no_pin_is_found(line):
    assert not is_pin(line)
