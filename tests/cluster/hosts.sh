#!/bin/sh
# Two hosts with one folder: network and UTS namespaces of their own, names of their own, clocks five minutes apart (libfaketime). Both go
# through the tasks of one plan again and again until nothing is missing; one of them is killed ten times. They end with one whole store,
# that of a plain run. Needs root, util-linux, faketime, hdf5-tools. `make test-slurm` runs it. PALBENCH names the program.
. tests/cli_checks.sh
. tests/cluster/world.sh
unset PALBENCH
for needed in unshare hostname faketime h5dump; do
    command -v $needed >/dev/null || { echo "skip hosts: $needed is not there (apt-get install faketime hdf5-tools)"; exit 0; }
done
unshare --uts --net true 2>/dev/null || { echo "skip hosts: namespaces cannot be made here"; exit 0; }
cluster_world "$folder/w"
cd "$folder/w" || exit 1
run plan --suite tiny --export make --out cluster --task-minutes 0.001 --store results/hosts
check a_plan_is_exported test $status -eq 0

cat >host.sh <<'EOF'
# NAME CLOCK PROGRAM: a host's life; NAME.pid is what it works at.
hostname "$1"
export FAKETIME_DONT_FAKE_MONOTONIC=1
passes=0
while missing=$(faketime -f "$2" "$3" work cluster/plan.json --missing) && [ -n "$missing" ] && [ $passes -lt 60 ]; do
    passes=$((passes + 1))
    for task in $missing; do
        faketime -f "$2" "$3" work cluster/plan.json --task "$task" --wait 2 >>"$1.log" 2>&1 &
        echo $! >"$1.pid"
        wait $!
        echo "task $task ended with $? at $(faketime -f "$2" date +%s)" >>"$1.log"
    done
done
faketime -f "$2" "$3" work cluster/plan.json --task 0 --quiet # sweeps what its killed processes left
EOF
unshare --uts --net sh host.sh one '+0' "$program" & one=$!
unshare --uts --net sh host.sh two '+5m' "$program" & two=$!
killed=0 tries=0
while [ $killed -lt 10 ] && [ $tries -lt 600 ] && kill -0 $two 2>/dev/null; do
    tries=$((tries + 1))
    sleep 0.4
    # faketime becomes the program: the number stays.
    victim=$(cat two.pid 2>/dev/null)
    if [ -n "$victim" ] && kill -9 "$victim" 2>/dev/null; then killed=$((killed + 1)); fi
done
wait $one; a=$?
wait $two; b=$?
check two_hosts_end_with_everything test $a -eq 0 -a $b -eq 0 -a -s reports/out/tiny/index.html
check one_was_killed_ten_times test $killed -eq 10
check their_clocks_differ sh -c '[ $(($(tail -n 1 two.log | sed "s/.* //") - $(tail -n 1 one.log | sed "s/.* //"))) -gt 200 ]'
check both_worked sh -c 'grep -q "^task [0-9]*: .* s$" one.log && grep -q "ended with 137" two.log'
if left=$(find results -name '*.tmp-*' -o -name '*.lock*') && [ -z "$left" ]; then ok nothing_is_left_behind; else bad nothing_is_left_behind "$left"; fi
run store check --store results/hosts
check the_store_is_whole test $status -eq 0
run reproduce --quiet --suite tiny --store results/plain
if why=$(same_store results/plain results/hosts); then ok and_that_of_a_plain_run; else bad and_that_of_a_plain_run "$why"; fi
finish
