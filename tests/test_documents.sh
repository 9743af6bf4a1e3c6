#!/bin/sh
# What the pages show works: commands in their blocks are known to the program with the options they name, JSON in them is valid, Python
# in them runs where h5py is there, links lead somewhere, and the README fits its first screen. Run from the project's root.
. tests/cli_checks.sh

pages="README.md experiments.md datasets/README.md datasets/mini/README.md methods/README.md methods/DEFINITIONS.md results/README.md
       harness/README.md harness/cluster/README.md CONTRIBUTING.md SECURITY.md NEWS.md"

missing=
for page in $pages; do [ -f "$page" ] || missing="$missing $page"; done
if [ -z "$missing" ]; then ok all_pages_are_there; else bad all_pages_are_there "not there:$missing"; fi

lines=$(wc -l <README.md) wide=$(awk 'length($0) > 120' README.md | wc -l)
if [ "$lines" -le 90 ] && [ "$wide" -eq 0 ]; then ok the_readme_is_short; else bad the_readme_is_short "$lines lines, $wide of them wide"; fi

# Links to files of the tree.
broken=
for page in $pages; do
    place=$(dirname "$page")
    for link in $(grep -o '](\([^)#]*\))' "$page" | sed 's/^](//; s/)$//' | grep -v '^[a-z]*:'); do
        [ -e "$place/$link" ] || broken="$broken $page:$link"
    done
done
if [ -z "$broken" ]; then ok links_lead_somewhere; else bad links_lead_somewhere "$broken"; fi

# Paths in backticks, `folder/file.c`; patterns, folders that runs make, and the reader's own files are not meant.
broken=
for page in $pages; do
    [ "$page" = NEWS.md ] && continue
    place=$(dirname "$page")
    for path in $(grep -oE '`[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+/?`' "$page" | tr -d '`' | sort -u); do
        case $path in results/store* | reports/out* | build/* | models/* | *mine.* | *NAME.* | PREFIX/* | */EXPERIMENT* | encode-* | score/* | imported/*) continue ;; esac
        for at in . "$place" harness methods methods/shared; do [ -e "$at/$path" ] && continue 2; done
        broken="$broken $page:$path"
    done
done
if [ -z "$broken" ]; then ok paths_in_pages_are_there; else bad paths_in_pages_are_there "$broken"; fi

# Functions in backticks, `file.c: function`.
lost=
for pair in $(grep -ohE '`[a-z0-9_/]+\.c: [a-z0-9_]+`' $pages | tr -d '` ' | sort -u); do
    file=$(find ./harness ./datasets ./methods ./reports -path "*/${pair%%:*}" | head -n 1)
    grep -q "\b${pair#*:}(" "${file:-/dev/null}" || lost="$lost $pair"
done
if [ -z "$lost" ]; then ok functions_in_pages_are_there; else bad functions_in_pages_are_there "$lost"; fi

# Commands: "    build/palbench COMMAND ..." and "    palbench COMMAND ...", cut before a comment. A command is known, and so is every option.
unknown=
grep -hE '^    (build/)?palbench [a-z]' $pages | sed 's/^ *//; s/ #.*//; s/^build\///' | sort -u >"$folder/commands"
while read -r line; do
    set -f
    # shellcheck disable=SC2086 # words are meant
    set -- $line
    set +f
    command=$2
    help=$("$program" "$command" --help 2>/dev/null) || { unknown="$unknown '$command'"; continue; }
    for word in "$@"; do
        case $word in
        --[a-z]*)
            option=${word%%=*}
            printf '%s\n' "$help" | grep -q -- "$option\b" || unknown="$unknown '$command $option'"
            ;;
        esac
    done
done <"$folder/commands"
count=$(wc -l <"$folder/commands")
if [ -z "$unknown" ] && [ "$count" -gt 15 ]; then ok commands_are_known; else bad commands_are_known "of $count, unknown:$unknown"; fi

# `palbench COMMAND` in running text.
unknown=
for command in $(grep -hoE '`(build/)?palbench [a-z][a-z-]+' $pages | awk '{print $2}' | sort -u); do
    "$program" "$command" --help >/dev/null 2>&1 || unknown="$unknown $command"
done
if [ -z "$unknown" ]; then ok commands_in_running_text_are_known; else bad commands_in_running_text_are_known "$unknown"; fi

# The README's table is the stored reference results: experiment by the label of its row, mean over seeds.
"$program" results --reference --json >"$folder/reference" 2>"$folder/err"
wrong=$(awk -F'[|±]' '
    FNR == NR { if (match($0, /"experiment":[[:space:]]*"[^"]*"/)) { name = substr($0, RSTART, RLENGTH); sub(/.*:[[:space:]]*"/, "", name); sub(/"/, "", name) }
                if (match($0, /"map":[[:space:]]*[0-9.]+/)) { value = substr($0, RSTART, RLENGTH); sub(/.*:[[:space:]]*/, "", value); sum[name] += value; n[name]++ }
                next }
    /^\| (T2I-PAL|TaI-DPT|TaI|CoMC|PVP|SPARC|CLIP zero-shot) / {
        row = $2; sub(/<sup>.*/, "", row); gsub(/^ +| +$/, "", row); shown = $3 + 0
        key = row == "T2I-PAL" ? "mini-t2ipal" : row == "TaI-DPT" ? "mini-tai-dpt" : row == "TaI" ? "mini-tai" : row == "CoMC" ? "mini-comc" : row == "PVP" ? "mini-pvp" : row == "SPARC" ? "mini-sparc" : "mini-zsclip"
        if (!n[key]) print row ": no reference result " key
        else if (sprintf("%.1f", sum[key] / n[key]) != sprintf("%.1f", shown)) print row ": " shown " in the README, " sum[key] / n[key] " stored"
        rows++
    }
    END { if (rows < 7) print rows + 0 " rows found" }' "$folder/reference" README.md)
if [ -z "$wrong" ]; then ok the_table_of_the_readme_is_stored; else bad the_table_of_the_readme_is_stored "$wrong"; fi

# make targets
unknown=
for target in $(grep -hoE '^    make [a-z][a-z-]+' $pages | awk '{print $2}' | sort -u) $(grep -hoE '`make [a-z][a-z-]+' $pages | awk '{print $2}' | sort -u); do
    grep -qE "^$target( |:)|^$target:|[ ]$target:" Makefile || grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile || unknown="$unknown $target"
done
if [ -z "$unknown" ]; then ok make_targets_exist; else bad make_targets_exist "$unknown"; fi

# Whole experiments files shown in a page are read (the models and data they name are not there, which validate does not ask).
wrong=
awk '/^```json/ {p = 1; n++; next} /^```/ {p = 0} p {print > ("'"$folder"'/json-" n)}' experiments.md
for file in "$folder"/json-*; do
    grep -q '"experiments"' "$file" || continue
    "$program" validate "$file" >"$folder/said" 2>&1 || wrong="$wrong $(head -n 1 "$folder/said")"
done
if [ -z "$wrong" ]; then ok experiments_files_in_the_pages_are_valid; else bad experiments_files_in_the_pages_are_valid "$wrong"; fi

# The h5py snippets of results/README.md, on a store made here.
python=${PYTHON:-python3}
if "$python" -c 'import h5py, numpy' 2>/dev/null; then
    if "$program" run mini-tai --set 'seeds=[1]' --limit 40 --store "$folder/store" --quiet >/dev/null 2>"$folder/said"; then
        awk '/^```python/ {p = 1; next} /^```/ {p = 0} p' results/README.md | sed "s|results/store|$folder/store|g" >"$folder/snippets.py"
        if "$python" "$folder/snippets.py" >"$folder/said" 2>&1; then ok python_in_the_pages_runs; else bad python_in_the_pages_runs "$(tail -n 1 "$folder/said")"; fi
    else
        bad python_in_the_pages_runs "$(cat "$folder/said")"
    fi
else
    echo "skip python_in_the_pages_runs: python3 has no h5py"
fi
finish
