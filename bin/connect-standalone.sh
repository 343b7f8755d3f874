#!/bin/sh
# Runs Moldau in standalone mode with the command line of Apache Kafka's connect-standalone.sh.
#
# The binary is looked for in $MOLDAU_BIN, beside this script, in the checkout's target/release, and on PATH.

if [ $# -lt 1 ]; then
    echo "USAGE: $0 [-daemon] connect-standalone.properties [connector1.properties connector2.json ...]"
    exit 1
fi

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

if [ -n "$MOLDAU_BIN" ]; then
    binary=$MOLDAU_BIN
elif [ -x "$here/moldau" ]; then
    binary=$here/moldau
elif [ -x "${CARGO_TARGET_DIR:-$here/../target}/release/moldau" ]; then
    binary=${CARGO_TARGET_DIR:-$here/../target}/release/moldau
elif binary=$(command -v moldau); then
    :
else
    echo "$0: cannot find the moldau binary; build it with 'cargo build --release -p moldau' or set MOLDAU_BIN" >&2
    exit 2
fi

if [ "$1" = "-daemon" ]; then
    shift
    logs=${LOG_DIR:-$here/../logs}
    mkdir -p "$logs"
    nohup "$binary" standalone "$@" >"$logs/connectStandalone.out" 2>&1 </dev/null &
    exit 0
fi

exec "$binary" standalone "$@"
