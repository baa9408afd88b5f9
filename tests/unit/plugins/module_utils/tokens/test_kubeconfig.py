"""A kubeconfig with a token, and when the token is renewed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.tokens.kubeconfig import (
    Account,
    claims,
    cluster_entry,
    expiry,
    kubeconfig,
    reason_to_renew,
    token_in,
)

ACCOUNT = Account("deployers", "shop", "production", "jewelry-shop")
CLUSTER = {"server": "https://203.0.113.5:6443"}
# Issued at second 1000, valid for 1000 s.
CLAIMS = {
    "sub": "system:serviceaccount:deployers:shop",
    "iat": 1000,
    "exp": 2000,
    "kubernetes.io": {"serviceaccount": {"name": "shop", "uid": "u1"}},
}


def token(**changes: Any) -> str:
    parts = ({"alg": "RS256"}, {key: value for key, value in {**CLAIMS, **changes}.items() if value is not None})
    head, body = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{body}.signature"


def file(**changes: Any) -> dict[str, Any]:
    return kubeconfig(ACCOUNT, CLUSTER, token(**changes))


@pytest.mark.parametrize(
    ("found", "uid", "now", "reason"),
    [
        pytest.param(file(), "u1", 1000, "", id="new"),
        pytest.param(file(), "u1", 1499, "", id="before half of its time"),
        pytest.param(file(), "u1", 1500, "half of the token's lifetime has passed", id="after half of its time"),
        pytest.param(file(), "u1", 2000, "the token has expired", id="expired"),
        pytest.param(None, "u1", 1000, "the file does not exist", id="no file"),
        pytest.param(file(exp=None), "u1", 1000, "the token does not expire", id="without an end"),
        pytest.param(file(), "u2", 1000, "the token belongs to another ServiceAccount", id="a ServiceAccount made again"),
        pytest.param(file(), "", 1000, "the token belongs to another ServiceAccount", id="no ServiceAccount"),
        pytest.param(
            kubeconfig(ACCOUNT, {"server": "https://b"}, token()),
            "u1",
            1000,
            "the file is for another cluster, account or context",
            id="another cluster",
        ),
        pytest.param(
            kubeconfig(Account("deployers", "other", "production", "jewelry-shop"), CLUSTER, token()),
            "u1",
            1000,
            "the file is for another cluster, account or context",
            id="another account",
        ),
        pytest.param(
            {**file(), "users": [{"name": ACCOUNT.user, "user": {"token": "opaque"}}]},
            "u1",
            1000,
            "the token belongs to another ServiceAccount",
            id="a token that says nothing",
        ),
    ],
)
def test_when_a_token_is_renewed(found: Any, uid: str, now: float, reason: str) -> None:
    assert reason_to_renew(found, ACCOUNT, CLUSTER, uid, now) == reason


@pytest.mark.parametrize(
    ("arguments", "entry"),
    [
        (("https://a", b"PEM"), {"server": "https://a", "certificate-authority-data": base64.b64encode(b"PEM").decode()}),
        (("https://a", None), {"server": "https://a"}),
        (("https://a", b"PEM", False), {"server": "https://a", "insecure-skip-tls-verify": True}),
        (("https://a", None, True, "b", "http://proxy"), {"server": "https://a", "tls-server-name": "b", "proxy-url": "http://proxy"}),
    ],
)
def test_the_cluster_of_a_kubeconfig(arguments: tuple[Any, ...], entry: dict[str, Any]) -> None:
    assert cluster_entry(*arguments) == entry


@pytest.mark.parametrize(
    "found",
    [
        None,
        {},
        [],
        "text",
        {"users": []},
        {"users": [{"name": "admin", "user": {"token": "t"}}]},
        {"users": [{"name": ACCOUNT.user, "user": {"client-key-data": "k"}}]},
        {"users": [{"name": ACCOUNT.user, "user": {"token": "t"}}, {"name": "admin", "user": {"token": "t"}}]},
    ],
)
def test_a_file_without_our_token(found: Any) -> None:
    assert token_in(found) == ""


def test_the_token_of_a_file() -> None:
    assert token_in(file()) == token()


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.W10.c"])
def test_an_invalid_json_web_token_has_no_times(text: str) -> None:
    assert (claims(text), expiry(text)) == ({}, "")


def test_when_a_token_expires() -> None:
    assert expiry(token(exp=1_800_000_000)) == "2027-01-15T08:00:00+00:00"
