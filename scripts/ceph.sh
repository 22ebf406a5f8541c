#!/usr/bin/env bash
# A throw-away S3 service for the tests: Ceph's RADOS Gateway with one monitor and one disk in memory, as root, without
# systemd and without authentication between its parts. Needs Debian's packages:
#   apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd
#
#   scripts/ceph.sh start DIR PORT   prints the variables by which the tests find it; the monitor takes PORT + 1
#   scripts/ceph.sh stop DIR
set -euo pipefail

ACCESS_KEY=FILEDEPOTTESTACCESS1
SECRET_KEY=filedepot-test-secret-key-of-forty-chars

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
}

write_config() {
  cat >"$DIR/ceph.conf" <<CONF
[global]
fsid = $FSID
mon initial members = a
mon host = v2:127.0.0.1:$((PORT + 1))/0
ms bind msgr1 = false
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
# The monitor looks at the disk that DIR is on and refuses its service where that is nearly full.
mon data avail crit = 1
mon data avail warn = 2
mon cluster log file = $DIR/cluster.log
log file = $DIR/\$name.log
log to stderr = false
run dir = $DIR/run
admin socket = $DIR/run/\$name.asok
pid file = $DIR/run/\$name.pid
crash dir = $DIR/crash

[mon]
mon data = $DIR/mon
paxos propose interval = 0.05
paxos min wait = 0.01

[osd]
osd data = $DIR/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
osd boot no wait = true

[client]
# Otherwise the gateway asks for an encrypted connection, which needs the authentication that is off.
ms mon client mode = crc
# Without tcp_nodelay many requests take 44 ms in the place of 4.
rgw frontends = beast endpoint=127.0.0.1:$PORT tcp_nodelay=1
rgw enable apis = s3, admin
rgw data = $DIR/rgw
rgw num rados handles = 1
rgw thread pool size = 64
# Customer keys (SSE-C) over plain HTTP, which is fine on this machine only.
rgw crypt require ssl = false
# What is deleted is freed within seconds and not within hours: a full disk takes no more writes.
# Of a file that is written and deleted at once, the list may go on saying what was under way, 2 minutes long.
rgw pending bucket index op expiration = 5
rgw gc obj min wait = 5
rgw gc processor period = 5
rgw gc processor max time = 5
CONF
}

# Runs a command until it succeeds, for half a minute at most.
wait_for() {
  for _ in $(seq 150); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  echo "Ceph did not come up: \"$*\" still fails; see the logs in $DIR" >&2
  exit 1
}

has_osd() { timeout 5 ceph -c "$DIR/ceph.conf" osd stat | grep -q '1 up'; }

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT"); }

start() {
  FSID=$(cat /proc/sys/kernel/random/uuid)
  rm -rf "$DIR"
  mkdir -p "$DIR"/{mon,osd,rgw,run}
  write_config
  local conf=(-c "$DIR/ceph.conf")

  monmaptool --create --clobber --fsid "$FSID" --addv a "[v2:127.0.0.1:$((PORT + 1))]" "$DIR/monmap" >/dev/null
  ceph-mon "${conf[@]}" -i a --mkfs --monmap "$DIR/monmap" >/dev/null
  ceph-mon "${conf[@]}" -i a >/dev/null
  wait_for timeout 5 ceph "${conf[@]}" -s

  local osd_uuid osd
  osd_uuid=$(cat /proc/sys/kernel/random/uuid)
  osd=$(ceph "${conf[@]}" osd new "$osd_uuid" 2>/dev/null)
  ceph-osd "${conf[@]}" -i "$osd" --mkfs --osd-uuid "$osd_uuid" >/dev/null 2>&1
  ceph-osd "${conf[@]}" -i "$osd" >/dev/null 2>&1
  wait_for has_osd

  local admin=(radosgw-admin "${conf[@]}")
  "${admin[@]}" user create --uid=filedepot --display-name=filedepot \
    --access-key="$ACCESS_KEY" --secret-key="$SECRET_KEY" >/dev/null 2>"$DIR/admin.log"
  # A second storage class, so that the tests can tell whether theirs is asked for.
  local class=(--placement-id default-placement --storage-class STANDARD_IA)
  "${admin[@]}" zonegroup placement add --rgw-zonegroup default "${class[@]}" >/dev/null 2>>"$DIR/admin.log"
  "${admin[@]}" zone placement add --rgw-zone default "${class[@]}" \
    --data-pool default.rgw.buckets.data >/dev/null 2>>"$DIR/admin.log"

  radosgw "${conf[@]}" -n client.rgw >"$DIR/rgw.out" 2>&1
  wait_for answers

  echo "FILEDEPOT_TEST_S3_ENDPOINT=http://127.0.0.1:$PORT"
  echo "FILEDEPOT_TEST_S3_ACCESS_KEY=$ACCESS_KEY"
  echo "FILEDEPOT_TEST_S3_SECRET_KEY=$SECRET_KEY"
  echo "FILEDEPOT_TEST_S3_REGION=us-east-1"
}

# By the ids that its three programs have written down.
stop() {
  local pids=() pid
  for file in "$DIR"/run/*.pid; do
    if [ -f "$file" ]; then pids+=("$(cat "$file")"); fi
  done
  kill "${pids[@]}" 2>/dev/null || true
  for pid in "${pids[@]}"; do
    for _ in $(seq 25); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.2
    done
    kill -9 "$pid" 2>/dev/null || true
  done
  rm -rf "$DIR"
}

DIR=${2:-}
PORT=${3:-}
case "${1:-} $#" in
'start 3') start ;;
'stop 2') stop ;;
*) usage ;;
esac
