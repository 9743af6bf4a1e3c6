#!/bin/sh
# Tables fit the terminal and are whole when piped. script(1) gives us a terminal; Debian has it always. Run from the project's root.
. tests/cli_checks.sh
command -v script >/dev/null || { echo "skip tables_fit_the_terminal: script(1), of util-linux, is not here"; exit 0; }

# on COLUMNS COMMAND...: what the program prints on a terminal of that width.
on() {
    columns=$1; shift
    script -qec "stty cols $columns; $program $*" /dev/null </dev/null | tr -d '\r' >"$folder/out"
}
widest() { awk '{ if (length($0) > most) most = length($0) } END { print most }' "$folder/out"; }
# The words, in no order: breaking a line loses none and adds none.
words() { tr -s ' -' '\n\n' <"$1" | sort; }

run ls methods;                     cp "$folder/out" "$folder/whole"
check a_piped_table_is_whole test "$(widest)" -gt 160
for columns in 80 100 132; do
    on $columns ls methods
    check "a_table_fits_${columns}_columns" test "$(widest)" -le $columns
done
words "$folder/whole" >"$folder/a"; words "$folder/out" >"$folder/b"
check and_no_word_is_lost cmp "$folder/a" "$folder/b"
on 1000 ls methods
check a_wide_terminal_breaks_no_line cmp "$folder/out" "$folder/whole"
run ls datasets;                    cp "$folder/out" "$folder/whole"
on 80 ls datasets
check a_word_that_is_too_long_is_broken test "$(widest)" -le 80
check and_nothing_of_it_is_lost test "$(tr -d ' \n-' <"$folder/whole" | wc -c)" -eq "$(tr -d ' \n-' <"$folder/out" | wc -c)"
on 10 ls datasets
check a_terminal_too_narrow_for_any_table_gets_one says mini
finish
