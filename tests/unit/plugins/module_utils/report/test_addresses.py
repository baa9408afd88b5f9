# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How the shop is reached, at the end of a run."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.addresses import shop_addresses

HTTP = {"port": 80}
HTTPS = {"port": 443}
CLUSTER_IP = {"type": "ClusterIP", "ports": [HTTP]}
NODE_PORT = {"type": "NodePort", "ports": [HTTP, HTTPS]}
LOAD_BALANCER = {"type": "LoadBalancer", "ports": [HTTP, HTTPS]}
INGRESS = {"hosts": ["shop.example.com", "www.example.com"], "class": "traefik", "tls": True}
SHOP = "The shop:  https://shop.example.com"
NO_HTTPS = "Note:      no port 443, because nginx_tls_provider is none; terminate TLS in front of nginx."
POLICIES = "Note:      nginx-service is a NodePort, but the network policies allow only network_policies_clients."
FORWARD = "Or:        kubectl port-forward -n shop svc/nginx-service 8080:80"


@pytest.mark.parametrize(
    ("service", "options", "lines"),
    [
        (CLUSTER_IP, {}, ["Service:   nginx-service, type ClusterIP, ports 80", NO_HTTPS]),
        (NODE_PORT, {}, ["Service:   nginx-service, type NodePort, ports 80, 443"]),
        (
            NODE_PORT,
            {"authority": "secrets/tls/ca.crt"},
            [
                "Service:   nginx-service, type NodePort, ports 80, 443",
                "Trust:     secrets/tls/ca.crt is the authority of its certificate (curl --cacert).",
            ],
        ),
        (
            LOAD_BALANCER,
            {"load_balancer": [{"ip": "203.0.113.7"}, {"hostname": "lb.example.net"}]},
            ["Service:   nginx-service, type LoadBalancer, ports 80, 443", "Address:   203.0.113.7", "Address:   lb.example.net"],
        ),
        (
            LOAD_BALANCER,
            {},
            [
                "Service:   nginx-service, type LoadBalancer, ports 80, 443",
                "Warning:   the load balancer has no address yet; kubectl describe svc nginx-service -n shop shows the address or the "
                "reason.",
            ],
        ),
        (
            CLUSTER_IP,
            {"ingress": INGRESS, "only_clients": True},
            [
                "Ingress:   https://shop.example.com, www.example.com, class traefik",
                "Service:   nginx-service, type ClusterIP, ports 80",
            ],
        ),
        (
            CLUSTER_IP,
            {"ingress": {**INGRESS, "class": "", "tls": False}},
            [
                "Ingress:   http://shop.example.com, www.example.com, class default of the cluster",
                "Service:   nginx-service, type ClusterIP, ports 80",
                NO_HTTPS,
            ],
        ),
        (NODE_PORT, {"only_clients": True}, ["Service:   nginx-service, type NodePort, ports 80, 443"]),
        (
            NODE_PORT,
            {"ingress": INGRESS},
            [
                "Ingress:   https://shop.example.com, www.example.com, class traefik",
                "Service:   nginx-service, type NodePort, ports 80, 443",
            ],
        ),
        (
            NODE_PORT,
            {"ingress": INGRESS, "only_clients": True},
            [
                "Ingress:   https://shop.example.com, www.example.com, class traefik",
                "Service:   nginx-service, type NodePort, ports 80, 443",
                POLICIES,
            ],
        ),
    ],
)
def test_the_addresses_of_the_shop(service: dict[str, Any], options: dict[str, Any], lines: list[str]) -> None:
    assert shop_addresses(service, "shop", site_url="https://shop.example.com", **options) == [SHOP, *lines, FORWARD]


def test_a_missing_url_of_the_shop_is_shown() -> None:
    assert shop_addresses(NODE_PORT, "shop")[0] == "The shop:  no SITE_URL in platform_config"
