"""PostgreSQL in the cluster: the permissions of its users, and the upgrade of a database from an older version of the collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

POD = "postgresql-of-before"
OPTIONS = ("--no-psqlrc", "--tuples-only", "--no-align", "--quiet")
# The objects that an application, its migrations and the second login of the README create.
CONTENT = """
CREATE EXTENSION pg_trgm;
CREATE TABLE "Rings" (id serial PRIMARY KEY, gen int GENERATED ALWAYS AS IDENTITY, name text);
INSERT INTO "Rings" (name) VALUES ('gold'), ('silver');
CREATE VIEW names AS SELECT name FROM "Rings";
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM "Rings";
CREATE SEQUENCE alone;
CREATE TYPE metal AS ENUM ('gold');
CREATE TYPE pair AS (a int, b int);
CREATE DOMAIN carat AS int CHECK (value > 0);
CREATE FUNCTION twice(a int, VARIADIC b text[]) RETURNS int LANGUAGE sql AS 'SELECT 2 * a';
CREATE PROCEDURE nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int);
CREATE OPERATOR @@@ (leftarg = int, rightarg = int, function = int4pl);
CREATE SCHEMA stock;
CREATE TABLE stock.all_of_it (a int) PARTITION BY LIST (a);
CREATE TABLE stock.first PARTITION OF stock.all_of_it FOR VALUES IN (1);
CREATE STATISTICS statistics_of_rings ON id, gen FROM "Rings";
SELECT lo_create(12345);
CREATE ROLE second LOGIN IN ROLE jewelry_shop PASSWORD 'second';
ALTER ROLE second SET role = 'jewelry_shop';
CREATE ROLE reader;
GRANT SELECT ON "Rings" TO reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader;
ALTER ROLE jewelry_shop SET search_path = public, stock;
ALTER ROLE jewelry_shop IN DATABASE jewelry_shop SET statement_timeout = '7s';
CREATE DATABASE of_a_colleague;
\\connect of_a_colleague
CREATE TABLE rings (a int);
"""
# Creates the data of an older version, in which the first user of the image is the user of the application.
FORMER = """
docker-entrypoint.sh postgres -c listen_addresses= & server=$!
until [ "$(sed -n 1p "$PGDATA/postmaster.pid")" = "$server" ] && pg_isready --username="$POSTGRES_USER"; do sleep 0.2; done
printf %s "$1" | psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" || exit 1
kill -INT "$server"; wait "$server"
"""
# All objects of the application have this owner, except objects of extensions.
OWNERS = """
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE oid >= 16384 AND relkind <> 't' AND relnamespace::regnamespace::text !~ '^pg_'
UNION SELECT pg_get_userbyid(typowner) FROM pg_type WHERE oid >= 16384 AND typname <> ALL (ARRAY['gtrgm', '_gtrgm'])
    AND typnamespace::regnamespace::text !~ '^pg_'
UNION SELECT pg_get_userbyid(proowner) FROM pg_proc WHERE proname IN ('twice', 'nothing', 'total')
UNION SELECT pg_get_userbyid(oprowner) FROM pg_operator WHERE oprname = '@@@' AND oid >= 16384
UNION SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = 'stock'
UNION SELECT pg_get_userbyid(stxowner) FROM pg_statistic_ext
UNION SELECT pg_get_userbyid(lomowner) FROM pg_largeobject_metadata
UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
"""


@dataclass
class Database:
    """The database of a pod."""

    cluster: Any
    pod: str

    def query(self, statements: str, user: str = "jewelry_shop", database: str = "jewelry_shop") -> str:
        """Run statements through the socket, which needs no password. Returns their output or error."""
        command = ["psql", *OPTIONS, f"--username={user}", f"--dbname={database}"]
        done = self.cluster.kubectl("exec", "--stdin", self.pod, "--container=postgresql", "--", *command, input=statements, check=False)
        return str(done.stdout + done.stderr).strip()

    def log_in(self, user: str) -> str:
        """Log in by the network, as pods do, with the password of the application. Return the current user, or the error."""
        command = f"""PGPASSWORD=$POSTGRES_PASSWORD psql {" ".join(OPTIONS)} --host=$(hostname -i) --username={user} \\
            --dbname="$POSTGRES_DB" --command='SELECT current_user'"""
        done = self.cluster.kubectl("exec", self.pod, "--container=postgresql", "--", "sh", "-c", command, check=False)
        return str(done.stdout + done.stderr).strip()


@pytest.fixture(scope="module")
def converted(cluster: Any) -> Iterator[Database]:
    """A pod like that of the StatefulSet, on the data of an older version."""
    [stateful_set] = [each for each in cluster.get("statefulsets") if each["metadata"]["name"] == "postgresql"]
    spec = stateful_set["spec"]["template"]["spec"]
    former = {key: value for key, value in spec["initContainers"][0].items() if key != "command"}
    former |= {"name": "former", "command": ["sh", "-c", FORMER, "former", CONTENT]}
    spec["initContainers"] = [former, *spec["initContainers"]]
    spec["volumes"].append({"name": "data", "emptyDir": {}})
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": POD, "labels": {"app": "drill"}}, "spec": spec}
    cluster.kubectl("apply", "--filename=-", input=json.dumps(pod))
    try:
        ready = cluster.kubectl("wait", "--for=condition=Ready", f"pod/{POD}", "--timeout=110s", check=False)
        logs = cluster.kubectl("logs", POD, "--all-containers", check=False)
        assert ready.returncode == 0, ready.stderr + logs.stdout + logs.stderr
        yield Database(cluster, POD)
    finally:
        cluster.kubectl("delete", "pod", POD, "--grace-period=5", timeout=120)


@pytest.fixture
def own(cluster: Any) -> Database:
    """The platform's own database."""
    return Database(cluster, "postgresql-0")


def test_the_user_of_the_application_owns_its_database_and_is_not_a_superuser(own: Database) -> None:
    """An injected SQL statement must not run a program in the pod."""
    assert own.query("SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = current_user") == "f"
    assert own.query("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == "jewelry_shop"
    assert "ERROR" in own.query("COPY (SELECT 1) TO PROGRAM 'true'")


def test_the_superuser_cannot_log_in_with_a_password(own: Database) -> None:
    """Only a user who can open a shell in the pod can become the superuser."""
    assert own.query("SELECT current_user", user="postgres") == "postgres"
    assert own.log_in("jewelry_shop") == "jewelry_shop"
    assert "password authentication failed" in own.log_in("postgres")


def test_the_user_of_an_existing_database_stays_its_owner_and_is_no_longer_a_superuser(converted: Database) -> None:
    """Objects, privileges and settings of the existing database are kept."""
    query = converted.query
    assert query("SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolsuper") == "postgres"
    assert query(OWNERS) == "jewelry_shop"
    assert query("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'rings'", database="of_a_colleague") == "jewelry_shop"
    assert query("SHOW search_path") == "public, stock"
    assert query("SHOW statement_timeout") == "7s"
    assert query("SELECT string_agg(name, ',') FROM names") == "gold,silver"
    assert query('ALTER TABLE "Rings" ADD COLUMN carat int; DROP TABLE stock.all_of_it; CREATE TABLE later (a int)') == ""
    assert query("SELECT has_table_privilege('reader', 'later', 'SELECT') AND has_table_privilege('reader', '\"Rings\"', 'SELECT')") == "t"


def test_an_existing_database_keeps_its_password(converted: Database) -> None:
    """The running pods have only this password."""
    assert converted.log_in("jewelry_shop") == "jewelry_shop"
    assert "password authentication failed" in converted.log_in("postgres")


def test_a_second_login_acts_as_the_first_and_is_not_a_superuser(converted: Database) -> None:
    """The steps of the README to change the password."""
    assert converted.query("SELECT current_user", user="second") == "jewelry_shop"
    assert "permission denied" in converted.query("SET ROLE postgres", user="second")
    assert "ERROR" in converted.query("COPY (SELECT 1) TO PROGRAM 'true'", user="second")
