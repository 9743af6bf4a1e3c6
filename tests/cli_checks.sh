# What the scripts tests/test_cli*.sh share; each sources it from the project's root. PALBENCH names the program (default
# build/palbench). A script works in $folder, which is removed at its end, and ends with `finish`.
set -u
program=$(realpath "${PALBENCH:-build/palbench}")
root=$PWD
golden=$root/tests/golden
shared=$root/${PALBENCH_SHARED:-../shared}
[ -x "$program" ] || { echo "FAIL program_is_there: $program is not; build it with make"; echo "0 passed, 1 failed"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1
passed=0 failed=0

ok() { passed=$((passed + 1)); echo "ok $1"; }
bad() { failed=$((failed + 1)); echo "FAIL $1: $2"; }
# check NAME CONDITION...: the condition is a command.
check() {
    name=$1; shift
    if "$@" >/dev/null 2>&1; then ok "$name"; else bad "$name" "$*; $(head -c 600 "$folder/err" | tr '\n' ' ')"; fi
}
# Runs the program; leaves out, err and status.
run() { "$program" "$@" >"$folder/out" 2>"$folder/err"; status=$?; }
says() { grep -q -- "$1" "$folder/out"; }
remarks() { grep -q -- "$1" "$folder/err"; }
# refused NAME STATUS WORD: the last run ended with this status, nothing on stdout, one line on stderr with the word in it, and no
# file x*, which is where scripts send what must not come to be.
refused() {
    lines=$(wc -l <"$folder/err")
    if [ "$status" -ne "$2" ] || [ -s "$folder/out" ] || [ "$lines" -ne 1 ] || ! remarks "$3"; then
        bad "$1" "status $status, $lines lines: $(head -c 400 "$folder/err" | tr '\n' ' ')"
    elif ls | grep -q '^x'; then bad "$1" "left behind: $(ls -d x*)"; rm -rf x*
    else ok "$1"; fi
}
finish() { echo "$passed passed, $failed failed"; [ "$failed" -eq 0 ]; }
