"""The settings of this scenario for each run, and a client that sends requests through Traefik."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

NETWORK: dict[str, Any] = yaml.safe_load((pathlib.Path(__file__).parents[2] / "network.yml").read_text())
HOST = "jewelry-shop.local"
ASK = """
import json
import sys

given = json.loads(sys.argv[1])
try:
    status, headers, body = Visitor(*given["site"]).ask(**given["question"])
    print(json.dumps({"status": status, "headers": headers, "body": body.decode(errors="replace")}))
except ssl.SSLCertVerificationError as error:
    print(json.dumps({"refused": error.verify_message}))
"""


@pytest.fixture(scope="session")
def playbook(playbook: Callable[..., Any]) -> Callable[..., Any]:
    """Run a playbook with the scenario's settings; further values become extra variables."""
    return lambda name, *arguments, **values: playbook(name, *arguments, **{**NETWORK, **values})


@pytest.fixture(scope="session")
def visitor_program() -> str:
    """The first lines of a program that sends requests to the site."""
    return pathlib.Path(__file__).with_name("visitor.py").read_text()


@pytest.fixture(scope="session")
def site(cluster: Any) -> list[str]:
    """Name and address of the site, and the certificate authority."""
    [secret] = cluster.get("secrets", f"--field-selector=metadata.name={NETWORK['ingress_tls_secret']}")
    [service] = cluster.get("services", "--namespace=traefik", "--field-selector=metadata.name=traefik")
    return [HOST, service["spec"]["clusterIP"], base64.b64decode(secret["data"]["ca.crt"]).decode()]


@pytest.fixture(scope="session")
def client(client_pod: Any) -> Any:
    return client_pod("outside", {"app": "visitor"})


@pytest.fixture(scope="session")
def ask(client: Any, site: list[str], visitor_program: str) -> Any:
    """Send requests to the site from a pod outside the platform."""

    def question(path: str, site: list[str | None] = site, **options: Any) -> dict[str, Any]:  # type: ignore[assignment]
        given = json.dumps({"site": site, "question": {"path": path, **options}})
        answer: dict[str, Any] = json.loads(client.run(visitor_program + ASK, given))
        return answer

    return question
