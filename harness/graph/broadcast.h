/* NumPy broadcasting of two operands: shapes are aligned at the right, a dimension of 1 or a missing one repeats. */
#pragma once

#include "harness/graph/graph.h"

/* The loops of out[i] = f(a[i], b[i]) with neighbouring dimensions merged wherever both operands allow it, so that equal
 * shapes are one loop and a bias is two. A stride of 0 repeats. rank >= 1. */
typedef struct Broadcast {
    int rank;
    size_t dim[SHAPE_MAX], stride[2][SHAPE_MAX];
} Broadcast;

/* The shape of the result; dies with `what` in the sentence when a and b do not go together. */
Shape broadcast_shape(const char *what, Shape a, Shape b);
Broadcast broadcast_loops(Shape out, Shape a, Shape b);

typedef enum BroadcastOp { BROADCAST_ADD, BROADCAST_SUBTRACT, BROADCAST_MUL, BROADCAST_FIRST } BroadcastOp;

/* out = a op b; BROADCAST_FIRST: out = a, b is not read. out may be a if a repeats nowhere. */
void broadcast_run(const Broadcast *loops, BroadcastOp op, const float *a, const float *b, float *out);

/* The sum of dout (times `other`, operand 1 - side, unless that is NULL) over all places where operand `side` repeats:
 * sums[size of that operand]. The order of summing is fixed by the shapes alone. */
void broadcast_sum(const Broadcast *loops, int side, const float *dout, const float *other, float *sums,
                   float *scratch);
size_t broadcast_sum_scratch(const Broadcast *loops, int side); /* floats */
