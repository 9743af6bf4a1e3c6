/* What graph.c, compile.c, fuse.c, plan.c and run.c know of one another. Nobody else includes this.
 *
 * Life of a graph: graph.c collects nodes in the order they are made, which is a topological order; compile.c drops what
 * is not needed, lets fuse.c melt epilogues into products, prepares the operators, asks plan.c where every buffer lies
 * and writes the pointers into each node's two calls; run.c makes the calls. */
#pragma once

#include "harness/graph/op.h"

/* How the gradient by an input comes about in a node's backward. */
typedef enum GradientMode {
    GRADIENT_NONE,      /* nobody asks for it */
    GRADIENT_WRITE,     /* first contribution: the operator writes it where it belongs */
    GRADIENT_TEMPORARY, /* a further one: the operator writes beside it, then it is added */
    GRADIENT_SHARE,     /* equal to dout and the first: both are one buffer, nothing to do */
    GRADIENT_COPY,      /* equal to dout and the first, but lies elsewhere */
    GRADIENT_ADD        /* equal to dout and a further one: dout is added */
} GradientMode;

enum { NO_BUFFER = -1 };

typedef struct NodePlan {
    bool needed, kept; /* something reads it; it is an output of the graph */
    bool has_first;    /* planning backward: a contribution to its gradient has been placed */
    bool loaded;       /* a parameter whose values this compile has loaded */
    size_t readers;    /* of those: operators that still have to be prepared, or that read the values at every run */
    size_t step;       /* place in graph->order, operators only */
    size_t last_read;  /* time of the last read of its values (of any view of them) */
    Node *root;        /* the node whose buffer a view shows; itself for all others */
    /* Indices into graph->buffers. */
    int value, saved, gradient, scratch, backward_scratch, temporary[OP_INPUTS_MAX];
    GradientMode mode[OP_INPUTS_MAX];
    float *gradient_data, *temporary_data[OP_INPUTS_MAX]; /* gradient_data of a parameter: Parameter.gradient */
    bool calls_backward;                                  /* some input's gradient is the operator's own work */
    OpCall forward, backward;
    double seconds[2]; /* forward, backward */
} NodePlan;

/* One piece of the arena. Time runs from 0 over the forward of every operator in order, then over their backwards in
 * reverse: operator s of n runs at s and at 2n - 1 - s. */
typedef struct Buffer {
    size_t floats;
    size_t first, last; /* alive from the step that writes it to the last that reads it, both included */
    size_t offset;      /* in floats; place_buffers */
} Buffer;

struct Graph {
    Arena arena;
    GraphOptions options;
    Node **nodes; /* all, in the order they were made */
    size_t count, capacity;
    Node **order; /* the operators that run */
    size_t steps;
    Node *loss;
    bool compiled, timed;
    Buffer *buffers;
    int buffer_count, buffer_capacity;
    float *memory; /* where the buffers lie */
    size_t memory_floats;
};

/* fuse.c: operators take over cheap ones behind them. */
void fuse_operators(Graph *g);

/* plan.c: fills graph->buffers and the indices and modes of every needed node. */
void plan_buffers(Graph *g);

/* place.c: gives every buffer an offset such that no two overlap in both time and space; offsets and sizes are whole
 * cache lines. `total` is the floats needed. Fails on overflow. */
bool place_buffers(Buffer *buffers, size_t count, size_t *total, Error *err);

static inline size_t backward_time(const Graph *g, const Node *node)
{
    return 2 * g->steps - 1 - node->plan->step;
}
