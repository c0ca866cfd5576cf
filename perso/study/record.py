"""What the store says about a run: its command, settings, data, code, versions and machine."""

import json
import platform
from importlib.metadata import PackageNotFoundError, version

import perso
from perso.settings import as_dict
from perso.store import published
from perso.study.jobs import now

PACKAGES = ("torch", "numpy", "scikit-learn", "joblib")  # numbers may depend on these


def run_facts(study) -> dict[str, str]:
    """Return the facts of a run that begins, see `sqlite.RUN`.

    study   a `Study`
    """
    source = study.data.source
    return {
        "command": study.launch.command,
        "settings": json.dumps(as_dict(study.asked), ensure_ascii=False),
        "params": study.launch.params,
        "data": source.source,
        "content": source.content_hash,
        "code": published.commit(),
        "versions": json.dumps(versions(study.common()["engine"])),
        "machine": f"{platform.platform()}, {study.machine.device}"
        + (f", workers of {study.launch.scheduler}" if study.launch.scheduler else ""),
        "created": now(),
    }


def versions(engine: int) -> dict[str, str]:
    """Return the versions of what a number depends on."""
    found = {
        "perso": perso.__version__,
        "engine": str(engine),
        "Python": platform.python_version(),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
