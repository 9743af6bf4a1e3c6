/* Always the same 64 pieces, whoever computes them, each a thousand floats at a time in vectors (fast_math.h), and put
 * together in order. */
#include "harness/graph/sums.h"
#include "harness/graph/fast_math.h"
#include "harness/graph/parallel.h"

#include <stdbool.h>

enum { PIECE = 1 << 10, PIECES = 64 };

static double piece_sum(const float *x, size_t n, bool squares)
{
    double sum = 0;
    for (size_t i = 0; i < n; i += PIECE) {
        const size_t count = n - i < PIECE ? n - i : PIECE;
        sum += (double)(squares ? row_dot(x + i, x + i, count) : row_sum(x + i, count));
    }
    return sum;
}

static double sum_of(const float *x, size_t n, bool squares)
{
    double part[PIECES], sum = 0;
    PARALLEL_PIECES(n)
    for (size_t p = 0; p < PIECES; p++) {
        const size_t first = p * (n / PIECES) + (p * (n % PIECES)) / PIECES;
        const size_t last = (p + 1) * (n / PIECES) + ((p + 1) * (n % PIECES)) / PIECES;
        part[p] = piece_sum(x + first, last - first, squares);
    }
    for (size_t p = 0; p < PIECES; p++) sum += part[p];
    return sum;
}

double array_sum(const float *x, size_t n)
{
    return sum_of(x, n, false);
}

double array_square_sum(const float *x, size_t n)
{
    return sum_of(x, n, true);
}
