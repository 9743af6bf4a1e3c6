/* Matrix products with a right factor that is packed once into panels of two vector registers' width, small enough for one
 * thread: C[rows, n] = A[rows, k] B[k, n]. sgemm packs both factors anew at every call, which costs a third of the time at
 * the sizes of Winograd's blocks (NOTES.md). */
#pragma once

#include <stddef.h>

/* n rounded up to whole vector registers: the stored row length of packed B and of C. */
size_t panels_width(size_t n);
/* Floats of packed B. */
size_t panels_size(size_t k, size_t n);
/* Where element (row, column) of B is kept in the packed array; what lies past column n must be zero. */
size_t panels_index(size_t k, size_t n, size_t row, size_t column);

/* C[rows, from .. from + count) of it. `from` is a multiple of panels_step() and so is count, unless it ends at n. A and C
 * have rows of lda and ldc floats; C's row holds panels_width(n) values. */
void panels_product(size_t rows, size_t k, size_t n, size_t from, size_t count, const float *a, size_t lda,
                    const float *packed, float *c, size_t ldc);
size_t panels_step(void);
