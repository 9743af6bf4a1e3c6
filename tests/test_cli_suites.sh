#!/bin/sh
# The list of naughty strings (../shared/data/real/suites) through the program: as texts, as class names of a run, in every format of its
# report. Skipped without it. Run from the project's root; PALBENCH names the program.
. tests/cli_checks.sh
suites=$shared/data/real/suites
if [ ! -e "$suites/blns.txt" ]; then
    echo "skip naughty_strings: $suites is not there"
    exit 0
fi
cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
lines=$(wc -l <"$suites/blns.txt")
run tokenize --tokenizer clip --file "$suites/blns.txt"; check every_line_has_tokens test "$(wc -l <"$folder/out")" -ge "$lines"
run label --dataset voc2007 --file "$suites/blns.txt";   check every_line_has_labels test "$(wc -l <"$folder/out")" -ge "$lines"
run encode-text --quiet --clip clip --out texts.h5 --file "$suites/blns.txt"; check every_line_has_features test -s texts.h5

# All of them as classes of one data set, each once; the first picture has all of them.
awk '/^ *"/ {sub(/,?[ \r]*$/, ""); sub(/^ */, ""); if ($0 != "\"\"" && !seen[$0]++) printf "%s%s", n++ ? "," : "", $0}' \
    "$suites/blns.json" >classes.txt
printf '{"models": {"m": {"clip": "clip"}}, "datasets": {"d": {"kind": "folder", "classes": [%s], "test": "naughty.jsonl", "images": "images/"}},
 "suites": {"s": ["zs"]}, "experiments": {"zs": {"dataset": "d", "model": "m", "method": "zsclip"}}}' "$(cat classes.txt)" >naughty.json
{ printf '{"file": "0.png", "labels": ['; cat classes.txt; printf ']}\n{"file": "1.png", "labels": []}\n'; } >naughty.jsonl
run reproduce --quiet --suite s --experiments naughty.json --store store --out report
check a_run_with_such_classes_is_reported test $status -eq 0 -a -s report/index.html
check the_page_has_no_script_of_theirs sh -c '! grep -qi "<script>alert\|<img src=\|<svg><script" report/index.html'
check the_table_in_markdown_has_two_columns sh -c '! sed "/^## Beside mAP/,/^## /d" report/report.md | grep "^| " | sed "s/\\\\\\\\|//g" | grep -q "|.*|.*|.*|.*|"'
check the_figure_is_drawn sh -c '! command -v gnuplot >/dev/null || ls report/figures/*.svg'
file=$(ls store/score/zs-*.h5)
run eval "$file" --json; check eval_names_them_as_json sh -c 'grep -q "hasOwnProperty" "$1" && grep -q "map" "$1"' - "$folder/out"
run results --store store --json; check results_are_listed says '"experiment"'

finish
