/* The graph engine: float32 tensors, static shapes, channels last.
 *
 * A graph is built once for given shapes, compiled once (buffers planned by lifetime, weights packed, primitives made),
 * and then run any number of times:
 *
 *     Graph *g = graph_new((GraphOptions){0});
 *     Node *x = input(g, "x", shape(8, 512));
 *     Node *w = parameter(g, &weights);                          // trainable, lives outside the graph
 *     Node *y = linear(g, x, w, NULL);
 *     Node *loss = mean_of_all(g, mul(g, y, y));
 *     if (!graph_compile(g, (Node *[]){y}, 1, loss, err)) ...
 *     memcpy(node_data(x), ..., node_bytes(x));
 *     graph_forward(g);                                          // node_data(y), node_data(loss) are valid now
 *     graph_backward(g);                                         // weights.gradient is valid now
 *     graph_free(g);
 *
 * Images are [batch, height, width, channels], sequences [batch, tokens, channels]; both are row-major, so a feature map
 * *is* a token sequence. Gradients are computed only along paths that lead to a parameter.
 * A shape that does not fit is a bug of the caller and ends the program (die); sizes that come from files are checked where
 * the file is read. Same machine, same number of threads, same inputs: same bits. */
#pragma once

#include "harness/base/memory.h"
#include "harness/graph/arithmetic.h"

#include <stddef.h>
#include <stdint.h>

enum { SHAPE_MAX = 5 };

typedef struct Shape { /* rank 0 is a scalar */
    int rank;
    size_t dim[SHAPE_MAX];
} Shape;

Shape shape_from(size_t rank, const size_t *dim);
#define shape(...) shape_from(sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (const size_t[]){__VA_ARGS__})
static inline Shape scalar_shape(void)
{
    return (Shape){0};
}
size_t shape_size(Shape s); /* product of the dimensions; 1 for a scalar */
bool shape_equal(Shape a, Shape b);
const char *shape_text(Shape s, char buffer[96]); /* "[8, 512]", for messages; returns buffer */

typedef struct Graph Graph;
typedef struct Node Node;

typedef struct GraphOptions {
    Arithmetic arithmetic;
    bool no_fusion;  /* keep every operator apart (tests compare with the fused form) */
    bool no_sharing; /* every value and gradient has memory of its own (tests compare with the planned form) */
} GraphOptions;

Graph *graph_new(GraphOptions options);
void graph_free(Graph *g);

/* ---- leaves ---- */

/* Values written by the caller before each forward, into node_data(). */
Node *input(Graph *g, const char *name, Shape s);
/* The same for integers (token ids, positions, class numbers): node_indices() is an int32 array. */
Node *input_indices(Graph *g, const char *name, Shape s);

/* Frozen values that outlive the graph; the pointer is borrowed. Operators may pack or transform them once, at compile. */
Node *constant(Graph *g, Shape s, const float *values);
/* Frozen values copied into the graph. */
Node *constant_copy(Graph *g, Shape s, const float *values);
Node *constant_scalar(Graph *g, float value);
Node *constant_indices(Graph *g, Shape s, const int32_t *values); /* copied */

/* A trainable array. It lives outside graphs, because a training graph and a scoring graph share it, and so that
 * optimisers (optimiser.h) and files see plain arrays. */
typedef struct Parameter {
    char *name;
    Shape shape;
    float *value;    /* [shape] */
    float *gradient; /* [shape]; graph_backward overwrites it */
    bool frozen;     /* takes part as a constant: no gradient flows to it, its values must stand before graph_compile */
    /* A frozen array whose values come from a file: while `value` is NULL, graph_compile calls load, which allocates and fills
     * it (big_alloc), and frees it again if all of this graph's readers have packed it. NULL: values always stand. */
    bool (*load)(struct Parameter *p, Error *err);
    const void *source; /* load's own */
} Parameter;

/* Allocates value and gradient, zeroed. */
bool parameter_init(Parameter *p, const char *name, Shape s, Error *err);
void parameter_free(Parameter *p);
/* The node of a parameter in this graph (one node a parameter a graph: asking again gives the same node). */
Node *parameter(Graph *g, Parameter *p);

/* ---- compile and run ---- */

/* Plans and prepares everything that `outputs` and `loss` need (other nodes are dropped). `loss` may be NULL: no backward,
 * and then operators may be fused and buffers reused freely. It must have one element. Fails on: not enough memory. */
bool graph_compile(Graph *g, Node *const *outputs, size_t count, Node *loss, Error *err);

void graph_forward(Graph *g);
/* Gradients of `loss` into every Parameter that is not frozen. Runs after graph_forward on the same inputs. */
void graph_backward(Graph *g);

/* Data of an input (to write), an output or the loss (to read). Inputs keep their values between runs. */
float *node_data(Node *node);
int32_t *node_indices(Node *node);
Shape node_shape(const Node *node);
size_t node_bytes(const Node *node);

typedef struct GraphCost {
    double forward_flop, backward_flop; /* of the products and convolutions, as their definition counts them */
    size_t buffer_bytes;                /* planned activations and gradients */
    size_t packed_bytes;                /* packed and transformed weights */
    size_t nodes;
} GraphCost;
GraphCost graph_cost(const Graph *g);

/* Seconds spent in each operator since compile, most first, as an aligned table on stderr; for profiling by hand. Timing is
 * taken only when switched on (before the runs to be measured). */
void graph_time_operators(Graph *g, bool on);
void graph_print_times(const Graph *g);
/* The same as numbers, by kind of operator; returns how many kinds. Caller frees *times. */
typedef struct OperatorTime {
    const char *name;
    size_t count;      /* nodes of this kind */
    double seconds[2]; /* forward, backward; of all runs together */
} OperatorTime;
size_t graph_operator_times(const Graph *g, OperatorTime **times);
