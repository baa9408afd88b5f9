"""Container registries: the published one, and the small one beside a cluster's nodes."""

import urllib.error
import urllib.request
from functools import cache as cached

from local_cluster import base_images, cache, docker
from local_cluster.config import PACKAGE, PUBLISHED_REGISTRY_IMAGE, Cluster
from local_cluster.process import output, run, succeeds
from local_cluster.steps import Step

_CONTEXT = PACKAGE / "images" / "registry"
_NETWORK = "kind"
_MANIFEST_TYPES = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"


@cached
def published_images_answer() -> bool:
    """Return whether published images can be pulled: Docker Hub answers within 5 seconds."""
    try:
        with urllib.request.urlopen("https://registry-1.docker.io/v2/", timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401  # Docker Hub answers 401 without a login.
    except (urllib.error.URLError, OSError):
        return False


def image() -> str:
    """Return the reference of the registry's image."""
    if published_images_answer():
        return PUBLISHED_REGISTRY_IMAGE
    base = base_images.reference("bookworm")
    return docker.local_reference("registry", cache.content_hash(_CONTEXT, base))


def step() -> Step:
    """Return the step that builds the registry's image."""

    def make() -> None:
        arguments = {"BASE_IMAGE": base_images.reference("bookworm")}
        docker.build(_CONTEXT, image(), arguments=arguments, log=cache.log_file("registry"))

    return Step("registry image", lambda: docker.image_exists(image()), make)


def ensure(cluster: Cluster) -> None:
    """Run the registry on the nodes' docker network; its images survive in a volume."""
    if succeeds(["docker", "start", cluster.registry]):
        return
    command = ["docker", "run", "--detach", "--name", cluster.registry, "--restart", "always"]
    command += ["--network", _NETWORK, "--publish", f"127.0.0.1:{cluster.registry_port}:5000"]
    run(
        [*command, "--volume", f"{cluster.registry}:/var/lib/registry", image()],
        log=cache.log_file(f"cluster-{cluster.name}"),
    )


def remove(cluster: Cluster) -> None:
    """Remove the registry's container; the volume with its images stays."""
    if succeeds(["docker", "container", "inspect", cluster.registry]):
        output(["docker", "rm", "--force", cluster.registry])


def mount(cluster: Cluster) -> dict[str, object]:
    """Return the mount with the configuration that sends a node's pulls from 127.0.0.1 to the registry's container."""
    address = f"127.0.0.1:{cluster.registry_port}"
    folder = cluster.directory / "certs.d"
    (folder / address).mkdir(parents=True, exist_ok=True)
    (folder / address / "hosts.toml").write_text(hosts_toml(cluster.registry))
    return {"hostPath": str(folder), "containerPath": "/etc/containerd/certs.d", "readOnly": True}


def hosts_toml(container: str) -> str:
    """Return containerd's configuration of a registry that is served by a container.

    ``server`` is the same as the host. Otherwise containerd reports a missing tag as a refused connection.
    """
    return f'server = "http://{container}:5000"\n\n[host."http://{container}:5000"]\n'


def pushed_digest(port: int, name: str, tag: str) -> str | None:
    """Return the digest of an image in the registry on 127.0.0.1, or None.

    Args:
        port: Port of the registry.
        name: Name of the image in it.
        tag: Tag of the image.
    """
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v2/{name}/manifests/{tag}", method="HEAD", headers={"Accept": _MANIFEST_TYPES}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return str(response.headers["Docker-Content-Digest"])
    except (urllib.error.URLError, OSError):
        return None


def answers(port: int) -> bool:
    """Return whether a registry answers on 127.0.0.1."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/v2/", timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False
