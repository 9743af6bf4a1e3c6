#!/bin/sh
# The command lines of tests/cases/commands.txt, each a claim of its own; the file says how it is written. Run from the project's root;
# PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh
model=$golden/pipeline mini=$root/results/pretrained/mini-sd
palbench() { "$program" "$@"; }

# Runs the case that has been read: $wanted, $claim, $body; what it must say stands in the file `words`.
try() {
    [ -n "$claim" ] || return
    rm -rf "$folder/world"
    cp -r "$golden/tiny_world" "$folder/world"
    cd "$folder/world" || exit 1
    (eval "$body") >"$folder/out" 2>"$folder/err" 3<&-; status=$?
    cat "$folder/out" "$folder/err" >"$folder/said"
    missing=$(while IFS= read -r word; do grep -qF -- "$word" "$folder/said" || printf ' "%s"' "$word"; done <"$folder/words")
    claim=$(printf '%s' "$claim" | tr ' ' '_')
    if [ -n "$missing" ]; then bad "$claim" "status $status; $(head -c 400 "$folder/said" | tr '\n' ' ') lacks$missing"
    elif [ "$wanted" -ne 0 ]; then refused "$claim" "$wanted" ""
    else check "$claim" test "$status" -eq 0; fi
}

claim=
while IFS= read -r line <&3; do
    case $line in
    '' | '#'*) ;;
    '== '[012]': '*)
        try
        claim=${line#== ?: } wanted=${line#== } wanted=${wanted%%:*} body=
        : >"$folder/words"
        ;;
    '== '*) bad "$line" "a case is == STATUS: CLAIM" ;;
    '-- '*) printf '%s\n' "${line#-- }" >>"$folder/words" ;;
    *) body="$body$line
" ;;
    esac
done 3<tests/cases/commands.txt
try
finish
