# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the way of a request: network policies, nginx, the time to stop, and the Ingress."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer

PATHS_OF_NGINX = re.compile("/(static|media|metrics|nginx_[a-z]+|health/detailed)(/|$)")
# What network_policies_clients has by default if the namespace of the controller is not set.
CLIENT_WITHOUT_A_NAME = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ""}}}


def _stops_too_soon(v: Values, tier: str) -> bool:
    return integer(v[f"{tier}_termination_grace_period_seconds"]) < integer(v[f"{tier}_least_grace_period_seconds"])


HEALTH_PATHS = ("platform_ready_path", "platform_live_path")
A_PATH = re.compile(r"/[A-Za-z0-9._~/?=&-]*")

RULES = (
    Rule(
        lambda v: ", ".join(str(port) for port in v["network_policies_missing_ports"]),
        "platform_secrets.CELERY_BROKER_URL or CELERY_RESULT_BACKEND leads to port {}, which no network policy allows: add a flow to "
        "network_policies_flows in {preflight_values_file}.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] == "existing" and not v["nginx_tls_secret"],
        "nginx_tls_secret is not set, but nginx_tls_provider is existing: put the name of a Secret of type kubernetes.io/tls into "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] not in ("existing", "cert_manager") and v["nginx_tls_secret"],
        "nginx_tls_secret is set, but nginx_tls_provider is {nginx_tls_provider}, so nginx does not use the Secret. Set nginx_tls_provider "
        "to existing in {preflight_values_file}, or remove nginx_tls_secret.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] == "cert_manager" and not v["nginx_cert_manager_issuer"],
        "nginx_cert_manager_issuer is not set, but nginx_tls_provider is cert_manager: put the name of an issuer of cert-manager into "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] != "cert_manager" and v["nginx_cert_manager_issuer"],
        "nginx_cert_manager_issuer is set, but nginx_tls_provider is {nginx_tls_provider}, so nginx does not use the issuer. Set "
        "nginx_tls_provider to cert_manager in {preflight_values_file}, or remove nginx_cert_manager_issuer.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] in ("generated", "cert_manager") and not v["nginx_tls_hosts"],
        "nginx_tls_hosts is empty, but nginx_tls_provider is {nginx_tls_provider}: put the host names of the certificate into "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: _stops_too_soon(v, "django"),
        "django_termination_grace_period_seconds is {django_termination_grace_period_seconds}. The drain (django_drain_seconds), the "
        "longest request (django_gunicorn_timeout, nginx_proxy_timeout, timeout of nginx_locations) and 10 s to stop need "
        "{django_least_grace_period_seconds}. Remove it, or set it to {django_least_grace_period_seconds} or more in "
        "{preflight_values_file}.",
    ),
    Rule(
        lambda v: _stops_too_soon(v, "nginx"),
        "nginx_termination_grace_period_seconds is {nginx_termination_grace_period_seconds}. The drain (nginx_drain_seconds), the longest "
        "request (nginx_proxy_timeout, timeout of nginx_locations) and 10 s to stop need {nginx_least_grace_period_seconds}. Remove it, "
        "or set it to {nginx_least_grace_period_seconds} or more in {preflight_values_file}.",
    ),
    Rule(
        lambda v: "; ".join(v["network_policies_problems"]),
        "network_policies_flows and network_policies_endpoints in {preflight_values_file}: {}.",
    ),
    Rule(
        lambda v: v["ingress_enabled"] and not v["ingress_hosts"],
        "ingress_enabled is true, but the Ingress has no host. Put the host names of the shop into platform_config.DJANGO_ALLOWED_HOSTS or "
        "into ingress_hosts in {preflight_values_file}.",
    ),
    Rule(
        lambda v: v["ingress_enabled"] and v["network_policies_enabled"] and CLIENT_WITHOUT_A_NAME in v["network_policies_clients"],
        "ingress_controller_namespace is not set, so the network policies would block the ingress controller. In {preflight_values_file}, "
        "set it to the namespace of the controller, or set network_policies_clients to the addresses of its pods.",
    ),
    Rule(
        lambda v: v["ingress_enabled"] and v["ingress_tls_secret_name"] and not v["nginx_trusted_proxies"],
        "ingress_enabled is true with TLS, but nginx_trusted_proxies is empty. nginx would ignore the X-Forwarded-Proto of the ingress "
        "controller and redirect each HTTPS request forever. Set nginx_trusted_proxies in {preflight_values_file} to the network of the "
        "controller's pods.",
    ),
    Rule(
        lambda v: " and ".join(name for name in HEALTH_PATHS if not A_PATH.fullmatch(v[name])),
        "{} must begin with / and have only letters, digits and the characters . _ ~ / ? = & -: set it in {preflight_values_file}.",
    ),
    Rule(
        lambda v: v["platform_ready_path"] == v["platform_live_path"],
        "platform_ready_path and platform_live_path are both '{platform_ready_path}', so Kubernetes would restart pods that are only not "
        "ready. Set two different paths in {preflight_values_file}. If the application has only one path, add a query to "
        "platform_live_path, such as ?live.",
    ),
    Rule(
        lambda v: not v["validate_customer_path"].startswith("/") or PATHS_OF_NGINX.match(v["validate_customer_path"]),
        "validate_customer_path '{validate_customer_path}' is not a path that nginx passes to Django, so the check would not test Django. "
        "Set it in {preflight_values_file} to a path that begins with / and that Django serves.",
    ),
)
