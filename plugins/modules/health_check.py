#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health_check

short_description: Check HTTP endpoints and all ready pods of Kubernetes workloads

version_added: 1.0.0

description:
  - Sends HTTP requests to any number of endpoints in parallel, and compares the responses with the expected values.
  - An endpoint is a URL or a workload. For a workload, the module sends the request to each ready pod of the newest revision. It uses
    a port-forward stream through the API server, so an Ingress, a Service or a network policy does not affect the check.
  - Retries unhealthy endpoints until O(timeout). Slow headers, a slow body or an endless body cannot exceed it.
  - A redirect is a failure, unless O(endpoints[].status) lists its code or O(endpoints[].follow_redirects) is set.
  - Never changes anything, so check mode does the same as a run.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  endpoints:
    description: Endpoints to check. Each entry needs exactly one of O(endpoints[].url) and O(endpoints[].workload).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the endpoint in results and messages. By default the URL, or the kind and name of the workload.
        type: str
      url:
        description:
          - An V(http) or V(https) URL.
          - A user and password in the URL are sent as basic authentication and never shown.
        type: str
      workload:
        description:
          - A workload. Each of its ready pods gets the request.
          - For a Deployment, and for a StatefulSet with rolling updates, only pods of the newest revision count. Pods that are being
            deleted never count.
          - A workload with 0 replicas is healthy, unless O(endpoints[].min_pods) requires pods.
          - Requires the permissions C(get) on the workload, C(list) on C(pods) and (for a Deployment) C(replicasets), and C(get) (from
            Kubernetes 1.35 on also C(create)) on C(pods/portforward).
          - Impersonation (O(impersonate_user), O(impersonate_groups)) applies to reading objects but not to the streams, because the
            Kubernetes client does not send these headers with a stream.
        type: dict
        suboptions:
          kind:
            description: Kind of the workload.
            type: str
            choices: [Deployment, StatefulSet, DaemonSet]
            default: Deployment
          name:
            description: Name of the workload.
            type: str
            required: true
          namespace:
            description: Namespace of the workload.
            type: str
            required: true
          port:
            description: Port in the pod, as a number or as the name of a container port.
            type: str
            required: true
          container:
            description: Container in which to look up a port name, and whose image is returned. By default any container.
            type: str
      min_pods:
        description:
          - Number of pods of a workload that must be ready. By default all pods that the workload should have.
          - With fewer ready pods the endpoint is unhealthy, and the reason lists each pod that is not ready with the cause from its status.
          - One ready pod with a wrong response makes the endpoint unhealthy.
        type: int
      path:
        description: Path and optional query of the request. It is appended to a URL. By default V(/) for a workload.
        type: str
      scheme:
        description: Protocol for the pods of a workload. By default V(http).
        type: str
        choices: [http, https]
      method:
        description: Method of the request.
        type: str
        choices: [GET, HEAD]
        default: GET
      headers:
        description:
          - Headers of the request. Set V(Host) and V(X-Forwarded-Proto) here for an application that accepts only the requests of its
            users.
        type: dict
      secret_headers:
        description: Further headers, whose values are never shown.
        type: dict
      status:
        description: Status codes of a healthy response.
        type: list
        elements: int
        default: [200]
      response_headers:
        description: Headers that the response must have, each with a string that its value must contain. Case is ignored.
        type: dict
      body_contains:
        description: String that the body must contain.
        type: str
      body_regex:
        description: Python regular expression that must match in the body. It may begin with flags such as C((?s\)).
        type: str
      json:
        description:
          - Values that the JSON body must contain. Each key is a path, and each value is the expected value at this path.
          - A path consists of names and list positions (from 0), separated by dots, such as V(checks.database.status) or V(items.0.name).
            Write a dot that is part of a name as V(\\.).
          - Types must match as in JSON, so V(true) equals neither V("true") nor V(1).
        type: dict
      return_content:
        description: Whether to return the body of a healthy response, without secrets.
        type: bool
        default: false
      max_latency:
        description:
          - Maximum seconds from connecting to the last byte of the response. For a pod, the time to open the stream to it does not
            count.
        type: float
      follow_redirects:
        description:
          - Follow up to five redirects that stay on the same host and port, or that lead from V(http) to V(https) on the same host.
          - The value of a V(Host) header in O(endpoints[].headers) counts as the same host.
          - A redirect to another host or from V(https) to V(http) is never followed.
        type: bool
        default: false
      validate_certs:
        description: Whether the certificate of the endpoint must be valid. Does not apply to the API server.
        type: bool
        default: true
      ca_path:
        description: PEM file with the accepted certificate authorities. By default those of the host that runs the module.
        type: path
      server_name:
        description:
          - Name for the TLS handshake (SNI) and for the verification of the certificate. By default the host of the URL, or for a workload
            the V(Host) header.
        type: str
      use_proxy:
        description: Whether to use the proxies from the environment for a URL.
        type: bool
        default: false
  timeout:
    description: Maximum seconds for all checks together.
    type: float
    default: 60
  request_timeout:
    description: Maximum seconds for one attempt, from resolving the name to the last byte of the response.
    type: float
    default: 5
  interval:
    description: Seconds between two attempts. No attempt starts after O(timeout).
    type: float
    default: 1
  max_body:
    description: Maximum size of a body in bytes. A larger body is unhealthy.
    type: int
    default: 1048576
  concurrency:
    description: Number of parallel requests.
    type: int
    default: 16

  mask:
    description:
      - Values to replace with V(******) in reasons and contents, also in encoded form (base64, URL, HTML, JSON).
      - Values of fewer than 4 characters are not replaced.
    type: list
    elements: str
    default: []
  mask_secrets:
    description: Secrets whose values are replaced in the same way, as V(NAME), or V(NAME/KEY) for the value of one key.
    type: list
    elements: str
    default: []
  namespace:
    description: Namespace of the Secrets in O(mask_secrets).
    type: str

requirements:
  - kubernetes >= 24.2.0 (Python library), only if an endpoint is a workload or O(mask_secrets) is not empty

seealso:
  - module: ansible.builtin.uri
  - module: kubernetes.core.k8s_info

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Check that every replica of Django is ready, with the headers of a user's request
  jewelry_shop.platform.health_check:
    context: kind-jewelry-shop
    endpoints:
      - name: django
        workload:
          name: django
          namespace: jewelry-shop
          port: http
        path: /health/ready/
        headers:
          Host: shop.example.com
          X-Forwarded-Proto: https
        json:
          status: ok
          checks.database: true
        max_latency: 2

- name: Check that the shop answers at its public address within two minutes
  jewelry_shop.platform.health_check:
    timeout: 120
    endpoints:
      - name: shop
        url: https://shop.example.com
        path: /health/
        ca_path: /etc/ssl/shop-ca.pem
        response_headers:
          Content-Type: application/json
      - name: admin is closed to the public
        url: https://shop.example.com/health/detailed/
        status: [403, 404]

- name: Check an endpoint that needs a token
  jewelry_shop.platform.health_check:
    endpoints:
      - url: https://shop.example.com/health/detailed/
        secret_headers:
          Authorization: "Bearer {{ health_token }}"
"""

RETURN = r"""
msg:
  description: One sentence. After a failure it names each unhealthy endpoint and pod, with the reason.
  returned: always
  type: str
  sample: >-
    1 of 2 endpoints is not healthy: django: pod django-5d9c7b6f4-x2x7p on node worker2: status 503 instead of 200: database is down
healthy:
  description: Whether all endpoints are healthy.
  returned: when the checks ran
  type: bool
  sample: false
endpoints:
  description: An entry for each entry of O(endpoints), in the same order.
  returned: when the checks ran
  type: list
  elements: dict
  contains:
    name:
      description: The endpoint's name.
      returned: always
      type: str
      sample: django
    url:
      description: The URL, without user and password.
      returned: if the endpoint is a URL
      type: str
      sample: https://shop.example.com/health/
    content:
      description: The body of a healthy answer.
      returned: if the endpoint is a URL and has O(endpoints[].return_content)
      type: str
      sample: '{"status": "ok"}'
    connected:
      description: Whether the last attempt opened a connection. If not, the reason is a network error.
      returned: if the endpoint is a URL
      type: bool
      sample: true
    workload:
      description: The workload's RV(ignore:kind), RV(ignore:namespace), RV(ignore:name) and RV(ignore:port).
      returned: if the endpoint is a workload
      type: dict
      sample: {"kind": "Deployment", "namespace": "jewelry-shop", "name": "django", "port": "http"}
    healthy:
      description: Whether the endpoint is healthy.
      returned: always
      type: bool
      sample: false
    reason:
      description: Why the endpoint is unhealthy, according to the last attempt; null if it is healthy.
      returned: always
      type: str
      sample: "pod django-5d9c7b6f4-x2x7p on node worker2: status 503 instead of 200: database is down"
    status:
      description: Status code of the last response, or null. For a workload the status code that all its ready pods returned, or null.
      returned: always
      type: int
      sample: 503
    elapsed:
      description: Seconds that the last attempt took. For a workload those of the slowest pod.
      returned: always
      type: float
      sample: 0.012
    attempts:
      description: Number of attempts.
      returned: always
      type: int
      sample: 3
    wanted:
      description: Number of ready pods that are required.
      returned: if the endpoint is a workload
      type: int
      sample: 3
    ready:
      description: Number of ready pods of the newest revision.
      returned: if the endpoint is a workload
      type: int
      sample: 3
    pods:
      description: The pods of the workload's newest revision, by name.
      returned: if the endpoint is a workload
      type: list
      elements: dict
      contains:
        pod:
          description: The pod's name.
          returned: always
          type: str
          sample: django-5d9c7b6f4-x2x7p
        node:
          description: Node of the pod, or null.
          returned: always
          type: str
          sample: worker2
        ready:
          description: Whether the pod has the condition Ready. Pods that are not ready get no request.
          returned: always
          type: bool
          sample: true
        healthy:
          description: Whether the pod is ready and its response was as expected.
          returned: always
          type: bool
          sample: false
        status:
          description: Status code of the last response, or null.
          returned: always
          type: int
          sample: 503
        elapsed:
          description: Seconds that the last attempt took, or null.
          returned: always
          type: float
          sample: 0.012
        attempts:
          description: Number of attempts.
          returned: always
          type: int
          sample: 3
        reason:
          description: Why the pod is unhealthy, or null.
          returned: always
          type: str
          sample: "status 503 instead of 200: database is down"
        content:
          description: The body of a healthy response.
          returned: if the endpoint has O(endpoints[].return_content)
          type: str
          sample: '{"status": "ok"}'
        revision:
          description: Revision number of a Deployment, or revision hash of another workload.
          returned: always
          type: str
          sample: "7"
        image:
          description: Image of the container in O(endpoints[].workload.container), or of the pod's default container.
          returned: always
          type: str
          sample: registry.example.com/shop:1.4.0
"""

import math
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.endpoint import header_secrets, parse_endpoints, userinfo_secrets
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.prober import Settings
from ansible_collections.jewelry_shop.platform.plugins.module_utils.health.runner import run_checks, summary
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import MASK_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask

WORKLOAD_SPEC = {
    "kind": {"type": "str", "choices": ["Deployment", "StatefulSet", "DaemonSet"], "default": "Deployment"},
    "name": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "port": {"type": "str", "required": True},
    "container": {"type": "str"},
}
ENDPOINT_SPEC = {
    "name": {"type": "str"},
    "url": {"type": "str"},
    "workload": {"type": "dict", "options": WORKLOAD_SPEC},
    "min_pods": {"type": "int"},
    "path": {"type": "str"},
    "scheme": {"type": "str", "choices": ["http", "https"]},
    "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
    "headers": {"type": "dict"},
    "secret_headers": {"type": "dict", "no_log": True},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "response_headers": {"type": "dict"},
    "body_contains": {"type": "str"},
    "body_regex": {"type": "str"},
    "json": {"type": "dict"},
    "return_content": {"type": "bool", "default": False},
    "max_latency": {"type": "float"},
    "follow_redirects": {"type": "bool", "default": False},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "server_name": {"type": "str"},
    "use_proxy": {"type": "bool", "default": False},
}
LIMITS_SPEC = {
    "timeout": {"type": "float", "default": 60},
    "request_timeout": {"type": "float", "default": 5},
    "interval": {"type": "float", "default": 1},
    "max_body": {"type": "int", "default": 1048576},
    "concurrency": {"type": "int", "default": 16},
}


SPEC = {
    **LIMITS_SPEC,
    "endpoints": {"type": "list", "elements": "dict", "required": True, "options": ENDPOINT_SPEC},
    **MASK_SPEC,
    "namespace": {"type": "str"},
}


class SecretiveModule(MaskingModule):
    """Masks secrets before it validates or logs its parameters, because both show the parameters."""

    def _load_params(self) -> None:
        super()._load_params()
        endpoints = self.params.get("endpoints")
        for entry in endpoints if isinstance(endpoints, list) else []:
            if isinstance(entry, dict):
                self.no_log_values.update(userinfo_secrets(str(entry.get("url") or "")))
                secret = entry.get("secret_headers")
                if isinstance(secret, dict):
                    self.no_log_values.update(header_secrets({str(name): str(value) for name, value in secret.items()}))


def read_settings(params: dict[str, Any], mask: Masker) -> Settings:
    """Validate the limits.

    Args:
        params: the module's parameters.
        mask: hides secrets.

    Raises:
        PlatformError: a limit is out of its range; the message names it.
    """
    for option in ("timeout", "request_timeout", "max_body", "concurrency"):
        if not (params[option] > 0 and math.isfinite(params[option])):
            raise PlatformError(f"{option} must be more than 0, it is {params[option]}", certain=True)
    if not (params["interval"] >= 0 and math.isfinite(params["interval"])):
        raise PlatformError(f"interval must not be negative, it is {params['interval']}", certain=True)
    if params["mask_secrets"] and not params["namespace"]:
        raise PlatformError("mask_secrets needs the namespace of the Secrets", certain=True)
    return Settings(**{option: params[option] for option in LIMITS_SPEC}, mask=mask)


def check(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Check all endpoints.

    Args:
        module: the module with its parameters.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is wrong, or the Secrets cannot be read.
    """
    settings = read_settings(module.params, mask)
    endpoints = parse_endpoints(module.params["endpoints"])
    cluster = None
    if module.params["mask_secrets"] or any(endpoint.workload for endpoint in endpoints):
        module.requires("kubernetes")
        cluster = Cluster(auth(module.params))
        mask.hide(secrets_to_mask(module.params))
    results = run_checks(endpoints, settings, cluster)
    healthy = all(entry["healthy"] for entry in results)
    return {"msg": summary(results), "healthy": healthy, "endpoints": results, "changed": False, "failed": not healthy}


def main() -> None:
    """Run the module."""
    run_module(SPEC, check, module_class=SecretiveModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
