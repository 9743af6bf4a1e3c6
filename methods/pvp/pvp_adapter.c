/* PVP's adapter as nodes of a graph, for training, and on plain rows, for scoring: the second is the first one
 * compiled once and run in batches. */
#include "methods/pvp/pvp_internal.h"

#include "harness/graph/ops.h"
#include "methods/shared/branches.h"

Node *pvp_adapt(Graph *g, const PvpAdapter *a, Node *x, Random *random)
{
    Node *h = relu(g, linear(g, x, parameter(g, a->first), NULL));
    if (random) h = dropout(g, h, a->dropout, random);
    h = linear(g, h, parameter(g, a->second), NULL);
    return l2_normalise(g, add(g, scale(g, x, 1 - a->ratio), scale(g, h, a->ratio)), 1e-12f);
}

enum { ROWS_AT_ONCE = 256 };

bool pvp_adapt_rows(const PvpAdapter *a, float *rows, size_t count, size_t width, Arithmetic arithmetic, Error *err)
{
    const size_t most = count < ROWS_AT_ONCE ? count : ROWS_AT_ONCE;
    if (most == 0) return true;
    Graph *g = graph_new((GraphOptions){.arithmetic = arithmetic});
    Node *x = input(g, "rows", shape(most, width)), *y = pvp_adapt(g, a, x, NULL);
    const bool good = graph_compile(g, &y, 1, NULL, err);
    if (good) score_batches(g, x, y, rows, count, rows);
    graph_free(g);
    return good;
}
