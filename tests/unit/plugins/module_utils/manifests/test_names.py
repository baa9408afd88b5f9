# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Names, labels, annotations and images that Kubernetes accepts, and the messages for the others."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import naming_problems, version_label


@pytest.mark.parametrize(
    ("version", "value"),
    [
        ("v1.0.0", "v1.0.0"),
        ("1.30", "1.30"),
        ("V2_rc.1-x", "V2_rc.1-x"),
        ("a" * 128, "a" * 63),
        ("a" * 62 + "-b", "a" * 62),
        ("_private.", "private"),
        ("v1-", "v1"),
        ("-" * 20 + "x" * 70, "x" * 63),
        (20261129, "20261129"),
        ("___", None),
        ("", None),
        ("v1+build", None),
    ],
)
def test_the_version_label_is_valid_or_left_out(version: Any, value: str | None) -> None:
    assert version_label(version) == ({} if value is None else {"app.kubernetes.io/version": value})


DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("dns_label", "jewelry-shop"),
        ("dns_label", "a" * 63),
        ("subdomain", ""),
        ("subdomain", "shop-tls.example"),
        ("subdomain", ["registry-credentials", "second"]),
        ("host", ["shop.example.com", "*.example.com"]),
        ("label", ""),
        ("label", "Production_1.eu"),
        ("labels", {"team": "shop", "example.com/Cost-Center": "42", "empty": ""}),
        ("annotations", {"example.com/contact": "Shop <shop@example.com>, " * 100}),
        ("hashed_names", ["mail", "erp.internal"]),
        ("job_names", ["migrate", "collectstatic", "a" * 52]),
        ("tag", ""),
        ("tag", "_V1.0-rc_1"),
        ("tag", "a" * 128),
        ("repository", "registry.example.com:5000/shop/jewelry__shop"),
        ("repository", "Registry/shop"),
        ("repository", "[fd00::1]:5000/shop"),
        ("image", "nginx"),
        ("image", "registry:5000/nginx"),
        ("image", "registry:5000/nginx:1.30"),
        ("image", f"registry:5000/nginx@{DIGEST}"),
        ("image", f"registry:5000/nginx:1.30@{DIGEST}"),
    ],
)
def test_values_that_kubernetes_accepts_have_no_problem(rule: str, value: Any) -> None:
    assert naming_problems([{"name": "setting", "rule": rule, "value": value}]) == []


@pytest.mark.parametrize(
    ("rule", "value", "begin"),
    [
        ("dns_label", "", "setting '' is not a valid Kubernetes name; write at most 63 "),
        ("dns_label", "Shop", "setting 'Shop' is not a valid Kubernetes name"),
        ("dns_label", "a" * 64, f"setting '{'a' * 64}' is not a valid Kubernetes name"),
        ("dns_label", "shop.eu", "setting 'shop.eu' is not a valid Kubernetes name"),
        ("subdomain", "shop/tls", "setting 'shop/tls' is not a valid Kubernetes name; write at most 253 "),
        ("subdomain", ["fine", "-x"], "setting '-x' is not a valid Kubernetes name"),
        ("host", ["10.0.0.1"], "setting '10.0.0.1' is an IP address, but an Ingress accepts only host names"),
        ("host", ["Shop.example.com"], "setting 'Shop.example.com' is not a valid Kubernetes name"),
        ("host", ["*"], "setting '*' is not a valid Kubernetes name"),
        ("label", "eu west", "setting 'eu west' is not a valid label value; write at most 63 "),
        ("label", "a" * 64, f"setting '{'a' * 64}' is not a valid label value"),
        ("labels", {"app": "other"}, "setting.app is a label in selectors of this platform"),
        ("labels", {"cost center": "1"}, "setting.cost center is not a valid key of a label or annotation"),
        ("labels", {"Example.com/team": "1"}, "setting.Example.com/team is not a valid key of a label or annotation"),
        ("labels", {"team": "a/b"}, "setting.team 'a/b' is not a valid label value"),
        ("labels", {"cost": 42}, "setting.cost must be a string; quote its value"),
        ("annotations", {"on": True}, "setting.on must be a string"),
        ("annotations", {"a": "x" * 262144}, "setting has 262145 bytes; annotations of an object have at most 262144"),
        ("hashed_names", ["my mail"], "setting.my mail is not a valid Kubernetes name; write at most 242 "),
        ("job_names", ["a" * 53], f"setting: the name '{'a' * 53}' is not a valid Kubernetes name; write at most 52 "),
        ("job_names", ["load.data"], "setting: the name 'load.data' is not a valid Kubernetes name"),
        ("job_names", ["migrate", "migrate"], "setting has 2 commands with the name 'migrate'; give each command a different name"),
        ("tag", "v1+build", "setting 'v1+build' is not a valid image tag; write at most 128 "),
        ("tag", "a" * 129, f"setting '{'a' * 129}' is not a valid image tag"),
        ("tag", "-1", "setting '-1' is not a valid image tag"),
        ("repository", "registry/Shop", "setting 'registry/Shop' is not a valid image name"),
        ("repository", "shop:1", "setting 'shop:1' is not a valid image name"),
        ("image", "", "setting '' is not a valid image name"),
        ("image", "nginx:", "setting 'nginx:' has the tag '', which is not a valid image tag"),
        ("image", "nginx:1 ", "setting 'nginx:1 ' has the tag '1 ', which is not a valid image tag"),
        ("image", "nginx@sha256:12", "setting 'nginx@sha256:12' has no digest after the @"),
        ("image", "https://registry/nginx", "setting 'https://registry/nginx' is not a valid image name"),
    ],
)
def test_values_that_kubernetes_rejects_are_one_sentence_with_variable_and_rule(rule: str, value: Any, begin: str) -> None:
    problems = naming_problems([{"name": "setting", "rule": rule, "value": value}])
    assert len(problems) == 1, problems
    assert problems[0].startswith(begin)
