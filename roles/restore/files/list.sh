# shellcheck shell=sh
# Shows backup.json of each complete backup, the newest first. Argument: BACKUPS.
for id in $(ids "$1"); do
    cat "$1/$id/backup.json"
done
