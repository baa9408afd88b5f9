#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health_check

short_description: Check HTTP endpoints, and every ready pod of Kubernetes workloads

version_added: 1.0.0

description:
  - Sends HTTP requests to any number of endpoints at once, and holds the answers against what is expected of them.
  - An endpoint is either a URL, or a workload. Of a workload every ready pod of its newest revision is asked, by a port-forward
    stream through the API server, so that neither an ingress nor a Service is involved and network policies do not interfere.
  - Whatever is not healthy is tried again until O(timeout). Slow headers, a slow body and an endless body cannot stretch that.
  - A redirect is a failure, unless O(endpoints[].status) lists its code or O(endpoints[].follow_redirects) is set.
  - Nothing is ever changed, so check mode does the same as a run.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  endpoints:
    description: What to check. Each entry needs exactly one of O(endpoints[].url) and O(endpoints[].workload).
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: How results and messages call the endpoint. By default its URL, or kind and name of its workload.
        type: str
      url:
        description:
          - An V(http) or V(https) URL to ask directly.
          - A user and password in it are sent as basic authentication and never shown.
        type: str
      workload:
        description:
          - A workload whose ready pods are asked, one by one.
          - Of a Deployment, and of a StatefulSet that rolls by itself, only pods of the newest revision count. Pods that are being
            deleted never do.
          - A workload that is set to 0 replicas has nothing to ask and is healthy, unless O(endpoints[].min_pods) says otherwise.
          - Needs the permissions C(get) on the workload, C(list) on C(pods) and (for a Deployment) C(replicasets), and C(get) (from
            Kubernetes 1.35 on also C(create)) on C(pods/portforward).
          - Impersonation (O(impersonate_user), O(impersonate_groups)) applies to reading objects, but not to the streams, since the
            Kubernetes client does not send these headers with them.
        type: dict
        suboptions:
          kind:
            description: Its kind.
            type: str
            choices: [Deployment, StatefulSet, DaemonSet]
            default: Deployment
          name:
            description: Its name.
            type: str
            required: true
          namespace:
            description: Its namespace.
            type: str
            required: true
          port:
            description: The port in the pod, as a number or as the name of a container port.
            type: str
            required: true
          container:
            description: Where to look up the name of the port, and whose image is returned. By default any container.
            type: str
      min_pods:
        description:
          - How many pods of a workload have to be ready. By default all that it wants.
          - With fewer the endpoint is not healthy, and each pod that is not ready is named with the cause in its status.
          - A ready pod that gives a wrong answer makes the endpoint unhealthy, however many others there are.
        type: int
      path:
        description: Path, and query if any, of the request. It is appended to a URL. By default V(/) for a workload.
        type: str
      scheme:
        description: How pods of a workload are spoken to. By default V(http).
        type: str
        choices: [http, https]
      method:
        description: The request's method.
        type: str
        choices: [GET, HEAD]
        default: GET
      headers:
        description:
          - Headers of the request. V(Host) may be among them, and V(X-Forwarded-Proto), so that an application that is strict
            about both answers as it does to its users.
        type: dict
      secret_headers:
        description: Further headers, whose values are never shown.
        type: dict
      status:
        description: Status codes that are healthy.
        type: list
        elements: int
        default: [200]
      response_headers:
        description: Headers that the answer must have, each with the text that its value must contain, whatever its case.
        type: dict
      body_contains:
        description: Text that the body must contain.
        type: str
      body_regex:
        description: Python regular expression that must be found in the body. C((?s\)) and other flags can be put in front.
        type: str
      json:
        description:
          - Values that the body, which must be JSON, has to have. Each key is a path and each value what is expected there.
          - A path consists of names and list positions (from 0) separated by dots, such as V(checks.database.status) or
            V(items.0.name). A dot that is part of a name is written V(\\.) in it.
          - Types count as they do in JSON, so V(true) is neither V("true") nor V(1).
        type: dict
      return_content:
        description: Whether the body of a healthy answer is returned, without secrets.
        type: bool
        default: false
      max_latency:
        description:
          - Seconds that the answer may take, from connecting to its last byte. Of a pod the time for opening the stream to it does
            not count.
        type: float
      follow_redirects:
        description:
          - Follow up to five redirects that stay on the same host and port, or lead from V(http) to V(https) on the same host.
          - The value of a V(Host) header in O(endpoints[].headers) counts as the same host.
          - A redirect to another host or from V(https) to V(http) is never followed.
        type: bool
        default: false
      validate_certs:
        description: Whether the server's certificate must be valid. This is about the endpoint, not about the API server.
        type: bool
        default: true
      ca_path:
        description: A PEM file with the only certificate authorities that are accepted. By default the machine's.
        type: path
      server_name:
        description:
          - Name to ask for in the TLS handshake and to find in the certificate. By default the URL's host and, for a workload, the
            V(Host) header.
        type: str
      use_proxy:
        description: Whether proxies from the environment are used for a URL.
        type: bool
        default: false
  timeout:
    description: Seconds that all checks together may take.
    type: float
    default: 60
  request_timeout:
    description: Seconds that a single attempt may take, from resolving the name to the last byte of the answer.
    type: float
    default: 5
  interval:
    description: Seconds between two attempts. None is begun that would start after O(timeout).
    type: float
    default: 1
  max_body:
    description: Bytes of a body that are read. A body that is larger is not healthy.
    type: int
    default: 1048576
  concurrency:
    description: How many requests run at the same time.
    type: int
    default: 16

  mask:
    description:
      - Values that are replaced by V(******) in reasons and contents, also where they are encoded (base64, URL, HTML, JSON).
      - One of fewer than 4 characters stays.
    type: list
    elements: str
    default: []
  mask_secrets:
    description: Names of Secrets whose values are replaced too.
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
- name: Every replica of Django is ready, as the site's users would see it
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

- name: The shop answers through its front door within two minutes
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

- name: A check that needs a token
  jewelry_shop.platform.health_check:
    endpoints:
      - url: https://shop.example.com/health/detailed/
        secret_headers:
          Authorization: "Bearer {{ health_token }}"
"""

RETURN = r"""
msg:
  description: One sentence. On failure it names each endpoint, and each pod, that is not healthy, with the reason.
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
      description: Whether the last attempt opened a connection. Without one the reason is about the way to the endpoint.
      returned: if the endpoint is a URL
      type: bool
      sample: true
    workload:
      description: The workload's RV(ignore:kind), RV(ignore:namespace), RV(ignore:name) and RV(ignore:port).
      returned: if the endpoint is a workload
      type: dict
      sample: {"kind": "Deployment", "namespace": "jewelry-shop", "name": "django", "port": "http"}
    healthy:
      description: Whether it is healthy.
      returned: always
      type: bool
      sample: false
    reason:
      description: Why it is not healthy, or none. After several attempts it is the last one's.
      returned: always
      type: str
      sample: "pod django-5d9c7b6f4-x2x7p on node worker2: status 503 instead of 200: database is down"
    status:
      description: The last answer's status code, or none. Of a workload the one that all its ready pods gave, or none.
      returned: always
      type: int
      sample: 503
    elapsed:
      description: Seconds that the last attempt took. Of a workload the slowest pod's.
      returned: always
      type: float
      sample: 0.012
    attempts:
      description: How often it was tried.
      returned: always
      type: int
      sample: 3
    wanted:
      description: How many ready pods are wanted.
      returned: if the endpoint is a workload
      type: int
      sample: 3
    ready:
      description: How many pods of the newest revision are ready.
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
          description: The node that it runs on, or none.
          returned: always
          type: str
          sample: worker2
        ready:
          description: Whether Kubernetes calls it ready. A pod that is not ready is not asked.
          returned: always
          type: bool
          sample: true
        healthy:
          description: Whether it is ready and its answer was as expected.
          returned: always
          type: bool
          sample: false
        status:
          description: The last answer's status code, or none.
          returned: always
          type: int
          sample: 503
        elapsed:
          description: Seconds that the last attempt took, or none.
          returned: always
          type: float
          sample: 0.012
        attempts:
          description: How often it was tried.
          returned: always
          type: int
          sample: 3
        reason:
          description: Why it is not healthy, or none.
          returned: always
          type: str
          sample: "status 503 instead of 200: database is down"
        content:
          description: The body of a healthy answer.
          returned: if the endpoint has O(endpoints[].return_content)
          type: str
          sample: '{"status": "ok"}'
        revision:
          description: Number of the Deployment's revision, or hash of the revision of another workload.
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
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
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
    "mask": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "mask_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "namespace": {"type": "str"},
}


class SecretiveModule(MaskingModule):
    """Knows what must not be shown before it validates or logs its parameters, since both show them."""

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
    """Check the limits.

    Args:
        params: the module's parameters.
        mask: hides secrets.

    Raises:
        PlatformError: one is out of its range; names it.
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
        module: the module, whose parameters say what is asked for.
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
