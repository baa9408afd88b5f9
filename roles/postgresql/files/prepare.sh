# shellcheck shell=sh
# Runs before the server starts, without network: `postgres` becomes its only superuser, whom no password lets in, and
# the application's user the owner of its database. Arguments: transfer.sql, rename.sql, own.sql. Each step can be ended and begun anew.
set -eu
transfer=$1 rename=$2 own=$3
hba=/tmp/prepare_hba.conf
# Statements that hold a password or its hash reach no log.
export PGOPTIONS='-c log_statement=none -c log_min_duration_statement=-1 -c log_min_error_statement=panic -c client_min_messages=warning'

# sql USER DATABASE STATEMENTS [OPTION...]
sql() {
    role=$1 database=$2 statements=$3
    shift 3
    printf '%s\n' "$statements" | psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 \
        --username="$role" --dbname="$database" "$@"
}

superuser=postgres
if [ -s "$PGDATA/PG_VERSION" ]; then
    # 10 is the role that initdb made, whatever its name.
    superuser=$(echo 'SELECT rolname FROM pg_authid WHERE oid = 10' | postgres --single -D "$PGDATA" template1 |
        sed -n 's/^.*rolname = "\(.*\)"[[:space:]]*(typeid.*$/\1/p')
    # The server itself said why.
    [ -n "$superuser" ] || exit 1
fi

echo 'local all all trust' >"$hba"
# Makes the data where there are none. Nobody learns this password.
POSTGRES_USER=postgres POSTGRES_PASSWORD=$(head -c 32 /dev/urandom | base64) \
    docker-entrypoint.sh postgres -c listen_addresses= -c hba_file="$hba" &
server=$!
trap 'kill -INT "$server" && wait "$server"' EXIT
trap 'exit 1' INT TERM
# While it makes the data, the entrypoint may start another server.
until [ "$(sed -n 1p "$PGDATA/postmaster.pid" 2>/dev/null)" = "$server" ] &&
    pg_isready --quiet --username="$superuser" --dbname=template1; do
    kill -0 "$server" || exit 1
    sleep 0.2
done

if [ "$superuser" != postgres ]; then
    if [ -n "$(sql "$superuser" template1 "SELECT 1 FROM pg_roles WHERE rolname = 'postgres'")" ]; then
        echo "$superuser stays a superuser: there is another role named postgres. Rename that one and delete this pod."
        exit 0
    fi
    sql "$superuser" template1 'SELECT datname FROM pg_database WHERE datallowconn' | while read -r database; do
        sql "$superuser" "$database" "$transfer" --single-transaction
    done
    # A role cannot rename itself.
    sql "$superuser" template1 "SELECT 'CREATE ROLE platform_conversion SUPERUSER LOGIN'
        WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'platform_conversion') \\gexec"
    sql platform_conversion template1 "$rename" --single-transaction --set=name="$superuser"
    echo "$superuser is no superuser any more and owns what it owned; the superuser is postgres"
fi
sql postgres template1 "$own" --set=user="$POSTGRES_USER" --set=database="$POSTGRES_DB" --set=extensions="$POSTGRESQL_EXTENSIONS"
