# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs of ansible-playbook that wait for the Lease, acquire it, keep it during a long task and release it, and one that is killed."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import acquired, released
from api_server import discovery
from certificates import Authority
from conftest import Serve
from http_server import Handler, Server, reply
from lease_server import KeptLease

REPOSITORY = Path(__file__).parents[4]
LEASE = {"namespace": "shop", "duration": 15}
RELEASE = {"jewelry_shop.platform.lease": {**LEASE, "state": "released"}, "when": "state != 'none'"}
LOOK = {
    "jewelry_shop.platform.plan": {
        "stages": [],
        "cluster": {"namespace": "shop", "job_selector": "app=shop", "lease": "jewelry-shop-run", "lease_wait": 100},
    },
    "register": "found",
}
ACQUIRE = {
    "jewelry_shop.platform.lease": {**LEASE, "expected_version": "{{ found.lease.resource_version | default(omit) }}"},
    "register": "lock",
}
LONG_TASK = {"ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.url', server ~ '/long', validate_certs=false) }}"}}
CLAIM = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "uid": "c-1"}, "spec": {}, "status": {"phase": "Bound"}}
OF_THE_CLUSTER = ("Namespace", "StorageClass", "IngressClass")
RESOURCES = {
    "v1": {"namespaces": "Namespace"},
    "storage.k8s.io/v1": {"storageclasses": "StorageClass"},
    "networking.k8s.io/v1": {"ingressclasses": "IngressClass"},
    "batch/v1": {"jobs": "Job"},
}


@pytest.fixture
def kept() -> KeptLease:
    return KeptLease("shop")


@pytest.fixture
def server(serve: Serve, kept: KeptLease, authority: Authority) -> Server:
    """An API server with TLS. Its route /long answers after the Lease was renewed."""

    def long(handler: Handler) -> None:
        reply("renewed" if kept.wait_for_expected_writes() else "not renewed")(handler)

    def delete(handler: Handler) -> None:
        kept.keep(None)
        reply("deleted")(handler)

    def empty(kind: str) -> Any:
        return reply({"kind": f"{kind}List", "metadata": {}, "items": []})

    return serve(
        {
            **discovery(RESOURCES, OF_THE_CLUSTER),
            **kept.routes,
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            "/apis/storage.k8s.io/v1/storageclasses": empty("StorageClass"),
            "/apis/networking.k8s.io/v1/ingressclasses": empty("IngressClass"),
            "/apis/batch/v1/namespaces/shop/jobs": empty("Job"),
            "/api/v1/namespaces/shop/events": empty("Event"),
            "/api/v1/namespaces/shop/pods": empty("Pod"),
            "/api/v1/namespaces/shop/persistentvolumeclaims": reply({"items": [CLAIM], "metadata": {}}),
            "/api/v1/namespaces/shop/persistentvolumeclaims/data": reply(CLAIM),
            "/long": long,
            "/delete": delete,
        },
        tls=authority.server_context("127.0.0.1"),
    )


@pytest.fixture
def kubeconfig(server: Server, authority: Authority, tmp_path: Path) -> Path:
    """The usual form, with the certificate of the authority in it. Clients write that into a temporary file."""
    certificate = base64.b64encode(authority.path.read_bytes()).decode()
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority-data": certificate}}],
        "users": [{"name": "u", "user": {"token": "token-of-the-run"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def start(server: Server, kubeconfig: Path, *tasks: dict[str, Any]) -> subprocess.Popen[str]:
    """Start a playbook whose modules connect to the server."""
    folder = kubeconfig.parent
    tasks_with_end = [{"block": [*tasks], "always": [RELEASE]}]
    state = "{{ lookup('jewelry_shop.platform.lease_state', inventory_hostname) }}"
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"server": server.url, "state": state, "ansible_python_interpreter": sys.executable},
        "module_defaults": {"group/jewelry_shop.platform.k8s": {"kubeconfig": str(kubeconfig)}},
        "tasks": tasks_with_end,
    }
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    return subprocess.Popen(
        [sys.executable, "-m", "ansible.cli.playbook", "-v", "-i", "shop,", "-c", "local", "play.yml"],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "1",
            "TMPDIR": str(folder),
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes(folder: Path) -> list[int]:
    """Processes of a playbook that was started in this folder, also those that no longer have this working directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until_ended(folder: Path) -> None:
    deadline = time.monotonic() + 120
    while processes(folder):
        assert time.monotonic() < deadline, f"{processes(folder)} still run"
        time.sleep(0.1)


def test_a_run_waits_for_another_run_and_keeps_the_lease_during_a_long_task(
    server: Server, kept: KeptLease, kubeconfig: Path, tmp_path: Path
) -> None:
    place = {"metadata": {"namespace": "shop", "name": "jewelry-shop-run", "resourceVersion": "1"}}
    kept.keep(acquired(place, "eva_1", "eva, AWX job 5, playbook site.yml", {}, 3600, datetime.now(timezone.utc)))
    reads = iter(range(100))
    kept.after_read = lambda: kept.keep(released(kept.lease or {})) if next(reads) == 1 else None
    # Of eva: acquired, released. Of this run: acquired, renewed.
    kept.expected = 4
    process = start(server, kubeconfig, LOOK, ACQUIRE, LONG_TASK)
    output, _nothing = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "[shop] Another run holds Lease shop/jewelry-shop-run: eva, AWX job 5, playbook site.yml, since " in output
    assert '"msg": "renewed"' in output, output
    [own] = {holder for holder in kept.holders if holder not in ("", "eva_1")}
    assert own
    assert kept.holders[:4] == ["eva_1", "", own, own]
    assert kept.holders[-1] == "", "the run released it"
    assert kept.lease
    assert "playbook play.yml" in kept.lease["metadata"]["annotations"]["jewelry-shop/held-by"]
    assert "token-of-the-run" not in output + json.dumps(kept.lease)
    wait_until_ended(tmp_path)


def test_the_second_run_of_a_playbook_does_not_report_the_waits_of_the_first(server: Server, kubeconfig: Path) -> None:
    waited = {
        "jewelry_shop.platform.rollout": {"namespace": "shop", "resources": [{"kind": "PersistentVolumeClaim", "name": "data"}]},
    }
    number = "{{ query('jewelry_shop.platform.waits', inventory_hostname) | length }}"
    show = {"ansible.builtin.debug": {"msg": f"waits: {number}"}}
    process = start(server, kubeconfig, ACQUIRE, waited, show, RELEASE, ACQUIRE, show, waited, ACQUIRE, show)
    output, _nothing = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert re.findall('"msg": "waits: ([0-9]+)"', output) == ["1", "0", "1"], output


def test_nothing_renews_the_lease_of_a_killed_run(server: Server, kept: KeptLease, kubeconfig: Path, tmp_path: Path) -> None:
    kept.expected = 1000
    process = start(server, kubeconfig, ACQUIRE, LONG_TASK)
    # Created, acquired and renewed.
    assert kept.wait_for_writes(3), process.communicate()
    process.kill()
    # The long task ends, as a task does whose ansible-playbook was killed. It must not be the reason why the renewal ends.
    process.wait()
    kept.expected = 0
    with kept.written:
        kept.written.notify_all()
    wait_until_ended(tmp_path)
    assert kept.holders[-1], "the Lease was not released, because a task may still run, and expires"


def test_a_run_whose_lease_was_deleted_ends_before_its_next_change(
    server: Server, kept: KeptLease, kubeconfig: Path, tmp_path: Path
) -> None:
    delete = {"ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.url', server ~ '/delete', validate_certs=false) }}"}}
    notice = {"ansible.builtin.debug": {"msg": "{{ state }}"}, "until": "state == 'overdue'", "retries": 600, "delay": 0.1}
    # As the tasks of the roles before each write.
    require = {"jewelry_shop.platform.lease": LEASE, "when": "state == 'overdue'"}
    change = {"ansible.builtin.debug": {"msg": "the next change"}}
    process = start(server, kubeconfig, ACQUIRE, delete, notice, require, change)
    output, _nothing = process.communicate(timeout=300)
    assert process.returncode != 0, output
    assert "This run lost Lease shop/jewelry-shop-run. It was deleted. This run ends before its next change" in output
    assert "the next change" not in output
    assert kept.lease is None, "nothing creates it again"
    wait_until_ended(tmp_path)
