"""Backups and restores of the whole shop, with the credential of the deployer."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.usefixtures("inventory_before_and_after")

ID = r"\b[0-9]{8}T[0-9]{6}Z\b"
# As in docs/backup_and_remove.md.
COPY = (
    "kubectl", "-n", "jewelry-shop", "exec", "deploy/celery-worker", "-c", "celery-worker", "--", "tar", "-cf", "-", "-C", "/backups",
    "20261201T031500Z", ">", "20261201T031500Z.tar",
)  # fmt: skip


def picture() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    return content.getvalue()


PICTURE = picture()


def add_product(shop: Any, cluster: Any) -> tuple[str, str]:
    """Add a product with a picture as staff does. Its SKU, and the path of the picture."""
    host = cluster.host(cluster.pods("django")[0]["metadata"]["name"], "django")
    user, password, sku = f"u{uuid.uuid4().hex[:8]}", uuid.uuid4().hex, f"R-{uuid.uuid4().hex[:8]}"
    created = host.run(
        f"env DJANGO_SUPERUSER_PASSWORD={password} python manage.py createsuperuser --noinput --username {user} --email {user}@example.com"
    )
    assert created.rc == 0, created.stderr
    shop.get("/admin/login/")
    assert shop.post("/admin/login/", {"username": user, "password": password, "next": "/products/new/"}).status_code == 302
    shop.get("/products/new/")
    answer = shop.post(
        "/products/new/", {"sku": sku, "name": sku, "price": "10.00"}, files={"picture": (f"{sku}.png", PICTURE, "image/png")}
    )
    assert answer.status_code == 302, answer.text
    [path] = set(re.findall(rf'"(/media/[^"]*{sku}[^"]*)"', shop.get("/").text))
    return sku, path


def in_worker(cluster: Any, *command: str) -> str:
    """What a program in a pod that mounts the backups prints."""
    said: str = cluster.kubectl("exec", "deploy/celery-worker", "--container=celery-worker", "--", *command).stdout.strip()
    return said


def backups(cluster: Any) -> list[str]:
    """The names in the directory of the backups."""
    return [name for name in in_worker(cluster, "ls", "-A", "/backups").split() if re.fullmatch(rf"\.?{ID}.*", name)]


def make_backup(playbook: Any, **values: Any) -> str:
    """Make a backup, and return its ID as the table shows it."""
    run = playbook("playbooks/backup.yml", **values)
    assert run.returncode == 0, run.output
    return str(re.findall(ID, run.output)[-1])


def replicas(cluster: Any) -> dict[str, int]:
    return {each["metadata"]["name"]: each["spec"]["replicas"] for each in cluster.get("deployments")}


def test_a_restore_brings_back_a_row_and_an_upload(
    cluster: Any, playbook: Any, shop: Any, in_django: Callable[[str], str], tmp_path: Path, watch_environment: dict[str, str]
) -> None:
    sku, path = add_product(shop, cluster)
    made = make_backup(playbook)
    before = replicas(cluster)
    copied = " ".join(COPY).replace("20261201T031500Z", made)
    subprocess.run(copied, shell=True, cwd=tmp_path, env=watch_environment, check=True, timeout=120)
    names = subprocess.run(["tar", "-tf", f"{made}.tar"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
    assert {f"{made}/{name}" for name in ("backup.json", "database.dump", "media.tar")} <= {*names}

    later, later_path = add_product(shop, cluster)
    in_django(f"from shop.models import Product; Product.objects.filter(sku='{sku}').delete()")
    in_worker(cluster, "rm", "-f", f"/app{path}")
    assert sku not in shop.get("/").text
    assert shop.get(path).status_code == 404

    listed = playbook("playbooks/restore.yml")
    assert (listed.returncode, made in listed.output) == (0, True), listed.output
    generations = cluster.generations()
    unconfirmed = playbook("playbooks/restore.yml", restore_backup="latest")
    assert unconfirmed.returncode != 0
    assert "Nothing was changed. To confirm the restore" in " ".join(unconfirmed.output.split())
    assert (cluster.generations(), sku in shop.get("/").text) == (generations, False)

    restored = playbook("playbooks/restore.yml", restore_backup="latest", restore_confirmed=True)
    assert restored.returncode == 0, restored.output
    page = shop.get("/").text
    assert (sku in page, later in page) == (True, False)
    assert shop.get(path).content == PICTURE
    assert shop.get(later_path).status_code == 404
    assert replicas(cluster) == before
    # The inventory describes what runs.
    again = playbook("site.yml")
    assert (again.returncode, again.changed) == (0, 0), again.output


def test_a_damaged_dump_is_rejected_before_anything_is_changed(cluster: Any, playbook: Any, shop: Any) -> None:
    made = make_backup(playbook)
    in_worker(cluster, "sh", "-c", f"printf x >> /backups/{made}/database.dump")
    sku, _path = add_product(shop, cluster)
    generations = cluster.generations()
    run = playbook("playbooks/restore.yml", restore_backup=made, restore_confirmed=True)
    assert run.returncode != 0
    assert f"the backup {made} is damaged: size and checksum of database.dump differ" in " ".join(run.output.split())
    assert cluster.generations() == generations
    assert sku in shop.get("/").text


def test_a_backup_with_backup_keep_1_removes_the_earlier_ones(cluster: Any, playbook: Any) -> None:
    first = make_backup(playbook)
    second = make_backup(playbook, backup_keep=1)
    assert first != second
    assert backups(cluster) == [second]


def test_check_mode_of_both_playbooks_writes_nothing(cluster: Any, playbook: Any) -> None:
    versions = cluster.resource_versions()
    for name in ("backup", "restore"):
        run = playbook(f"playbooks/{name}.yml", "--check", restore_backup="latest")
        assert run.returncode == 0, run.output
    assert cluster.written_since(versions) == []


def execute(in_django: Callable[[str], str], statement: str) -> None:
    in_django(f'from django.db import connection; connection.cursor().execute("{statement}")')


def test_a_restore_that_fails_changes_nothing_and_the_next_one_succeeds(
    cluster: Any, playbook: Any, shop: Any, in_django: Callable[[str], str]
) -> None:
    """The dump is complete, but PostgreSQL rejects a row of it: the function of a constraint has changed since the row was written."""
    good = make_backup(playbook)
    judged = "CREATE OR REPLACE FUNCTION accepts(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT {}'"
    execute(in_django, judged.format("true"))
    execute(in_django, "CREATE TABLE judged (number integer CHECK (accepts(number)))")
    execute(in_django, "INSERT INTO judged VALUES (1)")
    execute(in_django, judged.format("false"))
    rejected = make_backup(playbook)
    execute(in_django, "DROP TABLE judged")
    execute(in_django, "DROP FUNCTION accepts")
    sku, path = add_product(shop, cluster)
    before = replicas(cluster)

    run = playbook("playbooks/restore.yml", restore_backup=rejected, restore_confirmed=True)
    words = " ".join(run.output.split())
    assert run.returncode != 0, run.output
    assert f"The restore of the backup {rejected} failed, and the tiers run again" in words
    assert 'new row for relation "judged" violates check constraint' in words
    assert "The database and the uploads are as before" in words
    assert sku in shop.get("/").text
    assert shop.get(path).content == PICTURE
    assert replicas(cluster) == before

    again = playbook("playbooks/restore.yml", restore_backup=good, restore_confirmed=True)
    assert again.returncode == 0, again.output
    assert sku not in shop.get("/").text


LATER: dict[str, Any] = {"platform_image_tag": "1.0.0-next"}
# The Lease of a killed run expires after this time.
LOCK = {"platform_lock_duration": 15, "platform_lock_wait": 120}


@pytest.fixture
def older_backup(playbook: Any, in_django: Callable[[str], str]) -> Iterator[str]:
    """A backup without the last migration, while the release LATER runs."""
    migrate = "from django.core.management import call_command; call_command('migrate', 'shop', {}, verbosity=0)"
    in_django(migrate.format("'0005'"))
    made = make_backup(playbook)
    in_django(migrate.format("'0006'"))
    deployed = playbook("site.yml", **LATER)
    assert deployed.returncode == 0, deployed.output
    yield made
    deployed = playbook("site.yml", **LOCK)
    assert deployed.returncode == 0, deployed.output


def is_migrated(in_django: Callable[[str], str]) -> bool:
    listed = in_django("from django.core.management import call_command; call_command('showmigrations', 'shop', no_color=True)")
    return "[X] 0006_periodic_tasks" in listed


def test_a_backup_of_an_older_release_gets_the_migrations_of_the_running_one(
    playbook: Any, shop: Any, in_django: Callable[[str], str], older_backup: str
) -> None:
    restored = playbook("playbooks/restore.yml", restore_backup=older_backup, restore_confirmed=True, **LATER)
    assert restored.returncode == 0, restored.output
    assert ", and ran the migrations of release " in " ".join(restored.output.split())
    assert is_migrated(in_django)
    assert shop.get("/").status_code == 200


def test_tiers_stay_stopped_without_the_migrations_and_site_yml_runs_them(
    cluster: Any, playbook: Any, shop: Any, in_django: Callable[[str], str], older_backup: str
) -> None:
    before = replicas(cluster)
    failing = [{"name": "migrate", "command": ["python", "manage.py", "migrate", "--no-such-option"]}]
    run = playbook("playbooks/restore.yml", restore_backup=older_backup, restore_confirmed=True, pre_deploy_commands=failing, **LATER)
    words = " ".join(run.output.split())
    assert run.returncode != 0, run.output
    assert "stay stopped, because the database may have the tables of release " in words
    assert "--no-such-option" in words, "the message has no cause"
    assert replicas(cluster) == {**before, "django": 0, "celery-worker": 0, "celery-beat": 0}
    repaired = playbook("site.yml", **LATER)
    assert repaired.returncode == 0, repaired.output
    assert is_migrated(in_django)
    assert replicas(cluster) == before
    assert shop.get("/").status_code == 200


def test_a_restore_that_is_killed_is_repaired_by_site_yml(
    cluster: Any, playbook: Any, running_playbook: Any, shop: Any, in_django: Callable[[str], str], older_backup: str
) -> None:
    """Also if an autoscaler sets the replicas of a tier. It does not start a tier with 0 replicas."""
    values = {**LATER, "django_hpa_enabled": True}
    deployed = playbook("site.yml", **values)
    assert deployed.returncode == 0, deployed.output
    running = running_playbook("playbooks/restore.yml", restore_backup=older_backup, restore_confirmed=True, **values, **LOCK)
    assert running.wait_for("load | Restore the backup"), running.output
    running.signal(signal.SIGKILL)
    running.end()
    assert replicas(cluster)["django"] == 0
    repaired = playbook("site.yml", **values, **LOCK)
    assert repaired.returncode == 0, repaired.output
    assert is_migrated(in_django)
    assert shop.get("/").status_code == 200
    again = playbook("site.yml", **values)
    assert (again.returncode, again.changed) == (0, 0), again.output
