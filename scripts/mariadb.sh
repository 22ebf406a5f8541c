#!/usr/bin/env bash
# Installs MariaDB from Debian where it is missing, and starts it on 127.0.0.1, port 3306 or the one that is given, with data of its own, for tests only:
# root has no password, and nothing is flushed to the disk.
set -euo pipefail

command -v mariadbd >/dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mariadb-server
}

port=${1:-3306}
folder=$(mktemp -d /tmp/filedepot-mariadb-XXXXXX)
chown mysql "$folder"
mariadb-install-db --no-defaults --user=mysql --datadir="$folder/data" \
  --auth-root-authentication-method=normal --skip-test-db >/dev/null
nohup mariadbd --no-defaults --user=mysql --datadir="$folder/data" --port="$port" --bind-address=127.0.0.1 \
  --socket="$folder/socket" --pid-file="$folder/pid" --innodb-flush-log-at-trx-commit=0 \
  >"$folder/log" 2>&1 &

for _ in $(seq 100); do
  if mariadb-admin --no-defaults --socket="$folder/socket" --user=root ping >/dev/null 2>&1; then exit 0; fi
  sleep 0.1
done
cat "$folder/log" >&2
exit 1
