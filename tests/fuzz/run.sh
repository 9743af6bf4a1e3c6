#!/bin/sh
# Runs fuzz targets one after the other: tests/fuzz/run.sh BUILD TARGET..., from the project's root. Each runs FUZZ_S seconds (default 60) on the
# seeds of tests/fuzz/seeds.sh and on what earlier runs found worth keeping (BUILD/corpus). An input that is a fault stays in
# BUILD/faults; run the target with it as its argument to see the report again. Ends with status 1 when there was one.
set -u
build=$1
shift
export ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1:handle_abort=1 OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
FUZZ_SCRATCH=$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d) || exit 1
export FUZZ_SCRATCH
trap 'rm -rf "$FUZZ_SCRATCH"' EXIT
mkdir -p "$build/faults"
rm -rf "$build/seeds"
tests/fuzz/seeds.sh "$build/seeds" || exit 1
faults=0
printf '%-18s %12s %9s %9s %8s  %s\n' target executions a_second coverage corpus result
for target in "$@"; do
    name=$(basename "$target")
    mkdir -p "$build/corpus/$name" "$build/seeds/$name"
    "$target" -max_total_time="${FUZZ_S:-60}" -timeout=300 -rss_limit_mb=4096 -malloc_limit_mb=2048 -max_len=65536 -print_final_stats=1 -verbosity=1 \
        -artifact_prefix="$build/faults/$name-" "$build/corpus/$name" "$build/seeds/$name" >"$build/$name.log" 2>&1
    status=$?
    value() { sed -n "s/^stat::$1: *//p" "$build/$name.log"; }
    result=good
    [ $status -eq 0 ] || { result="FAULT (status $status): $(grep -m 1 -E 'SUMMARY|ERROR|palbench:' "$build/$name.log"); see $build/$name.log"; faults=$((faults + 1)); }
    printf '%-18s %12s %9s %9s %8s  %s\n' "$name" "$(value number_of_executed_units)" "$(value average_exec_per_sec)" \
        "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$build/$name.log" | tail -n 1)" "$(ls "$build/corpus/$name" | wc -l)" "$result"
    rm -rf "$FUZZ_SCRATCH"/*
done
[ $faults -eq 0 ]
