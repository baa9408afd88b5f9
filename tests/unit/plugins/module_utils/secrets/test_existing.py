# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import base64
from typing import Any, cast

import pytest
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ForbiddenError, PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets import existing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import (
    TIMEOUT,
    check_object,
    decoded_data,
    key_problems,
    key_revisions,
    read_object,
    secret_values,
    secrets_to_mask,
)

SECRET = "Secret shop/given"
KEYS = [{"name": "DJANGO_SECRET_KEY", "min_length": 50}, {"name": "REDIS_PASSWORD", "min_length": 1}]


def encoded(**values: str | bytes) -> dict[str, str]:
    return {key: base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode() for key, value in values.items()}


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (encoded(DJANGO_SECRET_KEY="k" * 50, REDIS_PASSWORD="r", FURTHER=b"\xff\x00"), []),
        (encoded(DJANGO_SECRET_KEY="ü" * 50, REDIS_PASSWORD="r"), []),
        (
            encoded(DJANGO_SECRET_KEY="ü" * 49, REDIS_PASSWORD="r"),
            [f"key DJANGO_SECRET_KEY of {SECRET} has 49 characters, but needs at least 50"],
        ),
        (encoded(DJANGO_SECRET_KEY="k" * 50), [f"{SECRET} has no key REDIS_PASSWORD"]),
        (
            encoded(DJANGO_SECRET_KEY="k" * 50, REDIS_PASSWORD=""),
            [f"key REDIS_PASSWORD of {SECRET} has 0 characters, but needs at least 1"],
        ),
        ({}, [f"{SECRET} has no key DJANGO_SECRET_KEY", f"{SECRET} has no key REDIS_PASSWORD"]),
    ],
)
def test_missing_and_short_keys_are_reported(data: dict[str, str], problems: list[str]) -> None:
    assert key_problems(SECRET, decoded_data({"data": data}), KEYS) == problems


@pytest.mark.parametrize(("value", "is_safe"), [("aB9-._~", True), ("", True), ("a@b", False), ("a%20", False), ("\u00fc", False)])
def test_a_value_in_a_url_has_no_special_characters(value: str, is_safe: bool) -> None:
    problem = f"key A of {SECRET} has characters other than letters, digits and -._~, which a URL cannot contain"
    required = [{"name": "A", "min_length": 0, "url_safe": True}]
    assert key_problems(SECRET, {"A": value}, required) == ([] if is_safe else [problem])


def of(kind: str, data: dict[str, str], uid: str = "u") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"uid": uid}, "data": data}


def test_a_revision_changes_with_the_value_and_not_with_another_write() -> None:
    first = key_revisions(of("Secret", {"a": "QQ==", "b": "QQ=="}))
    written = {**of("Secret", {"b": "QQ==", "a": "QQ=="}), "metadata": {"uid": "u", "resourceVersion": "2", "labels": {"a": "b"}}}
    assert key_revisions(written) == first
    assert first["a"] != first["b"]
    rotated = key_revisions(of("Secret", {"a": "Qg==", "b": "QQ=="}))
    assert (rotated["a"] != first["a"], rotated["b"] == first["b"]) == (True, True)
    # Nobody who only sees the revision can test a guess.
    assert key_revisions(of("Secret", {"a": "QQ=="}, uid="v"))["a"] != first["a"]


@pytest.mark.parametrize(
    ("required", "problems", "keys"),
    [
        pytest.param({"name": "given", "keys": [{"name": "a", "min_length": 1}]}, [], ["a"], id="nothing is wrong"),
        pytest.param({"name": "given", "keys": [{"name": "b", "min_length": 1}]}, ["Secret shop/given has no key b"], ["a"], id="no key"),
        pytest.param({"name": "flags", "kind": "ConfigMap"}, [], ["on"], id="ConfigMap"),
        pytest.param({"name": "flags"}, ["Secret shop/flags does not exist"], [], id="of another kind"),
        pytest.param({"name": "hidden"}, ["Secret shop/hidden: refused"], [], id="a permission is missing"),
    ],
)
def test_each_object_is_checked_and_named_with_its_settings(required: dict[str, Any], problems: list[str], keys: list[str]) -> None:
    class Cluster:
        def get(self, kind: str, namespace: str, name: str, timeout: float) -> dict[str, Any]:
            if name == "hidden":
                raise ForbiddenError(f"{kind} {namespace}/{name}: refused", status=403)
            found = {"Secret given": {"a": "QQ=="}, "ConfigMap flags": {"on": "yes"}}.get(f"{kind} {name}")
            if found is None:
                raise PlatformError("absent", status=404)
            return {"metadata": {"uid": "u"}, "data": found}

    found, revisions = check_object(cast(Any, Cluster()), "shop", {"kind": "Secret", "keys": [], "settings": "django_env.A", **required})
    assert (found, list(revisions)) == ([f"{problem} (django_env.A)" for problem in problems], keys)


def test_an_api_server_that_does_not_answer_is_an_error_of_the_whole_check() -> None:
    class Cluster:
        def get(self, *_arguments: Any) -> dict[str, Any]:
            raise PlatformError("no answer", away=True)

    with pytest.raises(PlatformError, match="no answer"):
        check_object(cast(Any, Cluster()), "shop", {"kind": "Secret", "name": "a", "keys": [], "settings": "b"})


class Secrets:
    """Answers as the cluster does."""

    def __init__(self, **secrets: dict[str, str] | int) -> None:
        self.secrets = secrets

    def get(self, kind: str, namespace: str, name: str, timeout: float) -> dict[str, Any]:
        found = self.secrets.get(name, 404)
        if isinstance(found, int):
            raise PlatformError(f"{kind} {namespace}/{name}: refused with {found}", certain=True, status=found)
        return {"data": found} if found else {}


def test_all_values_are_masked_and_a_missing_secret_masks_nothing() -> None:
    cluster = cast(Cluster, Secrets(one=encoded(A="first", B="second"), empty={}))
    assert secret_values(cluster, "shop", ["one", "empty", "missing"]) == ["first", "second"]


def test_of_one_key_only_its_value_is_masked() -> None:
    cluster = cast(Cluster, Secrets(one=encoded(A="first", B="second", C="third"), two=encoded(A="fourth")))
    assert secret_values(cluster, "shop", ["one/C", "one/A", "one/missing", "two/A", "two"]) == ["first", "third", "fourth"]


def test_reading_a_secret_to_mask_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_RETRY", 0.01)
    cluster, away = Secrets(one=encoded(A="first")), [PlatformError("the API server cannot be reached", away=True)]
    get = cluster.get

    def get_later(*arguments: Any) -> dict[str, Any]:
        if away:
            raise away.pop()
        return get(*arguments)

    monkeypatch.setattr(cluster, "get", get_later)
    assert secret_values(cast(Cluster, cluster), "shop", ["one"]) == ["first"]


def test_an_unreadable_secret_to_mask_is_an_error() -> None:
    with pytest.raises(PlatformError, match="Secret shop/hidden: refused with 403"):
        secret_values(cast(Cluster, Secrets(hidden=403)), "shop", ["hidden"])


def test_a_secret_is_read_in_its_namespace_within_the_deadline() -> None:
    asked: list[tuple[Any, ...]] = []

    class Cluster:
        def get(self, *arguments: Any) -> dict[str, Any]:
            asked.append(arguments)
            return {"data": {}}

    assert read_object(cast(Any, Cluster()), "Secret", "shop", "given") == {"data": {}, "kind": "Secret"}
    assert asked == [("Secret", "shop", "given", TIMEOUT)]


def test_a_missing_secret_is_none_and_other_errors_are_raised() -> None:
    cluster = cast(Cluster, Secrets(hidden=403))
    assert read_object(cluster, "Secret", "shop", "missing") is None
    with pytest.raises(PlatformError, match="refused with 403"):
        read_object(cluster, "Secret", "shop", "hidden")


def test_the_secrets_of_the_option_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials: list[Any] = []
    options: dict[str, Any] = {**dict.fromkeys(AUTH_ARG_SPEC), "host": "https://a", "namespace": "shop", "labels": {}}

    def connect(auth: Any) -> Any:
        credentials.append(auth)
        return Secrets(one=encoded(A="first"))

    monkeypatch.setattr(existing, "Cluster", connect)
    assert secrets_to_mask({**options, "mask_secrets": []}) == []
    assert credentials == []
    assert secrets_to_mask({**options, "mask_secrets": ["one"]}) == ["first"]
    assert [each["host"] for each in credentials] == ["https://a"]
    assert "labels" not in credentials[0]
