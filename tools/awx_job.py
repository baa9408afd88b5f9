"""Run a playbook of the checkout as a job of AWX does: ansible-runner with a private data directory of AWX's layout.

- project/: a copy of the checkout. inventory/hosts: a program that prints the variables of the inventory, which AWX read before the job.
- env/envvars: what the credentials of the job inject. env/extravars: the extra variables, with those that AWX adds.
- No kubeconfig and no context. Answers of surveys are marked as unsafe, as AWX does it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import yaml

from tools.collection_tree import ROOT, repository_files

LINK = pathlib.Path(".ansible/collections/ansible_collections/jewelry_shop/platform")
COLLECTIONS = ".ansible/collections"
# What AWX adds to the extra variables of each job.
OWN_VARIABLES = {"awx_job_id": 1, "awx_job_launch_type": "manual", "awx_user_name": "operator"}
# Variables of the caller that would reach the playbook past the private data directory.
OTHERS = ("ANSIBLE_", "AWX_", "CONTROLLER_", "K8S_AUTH_", "KUBECONFIG", "MOLECULE_", "XDG_")


@dataclasses.dataclass(frozen=True)
class BearerToken:
    """The fields of a credential of the type OpenShift or Kubernetes API Bearer Token."""

    host: str
    bearer_token: str
    ssl_ca_cert: str

    @classmethod
    def of_kubeconfig(cls, path: pathlib.Path) -> BearerToken:
        """Take them from a kubeconfig, as an administrator does by hand.

        Args:
            path: a kubeconfig with one user, such as playbooks/grant_deployer.yml writes it.
        """
        content = yaml.safe_load(path.read_text())
        [cluster], [user] = content["clusters"], content["users"]
        authority = base64.b64decode(cluster["cluster"]["certificate-authority-data"]).decode()
        return cls(cluster["cluster"]["server"], user["user"]["token"], authority)

    def inject(self, folder: pathlib.Path) -> dict[str, str]:
        """Write the file of the certificate, and return the environment variables of the credential."""
        certificate = folder / "certificate"
        certificate.write_text(self.ssl_ca_cert)
        return {
            "K8S_AUTH_HOST": self.host,
            "K8S_AUTH_API_KEY": self.bearer_token,
            "K8S_AUTH_VERIFY_SSL": "True",
            "K8S_AUTH_SSL_CA_CERT": str(certificate),
        }


class Unsafe(str):
    """A string that Ansible does not treat as a template."""

    __slots__ = ()


class Dumper(yaml.SafeDumper):
    """Writes extra variables as AWX does."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Write repeated values in full."""
        return True


Dumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))


def _unsafe(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unsafe(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unsafe(each) for each in value]
    return Unsafe(value) if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class Job:
    """The result of a job."""

    returncode: int
    output: str


class Awx:
    """A private data directory, in which jobs run one after another.

    Args:
        folder: an empty directory.
        inventory: the inventory of the checkout, such as C(inventories/kind).
    """

    def __init__(self, folder: pathlib.Path, inventory: str) -> None:
        self.folder = folder
        self._project = folder / "project"
        for name in ("env", "inventory", "home"):
            (folder / name).mkdir(mode=0o700)
        self._copy_project()
        self._synchronize(inventory)

    def _copy_project(self) -> None:
        for name in repository_files():
            (self._project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self._project / name)
        (self._project / LINK).parent.mkdir(parents=True, exist_ok=True)
        (self._project / LINK).symlink_to((ROOT / LINK).readlink())

    def _synchronize(self, inventory: str) -> None:
        """AWX stores the inventory without resolving its templates, and gives it to jobs as a program."""
        command = [sys.executable, "-m", "ansible.cli.inventory", "--list", "--export", f"--inventory={inventory}"]
        listed = subprocess.run(command, cwd=self._project, env=self._environment(), capture_output=True, text=True, check=True).stdout
        program = self.folder / "inventory" / "hosts"
        program.write_text(f"#! /usr/bin/env python3\nprint({json.dumps(json.loads(listed))!r})\n")
        program.chmod(0o700)

    def _environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(OTHERS)}
        return {**kept, **self._own_environment(), "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}

    def _own_environment(self) -> dict[str, str]:
        # The collections of the execution environment are in this Python environment.
        return {"HOME": str(self.folder / "home"), "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS, "ANSIBLE_NOCOLOR": "1"}

    def run(
        self,
        playbook: str,
        credential: BearerToken | None = None,
        variables: dict[str, Any] | None = None,
        answers: dict[str, Any] | None = None,
        options: str = "",
        image: str = "",
    ) -> Job:
        """Run a job.

        Args:
            playbook: path in the project.
            credential: the credential of the job.
            variables: extra variables of the job template.
            answers: answers of its survey.
            options: further options of ansible-playbook, such as C(--check) of a job of this type.
            image: the execution environment. By default the job runs in this Python environment.
        """
        environment = self.folder / "env"
        injected = credential.inject(environment) if credential else {}
        (environment / "envvars").write_text(json.dumps(injected))
        extra = {**(variables or {}), **_unsafe(answers or {}), **OWN_VARIABLES}
        (environment / "extravars").write_text(yaml.dump(extra, Dumper=Dumper, allow_unicode=True))
        # With --cmdline, ansible-runner keeps the options for the next job in the same directory.
        (environment / "cmdline").write_text(options)
        command = ["ansible-runner", "run", str(self.folder), f"--playbook={playbook}"]
        if image:
            command = [*self._container(), image, *command]
        done = subprocess.run(
            command,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=1800,
        )
        return Job(done.returncode, done.stdout + done.stderr)

    def _container(self) -> list[str]:
        """The command that runs another one in a container, with the same paths and network."""
        own = {**self._own_environment(), "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}:/usr/share/ansible/collections"}
        variables = [f"--env={name}={value}" for name, value in own.items()]
        # The entrypoint of the image takes the home directory of the user instead of HOME.
        volumes = [f"--volume={self.folder}:{self.folder}", f"--volume={self.folder / 'home'}:/root"]
        return ["docker", "run", "--rm", "--user=0", "--network=host", *volumes, *variables]
