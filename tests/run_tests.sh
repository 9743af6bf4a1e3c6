#!/bin/sh
# Runs test programs (cmocka) and test scripts (lines "ok NAME", "FAIL NAME: why", "skip NAME: why"), shows what failed and ends
# with the line "N passed, N failed".
set -u
# Waiting threads sleep: tests are many short parallel regions, often on a busy machine.
export OMP_WAIT_POLICY="${OMP_WAIT_POLICY:-passive}"
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

count() { grep -c "$1" "$log" || true; }
names() { grep "^\[  $1 *\] [a-z]" "$log" | grep -v ' test(s)' | sort -u | wc -l; }

for test in "$@"; do
    begin=$(date +%s)
    "$test" >"$log" 2>&1
    status=$?
    good=$(($(count '^\[       OK \]') + $(count '^ok ')))
    bad=$(($(count '^\[  FAILED  \] [a-z]') + $(count '^FAIL ')))
    skip=$(($(count '^\[  SKIPPED \] [a-z]') + $(count '^skip ')))
    # cmocka names a failed test twice: once as it fails and once in its summary, which newer versions head with the group's name.
    [ "$(count '^\[==========\]')" -gt 0 ] && bad=$(names FAILED) && skip=$(names SKIPPED)
    # A crash, a sanitizer's report or a script without results is a failure of its own.
    [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    [ $((good + bad + skip)) -eq 0 ] && bad=1
    passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + skip))
    printf '%-36s %4d passed %3d failed %3d skipped  %3d s\n' "$(basename "$test")" "$good" "$bad" "$skip" $(($(date +%s) - begin))
    if [ "$bad" -gt 0 ]; then sed 's/^/    /' "$log"; else grep '^skip \|^Skip' "$log" | sed 's/^/    /' || true; fi
done
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
