#!/bin/sh
# What is missing is told by its package's name (harness/deps.sh), on every distribution of its table; the format is
# that of one version of clang-format. Run from the project's root; needs no other system, for a compiler that looks
# nowhere finds nothing.
. tests/cli_checks.sh

# deps MODE WORD... of the system in $folder/os-release; leaves out, err and status.
deps() {
    OS_RELEASE=$folder/os-release CC=gcc FLAGS=-nostdinc PKG_CONFIG_LIBDIR=/none sh harness/deps.sh "$@" \
        >"$folder/out" 2>"$folder/err"
    status=$?
}
system() { # ID VERSION LIKE
    printf 'ID=%s\nVERSION_ID="%s"\nID_LIKE="%s"\nPRETTY_NAME="A system"\n' "$1" "$2" "$3" >"$folder/os-release"
}

# ID VERSION LIKE CLAIM HDF5 CJSON COMMAND
while read -r id version like claim hdf5 cjson command; do
    system "$id" "$version" "$like"
    deps check build
    check "${claim}_names_each_package" remarks "^deps: hdf5.h is missing; its package is $hdf5\$"
    check "${claim}_has_one_command_for_all" remarks "on A system: $command .*$hdf5 $cjson "
    check "${claim}_ends_with_1" test $status -eq 1
    tried=$(echo "$id $version" | grep -c '^debian 1[23]$')
    check "${claim}_says_whether_it_was_tried" test "$tried" -ne "$(grep -c 'not tried' "$folder/err")"
done <<'END'
debian 12 - debian_12 libhdf5-dev libcjson-dev apt-get install
debian 13 - debian_13 libhdf5-dev libcjson-dev apt-get install
ubuntu 24.04 debian ubuntu libhdf5-dev libcjson-dev apt-get install
fedora 42 - fedora hdf5-devel cjson-devel dnf install
arch - - arch hdf5 cjson pacman -S
opensuse-tumbleweed 2026 suse open_suse hdf5-devel cJSON-devel zypper install
alpine 3.22 - alpine hdf5-dev cjson-dev apk add
END
system plan9 4 -
deps check build
check an_unknown_system_hears_debians_names remarks "these are Debian's names"
deps check test
check each_need_is_asked_for_alone test "$(grep -c 'is missing' "$folder/err")" -eq 1
CC=no-such-compiler sh harness/deps.sh check build >"$folder/out" 2>"$folder/err"
check a_compiler_that_is_not_there_is_told remarks '^deps: no-such-compiler is missing'

# Every library whose headers our code includes stands in the table: what is left belongs to the C library and the
# compiler.
if command -v dpkg >/dev/null; then
    grep -rhoE '^# *include <[^>]+>' harness datasets methods reports tests --include='*.[ch]' | sed 's/.*<//; s/>//' |
        sort -u | while read -r header; do
        [ "$header" = jerror.h ] || grep -q "^[a-z]*  *$header " harness/deps.sh || # jerror.h is jpeglib.h's
            echo "#include <$header>" | gcc -E -x c -H - 2>&1 >/dev/null | sed -n 's/^\. //p' |
            xargs -r dpkg -S 2>/dev/null
    done | cut -d: -f1 | sort -u | grep -v '^libc6-dev$\|^libgcc-.*-dev$' |
        while read -r owner; do grep -q " $owner " harness/deps.sh || echo "$owner"; done >"$folder/out"
    check every_library_that_is_included_is_in_the_table test ! -s "$folder/out"
else echo "skip every_library_that_is_included_is_in_the_table: only Debian's dpkg says whose a header is"; fi

# The format is that of one version, whatever the command is called.
mkdir "$folder/bin"
formatter() { # VERSION: what "clang-format" says it is; 77 is asked for
    printf '#!/bin/sh\necho "Some clang-format version %s"\n' "$1" >"$folder/bin/clang-format"
    chmod +x "$folder/bin/clang-format"
    PATH=$folder/bin:$PATH CLANG_FORMAT=77 sh harness/deps.sh formatter >"$folder/out" 2>"$folder/err"; status=$?
}
formatter 77.0.6
check the_version_asked_for_is_taken says '^clang-format$'
formatter 19.1.7
check another_version_is_refused test $status -eq 1
check the_version_needed_is_told remarks 'clang-format 77'
finish
