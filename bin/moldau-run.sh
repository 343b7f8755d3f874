# Shared by the scripts beside it, which read it with '.'; it finds the binary and does what Apache's kafka-run-class.sh
# does with its variables.

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

# Sets $binary: from $MOLDAU_BIN, beside the scripts, in the checkout's target/release, or on PATH.
find_moldau() {
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
}

# run_moldau EXTRA_ARGS ARGUMENT...: becomes the binary with the arguments, its log on standard output and in $LOG_DIR,
# in Java's form unless MOLDAU_LOG_FORMAT names another. Of EXTRA_ARGS, -name NAME and -daemon are known; what else is in
# it goes to KAFKA_OPTS, which the binary reads.
run_moldau() {
    name=
    daemon=
    expect=
    for word in $1; do
        case $expect$word in
            name:*) name=$word expect= ;;
            -name) expect=name: ;;
            -daemon) daemon=true ;;
            -loggc) KAFKA_GC_LOG_OPTS=${KAFKA_GC_LOG_OPTS:--loggc} ;;
            *) KAFKA_OPTS="$KAFKA_OPTS $word" ;;
        esac
    done
    shift
    find_moldau
    LOG_DIR=${LOG_DIR:-$here/../logs}
    MOLDAU_LOG_DIR=$LOG_DIR
    MOLDAU_LOG_FORMAT=${MOLDAU_LOG_FORMAT:-java}
    export LOG_DIR MOLDAU_LOG_DIR MOLDAU_LOG_FORMAT
    [ -z "$KAFKA_OPTS" ] || export KAFKA_OPTS
    [ -z "$KAFKA_GC_LOG_OPTS" ] || export KAFKA_GC_LOG_OPTS
    if [ -n "$daemon" ]; then
        out=$LOG_DIR/${name:-moldau}.out
        if ! { mkdir -p "$LOG_DIR" && true >"$out"; }; then
            echo "$0: $out cannot be written, nothing is started; set LOG_DIR to a folder that can be written" >&2
            exit 2
        fi
        nohup "$binary" "$@" >"$out" 2>&1 </dev/null &
        exit 0
    fi
    exec "$binary" "$@" 2>&1
}
