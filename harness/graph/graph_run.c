/* Running a compiled graph: the operators in order, then their gradients in reverse. */
#include "harness/graph/graph_internal.h"
#include "harness/graph/parallel.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void forward_node(Node *node)
{
    if (!node->op->view) node->op->forward(&node->plan->forward);
}

void graph_forward(Graph *g)
{
    if (!g->compiled) die("graph_forward on a graph that is not compiled");
    for (size_t s = 0; s < g->steps; s++) {
        const double start = g->timed ? omp_get_wtime() : 0;
        forward_node(g->order[s]);
        if (g->timed) g->order[s]->plan->seconds[0] += omp_get_wtime() - start;
    }
}

static void backward_node(Node *node)
{
    const NodePlan *plan = node->plan;
    if (plan->calls_backward) node->op->backward(&plan->backward);
    for (int i = 0; i < node->inputs; i++) {
        float *gradient = node->in[i]->plan->gradient_data;
        const size_t size = shape_size(node->in[i]->shape);
        if (plan->mode[i] == GRADIENT_TEMPORARY) array_add(gradient, plan->temporary_data[i], size);
        if (plan->mode[i] == GRADIENT_ADD) array_add(gradient, plan->gradient_data, size);
        if (plan->mode[i] == GRADIENT_COPY) array_copy(gradient, plan->gradient_data, size);
    }
}

void graph_backward(Graph *g)
{
    if (!g->compiled || !g->loss) die("graph_backward on a graph that was compiled without a loss");
    for (size_t i = 0; i < g->count; i++) {
        const Node *leaf =
            g->nodes[i]; /* a parameter that the loss does not depend on; a frozen one may have no gradient */
        if (leaf->parameter && !leaf->parameter->frozen && !leaf->plan->has_first)
            memset(leaf->parameter->gradient, 0, node_bytes(leaf));
    }
    if (!g->loss->needs_gradient) return;
    g->loss->plan->gradient_data[0] = 1;
    for (size_t s = g->steps; s-- > 0;) {
        Node *node = g->order[s];
        if (!node->needs_gradient) continue;
        const double start = g->timed ? omp_get_wtime() : 0;
        backward_node(node);
        if (g->timed) node->plan->seconds[1] += omp_get_wtime() - start;
    }
}

/* ---- profiling by hand ---- */

static int slower_first(const void *left, const void *right)
{
    const OperatorTime *a = left, *b = right;
    const double x = a->seconds[0] + a->seconds[1], y = b->seconds[0] + b->seconds[1];
    return x != y ? (x > y ? -1 : 1) : strcmp(a->name, b->name);
}

void graph_time_operators(Graph *g, bool on)
{
    g->timed = on;
}

size_t graph_operator_times(const Graph *g, OperatorTime **times)
{
    OperatorTime *list = *times = xcalloc(g->steps + 1, sizeof *list);
    size_t kinds = 0;
    for (size_t s = 0; s < g->steps; s++) {
        const Node *node = g->order[s];
        size_t k = 0;
        while (k < kinds && strcmp(list[k].name, node->op->name)) k++;
        if (k == kinds) list[kinds++].name = node->op->name;
        list[k].count++;
        for (int pass = 0; pass < 2; pass++) list[k].seconds[pass] += node->plan->seconds[pass];
    }
    qsort(list, kinds, sizeof *list, slower_first);
    return kinds;
}

void graph_print_times(const Graph *g)
{
    OperatorTime *times;
    const size_t kinds = graph_operator_times(g, &times);
    double total = 0;
    for (size_t k = 0; k < kinds; k++) total += times[k].seconds[0] + times[k].seconds[1];
    fprintf(stderr, "%-20s %6s %12s %12s %7s\n", "operator", "count", "forward ms", "backward ms", "share");
    for (size_t k = 0; k < kinds; k++)
        fprintf(stderr, "%-20s %6zu %12.3f %12.3f %6.1f%%\n", times[k].name, times[k].count, 1e3 * times[k].seconds[0],
                1e3 * times[k].seconds[1], total > 0 ? 100 * (times[k].seconds[0] + times[k].seconds[1]) / total : 0.0);
    free(times);
}
