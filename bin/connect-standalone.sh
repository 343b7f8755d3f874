#!/bin/sh
# Runs Moldau in standalone mode with the command line and the variables of Apache Kafka's connect-standalone.sh.

if [ $# -lt 1 ]; then
    echo "USAGE: $0 [-daemon] connect-standalone.properties [connector1.properties connector2.json ...]"
    exit 1
fi

. "$(dirname "$(readlink -f "$0")")/moldau-run.sh"

extra=${EXTRA_ARGS--name connectStandalone}
if [ "$1" = "-daemon" ]; then
    extra="-daemon $extra"
    shift
fi

run_moldau "$extra" standalone "$@"
