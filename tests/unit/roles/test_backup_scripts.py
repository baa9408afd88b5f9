"""The scripts that make, check and restore backups, with a real PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.roles.postgresql_server import PASSWORD, PostgresqlServer

ROLES = Path(__file__).parents[3] / "roles"
COMMON = (ROLES / "backup/files/common.sh").read_text()
DROP = (ROLES / "restore/files/drop.sql").read_text()
BOTH = ("database.dump", "media.tar")
FIRST, SECOND, THIRD = "20261201T031500Z", "20261201T041500Z", "20261201T051500Z"
SCHEMA = """
CREATE TYPE state AS ENUM ('new', 'paid');
CREATE TABLE product (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id serial PRIMARY KEY, product bigint REFERENCES product, state state);
CREATE VIEW paid AS SELECT * FROM orders WHERE state = 'paid';
CREATE FUNCTION total() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM orders';
INSERT INTO product (name) VALUES ('ring');
INSERT INTO orders (product, state) VALUES (1, 'paid');
"""
# What the migrations of a newer release make.
NEWER = """
CREATE TYPE kind AS ENUM ('gift');
CREATE TABLE review (id serial PRIMARY KEY, product bigint REFERENCES product, kind kind);
CREATE VIEW reviewed AS SELECT * FROM review;
CREATE FUNCTION reviews() RETURNS SETOF review LANGUAGE sql AS 'SELECT * FROM review';
INSERT INTO review (product, kind) VALUES (1, 'gift');
UPDATE product SET name = 'changed';
"""


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresqlServer]:
    server = PostgresqlServer()
    server.start()
    yield server
    server.stop()


class Claims:
    """The claims, and the scripts as the Jobs run them.

    Args:
        server: the database.
        directory: for the claims.
    """

    def __init__(self, server: PostgresqlServer, directory: Path) -> None:
        self.backups, self.uploads = directory / "backups", directory / "uploads"
        self.backups.mkdir()
        (self.uploads / "photos").mkdir(parents=True)
        (self.uploads / "photos" / "ring.jpg").write_text("a ring")
        self.environment = {**server.environment, "TMPDIR": str(directory)}

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", "-c", COMMON + (ROLES / script).read_text(), "backup", *arguments]
        return subprocess.run(
            # Kubernetes replaces two dollar signs by one.
            # https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#entrypoint
            [each.replace("$$", "$") for each in command],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def backup(self, identifier: str, *, keep: int = 7, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        described = ("abc123", "registry/shop:1.0", "1.2.3")
        return self.run(
            "backup/files/backup.sh", identifier, str(keep), str(self.backups), str(self.uploads), *described, **(environment or {})
        )

    def check(self, identifier: str, *files: str) -> subprocess.CompletedProcess[str]:
        return self.run("restore/files/check.sh", identifier, str(self.backups), *(files or BOTH))

    def restore(self, identifier: str, *files: str, delete: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        options = (DROP, str(delete).lower(), identifier, str(self.backups), str(self.uploads))
        return self.run("restore/files/restore.sh", *options, *(files or BOTH), **environment)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.backups.iterdir())

    def uploaded(self) -> dict[str, str]:
        files = (path for path in self.uploads.rglob("*") if path.is_file())
        return {str(path.relative_to(self.uploads)): path.read_text() for path in files}


@pytest.fixture
def claims(postgresql: PostgresqlServer, tmp_path: Path) -> Claims:
    postgresql.sql("DROP SCHEMA IF EXISTS other CASCADE; DROP SCHEMA public CASCADE", superuser=True)
    postgresql.sql("CREATE SCHEMA public AUTHORIZATION pg_database_owner", superuser=True)
    postgresql.sql(SCHEMA)
    return Claims(postgresql, tmp_path)


def test_a_backup_has_all_files_and_their_description(claims: Claims) -> None:
    done = claims.backup(FIRST)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert json.loads((claims.backups / FIRST / "backup.json").read_text()) == found
    assert claims.names() == [FIRST]
    assert {key: found[key] for key in ("id", "release", "image", "collection")} == {
        "id": FIRST,
        "release": "abc123",
        "image": "registry/shop:1.0",
        "collection": "1.2.3",
    }
    assert found["start"] <= found["end"]
    assert found["files"].keys() == {*BOTH}
    for name, file in found["files"].items():
        path = claims.backups / FIRST / name
        assert file["bytes"] == path.stat().st_size
        assert [file["sha256"]] == subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True).stdout.split()[:1]
    assert PASSWORD not in done.stdout + done.stderr + (claims.backups / FIRST / "backup.json").read_text()


def test_a_backup_without_a_claim_for_uploads_has_only_the_database(claims: Claims) -> None:
    arguments = (FIRST, "7", str(claims.backups), "", "abc", "shop:1", "1.0.0")
    done = claims.run("backup/files/backup.sh", *arguments)
    assert json.loads(done.stdout)["files"].keys() == {"database.dump"}
    assert claims.check(FIRST, "database.dump").returncode == 0
    refused = claims.check(FIRST)
    assert refused.stderr.splitlines()[-1] == f"error: the backup {FIRST} has no media.tar. Set restore_what to what it has"


def test_old_backups_go_after_a_success_and_other_directories_stay(claims: Claims) -> None:
    (claims.backups / "of-the-application").mkdir()
    (claims.backups / "20200101T000000Z").mkdir()  # no backup of the collection: no backup.json
    for identifier in (FIRST, SECOND, THIRD):
        assert claims.backup(identifier, keep=2).returncode == 0
    assert claims.names() == ["20200101T000000Z", SECOND, THIRD, "of-the-application"]
    listed = claims.run("restore/files/list.sh", str(claims.backups))
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == [THIRD, SECOND]


def test_the_new_backup_stays_although_an_old_one_has_a_later_time(claims: Claims) -> None:
    assert claims.backup(THIRD, keep=1).returncode == 0
    done = claims.backup(FIRST, keep=1)
    assert claims.names() == [FIRST]
    assert f"removed the old backup {THIRD}" in done.stdout


def test_what_a_killed_run_left_goes_and_is_no_backup(claims: Claims) -> None:
    shutil.copytree(claims.uploads, claims.backups / f".{FIRST}.part")
    assert claims.backup(SECOND).returncode == 0
    assert claims.names() == [SECOND]


def test_a_repeated_job_does_not_make_the_backup_twice(claims: Claims) -> None:
    """An evicted pod may have completed the backup."""
    first = claims.backup(FIRST)
    again = claims.backup(FIRST, environment={"POSTGRES_HOST": "nowhere.invalid"})
    assert (again.returncode, again.stdout) == (0, first.stdout)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"POSTGRES_PASSWORD": "wrong"}, 'password authentication failed for user "shop"'),
        ({"POSTGRES_DB": "nothing"}, 'database "nothing" does not exist'),
    ],
    ids=["password", "database"],
)
def test_the_last_line_of_a_failed_backup_is_its_cause(claims: Claims, environment: dict[str, str], said: str) -> None:
    done = claims.backup(FIRST, environment=environment)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: PostgreSQL at 127.0.0.1:"), done.stderr
    assert said in last
    assert claims.names() == []


def test_a_backup_that_fails_removes_no_older_one(claims: Claims) -> None:
    assert claims.backup(FIRST).returncode == 0
    (claims.uploads / "link").mkdir()
    shutil.rmtree(claims.uploads)
    done = claims.backup(SECOND, keep=1)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: the uploads were not archived: ")
    assert claims.names() == [FIRST]


def test_a_server_newer_than_pg_dump_is_named_with_the_setting(claims: Claims, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    (old / "pg_dump").chmod(0o755)
    done = claims.backup(FIRST, environment={"PATH": f"{old}:{claims.environment['PATH']}"})
    assert done.returncode == 1
    assert "and pg_dump in the image has version 9: set postgresql_image to PostgreSQL 1" in done.stderr.splitlines()[-1]


def test_a_restore_brings_back_rows_and_files_and_removes_what_is_newer(claims: Claims, postgresql: PostgresqlServer) -> None:
    postgresql.sql("CREATE EXTENSION pg_trgm", superuser=True)
    claims.backup(FIRST)
    postgresql.sql(NEWER)
    (claims.uploads / "photos" / "ring.jpg").write_text("changed")
    (claims.uploads / "new.jpg").write_text("new")
    (claims.uploads / ".hidden").write_text("new")
    assert claims.check(FIRST).returncode == 0
    done = claims.restore(FIRST)
    assert done.returncode == 0, done.stderr
    assert postgresql.sql("SELECT name FROM product") == "ring"
    assert postgresql.sql("SELECT state FROM paid") == "paid"
    assert postgresql.sql("SELECT total()") == "1"
    remaining = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'v') AND relowner = 'shop'::regrole"
    assert postgresql.sql(remaining) == "orders paid product"
    # The migrations of the newer release can run again.
    postgresql.sql(NEWER)
    # The extension belongs to the superuser.
    assert postgresql.sql("SELECT 'ring' % 'rings'") == "t"
    # Sequences continue.
    postgresql.sql("INSERT INTO product (name) VALUES ('chain')")
    assert claims.uploaded() == {"photos/ring.jpg": "a ring"}
    assert sorted(path.name for path in claims.uploads.iterdir()) == ["photos"]


def test_uploads_that_are_not_in_the_backup_stay_if_the_setting_says_so(claims: Claims) -> None:
    claims.backup(FIRST)
    (claims.uploads / "photos" / "ring.jpg").write_text("changed")
    (claims.uploads / "new.jpg").write_text("new")
    done = claims.restore(FIRST, delete=False)
    assert done.returncode == 0, done.stderr
    assert claims.uploaded() == {"photos/ring.jpg": "a ring", "new.jpg": "new"}


def test_only_the_named_part_is_restored(claims: Claims, postgresql: PostgresqlServer) -> None:
    claims.backup(FIRST)
    postgresql.sql("UPDATE product SET name = 'changed'")
    (claims.uploads / "photos" / "ring.jpg").write_text("changed")
    assert claims.restore(FIRST, "media.tar").returncode == 0
    assert (postgresql.sql("SELECT name FROM product"), claims.uploaded()) == ("changed", {"photos/ring.jpg": "a ring"})
    (claims.uploads / "photos" / "ring.jpg").write_text("changed")
    assert claims.restore(FIRST, "database.dump").returncode == 0
    assert (postgresql.sql("SELECT name FROM product"), claims.uploaded()) == ("ring", {"photos/ring.jpg": "changed"})


def test_a_restore_runs_again_after_it_was_interrupted(claims: Claims) -> None:
    claims.backup(FIRST)
    (claims.uploads / "photos").rename(claims.uploads / "moved")
    (claims.uploads / ".restore-old").mkdir()
    (claims.uploads / "moved").rename(claims.uploads / ".restore-old" / "photos")
    assert claims.restore(FIRST).returncode == 0
    assert claims.uploaded() == {"photos/ring.jpg": "a ring"}


def damage(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("name", BOTH)
def test_a_damaged_file_is_found_before_anything_is_changed(claims: Claims, name: str) -> None:
    claims.backup(FIRST)
    damage(claims.backups / FIRST / name, -600)
    done = claims.check(FIRST)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"error: the backup {FIRST} is damaged: size and checksum of {name} differ from those in backup.json. Nothing was changed"
    )


def test_a_dump_that_ends_early_leaves_the_database_as_it_is(claims: Claims, postgresql: PostgresqlServer) -> None:
    """Even if the checksums were not compared, the transaction has no end."""
    postgresql.sql("INSERT INTO product (name) SELECT md5(i::text) FROM generate_series(1, 20000) AS i")
    claims.backup(FIRST)
    postgresql.sql("UPDATE product SET name = 'changed' WHERE id = 1")
    dump = claims.backups / FIRST / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-200_000])
    done = claims.restore(FIRST)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: the database was not restored: "), done.stderr
    assert last.endswith("The database and the uploads are as before")
    assert postgresql.sql("SELECT count(*), min(name) FILTER (WHERE id = 1) FROM product") == "20001|changed"
    assert claims.uploaded() == {"photos/ring.jpg": "a ring"}


def test_the_error_of_a_rejected_row_has_none_of_its_values(claims: Claims, postgresql: PostgresqlServer) -> None:
    judged = "CREATE OR REPLACE FUNCTION accepts(text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT {}'"
    postgresql.sql(judged.format("true"))
    postgresql.sql("CREATE TABLE customer (name text CHECK (accepts(name))); INSERT INTO customer VALUES ('Ann Customer')")
    postgresql.sql(judged.format("false"))
    claims.backup(FIRST)
    done = claims.restore(FIRST)
    last = done.stderr.splitlines()[-1]
    assert 'new row for relation "customer" violates check constraint' in last
    assert last.endswith("The database and the uploads are as before")
    assert "Ann Customer" not in done.stdout + done.stderr


def test_objects_of_other_owners_stay_and_what_depends_on_the_backup_ends_the_restore(claims: Claims, postgresql: PostgresqlServer) -> None:
    claims.backup(FIRST)
    postgresql.sql("CREATE SCHEMA other; CREATE TABLE other.report AS SELECT 1 AS one", superuser=True)
    postgresql.sql("UPDATE product SET name = 'changed'")
    done = claims.restore(FIRST)
    assert done.returncode == 0, done.stderr
    assert postgresql.sql("SELECT one FROM other.report", superuser=True) == "1"
