#!/bin/sh
# Every stage of the suites that `palbench reproduce` runs keeps its file's name, which carries the hash of all that determines it:
# tests/golden/stage_names.txt was written before the stages' configurations were described in one place. A name that is missed
# means that everybody's stored results would be made again. What is new in experiments.json is put into the list by
# `tests/test_stage_names.sh --add`; a name that goes because its experiment or its numbers did (version raised) goes by hand.
# The embedded world's pictures are cairo's to the last bit, so that its version is in the names: the list is cairo 1.16.0's.
. tests/cli_checks.sh
list=$golden/stage_names.txt
LC_ALL=C
export LC_ALL

run plan --json --quiet --store "$folder/store"
sed -n 's|.*"file":[^"]*"[^"]*/\([^/"]*/[^/"]*\)\.h5".*|\1|p' "$folder/out" | sort >"$folder/planned"
comm -13 "$folder/planned" "$list" >"$folder/missing"
comm -23 "$folder/planned" "$list" >"$folder/new"

if [ "${1:-}" = --add ]; then
    sort -u "$list" "$folder/new" >"$folder/all" && cat "$folder/all" >"$list"
    exit
fi
few() { echo "$(wc -l <"$1") of $(wc -l <"$list"): $(head -n 5 "$1" | tr '\n' ' ')"; }
check the_default_suites_can_be_planned test "$status" -eq 0 -a -s "$folder/planned"
cairo=$(pkg-config --modversion cairo 2>/dev/null)
if [ "$cairo" != 1.16.0 ]; then
    for claim in stored_stages_keep_their_names every_stage_is_in_the_list; do echo "skip $claim: the list is that of cairo 1.16.0, not $cairo"; done
    finish
    exit
fi
if [ -s "$folder/missing" ]; then bad stored_stages_keep_their_names "$(few "$folder/missing")"; else ok stored_stages_keep_their_names; fi
if [ -s "$folder/new" ]; then bad every_stage_is_in_the_list "$(few "$folder/new")"; else ok every_stage_is_in_the_list; fi
finish
