#!/bin/sh
# What the pages show works: commands in their blocks are known to the program with the options they name, JSON in them is valid, Python
# in them runs where h5py is there, links lead somewhere, and the README fits its first screen. Run from the project's root.
. tests/cli_checks.sh

pages="README.md experiments.md datasets/README.md datasets/mini/README.md methods/README.md methods/DEFINITIONS.md results/README.md
       harness/README.md CONTRIBUTING.md SECURITY.md NEWS.md"

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
