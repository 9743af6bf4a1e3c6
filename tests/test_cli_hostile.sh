#!/bin/sh
# A stranger's files from outside: what stands in them is shown, never obeyed. On the folder data set and the tiny CLIP of
# tests/golden/tiny_world. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
escape=$(printf '\033')
# No control character but newline and tab in what the last run said.
calm() { ! cat "$folder/out" "$folder/err" | tr -d '\n\t' | LC_ALL=C grep -q '[[:cntrl:]]'; }

# ---- texts: a label, names, paths that are commands elsewhere ----
sed 's|"zs": {|&"label": "x`touch pwned`y '"'q'"' \\"d\\" $(touch pwned) \\u001b]0;owned\\u0007 50% %s", |' experiments.json >label.json
run reproduce --experiments label.json --suite tiny --out 'a `touch pwned` "b" \ c'
check a_label_full_of_commands_is_drawn test "$status" -eq 0
check and_stands_in_the_table_as_it_is says "x\`touch pwned\`y 'q' \"d\" \$(touch pwned) .x1b]0;owned"
check the_terminal_is_told_nothing calm
check no_command_has_run sh -c "! find '$folder' -name 'pwned*' | grep -q ."
check the_report_lies_where_it_was_sent test -s 'a `touch pwned` "b" \ c/figures/map.svg'
run ls experiments --experiments label.json;  check a_list_shows_it calm
run ls experiments --experiments label.json --json; check json_escapes_it calm
run validate "no${escape}[31m.json";          refused an_error_shows_control_characters 1 '\\x1b\[31m'
check and_is_calm calm
run "x${escape}c";                            refused so_does_an_unknown_command 2 'x\\x1bc'
printf 'file,cat,dog,bus,person,dining table\n' >"$escape"'`touch pwned`'.csv
sed -n 's/.*"file": "\([^"]*\)".*/\1,0.5,0.4,0.3,0.2,0.1/p' test.jsonl >>"$escape"'`touch pwned`'.csv
run import-scores "$escape"'`touch pwned`'.csv --as theirs --dataset tiny
check an_import_is_calm calm
run compare theirs zs --resamples 50 --out 'compared `touch pwned`'"
'q'"
check a_comparison_is_drawn_anywhere test -s "$(printf 'compared `touch pwned`\n%s' "'q'/differences.svg")"
check and_still_nothing_has_run sh -c "! find '$folder' -name 'pwned*' | grep -q ."

# ---- names that are paths ----
for name in ../../../esc /tmp/palbench-esc .x a/b; do
    sed "s|\"suites\": {|&\"$name\": [\"zs\"], |" experiments.json >path.json
    run validate path.json;                    refused "validate_refuses_a_suite_named_$name" 2 "suites.*a name is letters"
done
run report --experiments path.json --suite a/b; refused no_report_is_written_there 2 "a name is letters"
run import-scores theirs.csv --as ../../x --dataset tiny; refused nor_can_an_import_be_a_path 2 "--as"
cp "$escape"'`touch pwned`'.csv 'my [final] scores.csv'
run import-scores 'my [final] scores.csv' --dataset tiny; refused a_file_whose_name_is_no_name_needs_one 2 "--as NAME"

# ---- memory that is not given ----
# From the least with which the libraries themselves come up; below that nothing of the program runs. 127: one that is loaded late.
least=60000
until (ulimit -v $least; exec "$program" --version) >/dev/null 2>&1 || [ $least -gt 1000000 ]; do least=$((least + 5000)); done
crashed=
for more in 1000 4000 7000 15000 30000 50000 70000 100000 150000; do
    kilobytes=$((least + more))
    (ulimit -v $kilobytes; exec "$program" run tai-dpt --quiet --no-table --store "small-$more") >"$folder/out" 2>"$folder/err"
    case $? in
    0 | 127) ;;
    1) remarks "out of memory\|Cannot allocate memory" || crashed="$crashed $kilobytes: $(head -c 200 "$folder/err")" ;;
    *) crashed="$crashed $kilobytes" ;;
    esac
done
if (ulimit -v 4000000; "$program" --version) >/dev/null 2>&1; then
    check memory_that_is_not_given_is_a_sentence test -z "$crashed"
else echo "skip memory_that_is_not_given_is_a_sentence: a sanitizer's program needs more than there is"; fi

finish
