# What every script here needs: a folder of its own, processes that end with it, and the gateway.
# Source it with bash; $java holds the options of the gateway's JVM.
root=$(cd "$here/../../.." && pwd)

need() { # tool ...
  for tool in "$@"; do
    command -v "$tool" > /dev/null || { echo "$tool is missing: see README.md" >&2; exit 1; }
  done
}

work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT

start() { # command ...; leaves the pid in $started
  "$@" >> "$work/log" 2>&1 &
  started=$!
  pids+=("$started")
}

await() { # URL; any answer will do
  for _ in $(seq 600); do
    curl -s -o "$work/body" "$1" && return
    sleep 0.1
  done
  echo "$1 does not answer; the end of the log:" >&2
  tail -20 "$work/log" >&2
  exit 1
}

# A process and its workers; the database that the gateway started is none.
family() { echo "$1" $(pgrep -P "$1" -x nginx || true); }

ticks() { # pid; CPU time used so far
  for pid in $(family "$1"); do cat "/proc/$pid/stat"; done |
    awk '{sub(/.*\) /, ""); sum += $12 + $13} END {print sum}'
}

resident() { # pid; MiB
  for pid in $(family "$1"); do cat "/proc/$pid/status"; done |
    awk '/^VmRSS/ {sum += $2} END {printf "%d", sum / 1024}'
}

# What is no request gives way to requests (operating.md), by the options that the image has.
yields=$(sed -n 's/.*--add-options="\(.*\)"$/\1/p' "$root/src/main/image/stage")
[ -n "$yields" ] || { echo "src/main/image/stage has no --add-options" >&2; exit 1; }

# Leaves the pid in $gateway. Arguments: further settings.
start_gateway() {
  # shellcheck disable=SC2086
  start java $java $yields -cp "$classes" dev.maglatch.cli.Main serve --config "$here/maglatch.yaml" "$@"
  gateway=$started
  await http://127.0.0.1:18204/ # the warm-up is still going on
  await_ready 18205 # another one may have answered
}

await_ready() { # port of the operations listener of what was started last
  until curl -sf -o "$work/body" "http://127.0.0.1:$1/readyz"; do
    kill -0 "$started" || { tail -20 "$work/log" >&2; exit 1; }
    sleep 0.01
  done
}

make_keys() { # number, file for the tokens, file for the hashes
  java -cp "target/test-classes:$classes" dev.maglatch.benchmarks.ManyKeys \
    "$(cat "$(find "$work/data" -name database-url)")" "$@"
}

cd "$root"
if [ ! -d target/lib ] || [ ! -d target/test-classes/dev/maglatch/benchmarks ]; then
  mvn -B -q -ntp package -DskipTests
fi
classes="target/classes:target/lib/*"
export MAGLATCH_DATA_DIR="$work/data" MAGLATCH_SECRETS_MASTER
MAGLATCH_SECRETS_MASTER=$(openssl rand -base64 48 | tr -d '\n')
