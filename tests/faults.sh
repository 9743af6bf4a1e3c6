#!/bin/sh
# Every place where a write, a flush, a rename, an opening, a mapping or an allocation of ours can fail, one after the other: the tiny suite of
# tests/golden/tiny_world is reproduced with tests/fault_shim.c in front of the C library. Whatever fails, the program ends with status 0 (it
# could do without), 1 or 2 and a sentence; nothing half-written has a final name; and the same command without faults ends with the
# results of a run that never saw one. Called by `make test-faults`, from the project's root: tests/faults.sh PROGRAM SHIM.
# FAULT_CALLS="write rename" tries only these; FAULT_MOST=N at most N places a call, evenly spread (default: all).
set -u
program=$(realpath "$1") shim=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
cp -r tests/golden/tiny_world "$folder/world"
cd "$folder/world" || exit 1

# suite STORE: reproduces into it; leaves status, and what was said in err.
suite() {
    "$program" reproduce --suite tiny --store "$1" --out "$1.report" --threads 1 >out 2>err
    status=$?
}
# shimmed ENVIRONMENT... -- STORE
shimmed() {
    set -- "$@"
    vars=
    while [ "$1" != -- ]; do vars="$vars $1"; shift; done
    # shellcheck disable=SC2086 # words are meant
    env LD_PRELOAD="$shim" $vars "$program" reproduce --suite tiny --store "$2" --out "$2.report" --threads 1 >out 2>err
    status=$?
}
# What is stored, without what differs from run to run: the scores and all that they were made of have their hashes in their names.
stored() { (cd "$1" && find . -name '*.h5' | sort); }
maps() { "$program" results --store "$1" --json --quiet | grep -E '"(experiment|seed|map)"'; }

suite whole
[ $status -eq 0 ] || { echo "FAIL the_suite_runs: $(cat err)"; exit 1; }
stored whole >whole.list; maps whole >whole.maps

places=0 failures=0 tolerated=0
bad() { failures=$((failures + 1)); echo "FAIL $1: $2"; }

# try CALL PLACE WHERE
try() {
    rm -rf faulty faulty.report
    shimmed FAULT_CALL="$1" FAULT_AT="$2" FAULT_IN="$3" -- faulty
    places=$((places + 1))
    case $status in
    0) tolerated=$((tolerated + 1)) ;;
    1 | 2) grep -q '^palbench: ' err || bad "$1-$3-$2" "status $status without a sentence" ;;
    *) bad "$1-$3-$2" "status $status: $(tail -n 2 err | tr '\n' ' ')" ;;
    esac
    mv err first.err
    suite faulty
    [ $status -eq 0 ] || { bad "$1-$3-$2" "does not go on: $(tr '\n' ' ' <err | head -c 300); first: $(tail -n 1 first.err)"; return; }
    stored faulty | cmp -s - whole.list || bad "$1-$3-$2" "other files are stored: $(stored faulty | diff - whole.list | head -n 3 | tr '\n' ' ')"
    maps faulty | cmp -s - whole.maps || bad "$1-$3-$2" "other results"
    left=$(find faulty faulty.report -name '*.tmp-*' -o -name '*.lock' | head -n 1)
    [ -z "$left" ] || bad "$1-$3-$2" "left behind: $left"
    for file in index.html report.md report.tex results.csv per_class.csv; do
        [ -s faulty.report/$file ] || bad "$1-$3-$2" "no $file"
    done
}

for call in ${FAULT_CALLS:-write fsync rename open mmap malloc}; do
    for where in main reader; do
        rm -rf faulty faulty.report list
        : >list
        shimmed FAULT_CALL=$call FAULT_LIST="$PWD/list" FAULT_IN=$where -- faulty
        sort -nu list >places.list
        all=$(wc -l <places.list) most=${FAULT_MOST:-$all}
        [ "$all" -gt "$most" ] || most=$all
        before=$places
        [ "$all" -eq 0 ] || awk -v all="$all" -v most="$most" 'int(NR * most / all) > int((NR - 1) * most / all)' places.list >tried.list
        [ "$all" -eq 0 ] || while read -r place; do try "$call" "$place" $where; done <tried.list
        echo "$call in $where: $((places - before)) of $all places tried"
    done
done
echo "$places places, $tolerated without an effect, $failures faults found"
[ $failures -eq 0 ]
