"""All steps that run once per machine, in order."""

import os
import shutil
from pathlib import Path

from local_cluster import base_images, binaries, cache, engine, node_image, registry
from local_cluster.binaries import GoBuild
from local_cluster.config import DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSION
from local_cluster.steps import Step, run_steps


def prepare() -> None:
    """Build what is missing on this machine. A later run continues after an interruption."""
    with cache.lock():
        engine.ensure()
        builds = _builds()
        run_steps(_steps(builds))
        for build in builds:
            build.link()
        _offer_kubectl()


def _builds() -> tuple[GoBuild, ...]:
    if registry.published_images_answer():
        return (binaries.KIND, binaries.KUBECTL)
    # The kubectl of an older Kubernetes does not know all fields of kustomizations.
    newer = () if KUBERNETES_VERSION == DEFAULT_KUBERNETES_VERSION else (binaries.KUBECTL,)
    return (binaries.KIND, *binaries.NODE_BUILDS, *newer)


def _steps(builds: tuple[GoBuild, ...]) -> list[Step]:
    compiled = [build.step() for build in builds]
    if registry.published_images_answer():
        return compiled
    bases = [base_images.step(suite) for suite in base_images.SUITES]
    return [*bases, *compiled, node_image.step(), registry.step()]


def _offer_kubectl() -> None:
    if os.geteuid() == 0 and shutil.which("kubectl") is None:
        link = Path("/usr/local/bin/kubectl")
        if not os.path.lexists(link):
            link.symlink_to(cache.binaries() / "kubectl")
