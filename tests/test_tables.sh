#!/bin/sh
# Lists follow from their tables: a sampler, a data set, a method is named in its own file and by its line in the table, nowhere else.
# Comments and examples may say what they like. Run from the project's root.
. tests/cli_checks.sh

# FILE: LINE of every line of the program's code, without comments; and without the solver types of DPM-Solver, one of which is heun.
code=$folder/code
find harness datasets methods reports -name '*.[ch]' ! -path 'methods/example_plugin/*' | while read -r file; do
    sed 's|/\*.*\*/||; /\/\*/,/\*\//d' "$file" | grep -v '"midpoint", "heun"\|\.example\|^ *"  *palbench\|^ *"palbench' | sed "s|^|$file: |"
done >"$code"

names() { "$program" ls "$1" | awk 'NR > 2 {print $1}'; }

# once KIND NAME...: each name is a string of one file alone.
once() {
    kind=$1; shift
    for name in "$@"; do
        files=$(grep "\"$name\"" "$code" | cut -d: -f1 | sort -u)
        [ "$(echo "$files" | wc -l)" -eq 1 ] && [ -n "$files" ] || { bad "a_${kind}_is_named_once" "$name stands in $(echo $files)"; return; }
    done
    ok "a_${kind}_is_named_once"
}
# shellcheck disable=SC2046 # a word a name
once sampler $(names schedulers)
once method $(names methods)
once layout $(names layouts)
# "mini" is also the name of a protocol, of a suite and of a model.
once data_set $(names datasets | grep -v mini | head -4) folder

# A list by hand would name two samplers in a line.
two=$(for a in $(names schedulers); do grep "\"[^\"]*\b$a\b, [a-z]" "$code"; done)
if [ -z "$two" ]; then ok no_sentence_lists_samplers_by_hand; else bad no_sentence_lists_samplers_by_hand "$two"; fi

# What follows from the tables.
run schema
check the_schema_in_the_tree_is_the_one_that_the_program_prints cmp -s "$folder/out" experiments.schema.json
run generate --help
check help_lists_the_samplers says "$(names schedulers | tr '\n' ' ' | sed 's/ $//; s/ /, /g') (default"
run generate --model none --prompt cat --scheduler nonsense; check a_choice_is_refused test $status -ne 0
run ls --help;                      check help_lists_the_lists says "suites|experiments|methods"
run label --dataset nonsense cat;   check an_unknown_data_set_is_refused test $status -ne 0
finish
