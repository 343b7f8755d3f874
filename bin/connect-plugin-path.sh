#!/bin/sh
# Lists the Java plug-ins of a plugin.path, or writes their manifests, with the command line of Apache Kafka's connect-plugin-path.sh.
#
# The binary is looked for in $MOLDAU_BIN, beside this script, in the checkout's target/release, and on PATH.

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

exec "$binary" connect-plugin-path "$@"
