#!/bin/sh
# Let options alone, or a configuration file, stand for redis-server with them.
set -eu

case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac
# Without a password Redis would answer its own container only.
if [ "${1:-}" = redis-server ]; then
  case " $* " in
  *" --protected-mode "*) ;;
  *) set -- "$@" --protected-mode no ;;
  esac
fi
exec "$@"
