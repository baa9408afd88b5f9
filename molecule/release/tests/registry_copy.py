"""Stands in for crane in test_air_gap.py: copies an image to another path of one registry, by the HTTP API of the registry.

The API is that of https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import Any

TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def request(method: str, url: str, data: bytes | None = None, **headers: str) -> Any:
    """Send a request to the registry, without a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(urllib.request.Request(url, data, headers, method=method), timeout=60)


def parts(image: str) -> tuple[str, str, str]:
    """The registry, the path, and the tag or digest."""
    registry, _slash, rest = image.partition("/")
    path, _separator, version = rest.partition("@") if "@" in rest else rest.rpartition(":")
    return registry, path, version


def manifest(image: str) -> Any:
    """The response with the manifest of an image."""
    registry, path, version = parts(image)
    return request("GET", f"http://{registry}/v2/{path}/manifests/{version}", Accept=", ".join(TYPES))


def copy(source: str, target: str) -> None:
    """Copy an image with all its platforms."""
    registry, path, _version = parts(source)
    _registry, to, version = parts(target)
    with manifest(source) as response:
        body, kind = response.read(), response.headers["Content-Type"]
    content = json.loads(body)
    for each in content.get("manifests", ()):
        copy(f"{registry}/{path}@{each['digest']}", f"{registry}/{to}@{each['digest']}")
    for each in [content["config"], *content["layers"]] if "layers" in content else []:
        with request("POST", f"http://{registry}/v2/{to}/blobs/uploads/?mount={each['digest']}&from={path}", b"") as response:
            if response.status != 201:
                raise SystemExit(f"the registry did not mount {each['digest']}: {response.status}")
    with request("PUT", f"http://{registry}/v2/{to}/manifests/{version}", body, **{"Content-Type": kind}):
        pass


def main() -> None:
    """Run one of the two commands that the script uses."""
    if sys.argv[1] == "copy":
        copy(*sys.argv[3:])
    else:
        with manifest(sys.argv[3]) as response:
            print(response.headers["Docker-Content-Digest"])


if __name__ == "__main__":
    main()
