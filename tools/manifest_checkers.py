"""kube-score, kubeconform and its schemas: built from Go modules once per machine, in the user's cache.

The unit tests use them. `python -m tools.manifest_checkers` builds them in advance and shows the progress.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from local_cluster import binaries, cache
from local_cluster.errors import LocalClusterError
from local_cluster.steps import Step, run_steps
from tools import openapi_schemas

_MODULES = Path(__file__).parent / "go"
_PROGRAMS = binaries.GoBuild("manifest-checkers", ("kube-score", "kubeconform"), modules=_MODULES, minutes=1)
# The oldest version that the collection supports. kubernetes-validate has no schemas of it.
_OLDEST = _MODULES / "kubernetes-1.24"


def program(name: str) -> Path:
    """Return the path of a program, which exists after C(ensure)."""
    return _PROGRAMS.directory / name


def oldest_schemas() -> Path:
    """Return the folder of Kubernetes 1.24's schemas, which exists after C(ensure)."""
    return cache.root() / "builds" / f"{_OLDEST.name}-{cache.content_hash(_OLDEST, Path(openapi_schemas.__file__))}"


def ensure() -> None:
    """Build the missing programs and schemas.

    Raises:
        LocalClusterError: Go is missing or too old, or a module cannot be fetched.
    """
    steps = (
        _PROGRAMS.step(),
        Step("schemas of Kubernetes 1.24 from its OpenAPI document", oldest_schemas().exists, _make_oldest_schemas),
    )
    if not all(step.done() for step in steps):
        with cache.lock():
            run_steps(steps)


def _make_oldest_schemas() -> None:
    source = binaries.module_directory(_OLDEST, "k8s.io/kubernetes")
    document = json.loads((source / "api" / "openapi-spec" / "swagger.json").read_text())
    with cache.atomic_directory(oldest_schemas()) as folder:
        openapi_schemas.write_schemas(document, folder)


if __name__ == "__main__":
    try:
        ensure()
    except LocalClusterError as error:
        sys.exit(str(error))
