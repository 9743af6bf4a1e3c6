#!/bin/sh
# make -j2, mpirun -n 2 and Snakemake on this machine: the small suite of world.sh, with the bits of a plain run. What is not there is skipped.
# `make test-slurm` runs this behind slurm.sh. PALBENCH names the program.
. tests/cli_checks.sh
. tests/cluster/world.sh
unset PALBENCH
command -v h5dump >/dev/null || { echo "skip engines: h5dump is not there (apt-get install hdf5-tools)"; exit 0; }
cluster_world "$folder/w"
cd "$folder/w" || exit 1
run reproduce --quiet --suite tiny --store results/plain
same() { if why=$(same_store results/plain "$2"); then ok "$1"; else bad "$1" "$why"; fi; }

run plan --suite tiny --export make --out make --task-minutes 0.001 --store results/make
make -s -j2 -f make/Makefile >"$folder/out" 2>"$folder/err"
check make_runs_it test $? -eq 0
same with_the_bits_of_a_plain_run results/make

if command -v mpirun >/dev/null; then
    run plan --suite tiny --export make --out ranks --task-minutes 0.001 --store results/ranks
    mpirun --allow-run-as-root --oversubscribe -n 2 "$program" work ranks/plan.json --task auto >"$folder/out" 2>"$folder/err"
    check mpirun_runs_it test $? -eq 0
    same with_the_same_bits results/ranks
else
    echo "skip mpirun_runs_it: mpirun is not there (apt-get install openmpi-bin)"
fi

snakemake=${SNAKEMAKE:-snakemake}
if command -v "$snakemake" >/dev/null; then
    run plan --suite tiny --export snakemake --out snake --task-minutes 0.02 --store results/snake
    snake() { "$snakemake" --snakefile snake/Snakefile --directory "$folder/w" --cores 2 >"$folder/out" 2>"$folder/err"; }
    snake
    check snakemake_runs_it test $? -eq 0
    same with_the_bits_too results/snake
    snake
    check and_has_nothing_to_do_then remarks 'Nothing to be done'
    rm results/snake/score/zs-*.h5
    snake
    check what_is_lost_is_made_again test -e "$(echo results/snake/score/zs-*.h5)"
else
    echo "skip snakemake_runs_it: snakemake is not there (pip install snakemake; SNAKEMAKE=PATH)"
fi
finish
