#!/bin/sh
# Lists the Java plug-ins of a plugin.path, or writes their manifests, with the command line of Apache Kafka's
# connect-plugin-path.sh.

. "$(dirname "$(readlink -f "$0")")/moldau-run.sh"

find_moldau
exec "$binary" connect-plugin-path "$@"
