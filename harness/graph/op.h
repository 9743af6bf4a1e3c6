/* What an operator is. Everything about one stands in one place: its shape rule and builder, its mathematics in the header
 * comment, forward, backward. The builder (declared in ops.h) checks shapes, makes a Node with node_new and fills its
 * attributes; the graph does the rest through the Op table entry.
 *
 * Other rooms may define operators of their own with this header (methods/ has its losses so). */
#pragma once

#include "harness/graph/graph.h"

enum { OP_INPUTS_MAX = 8 };

typedef struct Op Op;

struct Node {
    const Op *op; /* NULL for leaves */
    const char *name;
    Shape shape;
    Node *in[OP_INPUTS_MAX];
    int inputs;
    void *attributes; /* the operator's own struct, in the graph's arena; NULL when it has none */
    void *state;      /* what prepare() made (primitives, packed weights); release() frees it */
    bool is_indices;  /* int32 values */
    bool is_frozen;   /* constant leaf: values known when the graph is compiled */
    /* A trainable parameter stands below. From graph_compile on (in prepare, saved, scratch): its gradient is computed, that
     * is, the loss depends on it too; always false in a graph without loss. */
    bool needs_gradient;
    float *value; /* where its values are once compiled */
    Parameter *parameter;
    struct NodePlan *plan; /* graph.c's and plan.c's bookkeeping */
};

/* Pointers for one call. Backward may rely only on the inputs and output that `backward_reads` names. */
typedef struct OpCall {
    const Node *node;
    const float *in[OP_INPUTS_MAX]; /* values of the inputs; an indices input is cast to const int32_t * */
    float *out;                     /* forward: to be written. backward: the forward's result, if asked for */
    float *saved;                   /* written by forward, read by backward; NULL where no backward follows */
    float *scratch;                 /* for this call only */
    const float *dout;              /* backward: gradient of the loss by the output */
    float *din[OP_INPUTS_MAX];      /* backward: to be *overwritten*; NULL where no gradient is asked for */
} OpCall;

enum { READS_NOTHING = 0, READS_OUTPUT = 1 << 16, READS_ALL_INPUTS = (1 << OP_INPUTS_MAX) - 1 };
#define READS_INPUT(i) (1u << (i))

struct Op {
    const char *name;
    unsigned backward_reads; /* READS_INPUT(i) | READS_OUTPUT: what backward reads of the forward's values */
    bool view;               /* the output is input 0's buffer under another shape (reshape): no call is made */
    bool in_place;           /* elementwise in input 0: out may be the same buffer as in[0], if nobody else reads it */
    bool
        in_place_backward; /* din[0] may be the same buffer as dout: dout[i] is read for the last time when din[0][i] is written */
    /* READS_INPUT(i): the gradient by input i is dout itself whenever both have the same number of elements. The graph
     * then shares or adds dout, and din[i] is NULL in the call. */
    unsigned passes_gradient;
    /* Floats that forward leaves for backward; floats of scratch a call needs. NULL: none. */
    size_t (*saved)(const Node *node);
    size_t (*scratch)(const Node *node, bool backward);
    /* Once at compile: primitives, packed constant weights. May be NULL. Fails on memory. Runs before the buffers exist;
     * values of inputs with is_frozen set may be read. */
    bool (*prepare)(Node *node, Arithmetic arithmetic, Error *err);
    void (*release)(Node *node);
    unsigned packs; /* READS_INPUT(i): forward does not read a frozen input i once prepare has packed it */
    void (*forward)(const OpCall *call);
    void (*backward)(const OpCall *call); /* NULL: gradients cannot flow (argmax, ...); building such a path dies */
    /* Operations by definition (a multiply-add is two), for graph_cost. NULL: not counted. */
    double (*flop)(const Node *node, bool backward);
    size_t (*packed_bytes)(const Node *node);
};

/* A new node with `count` inputs; attributes are copied into the graph's arena when size is not 0. NULL inputs are allowed
 * at the end of the list (an absent bias) and are then not counted. needs_gradient is worked out from the inputs. */
Node *node_new(Graph *g, const Op *op, Shape s, Node *const *in, int count, const void *attributes, size_t size);
#define NODES(...) ((Node *[]){__VA_ARGS__}), (int)(sizeof((Node *[]){__VA_ARGS__}) / sizeof(Node *))
