#!/bin/bash
# Create the database cluster once, then become the server.
# Read: POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, each also as NAME_FILE, and PGDATA.
set -euo pipefail

refuse() {
  echo "postgres does not start: $*" >&2
  exit 1
}

# setting NAME DEFAULT: the value of NAME or the content of the file in NAME_FILE.
setting() {
  local file_name="$1_FILE"
  local value="${!1:-}" file="${!file_name:-}"
  [[ -z $value || -z $file ]] || refuse "$1 and $file_name are both set."
  if [[ -n $file ]]; then
    [[ -r $file ]] || refuse "$file_name names a file that cannot be read: $file."
    value=$(<"$file")
  fi
  printf '%s' "${value:-$2}"
}

# Everything is made in a folder beside PGDATA and renamed at the end: a cluster that
# exists is a whole one, and what an ended attempt left is made anew.
create_cluster() {
  local user password database unfinished="$PGDATA.unfinished"
  user=$(setting POSTGRES_USER postgres)
  database=$(setting POSTGRES_DB "$user")
  password=$(setting POSTGRES_PASSWORD '')
  [[ -n $password ]] || refuse "POSTGRES_PASSWORD is not set."
  if [[ -d $PGDATA ]]; then
    rmdir "$PGDATA" 2>/dev/null ||
      refuse "$PGDATA is neither a database cluster nor empty, or is a volume itself."
  fi
  rm -rf "$unfinished"
  # Over the socket, which only this container has, no password is asked.
  initdb --pgdata="$unfinished" --username="$user" --pwfile=<(printf '%s\n' "$password") \
    --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C.UTF-8 \
    --data-checksums
  echo 'host all all all scram-sha-256' >>"$unfinished/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$unfinished/postgresql.conf"
  if [[ $database != postgres ]]; then
    postgres --single -D "$unfinished" postgres \
      <<<"CREATE DATABASE \"${database//\"/\"\"}\";" >/dev/null
  fi
  sync "$unfinished/pg_hba.conf" "$unfinished/postgresql.conf"
  mv --no-target-directory "$unfinished" "$PGDATA"
  sync "$(dirname "$PGDATA")"
}

[[ ${1:-} != -* ]] || set -- postgres "$@"
if [[ ${1:-} == postgres ]]; then
  [[ $(id -u) != 0 ]] || refuse "it must not run as root."
  [[ -s $PGDATA/PG_VERSION ]] || create_cluster
  # A volume's fsGroup may have opened the folder, which the server refuses.
  chmod 0700 "$PGDATA"
fi
exec "$@"
