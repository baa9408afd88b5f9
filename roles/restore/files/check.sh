# shellcheck shell=sh
# Checks a backup before anything is changed. Arguments: ID BACKUPS FILE... FILE is database.dump or media.tar.
id=$1 backup=$2/$1
shift 2

for file in "$@"; do
    recorded=$(grep -o "\"$file\":{[^}]*}" "$backup/backup.json") || fail "the backup $id has no $file. Set restore_what to what it has"
    [ -f "$backup/$file" ] || fail "the backup $id is damaged: $file is missing. Nothing was changed"
    [ "$(described "$backup/$file")" = "$recorded" ] ||
        fail "the backup $id is damaged: size and checksum of $file differ from those in backup.json. Nothing was changed"
    if [ "$file" = database.dump ]; then
        pg_restore --list "$backup/$file" >"$work/list" 2>"$errors" || fail "the backup $id cannot be read: $(words). Nothing was changed"
        connect
        # pg_restore of a newer version writes settings that an older server rejects.
        [ "$server" = "$client" ] ||
            fail "PostgreSQL at $PGHOST:$PGPORT has version $server, and pg_restore in the image has version $client: set postgresql_image to PostgreSQL $server. Nothing was changed"
    fi
done
echo "the backup $id is complete: $*"
