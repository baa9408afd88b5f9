"""Which fields the Service of nginx has, by its type and what the load balancer is able to do."""

from __future__ import annotations

from typing import Any

import pytest

AFFINITY = {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}
POLICY = {"externalTrafficPolicy": "Cluster"}
CLASS = {"nginx_service_load_balancer_class": "service.k8s.aws/nlb"}


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, {"type": "LoadBalancer", **AFFINITY, **POLICY}),
        ({"nginx_service_session_affinity": "None"}, {"type": "LoadBalancer", "sessionAffinity": "None", **POLICY}),
        (CLASS, {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb", **AFFINITY, **POLICY}),
        ({"nginx_service_type": "NodePort", **CLASS}, {"type": "NodePort", **AFFINITY, **POLICY}),
        ({"nginx_service_type": "ClusterIP", **CLASS}, {"type": "ClusterIP", **AFFINITY}),
    ],
)
def test_fields_by_type(resolve: Any, values: dict[str, Any], fields: dict[str, Any]) -> None:
    spec = resolve("__nginx_service_spec", **values)
    assert spec.pop("ports") == [{"name": "http", "port": 80, "targetPort": "http"}]
    assert spec == fields
