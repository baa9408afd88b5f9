"""The configuration for kind, and the volumes."""

import json
from pathlib import Path

import pytest
import yaml

from local_cluster import cli, cluster, config, kubectl, registry, storage

_CLUSTER = config.Cluster("shop-test", Path("/kubeconfig"), 8081, 8444, 5002, workers=2)
_MOUNTS: list[dict[str, object]] = [{"hostPath": "/shared", "containerPath": config.SHARED_MOUNT}]


def _configuration(restricted: bool = False) -> dict[str, object]:
    return cluster.kind_configuration(_CLUSTER, networking={}, mounts=_MOUNTS, restricted=restricted)


def test_the_ports_are_published_on_the_loopback_address_of_one_node() -> None:
    nodes = _configuration()["nodes"]
    assert isinstance(nodes, list)
    assert [node["role"] for node in nodes] == ["control-plane", "worker", "worker"]
    assert nodes[0]["extraPortMappings"] == [
        {"containerPort": 30080, "hostPort": 8081, "listenAddress": "127.0.0.1"},
        {"containerPort": 30443, "hostPort": 8444, "listenAddress": "127.0.0.1"},
    ]
    assert all("extraPortMappings" not in node for node in nodes[1:])


def test_every_node_mounts_the_same_directories() -> None:
    nodes = _configuration()["nodes"]
    assert isinstance(nodes, list)
    assert [node["extraMounts"] for node in nodes] == [_MOUNTS] * 3


@pytest.mark.parametrize(
    ("options", "shared", "settings"),
    [
        ([], True, {"nodePathMap": [], "sharedFileSystemPath": config.SHARED_MOUNT}),
        (
            ["--volumes", "node"],
            False,
            {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [config.NODE_VOLUMES]}]},
        ),
    ],
)
def test_volumes_are_shared_by_all_nodes_or_are_on_one_node(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: list[str], shared: bool, settings: dict[str, object]
) -> None:
    """With paths of nodes, local-path-provisioner rejects ReadWriteMany."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wanted = cli._cluster(cli._parser().parse_args(["up", *options]))
    assert [mount["containerPath"] for mount in storage.mounts(wanted)] == ([config.SHARED_MOUNT] if shared else [])
    assert storage.directory(wanted).exists() is shared
    [config_map] = [each for each in yaml.safe_load_all(storage.provisioner(wanted)) if each["kind"] == "ConfigMap"]
    assert json.loads(config_map["data"]["config.json"]) == settings


@pytest.mark.parametrize("restricted", [True, False])
def test_nodes_do_not_lower_oom_scores_if_the_machine_forbids_it(restricted: bool) -> None:
    configuration = _configuration(restricted)
    assert configuration["featureGates"] == ({"KubeletInUserNamespace": True} if restricted else {})
    assert f"restrict_oom_score_adj = {str(restricted).lower()}" in str(configuration["containerdConfigPatches"])


def test_pulls_go_to_the_registry_container_also_for_missing_tags() -> None:
    text = registry.hosts_toml("shop-test-registry")
    assert 'server = "http://shop-test-registry:5000"' in text
    assert '[host."http://shop-test-registry:5000"]' in text


def test_only_the_demo_cluster_writes_the_kubeconfig_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert config.default_kubeconfig("jewelry-shop") == Path("/home/somebody/.kube/config")
    other = config.default_kubeconfig("shop-test")
    assert other == Path("/home/somebody/.cache/jewelry_shop.platform/clusters/shop-test/kubeconfig")


@pytest.mark.parametrize(("answers", "exported"), [([True], []), ([False, True], ["export"])])
def test_a_running_cluster_is_found_at_its_new_address(monkeypatch: pytest.MonkeyPatch, answers: list[bool], exported: list[str]) -> None:
    """Another port is published for the API server when the engine was restarted."""
    left = iter([*answers, True])
    commands: list[list[object]] = []
    monkeypatch.setattr(kubectl, "works", lambda _cluster, command, *_arguments: command == "config" or next(left))
    monkeypatch.setattr(cluster, "output", commands.append)
    cluster._repair(_CLUSTER, {_CLUSTER.control_plane: "running"})
    assert [command[1] for command in commands] == exported
