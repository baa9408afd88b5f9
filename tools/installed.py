"""The collection as a user without a checkout has it: the artifact in an empty home directory, and guides that run step by step.

A guide is run as it is written: a block `yaml` is the file that the comment in its first line names, a block `bash` has commands. Only the
values that a reader fills in are replaced, by those of `values_of_kind`.
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import secrets
import shlex
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from tools.collection_tree import ROOT, make

GALAXY: dict[str, Any] = yaml.safe_load((ROOT / "galaxy.yml").read_text())
SETTINGS: dict[str, Any] = yaml.safe_load((ROOT / "molecule" / "cluster.yml").read_text())
# The environments of the oldest and of the newest ansible-core.
ENVIRONMENTS = {"oldest": ROOT / ".cache" / "oldest", "newest": pathlib.Path(sys.prefix)}
VAULT_PASSWORD = "~/vault-password"  # noqa: S105
_STEP = re.compile(r"^```(bash|yaml)\n(.*?)^```|^(## [^\n]+)$", re.DOTALL | re.MULTILINE)
# What the local cluster needs beyond the guide: images of its registry, a node port instead of a load balancer, and small requests.
_OF_KIND = re.compile(
    r"(postgresql|redis|nginx|nginx_exporter)_image|\w+_resources|nginx_service_type|nginx_node_port_http|\w+_grace|\w+_workers"
)
_OF_SCENARIO = re.compile(r"django_.*|nginx_.*")

# The guides that run from the first to the last line, in this order, and the first step of each that needs a cluster.
FOLLOWED = {"first_deploy": "5. Check", "new_environment": "3. Check", "upgrade": "3. Check"}
# The version that the guide of the upgrade installs.
LATER = "1.1.0"
# The arguments of each playbook, in an order in which one platform can run all of them: the rollback returns to the image of the inventory.
PLAYBOOKS = {
    "site": ["-e", "platform_image_tag=1.0.0-next"],
    "rollback": [],
    "validate": [],
    "status": [],
    "history": [],
    "images": ["-e", "images_script=mirror.sh", "-e", "platform_image_mirror=registry.example.com:5000/mirror"],
    "render": ["-e", "render_directory=manifests-of-all"],
    "scale": ["-e", '{"scale_replicas": {"nginx": 1}}'],
    "restart": ["-e", '{"restart_tiers": ["nginx"]}'],
    "backup": [],
    "restore": ["-e", "restore_backup=latest", "-e", "restore_confirmed=true"],
    "export": ["-e", "export_directory=export"],
    "grant_deployer": ["-e", "deployer_kubeconfig=deployer.kubeconfig"],
    "remove": ["-e", "remove_confirmed=true", "-e", "remove_volumes=all", "-e", "remove_namespace=true"],
}
# It configures AWX, not a cluster: tests/unit/roles/test_awx.py runs it.
WITHOUT_CLUSTER = ("configure_awx",)


def build(folder: pathlib.Path, version: str = GALAXY["version"]) -> pathlib.Path:
    """Build the artifact in the folder, with a version of its own if needed."""
    tree = make(folder / "tree", with_test_settings=False)
    (tree / "galaxy.yml").write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", (ROOT / "galaxy.yml").read_text()))
    galaxy = pathlib.Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", "--force", f"--output-path={folder}", str(tree)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / f"{GALAXY['namespace']}-{GALAXY['name']}-{version}.tar.gz"


def playbooks(artifact: pathlib.Path) -> list[str]:
    """The names of the playbooks in an artifact."""
    with tarfile.open(artifact) as archive:
        found = (re.fullmatch(r"playbooks/(\w+)\.yml", name) for name in archive.getnames())
        return sorted(match[1] for match in found if match)


def script(guide: pathlib.Path, values: Mapping[str, str], until: str | None = None) -> str:
    """A guide as a script of bash, up to a heading. Each text that a value replaces stands in the guide."""
    text = guide.read_text()
    if until:
        text, found, _rest = text.partition(f"\n## {until}\n")
        assert found, f"{guide.name} has no heading {until}"  # noqa: S101
    lines = []
    for language, content, heading in _STEP.findall(text):
        if language == "yaml":
            path, _newline, file = content.removeprefix("# ").partition("\n")
            lines.append(f"cat > {shlex.quote(path)} <<'END OF FILE'\n{file}END OF FILE")
        else:
            lines.append(content or f": {shlex.quote(heading)}")
    steps = "\n".join(lines)
    for before, after in values.items():
        steps = steps.replace(before, after)
    return steps


def values_of_kind(environment: pathlib.Path) -> dict[str, str]:
    """What a reader of the guides fills in, for the cluster of the scenarios. The keys are texts of the guides."""
    return {
        "python3 -m venv venv": f"ln -s {shlex.quote(str(environment))} venv",
        "ansible-vault encrypt": f"ansible-vault encrypt --vault-password-file {VAULT_PASSWORD}",
        "--ask-vault-pass": f"--vault-password-file {VAULT_PASSWORD}",
        "my-cluster": f"kind-{SETTINGS['kind_cluster_name']}",
        "my-staging-cluster": f"kind-{SETTINGS['kind_cluster_name']}",
        "registry.example.com/shop": f"127.0.0.1:{SETTINGS['kind_registry_port']}",
        "v1.0.0": "1.0.0",
        "platform_storage_class: nfs": "platform_storage_class: standard",
        "DJANGO_ALLOWED_HOSTS: shop.example.com": "DJANGO_ALLOWED_HOSTS: localhost,127.0.0.1",
        "SITE_URL: http://shop.example.com": f"SITE_URL: http://127.0.0.1:{SETTINGS['kind_http_port']}",
        '"key"': f'"{secrets.token_urlsafe(48)}"',
        '"password"': f'"{secrets.token_urlsafe(48)}"',
        '"password of Redis"': f'"{secrets.token_urlsafe(48)}"',
    }


def further_settings() -> dict[str, Any]:
    """The settings of the kind inventory and of the scenarios without which the platform does not fit the local cluster."""
    kind = yaml.safe_load((ROOT / "inventories" / "kind" / "group_vars" / "all" / "main.yml").read_text())
    return {name: value for name, value in kind.items() if _OF_KIND.fullmatch(name)} | {
        name: value for name, value in SETTINGS.items() if _OF_SCENARIO.fullmatch(name)
    }


class Reader:
    """A user with the artifact in an empty folder, an empty home directory, and the programs of one environment."""

    def __init__(self, folder: pathlib.Path, artifact: pathlib.Path, environment: pathlib.Path, **variables: str) -> None:
        self.folder = folder / "work"
        self.home = folder / "home"
        self.folder.mkdir(parents=True)
        self._values = values_of_kind(environment)
        self.receive(artifact)
        # What ansible-galaxy would fetch from Galaxy.
        galaxy = pathlib.Path(sysconfig.get_path("purelib")) / "ansible_collections"
        for dependency in GALAXY["dependencies"]:
            link = self.home.joinpath(".ansible", "collections", "ansible_collections", *dependency.split("."))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(galaxy.joinpath(*dependency.split(".")))
        vault_password = self.home / pathlib.Path(VAULT_PASSWORD).name
        vault_password.write_text(secrets.token_urlsafe())
        self.vault_options = ["--vault-password-file", str(vault_password)]
        # pip finds the packages of the guide in the environment, and fetches no others.
        self._environment = {
            "HOME": str(self.home),
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "ANSIBLE_NOCOLOR": "1",
            "PIP_NO_INDEX": "1",
            **variables,
        }

    def receive(self, artifact: pathlib.Path) -> None:
        """Put an artifact into the folder."""
        (self.folder / artifact.name).hardlink_to(artifact)

    def run(self, *command: str) -> str:
        """Run a command in the folder. A failure shows what the command printed."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=1800,
        )
        assert done.returncode == 0, f"{command[-1]}: {done.stdout}"  # noqa: S101
        return done.stdout

    def follow(self, guide: str, until: str | None = None) -> str:
        """Follow a guide of docs/, up to a heading if it is given, and return the output."""
        return self.run("bash", "-euxo", "pipefail", "-c", script(ROOT / "docs" / f"{guide}.md", self._values, until))

    def add_further_settings(self, inventory: str = "production", **values: Any) -> None:
        """Write what the local cluster needs beyond the guide into a file of its own."""
        path = self.folder / "inventories" / inventory / "group_vars" / "all" / "kind.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({**further_settings(), **values}))

    def playbook(self, name: str, *arguments: str) -> str:
        """Run a playbook of the installed collection, with the inventory that the guide wrote."""
        return self.run(
            "ansible-playbook", "-i", "inventories/production", *self.vault_options, *arguments, f"jewelry_shop.platform.{name}"
        )


def readers(folder: pathlib.Path, artifact: pathlib.Path, **variables: str) -> Callable[[str], Reader]:
    """The reader of each environment, by its name."""

    @functools.cache
    def reader(environment: str) -> Reader:
        return Reader(folder / environment, artifact, ENVIRONMENTS[environment], **variables)

    return reader
