# shellcheck shell=sh
# Makes one backup and removes old ones. Arguments: ID KEEP BACKUPS UPLOADS RELEASE IMAGE COLLECTION. UPLOADS is empty without uploads.
id=$1 keep=$2 backups=$3 uploads=$4 release=$5 image=$6 collection=$7
part=$backups/.$id.part

make() {
    began=$(date +%s)
    start=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    connect
    [ "$server" -le "$client" ] ||
        fail "PostgreSQL at $PGHOST:$PGPORT has version $server, and pg_dump in the image has version $client: set postgresql_image to PostgreSQL $server"
    mkdir "$part" 2>"$errors" || fail "the claim of the backups is not writable: $(words)"
    trap 'rm -rf "$part"' EXIT

    # The uploads come after the database, so that the files of all its rows are in the backup.
    pg_dump --format=custom --no-password --file="$part/database.dump" 2>"$errors" ||
        fail "the database $PGDATABASE was not dumped: $(words)"
    pg_restore --list "$part/database.dump" >"$work/list" 2>"$errors" || fail "the dump of the database cannot be read: $(words)"
    files=$(described "$part/database.dump")
    if [ -n "$uploads" ]; then
        # Exit code 1 means that a file changed meanwhile, or any error of busybox. Reading the archive shows whether it is complete.
        status=0
        tar -cf "$part/media.tar" -C "$uploads" --exclude ./lost+found --exclude ./.restore-new --exclude ./.restore-old . 2>"$errors" || status=$?
        [ "$status" -le 1 ] || fail "the uploads were not archived: $(words)"
        tar -tf "$part/media.tar" >"$work/list" 2>>"$errors" || fail "the archive of the uploads is not complete: $(words)"
        files=$files,$(described "$part/media.tar")
    fi

    seconds=$(($(date +%s) - began))
    printf '{"id":"%s","start":"%s","end":"%s","seconds":%s,"release":"%s","image":"%s","collection":"%s","postgresql":%s,"files":{%s}}\n' \
        "$id" "$start" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$seconds" "$release" "$image" "$collection" "$server" "$files" \
        >"$part/backup.json" 2>"$errors" || fail "the backup was not described: $(words)"
    sync
    mv "$part" "$backups/$id" 2>"$errors" || fail "the backup was not renamed: $(words)"
}

# The Lease allows one run at a time, so these are of runs that were killed.
rm -rf "$backups"/.[0-9]*T[0-9]*Z.part "$backups"/.[0-9]*T[0-9]*Z.removed
# After an eviction the Job runs again, and the backup may be complete.
[ -f "$backups/$id/backup.json" ] || make

# The new backup stays, also if an earlier one has a later time.
left=$((keep - 1))
for old in $(ids "$backups" | grep -vx "$id"); do
    if [ "$left" -gt 0 ]; then
        left=$((left - 1))
        continue
    fi
    # A backup that is removed in part has another name.
    { mv "$backups/$old" "$backups/.$old.removed" && rm -rf "$backups/.$old.removed"; } 2>"$errors" ||
        fail "the backup $id is complete, but the old backup $old was not removed: $(words)"
    echo "removed the old backup $old"
done
cat "$backups/$id/backup.json"
