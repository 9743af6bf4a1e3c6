/* palbench eval GENERATED.h5 --real REAL.h5: generated pictures held against real ones. */
#pragma once

#include "harness/cli/command.h"

/* Reads `global` [n, D] of both files, brings rows to unit length, prints density, coverage, precision, recall (harness/score/coverage.h).
 * Fails on features of different widths, and as reading does. */
bool coverage_evaluate(const Cli *cli, const char *generated, const char *real, Error *err);
