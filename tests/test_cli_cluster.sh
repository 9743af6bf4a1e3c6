#!/bin/sh
# palbench plan --export and palbench work from outside: every engine's files, tasks in any order and number of processes, what is missing,
# what changed. Slurm is a stub here that runs what it is given at once (tests/cluster/slurm.sh has the real one). Run from the project's
# root; PALBENCH names the program.
. tests/cli_checks.sh
. tests/cluster/world.sh
unset PALBENCH # the exported files take another program from it
unset MAKEFLAGS MAKELEVEL # a make above is none of ours
cluster_world "$folder/w"
cd "$folder/w" || exit 1
export_plan() { run plan --suite tiny --export "$@"; }

# ---- what is refused ----
export_plan spreadsheet --out x;                check an_unknown_engine_is_refused sh -c '[ "$1" -ne 0 ] && grep -q "slurm, snakemake, make" "$2"' - $status "$folder/err"
export_plan make;                               refused a_folder_is_needed 2 '--out is needed'
export_plan slurm --out y --slurm 'Partition=a'; refused an_option_of_sbatch_is_needed 2 'partition=long'
export_plan slurm --out y --slurm 'account';     refused and_its_value 2 'partition=long'

# ---- the plan, and one run of everything by two processes together ----
export_plan make --out one --task-minutes 0.001
check a_plan_is_exported test $status -eq 0 -a -s one/plan.json -a -s one/Makefile
tasks=$(grep -c '"seconds"' one/plan.json)
check in_several_tasks test "$tasks" -gt 10
run work one/plan.json --missing
first=$(cat "$folder/out")
run work one/plan.json;                         refused a_task_is_needed 2 '--task is needed'
run work one/plan.json --task 999;              refused it_is_one_of_the_plan 2 'no task 999'
run work one/plan.json --task one;              refused it_is_a_number 2 "a task's number"
run work one/plan.json --task auto;             refused somebody_must_say_it 2 'SLURM_ARRAY_TASK_ID'
run work experiments.json --task 0;             refused a_plan_is_needed 2 'format'
last=$(echo "$first" | tail -n 2 | head -n 1)
run work one/plan.json --task "$last" --wait 0 --quiet; check what_is_needed_first_is_named remarks 'run the task that makes it'

rank() { OMPI_COMM_WORLD_RANK=$1 OMPI_COMM_WORLD_SIZE=2 "$program" work one/plan.json --task auto >"$folder/rank$1" 2>&1; }
rank 0 & zero=$!
rank 1 & one=$!
wait $zero; a=$?
wait $one; b=$?
check two_ranks_do_all_of_it test $a -eq 0 -a $b -eq 0 -a -s reports/out/tiny/index.html
check and_both_do_some sh -c 'grep -q "^task" "$1" && grep -q "^task" "$2"' - "$folder/rank0" "$folder/rank1"
run work one/plan.json --missing;               check nothing_is_missing_then test $status -eq 0 -a ! -s "$folder/out"
run work one/plan.json --task 0;                check a_task_that_is_done_says_so remarks 'nothing to do'
stamp=$(find results -name '*.h5' -newer one/plan.json | wc -l)
check what_is_stored_is_not_made_again test "$stamp" -gt 0

# ---- the same as one run ----
run run pal tai-dpt zs --store plain --quiet --no-table
check a_plain_run_ends test $status -eq 0
maps results/store >"$folder/a"; maps plain >"$folder/b"
check the_results_are_the_same sh -c 'test -s "$1" && cmp "$1" "$2"' - "$folder/a" "$folder/b"
if command -v h5dump >/dev/null; then
    if why=$(same_store results/store plain); then ok the_stores_hold_the_same_bits; else bad the_stores_hold_the_same_bits "$why"; fi
else
    echo "skip the_stores_hold_the_same_bits: h5dump (hdf5-tools) is not there"
fi

# ---- a stub of Slurm, arrays of at most 3 ----
mkdir stub
cat >stub/sbatch <<'EOF'
#!/bin/sh
echo "$*" >>"$STUB/calls"
for last; do :; done
for word; do
    case $word in --array=*) list=${word#--array=} ;; */task.sh) script=$word ;; esac
done
for range in $(echo "$list" | tr , ' '); do
    i=${range%-*}
    while [ "$i" -le "${range#*-}" ]; do
        SLURM_ARRAY_TASK_ID=$i sh "$script" "$last" >>"$STUB/log" 2>&1 || exit 1
        i=$((i + 1))
    done
done
wc -l <"$STUB/calls"
EOF
echo 'echo "MaxArraySize            = 3"' >stub/scontrol
echo 'cat "$STUB/queue" 2>/dev/null || true' >stub/squeue
chmod +x stub/*
rm -r results reports
export_plan slurm --out two --task-minutes 0.001 --slurm partition=long --slurm "comment=it's" --slurm module=gcc/12
submit() { STUB=$PWD/stub PATH=$PWD/stub:$PATH sh two/submit.sh >"$folder/out" 2>"$folder/err"; status=$?; }
sed -i 's/^module/: &/' two/task.sh
submit
check a_plan_is_submitted test $status -eq 0 -a -s reports/out/tiny/index.html
maps results/store >"$folder/a"
check with_the_same_results cmp "$folder/a" "$folder/b"
check arrays_are_cut_at_the_most sh -c '! grep -qE -- "--array=(0-[3-9]|[^ ]*,3)" stub/calls && grep -q -- "--array=0-2 " stub/calls'
check arrays_wait_for_others grep -q -- '--dependency=afterok:' stub/calls
check options_are_passed grep -q -- "--partition=long --comment=it's" stub/calls
calls=$(wc -l <stub/calls)
submit
check a_second_submit_does_nothing test "$(wc -l <stub/calls)" -eq "$calls" -a $status -eq 0
check and_says_so says 'nothing to submit: everything is stored'
mark=$(sed -n 's/.* mark=\(palbench-[0-9a-f]*\)$/\1/p' two/submit.sh)
rm results/store/score/zs-*.h5
task=$("$program" work two/plan.json --missing | head -n 1)
"$program" work two/plan.json --missing | while read -r i; do echo "7 $mark-$i 0"; done >stub/queue
submit
check what_is_in_the_queue_is_not_submitted_again sh -c 'grep -q "in the queue" "$1"' - "$folder/out"
rm stub/queue
submit
check what_is_lost_is_made_again test "$(wc -l <stub/calls)" -gt "$calls" -a -n "$task" -a -e "$(echo results/store/score/zs-*.h5)"

# ---- one task killed, twice the same at once, and an input that is late ----
rm -r results reports
export_plan make --out three --task-minutes 0.02
run work three/plan.json --missing; all=$(cat "$folder/out")
for i in $all; do
    "$program" work three/plan.json --task "$i" --quiet 2>/dev/null & child=$!
    sleep 0.3; kill -9 $child 2>/dev/null; wait $child 2>/dev/null
    "$program" work three/plan.json --task "$i" --quiet >/dev/null 2>"$folder/err" & child=$!
    run work three/plan.json --task "$i" --quiet
    wait $child || { bad every_task_goes_on_after_a_kill "task $i: $(cat "$folder/err")"; break; }
done
maps results/store >"$folder/a"
check killed_and_doubled_tasks_end_the_same cmp "$folder/a" "$folder/b"
check and_leave_nothing_behind sh -c '! find results -name "*.tmp-*" -o -name "*.lock*" | grep -q .'
test_images=$(echo results/store/encode-image/tiny-test-*.h5 | cut -d' ' -f1)
mv "$test_images" late.h5; rm results/store/score/zs-*.h5
# The task of two/plan.json that does this; "seconds" stands in every array, then in every task.
task_that() { awk -v what="$1" '/"tasks":[^\[]*$/ {arrays++} /"seconds"/ {n++} index($0, what) {print n - arrays - 1; exit}' two/plan.json; }
# It comes when the task has said that it waits, however slow the machine is.
: >"$folder/err"
(for _ in $(seq 500); do grep -q 'waits up to' "$folder/err" && break; sleep 0.1; done; mv late.h5 "$test_images") &
run work two/plan.json --task "$(task_that "score zs")"
check an_input_that_comes_late_is_waited_for test $status -eq 0 -a -e "$(echo results/store/score/zs-*.h5)"
check and_named remarks 'waits up to 60 s for results/store/encode-image/tiny-test-'
wait

# ---- make, and what has changed ----
rm -r results/store/score
if make -s -j2 -f one/Makefile >"$folder/out" 2>"$folder/err"; then ok make_does_what_is_missing; else bad make_does_what_is_missing "$(cat "$folder/err")"; fi
maps results/store >"$folder/a"
check with_the_same_results_too cmp "$folder/a" "$folder/b"
check make_has_nothing_to_do_then sh -c 'make -s -f one/Makefile 2>&1 | grep -q . && exit 1 || exit 0'
sed -i 's/"epochs": 2/"epochs": 3/' experiments.json
before=$(find results -type f | sort | cksum)
run work two/plan.json --task "$(task_that "train tai-dpt")"; refused a_task_whose_experiment_changed_says_so 1 'nothing was done'
run work two/plan.json --task "$(task_that "train pal")";     check the_others_go_on test $status -eq 0
run work two/plan.json --missing;                             refused and_so_does_the_list 1 'export the plan anew'
check and_nothing_was_done test "$before" = "$(find results -type f | sort | cksum)"
finish
