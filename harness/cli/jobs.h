/* Experiments in several processes (`run --jobs N`). Each is this program again, for one experiment; the store keeps them from
 * doing the same work twice. Processes and not forks: threads that OpenMP has started do not survive a fork. */
#pragma once

#include "harness/bench/experiments.h"
#include "harness/cli/command.h"

/* Runs every experiment, at most `jobs` at once, with the machine's threads divided among them. A failing one does not stop the
 * others; the answer is then false. */
bool jobs_run(const Cli *cli, const ExperimentList *experiments, size_t jobs, Error *err);
