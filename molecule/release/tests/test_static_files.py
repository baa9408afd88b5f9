"""Static files of two releases: what a pod of the old one reads while the new one is half-way, and when old files go."""

from __future__ import annotations

import re
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inventory_after")

STYLE = re.compile(r'href="/static/(shop/style\.[0-9a-f]{12}\.css)"')
NEW_STYLE = "shop/style.feedfeed0000.css"
# The next release has another style: another file, and another name in its manifest.
COLLECT = (
    "python manage.py collectstatic --noinput && cd /app/staticfiles && old=$(ls shop/style.????????????.css)"
    f' && cp "$old" {NEW_STYLE} && sed -i "s#$old#{NEW_STYLE}#" staticfiles.json'
)
COLLECTED = {"name": "collectstatic", "command": ["sh", "-c", COLLECT], "repeat_on_return": True}
# Fails after the static files are published and before the tiers change.
HALF_WAY = {"name": "half-way", "command": ["false"], "wait_for_db": False}


def style(shop: Any) -> str:
    page = shop.get("/")
    found = STYLE.search(page.text)
    assert found, f"{page.status_code} {page.text}"
    return found[1]


def revisions(cluster: Any) -> set[str]:
    """The directories of static files in the claim."""
    script = "cd /app/staticfiles/.releases && ls -d */"
    pod = cluster.pods("nginx")[0]["metadata"]["name"]
    printed: str = cluster.kubectl("exec", pod, "--container=nginx", "--", "sh", "-c", script).stdout
    return {line.rstrip("/") for line in printed.splitlines()}


def mounted(cluster: Any) -> set[str]:
    """The directories that the pods of Django mount."""
    containers = [pod["spec"]["containers"][0] for pod in cluster.pods("django")]
    return {mount["subPath"].partition("/")[2] for each in containers for mount in each["volumeMounts"] if mount["name"] == "static"}


def test_a_pod_of_the_old_release_reads_its_own_manifest(cluster: Any, playbook: Any, shop: Any) -> None:
    old, directories = style(shop), revisions(cluster)
    run = playbook("site.yml", pre_deploy_commands=[COLLECTED, HALF_WAY])
    assert run.returncode != 0, run.output
    assert len(revisions(cluster) - directories) == 1
    # Both releases are served.
    assert [shop.get(f"/static/{name}").status_code for name in (old, NEW_STYLE)] == [200, 200]
    before = {pod["metadata"]["uid"] for pod in cluster.pods("django")}
    cluster.kubectl("delete", "pods", "--selector=app=jewelry-shop,component=django", timeout=300)
    cluster.kubectl("rollout", "status", "deployment/django", "--timeout=180s", timeout=200)
    assert not before & {pod["metadata"]["uid"] for pod in cluster.pods("django")}
    assert {style(shop) for _ in range(20)} == {old}


def test_the_new_release_reads_its_own_manifest(cluster: Any, playbook: Any, shop: Any) -> None:
    old = style(shop)
    run = playbook("site.yml", pre_deploy_commands=[COLLECTED])
    assert run.returncode == 0, run.output
    assert style(shop) == NEW_STYLE
    # A page that a browser opened before the rollout still finds its files.
    assert [shop.get(f"/static/{name}").status_code for name in (old, NEW_STYLE)] == [200, 200]
    assert len(mounted(cluster)) == 1


@pytest.mark.drill
def test_old_static_files_are_removed_after_the_history(cluster: Any, playbook: Any, shop: Any, kind_config: dict[str, Any]) -> None:
    """With a history of one release, the third deployment after a release removes its files."""
    first = playbook("site.yml", pre_deploy_commands=[COLLECTED], platform_release_history=1)
    assert first.returncode == 0, first.output
    [oldest] = mounted(cluster)
    for number in range(3):
        assert oldest in revisions(cluster)
        run = playbook("site.yml", platform_release_history=1, platform_config={**kind_config, "STATIC_TEST": str(number)})
        assert run.returncode == 0, run.output
        assert mounted(cluster) <= revisions(cluster)
    assert oldest not in revisions(cluster)
    assert shop.get(f"/static/{NEW_STYLE}").status_code == 404
    assert shop.get(f"/static/{style(shop)}").status_code == 200
