/* Any operator's backward against central differences of its forward.
 *
 *     static Node *build(Graph *g, Node *const *p, const void *context) { return mul(g, p[0], p[1]); }
 *     check_gradients("mul", build, NULL, (Shape[]){shape(2, 3), shape(3)}, 2, (GradientCheck){0});
 *
 * Parameters of the given shapes are drawn; the loss is the sum of the built node times random numbers. The differences
 * D(h) = (L(p + h) - L(p - h)) / 2h are taken of sums in double over the node's values and extrapolated, (4 D(h) - D(2h)) / 3,
 * so that their error is of order h^4 and the float noise of the forward decides. An element fails when it is further from
 * the difference than `tolerance` times the largest gradient of its parameter.
 *
 * Then the same graph is built in other ways that must give the same bits: each parameter alone trainable (the others frozen),
 * and with operators before and after the node (so that its inputs and gradients lie in planned, shared buffers). */
#pragma once

#include "harness/graph/ops.h"

enum { GRADIENT_PARAMETERS = 8 };

typedef Node *(*GradientBuilder)(Graph *g, Node *const *parameters, const void *context);

typedef struct GradientCheck {
    double step;      /* 0: 0.02 */
    double tolerance; /* 0: 1e-3 */
    float low, high;  /* values are uniform in [low, high]; both 0: standard normal */
    uint64_t seed;
    GraphOptions options;
    bool
        bits_may_differ; /* products may sum in another order for frozen (packed) weights: the other ways agree to 1e-4 */
} GradientCheck;

/* Fails the running cmocka test with `what`, the parameter and the element in the message. */
void check_gradients(const char *what, GradientBuilder build, const void *context, const Shape *shapes, size_t count,
                     GradientCheck check);
