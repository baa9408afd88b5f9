# shellcheck shell=sh
# Restores a checked backup. Arguments: DROP_SQL DELETE ID BACKUPS UPLOADS FILE... FILE is database.dump or media.tar. With DELETE `true`,
# uploads that are not in the backup are removed.
drop=$1 delete=$2 id=$3 backup=$4/$3 uploads=$5
shift 5
# In the claim of the uploads, so that the swap is only a change of names.
new=$uploads/.restore-new old=$uploads/.restore-old

wanted() {
    case " $files " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# Names that cannot be matched by one pattern in sh.
entries() {
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        case $entry in "$new" | "$old" | "$uploads/lost+found") continue ;; esac
        { [ -e "$entry" ] || [ -L "$entry" ]; } || continue
        "$2" "$entry" || return 1
    done
}
to_old() { mv "$1" "$old/"; }
to_uploads() { mv "$1" "$uploads/"; }

extract() {
    { rm -rf "$new" "$old" && mkdir "$new" "$old" && tar -xf "$backup/media.tar" -C "$new"; } 2>"$errors" || {
        cause=$(words)
        rm -rf "$new" "$old"
        fail "the uploads were not extracted: $cause. The database and the uploads are as before"
    }
}

# BEGIN and COMMIT are written here, because pg_restore cannot run other statements in its transaction. Without COMMIT, which follows only a
# complete dump, the server rolls back. A terse error has no values of rows.
load() {
    connect
    # Only the owner of an extension, often a superuser, may drop it. So extensions stay, and missing ones are created before.
    pg_restore --list "$backup/database.dump" >"$work/all"
    grep -vE '^[0-9]+; [0-9]+ [0-9]+ (EXTENSION - |COMMENT - EXTENSION )' "$work/all" >"$work/list" || true
    sed -nE 's/^[0-9]+; [0-9]+ [0-9]+ EXTENSION - ([^ ]+) .*/\1/p' "$work/all" >"$work/extensions"
    while read -r extension; do
        psql --no-psqlrc --no-password --quiet --command "CREATE EXTENSION IF NOT EXISTS \"$extension\"" 2>"$errors" || {
            cause=$(words)
            rm -rf "$new" "$old"
            fail "the extension $extension was not created: $cause. The database and the uploads are as before"
        }
    done <"$work/extensions"
    {
        echo 'BEGIN;'
        printf '%s\n' "$drop"
        if pg_restore --clean --if-exists --no-owner --use-list="$work/list" --file=- "$backup/database.dump" 2>"$work/read"; then
            : >"$work/whole"
            echo 'COMMIT;'
        fi
    } | psql --no-psqlrc --no-password --quiet --set=ON_ERROR_STOP=1 --set=VERBOSITY=terse >"$work/output" 2>"$errors" || rm -f "$work/whole"
    [ -f "$work/whole" ] || {
        cat "$work/read" >>"$errors"
        cause=$(words)
        rm -rf "$new" "$old"
        fail "the database was not restored: $cause. The database and the uploads are as before"
    }
    echo "restored the database"
}

swap() {
    if [ "$delete" = true ]; then
        entries "$uploads" to_old && entries "$new" to_uploads
    else
        (cd "$new" && find . -type d -exec mkdir -p "$uploads/{}" \; && find . ! -type d -exec mv -f {} "$uploads/{}" \;)
        # find ignores the exit codes of its commands.
        [ -z "$(find "$new" ! -type d)" ]
    fi
}

files=$*
if wanted media.tar; then extract; fi
if wanted database.dump; then load; fi
if wanted media.tar; then
    swap 2>"$errors" || fail "the uploads were replaced only in part: $(words). The database is as in the backup if restore_what names it. Run restore.yml again"
    rm -rf "$new" "$old"
    echo "restored the uploads"
fi
echo "restored the backup $id"
