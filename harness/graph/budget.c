/* Sharing out the memory for transformed convolution weights. What a byte of them saves is proportional to the pixels that it
 * serves, so the largest feature maps come first, wherever they stand: in graph order a U-Net's small, deep middle would
 * take what its wide end needs. */
#include "harness/graph/graph_internal.h"

#include <stdlib.h>

enum { BUDGET_DEFAULT_GB = 3 };

typedef struct Wish {
    size_t step, bytes, pixels;
} Wish;

static int more_pixels_first(const void *left, const void *right)
{
    const Wish *a = left, *b = right;
    if (a->pixels != b->pixels) return a->pixels > b->pixels ? -1 : 1;
    return (a->step > b->step) - (a->step < b->step);
}

void grant_budget(Graph *g)
{
    size_t left = g->options.winograd_budget ? g->options.winograd_budget : (size_t)BUDGET_DEFAULT_GB << 30;
    Wish *wishes = xcalloc(g->steps + 1, sizeof *wishes);
    size_t count = 0;
    for (size_t s = 0; s < g->steps; s++) {
        Node *node = g->order[s];
        Wish wish = {.step = s};
        if (node->op->winograd_wish) wish.bytes = node->op->winograd_wish(node, g->options.arithmetic, &wish.pixels);
        if (wish.bytes) wishes[count++] = wish;
    }
    qsort(wishes, count, sizeof *wishes, more_pixels_first);
    for (size_t i = 0; i < count; i++) {
        if (wishes[i].bytes > left) continue;
        g->order[wishes[i].step]->plan->winograd_bytes = wishes[i].bytes;
        left -= wishes[i].bytes;
    }
    free(wishes);
}
