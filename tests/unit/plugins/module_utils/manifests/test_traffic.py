"""The arithmetic of keep-alive and drain, hosts of a redirect, and sizes."""

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.traffic import (
    host_map_keys,
    size_bytes,
    upstream_keep_alive_milliseconds,
)


@pytest.mark.parametrize(
    ("drain", "server", "milliseconds"),
    [
        pytest.param(15, 75, 1500, id="the default"),
        pytest.param(10, 75, 1000, id="the default of before"),
        pytest.param(4, 75, 400, id="of the scenarios"),
        pytest.param(120, 75, 12000, id="a long drain"),
        pytest.param(3600, 75, 37500, id="no longer than half of the server's"),
        pytest.param(60, 2, 1000, id="the server's own default"),
        pytest.param(60, 0, 6000, id="a server that keeps no connection"),
        pytest.param(0, 75, 1, id="no drain"),
    ],
)
def test_the_keep_alive_time_depends_on_the_drain(drain: int, server: int, milliseconds: int) -> None:
    assert upstream_keep_alive_milliseconds(drain, server) == milliseconds


@pytest.mark.parametrize("drain", [1, 4, 10, 15, 60, 600])
def test_the_removal_of_the_endpoint_has_eight_tenths_of_the_drain(drain: int) -> None:
    """The last connection is used for one value, and then idle for the other."""
    assert 2 * upstream_keep_alive_milliseconds(drain, 75) <= 200 * drain


@pytest.mark.parametrize(
    ("allowed", "keys"),
    [
        ("", []),
        ("shop.example.com, WWW.example.com,,shop.example.com", ["shop.example.com", "www.example.com"]),
        (".example.com", [".example.com"]),
        ("*", ["default"]),
        ("shop.example.com,*", ["default"]),
        ("*.example.com", []),
        ("[2001:db8::1],127.0.0.1", ["[2001:db8::1]", "127.0.0.1"]),
        ("default,include", ["\\default", "\\include"]),
        ('a; } evil {,~.*,"a,$host,a b', []),
    ],
)
def test_allowed_hosts_become_keys_of_an_nginx_map(allowed: str, keys: list[str]) -> None:
    assert host_map_keys(allowed) == keys


@pytest.mark.parametrize(("size", "number"), [(8192, 8192), ("16k", 16384), ("1M", 1048576)])
def test_a_size_of_nginx(size: str | int, number: int) -> None:
    assert size_bytes(size) == number


@pytest.mark.parametrize("size", ["lots", "16kb", "-1", "1.5k", ""])
def test_an_invalid_size_is_rejected(size: str) -> None:
    with pytest.raises(ValueError, match="is not a size of nginx"):
        size_bytes(size)
