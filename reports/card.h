/* A results card: one page of Markdown about one experiment, to put beside a paper's numbers or on a model's page. */
#pragma once

#include "harness/results/result_measures.h"

/* What it is, data, protocol, numbers by seed, measures, APs, options, provenance, the command. `results` are the seeds of one
 * experiment, `measures` theirs [count]; at least one. */
void card_markdown(const StoredResult *const *results, const ResultMeasures *measures, size_t count, Text *out);
