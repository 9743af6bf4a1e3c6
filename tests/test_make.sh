#!/bin/sh
# The Makefile's habits: what `make help` lists is there, warnings stop the build only when asked, what install puts somewhere uninstall
# takes away, the version stands in one place. Run from the project's root; builds nothing.
. tests/cli_checks.sh
export MAKEFLAGS= MAKELEVEL=

make -s help >"$folder/out" 2>"$folder/err"
for target in reproduce test check coverage tidy format install uninstall; do
    check "help_names_$target" says "make $target "
done
undescribed=$(sed -n 's/^\([a-z-]*\):.*/\1/p' Makefile | sort -u | while read -r t; do grep -q "^  make $t " "$folder/out" || echo "$t"; done)
if [ -z "$undescribed" ]; then ok every_target_says_what_it_is_for; else bad every_target_says_what_it_is_for "$undescribed"; fi

# Flags as make would use them, whatever folder this test is made in.
flags() { make -s -n -B BUILD=build "$@" build/harness/base/text.o 2>/dev/null | grep -- '-c -o'; }
check warnings_do_not_stop_the_build sh -c "echo '$(flags WERROR=)' | grep -- -Wall | grep -qv -- -Werror"
check but_do_with_WERROR sh -c "echo '$(flags WERROR=1)' | grep -q -- -Werror"
check continuous_integration_asks_for_it grep -q WERROR=1 .ci/run

# ---- install and uninstall ----
if [ -f "$(dirname "$program")/plugin.mk" ]; then
    build=$(dirname "$program")
    placed() { make -s "$1" BUILD="${build#"$root"/}" PREFIX=/opt DESTDIR="$folder/staged" -o all >/dev/null 2>>"$folder/err"; }
    mkdir -p "$folder/staged/opt/share/man/man1"
    echo another >"$folder/staged/opt/share/man/man1/another.1"
    placed install
    check a_staged_install_knows_where_it_will_stand sh -c "grep -q -- '-I/opt/include/palbench' '$folder/staged/opt/share/palbench/plugin.mk' && ! grep -q staged '$folder/staged/opt/share/palbench/plugin.mk'"
    placed uninstall
    check uninstall_leaves_what_is_anothers test "$(find "$folder/staged" -type f)" = "$folder/staged/opt/share/man/man1/another.1"
    check and_no_folder_of_ours test -z "$(find "$folder/staged" -name '*palbench*')"

    make -s install BUILD="${build#"$root"/}" PREFIX="$folder/prefix" -o all >/dev/null 2>"$folder/err"; status=$?
    check install_puts_the_program_there test -x "$folder/prefix/bin/palbench"
    for file in share/man/man1/palbench.1 share/bash-completion/completions/palbench share/zsh/site-functions/_palbench \
        share/palbench/experiments.schema.json; do
        check "install_puts_$(basename "$(dirname "$file")")_there" test -s "$folder/prefix/$file"
    done
    make -s uninstall BUILD="${build#"$root"/}" PREFIX="$folder/prefix" >/dev/null 2>>"$folder/err"
    left=$(find "$folder/prefix" -type f 2>/dev/null)
    if [ -z "$left" ]; then ok uninstall_leaves_no_file; else bad uninstall_leaves_no_file "$left"; fi
else
    echo "skip install_puts_the_program_there: $program stands alone, not in a build folder"
fi

# ---- the version ----
version=$(sed -n 's/.*PALBENCH_VERSION "\(.*\)"/\1/p' harness/base/version.h)
run --version
check version_is_the_first_line_of_version test "$(head -1 "$folder/out")" = "palbench $version"
check version_names_onednn says "^oneDNN [0-9]"
check version_names_the_compiler says "^compiled with [a-z]* [0-9]"
check version_names_instruction_sets says "^this machine: ."
check citation_has_the_version grep -q "^version: $version\$" CITATION.cff
check news_begin_with_the_version sh -c "grep -m 1 '^## ' NEWS.md | grep -q '^## $version\\b'"
again=$(git grep -lF "$version" -- '*.[ch]' Makefile 2>/dev/null | grep -v harness/base/version.h)
if [ -z "$again" ]; then ok no_source_file_repeats_the_version; else bad no_source_file_repeats_the_version "$again"; fi
finish
