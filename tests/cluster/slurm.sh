#!/bin/sh
# A real Slurm of one node with two processors, without systemd: munged, slurmctld and slurmd with everything they keep in a folder of their
# own, nothing of the system's is touched. The small suite of world.sh goes from submit.sh to the report; a task is killed in the middle and
# requeued; a second submit does nothing; Snakemake drives the same Slurm. Needs root and Debian's slurm-wlm, munge, hdf5-tools; snakemake
# with its slurm plug-in is found as SNAKEMAKE, or not tried. `make test-slurm` runs this. PALBENCH names the program.
. tests/cli_checks.sh
. tests/cluster/world.sh
unset PALBENCH
for needed in munged slurmctld slurmd sbatch h5dump runuser; do
    command -v $needed >/dev/null || { echo "skip slurm: $needed is not there (apt-get install slurm-wlm munge hdf5-tools)"; exit 0; }
done
[ "$(id -u)" -eq 0 ] || { echo "skip slurm: only root can start slurmd"; exit 0; }

# ---- the engine ----
engine=$folder/engine
chmod 755 "$folder"
mkdir -p "$engine/state" "$engine/spool" "$engine/munge"
dd if=/dev/urandom of="$engine/munge/key" bs=1 count=1024 2>/dev/null
chmod 600 "$engine/munge/key"
chown -R munge: "$engine/munge"
chown slurm: "$engine/state"
host=$(hostname -s)
cat >"$engine/slurm.conf" <<EOF
ClusterName=palbench
SlurmctldHost=$host(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
AuthInfo=socket=$engine/munge/socket,cred_expire=5
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,sched_min_interval=100000,bf_interval=2
SlurmctldPort=27817
SlurmdPort=27818
StateSaveLocation=$engine/state
SlurmdSpoolDir=$engine/spool
SlurmctldPidFile=$engine/state/slurmctld.pid
SlurmdPidFile=$engine/slurmd.pid
SlurmctldLogFile=$engine/state/slurmctld.log
SlurmdLogFile=$engine/slurmd.log
MaxArraySize=3
KillWait=1
ReturnToService=2
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
EOF
printf 'CgroupPlugin=autodetect\nIgnoreSystemd=yes\n' >"$engine/cgroup.conf"
export SLURM_CONF="$engine/slurm.conf"
runuser -u munge -- munged --foreground --socket="$engine/munge/socket" --key-file="$engine/munge/key" --pid-file="$engine/munge/pid" \
    --log-file="$engine/munge/log" --seed-file="$engine/munge/seed" >/dev/null 2>&1 & munged=$!
runuser -u slurm -- slurmctld -D >/dev/null 2>&1 & slurmctld=$!
sleep 2
slurmd -D >/dev/null 2>&1 & slurmd=$!
stop() {
    scancel --user=root 2>/dev/null
    sleep 2
    kill $slurmd $slurmctld $munged 2>/dev/null
    wait $slurmd $slurmctld $munged 2>/dev/null
    rm -rf "$folder"
}
trap stop EXIT

# until SECONDS COMMAND...
until_true() {
    tries=$1; shift
    while [ "$tries" -gt 0 ]; do
        "$@" && return 0
        sleep 1
        tries=$((tries - 1))
    done
    return 1
}
is_up() { sinfo --noheader --format=%t 2>/dev/null | grep -q '^idle\|^mix'; }
is_empty() { [ -z "$(squeue --noheader 2>&1)" ]; }
is_running() { running=$(squeue --noheader --array --states=RUNNING --format='%F_%K' | head -n 1); [ -n "$running" ]; }
if ! until_true 60 is_up; then
    bad slurm_starts "$(tail -n 3 "$engine/state/slurmctld.log" "$engine/slurmd.log" 2>/dev/null | tr '\n' ' ')"
    finish
    exit 1
fi
ok slurm_starts

# ---- from submit.sh to the report ----
cluster_world "$folder/w"
cd "$folder/w" || exit 1
run plan --suite tiny --export slurm --out cluster --task-minutes 0.001 --store results/slurm --slurm partition=all
check a_plan_is_exported test $status -eq 0
began=$(date +%s)
sh cluster/submit.sh >"$folder/out" 2>"$folder/err"; status=$?
check it_is_submitted sh -c '[ "$1" -eq 0 ] && grep -q "^submitted [1-9]" "$2"' - $status "$folder/out"
check submitting_returns test $(($(date +%s) - began)) -lt 60
sh cluster/submit.sh >"$folder/out" 2>"$folder/err"
check submitted_again_at_once_it_waits_for_the_queue says 'in the queue'
until_true 120 is_running
scontrol requeue "$running" 2>"$folder/err"
check a_running_task_is_killed_and_requeued test $? -eq 0 -a -n "$running"
until_true 900 is_empty
check the_queue_ends_empty is_empty
check with_the_report test -s reports/out/tiny/index.html
run reproduce --quiet --suite tiny --store results/plain
if why=$(same_store results/plain results/slurm); then ok the_store_is_that_of_a_plain_run_bit_for_bit; else bad the_store_is_that_of_a_plain_run_bit_for_bit "$why $(tail -n 2 cluster/log/*)"; fi
sh cluster/submit.sh >"$folder/out" 2>"$folder/err"
check a_second_submit_does_nothing says 'nothing to submit: everything is stored'
rm results/slurm/score/zs-*.h5
sh cluster/submit.sh >"$folder/out" 2>"$folder/err"
check only_what_is_lost_is_submitted sh -c 'grep -q "^submitted 2 arrays" "$1"' - "$folder/out"
until_true 300 is_empty
check and_made_again test -e "$(echo results/slurm/score/zs-*.h5)"

# ---- Snakemake on this Slurm ----
snakemake=${SNAKEMAKE:-snakemake}
if command -v "$snakemake" >/dev/null && "$snakemake" --help 2>/dev/null | grep -q 'slurm'; then
    run plan --suite tiny --export snakemake --out snake --task-minutes 0.02 --store results/snake
    "$snakemake" --snakefile snake/Snakefile --directory "$folder/w" --executor slurm --jobs 4 --latency-wait 10 \
        --slurm-no-account --slurm-status-command squeue --slurm-init-seconds-before-status-checks 5 \
        --default-resources slurm_partition=all >"$folder/out" 2>"$folder/err"
    status=$?
    if [ $status -eq 0 ]; then ok snakemake_drives_slurm; else bad snakemake_drives_slurm "$(tail -n 8 "$folder/err" | tr '\n' ' ')"; fi
    if why=$(same_store results/plain results/snake); then ok with_the_same_bits; else bad with_the_same_bits "$why"; fi
else
    echo "skip snakemake_drives_slurm: snakemake with its slurm plug-in is not there (pip install snakemake snakemake-executor-plugin-slurm; SNAKEMAKE=PATH)"
fi
finish
