/* What follows a product, for the products that oneDNN does not finish itself: bias, residual, activation; and the
 * gradient of a bias. Formulas of the activations as in onednn.h's post-operations (ops.h names their sources). */
#pragma once

#include "harness/graph/onednn.h"

/* The activation of y[width], in place. One thread. */
void activate(Activation activation, size_t width, float *y);

/* In place on y[width]; bias [width] and residual [width] are read only where the epilogue has them. One thread. */
void epilogue_row(Epilogue e, size_t width, const float *bias, const float *residual, float *y);

/* The same on y[rows, width], by all threads. */
void epilogue_rows(Epilogue e, size_t rows, size_t width, const float *bias, const float *residual, float *y);

/* sums[width] = sum over the rows of y[rows, width]. The rows are summed in a fixed number of pieces, so that the bits do
 * not depend on the threads; scratch holds column_sums_scratch(width) floats. */
void column_sums(size_t rows, size_t width, const float *y, float *sums, float *scratch);
size_t column_sums_scratch(size_t width);
