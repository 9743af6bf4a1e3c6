#!/bin/sh
# Which share of each room's lines was run: tests/coverage.sh BUILD ROOM... after the tests of a build with --coverage (make coverage).
# Processes that are killed write no counters: what reads HDF5 on the child's side (harness/io/artifact_{serve,file,hdf5,text,inspect,shards,
# limits}.c) counts as not run though every test that reads an artifact runs it; so does what only killed runs reach.
# gcov writes "File 'NAME'" and then "Lines executed:P% of N" for a source and for every header; only the source counts here.
set -eu
build=$1; shift
case $(${CC:-cc} --version) in *clang*) gcov="llvm-cov gcov" ;; *) gcov=gcov ;; esac
command -v "${gcov%% *}" >/dev/null || { echo "coverage: ${gcov%% *} is not here; it comes with the compiler" >&2; exit 1; }

for room in "$@"; do
    find "$build/$room" -name '*.gcno' | while read -r notes; do
        source=${notes#"$build"/}; source=${source%.gcno}.c
        $gcov -n "$notes" 2>/dev/null | awk -v source="$source" -v room="$room" '
            /^File / { own = $0 == "File \x27" source "\x27" }
            own && /^Lines executed:/ {
                gsub(/[^0-9.]+/, " "); split($0, number, " ")
                printf "%s %s %d %d\n", room, source, number[1] * number[2] / 100 + 0.5, number[2]
                own = 0
            }'
    done
done | awk '
    { run[$1] += $3; lines[$1] += $4; all_run += $3; all += $4; if (!($1 in seen)) { seen[$1]; name[++rooms] = $1 } }
    $3 < $4 / 2 { printf "less than half: %s, %d of %d lines\n", $2, $3, $4 }
    END {
        for (i = 1; i <= rooms; i++) printf "%-24s %6.1f%% of %6d lines\n", name[i], 100 * run[name[i]] / lines[name[i]], lines[name[i]]
        printf "%-24s %6.1f%% of %6d lines\n", "all", 100 * all_run / all, all
    }'
