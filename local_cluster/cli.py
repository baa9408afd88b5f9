"""The command line."""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local_cluster import cache, cluster, engine, platform_images
from local_cluster.config import DEMO_CLUSTER, Cluster, default_kubeconfig
from local_cluster.errors import LocalClusterError
from local_cluster.prepare import prepare


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        done = _COMMANDS[options.command](options)
    except LocalClusterError as error:
        print(f"local_cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("local_cluster: interrupted. Run it again to continue.", file=sys.stderr)
        return 130
    print(f"{done} ({time.monotonic() - started:.0f} s)")
    return 0


def _engine(_: argparse.Namespace) -> str:
    with cache.lock():
        engine.ensure()
    return "The docker engine answers."


def _prepare(_: argparse.Namespace) -> str:
    prepare()
    return "This machine is prepared."


def _up(options: argparse.Namespace) -> str:
    prepare()
    wanted = _cluster(options)
    cluster.up(wanted)
    return f"The cluster {wanted.name} is ready: context {wanted.context} in {wanted.kubeconfig}"


def _images(options: argparse.Namespace) -> str:
    prepare()
    platform_images.build_and_push(options.set, options.registry_port)
    return f"The images are in the registry on 127.0.0.1:{options.registry_port}."


def _down(options: argparse.Namespace) -> str:
    engine.ensure()
    cluster.delete(_cluster(options))
    return f"The cluster {options.name} was deleted. Images and caches are kept."


def _status(options: argparse.Namespace) -> str:
    return cluster.status(_cluster(options))


_COMMANDS = {
    "engine": _engine,
    "prepare": _prepare,
    "up": _up,
    "images": _images,
    "down": _down,
    "status": _status,
}


def _cluster(options: argparse.Namespace) -> Cluster:
    return Cluster(
        name=options.name,
        kubeconfig=(options.kubeconfig or default_kubeconfig(options.name)).expanduser().absolute(),
        http_port=getattr(options, "http_port", 0),
        https_port=getattr(options, "https_port", 0),
        registry_port=getattr(options, "registry_port", 0),
        workers=getattr(options, "workers", 0),
        shared_volumes=getattr(options, "volumes", "shared") == "shared",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m local_cluster", description="A local kind cluster.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("engine", help="find, install or start the docker engine")
    commands.add_parser("prepare", help="build everything that is needed once per machine")
    up = commands.add_parser("up", help="create the cluster, or repair it")
    images = commands.add_parser("images", help="build the platform's images and push them")
    down = commands.add_parser("down", help="delete the cluster, its registry's container and its volumes")
    state = commands.add_parser("status", help="show the state of the cluster")
    for command in (up, down, state):
        command.add_argument("--name", type=_name, default=DEMO_CLUSTER)
        command.add_argument("--kubeconfig", type=Path)
    up.add_argument("--http-port", type=_port, default=8080)
    up.add_argument("--https-port", type=_port, default=8443)
    up.add_argument("--workers", type=int, choices=range(6), default=2, metavar="0..5")
    up.add_argument("--volumes", choices=("shared", "node"), default="shared", help="ReadWriteMany, or ReadWriteOnce only")
    for command in (up, images):
        command.add_argument("--registry-port", type=_port, default=5001)
    images.add_argument("--set", choices=sorted(platform_images.SETS), default="platform")
    return parser


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a cluster name: lower-case letters, digits and dashes")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: a number from 1 to 65535")
    return int(text)
