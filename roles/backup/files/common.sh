# shellcheck shell=sh
# Functions of the scripts that make, list, check and restore backups. It stands before each of them.
set -eu
work=$(mktemp -d)
errors=$work/errors
# psql and pg_dump look for files of the user in the home directory.
export HOME="$work" LC_ALL=C

# The last line of the log is the cause that a run shows.
fail() {
    echo "error: $1" >&2
    exit 1
}

# What a program reported, in one line.
words() {
    tr '\n' ' ' <"$errors" | tail -c 600 | sed 's/ *$//'
}

# The complete backups of a directory, the newest first.
ids() {
    for marker in "$1"/[0-9]*T[0-9]*Z/backup.json; do
        [ -f "$marker" ] && basename "$(dirname "$marker")"
    done | sort -r
}

# Size and checksum of a file, as in backup.json.
described() {
    sum=$(sha256sum "$1" | cut -d ' ' -f 1)
    printf '"%s":{"bytes":%s,"sha256":"%s"}' "$(basename "$1")" "$(wc -c <"$1" | tr -d ' ')" "$sum"
}

# Waits until the server answers, then sets `server` and `client` to the major versions. The address is that of the server, also if the
# application uses PgBouncer.
connect() {
    export PGHOST="$POSTGRES_HOST" PGPORT="${POSTGRES_PORT:-5432}" PGUSER="$POSTGRES_USER" PGDATABASE="$POSTGRES_DB"
    export PGPASSWORD="$POSTGRES_PASSWORD" PGCONNECT_TIMEOUT=10 PGOPTIONS='-c client_min_messages=warning'
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        # Exit code 2 means no response. A network policy may let the connections of a new pod through only after a moment.
        status=0
        pg_isready --quiet || status=$?
        [ "$status" -lt 2 ] && break
        sleep 2
    done
    number=$(psql --no-psqlrc --no-password --tuples-only --no-align --command 'SHOW server_version_num' 2>"$errors") ||
        fail "PostgreSQL at $PGHOST:$PGPORT does not accept the connection: $(words)"
    server=$((number / 10000))
    client=$(pg_dump --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
}
