# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the shop is reached, for the end of a run: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NO_ADDRESS = "the load balancer has no address yet; kubectl describe svc nginx-service -n {} shows the address or the reason."


def shop_addresses(
    service: Mapping[str, Any],
    namespace: str,
    *,
    site_url: str | None = None,
    ingress: Mapping[str, Any] | None = None,
    load_balancer: Sequence[Mapping[str, str]] = (),
    only_clients: bool = False,
    authority: str | None = None,
) -> list[str]:
    """List how the shop is reached.

    Args:
        service: C(spec) of the Service nginx-service.
        namespace: Namespace of the platform.
        site_url: C(SITE_URL) of the application.
        ingress: C(hosts), C(class) and C(tls) (whether it has a certificate) of the Ingress. Null without an Ingress.
        load_balancer: C(status.loadBalancer.ingress) of the Service.
        only_clients: Whether the network policies restrict the clients of nginx.
        authority: File on the controller with the authority of a generated certificate.

    Returns:
        Lines of text.

    Example:
        {{ {'type': 'ClusterIP', 'ports': [{'port': 80}]} | jewelry_shop.platform.shop_addresses('jewelry-shop') }}
    """
    kind, ports = service["type"], [int(each["port"]) for each in service["ports"]]
    lines = [("The shop", site_url or "no SITE_URL in platform_config")]
    if ingress:
        scheme = "https" if ingress["tls"] else "http"
        lines.append(("Ingress", f"{scheme}://{', '.join(ingress['hosts'])}, class {ingress['class'] or 'default of the cluster'}"))
    lines.append(("Service", f"nginx-service, type {kind}, ports {', '.join(map(str, ports))}"))
    if kind == "LoadBalancer":
        lines += [("Address", each.get("ip") or each["hostname"]) for each in load_balancer] or [("Warning", _NO_ADDRESS.format(namespace))]
    if ingress and only_clients and kind != "ClusterIP":
        lines.append(("Note", f"nginx-service is a {kind}, but the network policies allow only network_policies_clients."))
    if authority:
        lines.append(("Trust", f"{authority} is the authority of its certificate (curl --cacert)."))
    elif 443 not in ports and not (ingress and ingress["tls"]):
        lines.append(("Note", "no port 443, because nginx_tls_provider is none; terminate TLS in front of nginx."))
    lines.append(("Or", f"kubectl port-forward -n {namespace} svc/nginx-service 8080:80"))
    return [f"{label + ':':<11}{text}" for label, text in lines]
