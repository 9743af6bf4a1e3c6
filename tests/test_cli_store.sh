#!/bin/sh
# palbench store from outside: what is damaged is named, two stores become one, results travel with all that they were made from, and what
# nobody needs goes. Run from the project's root; PALBENCH names the program.
. tests/cli_checks.sh
. tests/cluster/world.sh
cluster_world "$folder/w"
cd "$folder/w" || exit 1
list() { (cd "$1" && find . -type f | sort); }
bytes() { (cd "$1" && find . -type f -exec cksum {} + | sort); }
old() { touch -d '2 days ago' "$@"; }

run run pal zs --store one --quiet --no-table
check a_store_is_made test $status -eq 0
run store check --store one;                    check a_whole_store_is_whole sh -c '[ "$1" -eq 0 ] && grep -q "files whole" "$2"' - $status "$folder/out"
run store check --store none;                   refused an_absent_store_is_none 1 'no such folder'
run store;                                      refused an_action_is_needed 2 'one of check'
run store wash --store one;                     refused of_a_few 2 'one of check'
run store merge --store one;                    refused a_store_to_take_from_is_needed 2 'needs the store'

# ---- archives ----
run store export mine.tar pal --store one
check results_are_exported test $status -eq 0
check as_tar_reads_it sh -c 'tar tf mine.tar | grep -q "^generate/shards/[0-9a-f]*/00000.h5$" && tar tf mine.tar | grep -q "^score/pal-s1-"'
check and_nothing_that_they_do_not_need sh -c '! tar tf mine.tar | grep -q "score/zs-"'
cp mine.tar again.tar; run store export mine.tar pal --store one
check the_same_results_are_the_same_archive cmp mine.tar again.tar
run store export x.tar nothing --store one;     refused an_experiment_without_results_is_refused 1 'nothing'
run store import mine.tar --store two
check an_archive_is_imported test $status -eq 0
run store check --store two;                    check and_whole_there test $status -eq 0
maps one | grep -A2 pal >"$folder/a"; maps two | grep -A2 pal >"$folder/b"
check with_the_same_results sh -c 'test -s "$1" && cmp "$1" "$2"' - "$folder/a" "$folder/b"
run run pal --store two;                        check nothing_is_made_again remarks 'nothing to do'
before=$(bytes two); run store import mine.tar --store two
check imported_twice_nothing_changes test $status -eq 0 -a "$before" = "$(bytes two)"
mkdir t && (cd t && tar xf ../mine.tar && tar cf ../theirs.tar ./score ./train 2>/dev/null; tar --format=ustar -cf ../plain.tar score train)
run store import plain.tar --store three;       check an_archive_of_tar_is_read test -e "$(echo three/score/pal-s1-*.h5)"
head -c 5000 mine.tar >cut.tar; run store import cut.tar --store xcut --quiet
check an_archive_that_is_cut_short_is_refused sh -c '[ "$1" -eq 1 ] && ! find xcut -name "*.h5*" 2>/dev/null | grep -q .' - $status
rm -rf xcut
printf 'x' | dd of=again.tar bs=1 seek=600 conv=notrunc 2>/dev/null; run store import again.tar --store four --quiet
check a_damaged_file_in_it_is_named_and_not_taken sh -c '[ "$1" -eq 1 ] && grep -q "not taken over" "$2"' - $status "$folder/err"
mkdir -p evil/score && cp t/score/pal-s1-*.h5 evil/score/a.h5
for entry in ../../escaped.h5 /escaped.h5 score/../../escaped.h5 score/.hidden.h5 plain.h5 score/a.sh "score/a b.h5"; do
    tar --format=ustar -P --transform "s|evil/score/a.h5|$entry|" -cf evil.tar evil/score/a.h5
    run store import evil.tar --store xevil --quiet
    [ $status -eq 1 ] && remarks "no name of a store" && [ ! -e xevil ] && [ ! -e "$folder/escaped.h5" ] && [ ! -e /escaped.h5 ] || { bad names_that_lead_elsewhere_are_refused "$entry"; entry=; break; }
done
[ -n "$entry" ] && ok names_that_lead_elsewhere_are_refused

# ---- merging ----
run run tai-dpt zs --store other --quiet --no-table
run store merge other --store two
check two_stores_become_one test $status -eq 0 -a -e "$(echo two/score/tai_dpt-s1-*.h5 two/score/tai-dpt-s1-*.h5 | tr ' ' '\n' | grep -v '\*')"
{ list one; list other; } | sort -u >"$folder/a"; list two >"$folder/b"
check with_what_both_have cmp "$folder/a" "$folder/b"
before=$(bytes two); run store merge other --store two
check merged_twice_nothing_changes test "$before" = "$(bytes two)"
zs=$(echo other/score/zs-*.h5); lost=${zs#other/}
printf 'xxxx' | dd of="$zs" bs=1 seek=3000 conv=notrunc 2>/dev/null
run store merge other --store two;              check what_is_there_whole_is_not_overwritten test "$before" = "$(bytes two)"
rm "two/$lost"; run store merge other --store two --quiet
check what_is_damaged_there_is_named_and_not_taken sh -c '[ "$1" -eq 1 ] && grep -q "score/zs-" "$2" && [ ! -e "two/$3" ]' - $status "$folder/err" "$lost"
run store check --store other --quiet;          check check_names_it sh -c '[ "$1" -eq 1 ] && grep -q "score/zs-" "$2"' - $status "$folder/err"
shard=$(find one/generate/shards -name '*.h5' | sort | head -n 1); mv "$shard" aside
run store check --store one --quiet;            check a_lost_shard_is_named remarks "$(basename "$(dirname "$shard")")"
mv aside "$shard"

# ---- pruning ----
run store prune --store one;                    check nothing_that_is_needed_is_pruned says '^0 files removed'
rm one/score/pal-s2-*.h5
run store prune --store one;                    check nor_what_is_new says '^0 files removed'
find one -type f -exec touch -d '2 days ago' {} +
foreign=one/train/x.h5.tmp-0123456789abcdef-0123456789abcdef
: >$foreign; : >"one/train/x.h5.lock-0123456789abcdef"; : >one/train/y.h5.tmp-0123456789abcdef-0123456789abcdef
old $foreign "one/train/x.h5.lock-0123456789abcdef"
run store prune --store one --dry-run
check a_dry_run_lists sh -c 'grep -q "^one/train/t2i_pal-s2-" "$1" && grep -q "^3 files would be removed" "$1"' - "$folder/out"
run store prune --store one
check what_no_result_was_made_from_goes sh -c '! ls one/train/t2i_pal-s2-*.h5 2>/dev/null && ls one/train/t2i_pal-s1-*.h5'
check and_what_another_host_left_a_day_ago test ! -e $foreign -a ! -e one/train/x.h5.lock-0123456789abcdef -a -e one/train/y.h5.tmp-0123456789abcdef-0123456789abcdef
rm one/score/pal-s1-*.h5; run store prune --store one
check shards_go_with_what_joins_them sh -c '! find one/generate one/encode-image -name "0*.h5" | grep -q .'
run store check --store one;                    check what_is_left_is_whole test $status -eq 0
run run zs --store one;                         check and_needs_nothing remarks 'nothing to do'
finish
