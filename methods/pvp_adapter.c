#include "methods/pvp.h"

#include "harness/graph/ops.h"

#include <string.h>

Node *pvp_adapt(Graph *g, const PvpAdapter *a, Node *x, Random *random)
{
    Node *h = relu(g, linear(g, x, parameter(g, a->first), NULL));
    if (random) h = dropout(g, h, a->dropout, random);
    h = linear(g, h, parameter(g, a->second), NULL);
    return l2_normalise(g, add(g, scale(g, x, 1 - a->ratio), scale(g, h, a->ratio)), 1e-12f);
}

enum { ROWS_AT_ONCE = 256 };

bool pvp_adapt_rows(const PvpAdapter *a, float *rows, size_t count, size_t width, bool exact, Error *err)
{
    const size_t most = count < ROWS_AT_ONCE ? count : ROWS_AT_ONCE;
    if (most == 0) return true;
    Graph *g = graph_new((GraphOptions){.exact = exact});
    Node *x = input(g, "rows", shape(most, width)), *y = pvp_adapt(g, a, x, NULL);
    const bool good = graph_compile(g, &y, 1, NULL, err);
    for (size_t first = 0; first < count && good; first += most) {
        const size_t n = count - first < most ? count - first : most;
        memcpy(node_data(x), rows + first * width, n * width * sizeof *rows);
        memset(node_data(x) + n * width, 0, (most - n) * width * sizeof *rows);
        graph_forward(g);
        memcpy(rows + first * width, node_data(y), n * width * sizeof *rows);
    }
    graph_free(g);
    return good;
}
