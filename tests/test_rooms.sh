#!/bin/sh
# The house holds: every #include is read, and an arrow that points up, or into another room's private header (_internal.h)
# or another method's folder, or a plugin that needs more than methods/palbench.h, or a base name that stands twice, or a
# folder with more than 45 source files, or a source file that does not say what it is, or a comment that cites a page which
# is not there, is a failure. Rooms and their order are those of the Makefile (ROOMS, lowest first). Run from the project's
# root; another tree can be named: tests/test_rooms.sh DIR.
set -u
cd "${1:-.}" || exit 1

rooms=$(sed -n '/^ROOMS/,/[^\\]$/p' Makefile | sed 's/^ROOMS *?= *//; s/\\$//' | tr '\n' ' ')
includes=$(mktemp) faults=$(mktemp)
trap 'rm -f "$includes" "$faults"' EXIT

# FILE INCLUDED, a line each.
# shellcheck disable=SC2086 # one word a room is meant
find $rooms -name '*.[ch]' | sort | xargs awk '/^ *# *include "/ {split($0, part, "\""); print FILENAME, part[2]}' >"$includes"

verdict() { # NAME: what is in $faults is wrong
    if [ -s "$faults" ]; then
        echo "FAIL $1:"
        sed 's/^/    /' "$faults"
    else
        echo "ok $1"
    fi
}

# A file's room is the longest name of a room that its path begins with; its place is its number in the list.
awk -v rooms="$rooms" '
    function room(path, i, best) {
        best = 0
        for (i = 1; i <= count; i++)
            if (index(path, name[i] "/") == 1 && (!best || length(name[i]) > length(name[best]))) best = i
        return best
    }
    BEGIN { count = split(rooms, name, " ") }
    {
        from = room($1); to = room($2)
        if (!to) print $1 " includes " $2 ", which is in no room"
        else if (to > from) print $1 " includes " $2 ": " name[from] " stands below " name[to]
    }' "$includes" >"$faults"
verdict "arrows_point_down_only"

# Private headers are for the files of their own folder and of the folders in it.
awk '{
    folder = $2; sub("/[^/]*$", "/", folder)
    if ($2 ~ /_internal\.h$/ && index($1, folder) != 1) print $1 " includes " $2 ", which is private to " folder
}' "$includes" >"$faults"
verdict "private_headers_stay_in_their_room"

# A method's own folder is nobody else's: the others find a method by the registry.
awk '{
    from = $1; to = $2
    if (to ~ /^methods\/[^\/]*\// && to !~ /^methods\/(shared|ensemble)\//) {
        sub("/[^/]*$", "", from); sub("/[^/]*$", "", to)
        if (from != to) print $1 " includes " $2 ": reaches into the folder of another method"
    }
}' "$includes" >"$faults"
verdict "methods_do_not_reach_into_each_other"

# Plugins, of which there is an example, are promised one header.
awk '$1 ~ /^methods\/example_plugin\// && $2 != "methods/palbench.h" {print $1 " includes " $2}' "$includes" >"$faults"
verdict "a_plugin_needs_nothing_but_palbench_h"

# One look into methods/ tells what methods there are.
{
    find methods -maxdepth 1 -name '*.h' ! -name palbench.h
    find methods -maxdepth 1 -name '*.c' ! -name registry.c -exec grep -L '^const Method method_' {} +
} | sed 's/$/ is no method: it belongs into methods\/shared or a folder/' >"$faults"
verdict "a_file_in_methods_is_a_method"

# shellcheck disable=SC2086
find $rooms tests -name '*.[ch]' | awk -F/ '++seen[$NF] > 1 {print $NF " stands twice"}' >"$faults"
verdict "no_file_name_stands_twice"

# shellcheck disable=SC2086
find $rooms -name '*.c' | sed 's|/[^/]*$||' | sort | uniq -c | awk '$1 > 45 {print $2 " holds " $1 " source files"}' >"$faults"
verdict "no_folder_holds_more_than_45_source_files"

# Every source file opens with what it is and how it goes about it, in one to five lines.
# shellcheck disable=SC2086
find $rooms tests -name '*.c' | sort | while read -r file; do
    head -n 1 "$file" | grep -q '^/\* ' || echo "$file does not open with a comment"
    case $file in datasets/* | tests/*) continue ;; esac # a reader opens with the layout that it reads
    lines=$(awk '/\*\// {print NR; exit}' "$file")
    [ "$lines" -le 5 ] || echo "$file opens with $lines lines; up to five say what it is, formulas stand below"
done >"$faults"
verdict "every_source_file_says_what_it_is"

# What comments cite is in the tree: a page by its path, or beside the file (report.md is one that the program writes).
# shellcheck disable=SC2086
find $rooms tests -name '*.[ch]' | sort | xargs grep -oE '[A-Za-z0-9_./-]+\.md\b' | grep -v ':report\.md$' | sort -u |
    while IFS=: read -r file page; do
        [ -f "$page" ] || [ -f "${file%/*}/$page" ] || echo "$file cites $page, which is not there"
    done >"$faults"
verdict "what_comments_cite_is_in_the_tree"
