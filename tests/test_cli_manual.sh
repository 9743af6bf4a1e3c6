#!/bin/bash
# The manual page and the completions follow the command tables: every command and every option of the help is in them, mandoc has no
# remark, and bash offers what it should. Run from the project's root.
. tests/cli_checks.sh

commands=$("$program" help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
"$program" help --man >"$folder/palbench.1"
"$program" help --completion bash >"$folder/completion.bash"
"$program" help --completion zsh >"$folder/_palbench"

# ---- the help command ----
run help;                               check help_is_the_overview says "palbench reproduce"
run help run;                           check help_of_a_command_is_its_help says "palbench run EXPERIMENT"

# ---- the manual page ----
missing=
for command in $commands; do
    grep -q "^\.Ss $command\$" "$folder/palbench.1" || missing="$missing $command"
    for option in $("$program" help "$command" | sed -n 's/^  --\([a-z-]*\).*/\1/p'); do
        sed -n "/^\.Ss $command\$/,/^\.S[sh] /p" "$folder/palbench.1" | tr -d '\\' | grep -q "^\.It Fl Fl $option\b" || missing="$missing $command--$option"
        sed -n "/^    $command)/,/;;/p" "$folder/completion.bash" | grep -q -- "--$option\b" || missing="$missing bash:$command--$option"
        sed -n "/^    $command)/,/ ;;/p" "$folder/_palbench" | grep -q -- "'\*--$option\[" || missing="$missing zsh:$command--$option"
    done
done
if [ -z "$missing" ]; then ok every_command_and_option_is_in_manual_and_completions; else bad every_command_and_option_is_in_manual_and_completions "$missing"; fi
if command -v mandoc >/dev/null; then
    remarks=$(mandoc -T lint "$folder/palbench.1")
    if [ -z "$remarks" ]; then ok mandoc_has_no_remark; else bad mandoc_has_no_remark "$remarks"; fi
else
    echo "skip mandoc_has_no_remark: mandoc is not here"
fi

# ---- bash ----
# shellcheck source=/dev/null
. "$folder/completion.bash"
palbench() { "$program" "$@"; }
# offered WORD...: what bash offers for the last word of `palbench WORD...`, sorted, in one line.
offered() {
    COMP_WORDS=(palbench "$@") COMP_CWORD=$# COMPREPLY=()
    _palbench
    printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ' | sed 's/ $//'
}
# offers NAME EXPECTED WORD...
offers() {
    local name=$1 expected=$2 got; shift 2
    got=$(offered "$@")
    if [ "$got" = "$expected" ]; then ok "$name"; else bad "$name" "\"$got\" in place of \"$expected\""; fi
}
offers commands_by_their_beginning "report reproduce results" re
offers what_ls_lists "methods models" ls m
offers options_of_a_command "--scheduler --seed --size --steps" generate --s
offers values_of_an_option "euler euler_a" generate --scheduler euler
offers words_that_stand_in_the_table "negative" eval --difficult n
offers nothing_where_a_number_is_wanted "" run --jobs ""
offers commands_behind_help "validate" help v
offers nothing_for_a_command_that_is_not_there "" nonsense ""
cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
offers experiments_of_the_file "tai-dpt" run tai
offers suites_of_the_file "tiny" reproduce --suite t
offers data_sets_of_the_file_and_public_ones "tiny" label --dataset t
offers files "experiments.json" validate experiments
offers folders_alone "images" report --out im
cd "$root" || exit 1

# ---- zsh ----
if command -v zsh >/dev/null; then
    check zsh_reads_its_completion zsh -n "$folder/_palbench"
else
    echo "skip zsh_reads_its_completion: zsh is not here"
fi
finish
