"""The Ingress for the settings, and the findings of the preflight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

TRAEFIK = "traefik.ingress.kubernetes.io/router"
SHOP: dict[str, Any] = {
    "ingress_enabled": True,
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com", "SITE_URL": "https://shop.example.com"},
    "nginx_trusted_proxies": ["10.42.0.0/16"],
}
SECRET = {"ingress_tls_secret": "shop-tls"}
TO_NGINX = {
    "paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "nginx-service", "port": {"number": 80}}}}],
}


def ingresses(resolve: Any, **values: Any) -> dict[str, Any]:
    manifests = resolve("ingress_manifests", **{**SHOP, **values})
    assert {(each["apiVersion"], each["kind"]) for each in manifests} <= {("networking.k8s.io/v1", "Ingress")}
    return {each["metadata"]["name"]: each for each in manifests}


def annotations_of(resolve: Any, **values: Any) -> dict[str, dict[str, str]]:
    return {name: each["metadata"].get("annotations", {}) for name, each in ingresses(resolve, **values).items()}


def test_no_ingress_is_rendered_by_default(resolve: Any) -> None:
    assert ingresses(resolve, ingress_enabled=False, **SECRET) == {}


@pytest.mark.parametrize(
    ("allowed", "hosts"),
    [
        ("shop.example.com", ["shop.example.com"]),
        ("shop.example.com, WWW.example.com", ["shop.example.com", "www.example.com"]),
        ("xn--schmck-4ya.example.com,jewelry-shop.local", ["xn--schmck-4ya.example.com", "jewelry-shop.local"]),
        ("*,.example.com,*.example.com,localhost,127.0.0.1,[::1],::1,django-service,", []),
        ("", []),
    ],
)
def test_the_hosts_are_the_public_names_that_django_allows(resolve: Any, allowed: str, hosts: list[str]) -> None:
    assert resolve("ingress_hosts", platform_config={"DJANGO_ALLOWED_HOSTS": allowed}) == hosts


def test_each_host_is_routed_to_nginx(resolve: Any) -> None:
    hosts = ["shop.example.com", "*.example.com"]
    found = ingresses(resolve, ingress_hosts=hosts, **SECRET)
    assert set(found) == {"jewelry-shop", "jewelry-shop-http"}
    for ingress in found.values():
        assert ingress["metadata"]["namespace"] == "jewelry-shop"
        assert ingress["spec"]["ingressClassName"] == "traefik"
        assert ingress["spec"]["rules"] == [{"host": host, "http": TO_NGINX} for host in hosts]
    assert found["jewelry-shop"]["spec"]["tls"] == [{"hosts": hosts, "secretName": "shop-tls"}]
    assert "tls" not in found["jewelry-shop-http"]["spec"]


def test_an_empty_class_uses_the_default_class_of_the_cluster(resolve: Any) -> None:
    assert "ingressClassName" not in ingresses(resolve, ingress_class="")["jewelry-shop"]["spec"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(
            SECRET,
            {
                "jewelry-shop": {f"{TRAEFIK}.entrypoints": "websecure", f"{TRAEFIK}.tls": "true"},
                "jewelry-shop-http": {f"{TRAEFIK}.entrypoints": "web"},
            },
            id="TLS",
        ),
        pytest.param({}, {"jewelry-shop": {f"{TRAEFIK}.entrypoints": "web"}}, id="plain http"),
        pytest.param(
            {**SECRET, "ingress_traefik_http_entrypoints": []},
            {"jewelry-shop": {f"{TRAEFIK}.entrypoints": "websecure", f"{TRAEFIK}.tls": "true"}},
            id="Traefik redirects by itself",
        ),
        pytest.param(
            {
                **SECRET,
                "ingress_traefik_entrypoints": ["a", "b"],
                "ingress_traefik_http_entrypoints": ["c"],
                "ingress_traefik_middlewares": ["shop-limit@kubernetescrd", "shop-headers@kubernetescrd"],
            },
            {
                "jewelry-shop": {
                    f"{TRAEFIK}.entrypoints": "a,b",
                    f"{TRAEFIK}.tls": "true",
                    f"{TRAEFIK}.middlewares": "shop-limit@kubernetescrd,shop-headers@kubernetescrd",
                },
                "jewelry-shop-http": {
                    f"{TRAEFIK}.entrypoints": "c",
                    f"{TRAEFIK}.middlewares": "shop-limit@kubernetescrd,shop-headers@kubernetescrd",
                },
            },
            id="other entry points, and middlewares",
        ),
        pytest.param(
            {
                **SECRET,
                "ingress_class": "nginx",
                "ingress_traefik_entrypoints": [],
                "ingress_traefik_http_entrypoints": [],
                "ingress_annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "50m"},
            },
            {"jewelry-shop": {"nginx.ingress.kubernetes.io/proxy-body-size": "50m"}},
            id="another controller",
        ),
        pytest.param(
            {"ingress_traefik_entrypoints": [], "ingress_traefik_http_entrypoints": []}, {"jewelry-shop": {}}, id="no annotation at all"
        ),
        pytest.param(
            {"platform_annotations": {"a": "1", "b": "1"}, "ingress_annotations": {"b": "2", f"{TRAEFIK}.entrypoints": "own"}},
            {"jewelry-shop": {"a": "1", "b": "2", f"{TRAEFIK}.entrypoints": "own"}},
            id="settings of the user take precedence",
        ),
    ],
)
def test_annotations(resolve: Any, values: dict[str, Any], expected: dict[str, dict[str, str]]) -> None:
    assert annotations_of(resolve, **values) == expected


@pytest.mark.parametrize(
    ("values", "annotation", "secret"),
    [
        ({"ingress_cert_manager_issuer": "letsencrypt"}, {"cert-manager.io/cluster-issuer": "letsencrypt"}, "jewelry-shop-tls"),
        (
            {"ingress_cert_manager_issuer": "own", "ingress_cert_manager_issuer_kind": "Issuer", **SECRET},
            {"cert-manager.io/issuer": "own"},
            "shop-tls",
        ),
    ],
)
def test_exactly_one_ingress_requests_the_certificate(
    resolve: Any, values: dict[str, Any], annotation: dict[str, str], secret: str
) -> None:
    found = annotations_of(resolve, **values)
    assert annotation.items() <= found["jewelry-shop"].items()
    assert not any(name.startswith("cert-manager.io/") for name in found["jewelry-shop-http"])
    assert [each["secretName"] for each in ingresses(resolve, **values)["jewelry-shop"]["spec"]["tls"]] == [secret]


IN_CLUSTER = {"platform_postgresql_provider": "in_cluster", "platform_redis_provider": "in_cluster"}
NO_HOST = "ingress_enabled is true, but the Ingress has no host. "
NAMELESS = "ingress_controller_namespace is not set, so the network policies would block the ingress controller. "
OTHER = {"ingress_class": "nginx", "ingress_traefik_entrypoints": [], "ingress_traefik_http_entrypoints": []}
UNTRUSTED = "ingress_enabled is true with TLS, but nginx_trusted_proxies is empty. "
ONLY_ADDRESSES = {"platform_config": {"DJANGO_ALLOWED_HOSTS": "127.0.0.1,localhost", "SITE_URL": "http://127.0.0.1"}}


@pytest.mark.parametrize(
    ("values", "beginnings"),
    [
        pytest.param(SECRET, [], id="TLS"),
        pytest.param({**SECRET, "ingress_cert_manager_issuer": "letsencrypt"}, [], id="a Secret of cert-manager"),
        pytest.param({"nginx_trusted_proxies": []}, [], id="plain http"),
        pytest.param(ONLY_ADDRESSES, [NO_HOST], id="no host"),
        pytest.param({**ONLY_ADDRESSES, "ingress_hosts": ["shop.example.com"]}, [], id="a separate host"),
        pytest.param({**SECRET, "nginx_trusted_proxies": []}, [UNTRUSTED], id="TLS without trusted proxies"),
        pytest.param({"ingress_cert_manager_issuer": "letsencrypt", "nginx_trusted_proxies": []}, [UNTRUSTED], id="with cert-manager too"),
        pytest.param({**SECRET, **ONLY_ADDRESSES, "nginx_trusted_proxies": []}, [NO_HOST, UNTRUSTED], id="both"),
        pytest.param({**SECRET, **ONLY_ADDRESSES, "nginx_trusted_proxies": [], "ingress_enabled": False}, [], id="no Ingress"),
        pytest.param({**SECRET, **OTHER}, [NAMELESS], id="another controller without a namespace"),
        pytest.param({**SECRET, **OTHER, "ingress_controller_namespace": "ingress-nginx"}, [], id="another controller with a namespace"),
        pytest.param({**SECRET, **OTHER, "network_policies_clients": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}, [], id="allowed by addresses"),
        pytest.param({**SECRET, **OTHER, "network_policies_enabled": False}, [], id="without network policies"),
    ],
)
def test_the_findings_of_the_preflight(resolve: Any, complete: dict[str, Any], values: dict[str, Any], beginnings: list[str]) -> None:
    findings = resolve("__preflight_input_findings", **{**complete, **SHOP, **IN_CLUSTER, **values})
    assert [finding[: len(beginning)] for finding, beginning in zip(findings, beginnings, strict=True)] == beginnings
    ends = ("in values.yml.", "in values.yml to the network of the controller's pods.", "to the addresses of its pods.")
    assert all(finding.endswith(ends) for finding in findings)


NGINX = "k8s.io/ingress-nginx"
TRAEFIK_CONTROLLER = "traefik.io/ingress-controller"


@pytest.fixture
def judged(resolve: Any, complete: dict[str, Any]) -> Callable[..., list[str]]:
    """The findings of the preflight for a cluster with these ingress classes."""

    def judge(classes: dict[str, str] | None = None, **values: Any) -> list[str]:
        plan = {
            "cluster": {"host": "https://a", "uid": "u", "version": "1.34.0", "storage_classes": None, "ingress_classes": classes},
            "refusals": [],
            "forbidden": [],
            "foreign": [],
            "objects": [],
        }
        reached = {"preflight_input_findings": [], "preflight_plan": plan}
        findings: list[str] = resolve("__preflight_findings", **{**complete, **SHOP, **IN_CLUSTER, **reached, **values})
        return findings

    return judge


@pytest.mark.parametrize(
    ("classes", "values", "has"),
    [
        ({"nginx": NGINX, "haproxy": "haproxy.org/ingress-controller"}, {}, "haproxy, nginx"),
        ({}, {}, "none"),
        ({"nginx": NGINX, "traefik": TRAEFIK_CONTROLLER}, {}, ""),
        (None, {}, ""),
        ({}, {"ingress_class": ""}, ""),
        ({}, {"ingress_enabled": False}, ""),
    ],
)
def test_an_unknown_ingress_class_is_reported(judged: Any, classes: dict[str, str] | None, values: dict[str, Any], has: str) -> None:
    sentence = (
        f"ingress_class 'traefik' does not exist in the cluster, so no controller would serve the Ingress (existing classes: {has}). Set "
        "it in values.yml."
    )
    assert judged(classes, **values) == ([sentence] if has else [])


@pytest.mark.parametrize(
    ("values", "is_named"),
    [
        ({"ingress_class": "nginx"}, True),
        ({"ingress_class": "nginx", "ingress_traefik_entrypoints": []}, True),
        ({**OTHER, "ingress_controller_namespace": "ingress-nginx"}, False),
        ({"ingress_class": "nginx", "ingress_enabled": False}, False),
        ({"ingress_class": "internal"}, False),
        ({}, False),
    ],
)
def test_traefik_settings_with_the_class_of_another_controller_are_reported(judged: Any, values: dict[str, Any], is_named: bool) -> None:
    """Its annotations would do nothing, and the network policies let in the namespace of Traefik."""
    sentence = (
        "ingress_class 'nginx' is served by k8s.io/ingress-nginx, which is not Traefik. In values.yml, set ingress_traefik_entrypoints and "
        "ingress_traefik_http_entrypoints to [], and set ingress_controller_namespace to the namespace of the controller."
    )
    classes = {"nginx": NGINX, "traefik": TRAEFIK_CONTROLLER, "internal": TRAEFIK_CONTROLLER}
    assert judged(classes, **values) == ([sentence] if is_named else [])


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (SECRET, ["shop-tls"]),
        ({**SECRET, "ingress_cert_manager_issuer": "letsencrypt"}, []),
        ({}, []),
        ({**SECRET, "ingress_enabled": False}, []),
    ],
)
def test_a_certificate_is_checked_unless_cert_manager_creates_it(resolve: Any, values: dict[str, Any], names: list[str]) -> None:
    found = resolve("preflight_existing_objects", **{"ingress_enabled": True, **values})
    assert [each["name"] for each in found] == names
    assert all(each["settings"].startswith("ingress_tls_secret; ") for each in found)
