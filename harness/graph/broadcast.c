/* Two shapes become nested loops with a stride for each operand, 0 where it repeats; loops that run through memory as
 * one are merged, so that nearly everything is one loop or two. Sums over what repeats cut the outermost loop into a
 * fixed number of pieces, so that the bits do not depend on the threads. */
#include "harness/graph/broadcast.h"
#include "harness/graph/parallel.h"

#include <string.h>

enum { PIECES_MAX = 16, LARGE_SUM = 4096 };

Shape broadcast_shape(const char *what, Shape a, Shape b)
{
    Shape s = {.rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 1; i <= s.rank; i++) {
        const size_t da = i <= a.rank ? a.dim[a.rank - i] : 1, db = i <= b.rank ? b.dim[b.rank - i] : 1;
        char left[96], right[96];
        if (da != db && da != 1 && db != 1)
            die("%s: %s and %s do not go together", what, shape_text(a, left), shape_text(b, right));
        s.dim[s.rank - i] = da == 1 ? db : da;
    }
    return s;
}

/* Strides of an operand in the dimensions of `out`, 0 where it repeats. */
static void strides_in(Shape out, Shape operand, size_t stride[SHAPE_MAX])
{
    size_t step = 1;
    for (int i = 1; i <= out.rank; i++) {
        const size_t d = i <= operand.rank ? operand.dim[operand.rank - i] : 1;
        stride[out.rank - i] = d == 1 ? 0 : step;
        step *= d;
    }
}

Broadcast broadcast_loops(Shape out, Shape a, Shape b)
{
    size_t stride[2][SHAPE_MAX];
    strides_in(out, a, stride[0]);
    strides_in(out, b, stride[1]);
    Broadcast l = {.rank = 0};
    for (int i = 0; i < out.rank; i++) {
        if (out.dim[i] == 1) continue;
        const int last = l.rank - 1;
        bool merge = l.rank > 0;
        for (int k = 0; k < 2 && merge; k++) merge = l.stride[k][last] == stride[k][i] * out.dim[i];
        const int at = merge ? last : l.rank++;
        l.dim[at] = merge ? l.dim[at] * out.dim[i] : out.dim[i];
        for (int k = 0; k < 2; k++) l.stride[k][at] = stride[k][i];
    }
    if (l.rank == 0) /* one number by one number: a loop of one turn */
        l = (Broadcast){.rank = 1, .dim = {1}, .stride = {{1}, {1}}};
    return l;
}

/* ---- walking over the rows: all loops but the innermost ---- */

typedef struct Rows {
    size_t index[SHAPE_MAX], at[2]; /* at: offsets of the operands */
} Rows;

static size_t row_count(const Broadcast *l)
{
    size_t rows = 1;
    for (int i = 0; i < l->rank - 1; i++) rows *= l->dim[i];
    return rows;
}

static Rows rows_from(const Broadcast *l, size_t row)
{
    Rows r = {0};
    for (int i = l->rank - 2; i >= 0; i--) {
        r.index[i] = row % l->dim[i];
        row /= l->dim[i];
        for (int k = 0; k < 2; k++) r.at[k] += r.index[i] * l->stride[k][i];
    }
    return r;
}

static void next_row(const Broadcast *l, Rows *r)
{
    for (int i = l->rank - 2; i >= 0; i--) {
        for (int k = 0; k < 2; k++) r->at[k] += l->stride[k][i];
        if (++r->index[i] < l->dim[i]) return;
        for (int k = 0; k < 2; k++) r->at[k] -= l->dim[i] * l->stride[k][i];
        r->index[i] = 0;
    }
}

/* ---- out = a op b ---- */

/* Four loops an operator: each operand has a number for every place of the row, or one for all. (Without the simd pragma
 * compilers fall back to scalar code when out is a.) */
#define ROW_LOOP(value) PRAGMA(omp simd) for (size_t i = 0; i < n; i++) out[i] = (value)
#define ROW_LOOPS(f)                                                                                                   \
    do {                                                                                                               \
        if (sa && sb)                                                                                                  \
            ROW_LOOP(f(a[i], b[i]));                                                                                   \
        else if (sa)                                                                                                   \
            ROW_LOOP(f(a[i], b0));                                                                                     \
        else if (sb)                                                                                                   \
            ROW_LOOP(f(a0, b[i]));                                                                                     \
        else                                                                                                           \
            ROW_LOOP(f(a0, b0));                                                                                       \
    } while (0)
#define SUM(x, y)        ((x) + (y))
#define DIFFERENCE(x, y) ((x) - (y))
#define PRODUCT(x, y)    ((x) * (y))

static void row_run(BroadcastOp op, size_t n, const float *a, size_t sa, const float *b, size_t sb, float *out)
{
    const float a0 = a[0], b0 = op == BROADCAST_FIRST ? 0 : b[0];
    switch (op) {
    case BROADCAST_ADD:
        ROW_LOOPS(SUM);
        break;
    case BROADCAST_SUBTRACT:
        ROW_LOOPS(DIFFERENCE);
        break;
    case BROADCAST_MUL:
        ROW_LOOPS(PRODUCT);
        break;
    case BROADCAST_FIRST:
        for (size_t i = 0; i < n; i++) out[i] = sa ? a[i] : a0;
        break;
    }
}

void broadcast_run(const Broadcast *l, BroadcastOp op, const float *a, const float *b, float *out)
{
    const size_t n = l->dim[l->rank - 1], sa = l->stride[0][l->rank - 1], sb = l->stride[1][l->rank - 1];
    const size_t rows = row_count(l), piece = 4096;
    if (rows * n == 0) return;
    if (l->rank == 1) {
        PARALLEL_PIECES(n)
        for (size_t i = 0; i < n; i += piece)
            row_run(op, n - i < piece ? n - i : piece, a + i * sa, sa, op == BROADCAST_FIRST ? b : b + i * sb, sb,
                    out + i);
        return;
    }
    const size_t block = n >= piece ? 1 : piece / n; /* rows */
    PARALLEL_PIECES(rows * n)
    for (size_t first = 0; first < rows; first += block) {
        Rows r = rows_from(l, first);
        for (size_t row = first; row < first + block && row < rows; row++, next_row(l, &r))
            row_run(op, n, a + r.at[0], sa, op == BROADCAST_FIRST ? b : b + r.at[1], sb, out + row * n);
    }
}

/* ---- sums over what repeats ---- */

static size_t target_size(const Broadcast *l, int side)
{
    size_t size = 1;
    for (int i = 0; i < l->rank; i++) size *= l->stride[side][i] ? l->dim[i] : 1;
    return size;
}

/* Pieces of the outermost loop that are summed apart. When the operand does not repeat along it, they write to different
 * places, and each index is a piece; else every piece has its own array of sums, and large arrays get few. */
static size_t piece_count(const Broadcast *l, int side)
{
    if (l->rank > 1 && l->stride[side][0]) return l->dim[0];
    const size_t most = target_size(l, side) > LARGE_SUM ? PIECES_MAX / 4 : PIECES_MAX;
    return l->dim[0] < most ? l->dim[0] : most;
}

size_t broadcast_sum_scratch(const Broadcast *l, int side)
{
    return l->rank > 1 && l->stride[side][0] ? 0 : piece_count(l, side) * target_size(l, side);
}

static void row_sum(size_t n, const float *dout, const float *other, size_t so, float *sums, size_t st)
{
    if (st) {
        if (!other)
            for (size_t i = 0; i < n; i++) sums[i] += dout[i];
        else if (so)
            for (size_t i = 0; i < n; i++) sums[i] += dout[i] * other[i];
        else
            for (size_t i = 0; i < n; i++) sums[i] += dout[i] * other[0];
        return;
    }
    float sum = 0;
    if (!other || !so) {
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++) sum += dout[i];
        if (other) sum *= other[0];
    } else {
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < n; i++) sum += dout[i] * other[i];
    }
    sums[0] += sum;
}

/* Adds the part [first, last) of the outermost loop to sums. */
static void piece_sum(const Broadcast *l, int side, size_t first, size_t last, const float *dout, const float *other,
                      float *sums)
{
    const size_t st = l->stride[side][l->rank - 1], so = l->stride[1 - side][l->rank - 1];
    if (l->rank == 1) {
        row_sum(last - first, dout + first, other ? other + first * so : NULL, so, sums + first * st, st);
        return;
    }
    const size_t n = l->dim[l->rank - 1], rows = row_count(l) / l->dim[0];
    Rows r = rows_from(l, first * rows);
    for (size_t row = first * rows; row < last * rows; row++, next_row(l, &r))
        row_sum(n, dout + row * n, other ? other + r.at[1 - side] : NULL, so, sums + r.at[side], st);
}

void broadcast_sum(const Broadcast *l, int side, const float *dout, const float *other, float *sums, float *scratch)
{
    const size_t pieces = piece_count(l, side), target = target_size(l, side), outer = l->dim[0];
    const size_t work = outer ? row_count(l) * l->dim[l->rank - 1] : 0;
    const bool apart = l->rank > 1 && l->stride[side][0];
    array_fill(sums, 0, target);
    PARALLEL_PIECES(work)
    for (size_t p = 0; p < pieces; p++) {
        float *mine = apart ? sums : scratch + p * target;
        if (!apart) memset(mine, 0, target * sizeof *mine);
        piece_sum(l, side, p * outer / pieces, (p + 1) * outer / pieces, dout, other, mine);
    }
    for (size_t p = 0; p < pieces && !apart; p++) array_add(sums, scratch + p * target, target);
}
