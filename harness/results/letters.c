/* Insert and absorb: one group of all is split wherever it holds two that are told apart, and groups inside other groups are
 * dropped. What is left are the largest sets of which no two are told apart. */
#include "harness/results/letters.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct Groups {
    bool *member; /* [count, entrants] */
    size_t count, entrants;
} Groups;

static bool *group(const Groups *g, size_t i)
{
    return g->member + i * g->entrants;
}

static bool is_inside(const Groups *g, size_t inner, size_t outer)
{
    for (size_t e = 0; e < g->entrants; e++)
        if (group(g, inner)[e] && !group(g, outer)[e]) return false;
    return true;
}

static void drop(Groups *g, size_t i)
{
    memmove(group(g, i), group(g, i + 1), (--g->count - i) * g->entrants * sizeof *g->member);
}

/* Of equal groups the first stays. */
static void absorb(Groups *g)
{
    for (size_t i = g->count; i-- > 0;)
        for (size_t k = 0; k < g->count; k++)
            if (k != i && is_inside(g, i, k) && (k < i || !is_inside(g, k, i))) {
                drop(g, i);
                break;
            }
}

/* Every group that holds both becomes two, each without one of them. */
static void split(Groups *g, size_t a, size_t b)
{
    const size_t before = g->count;
    for (size_t i = 0; i < before; i++) {
        if (!group(g, i)[a] || !group(g, i)[b]) continue;
        g->member = xrealloc(g->member, (g->count + 1) * g->entrants * sizeof *g->member);
        memcpy(group(g, g->count), group(g, i), g->entrants * sizeof *g->member);
        group(g, g->count++)[a] = false;
        group(g, i)[b] = false;
    }
    if (g->count > before) absorb(g);
}

/* Places of entrants, the highest mean first; of equal means the first. */
static void rank(const double *means, size_t count, size_t *place)
{
    for (size_t e = 0; e < count; e++) {
        place[e] = 0;
        for (size_t k = 0; k < count; k++) place[e] += means[k] > means[e] || (means[k] >= means[e] && k < e);
    }
}

/* Does group a come before b: at the first place where they differ, has a the entrant? `at` [entrants]: who stands at a place. */
static bool comes_before(const Groups *g, size_t a, size_t b, const size_t *at)
{
    for (size_t p = 0; p < g->entrants; p++)
        if (group(g, a)[at[p]] != group(g, b)[at[p]]) return group(g, a)[at[p]];
    return a < b;
}

static void add_letter(size_t number, Text *out)
{
    if (number < 26)
        text_addf(out, "%c", (int)('a' + number));
    else if (number < 52)
        text_addf(out, "%c", (int)('A' + number - 26));
    else
        text_addf(out, "(%zu)", number + 1);
}

static void name_groups(const Groups *g, const size_t *at, char **letters)
{
    size_t *order = xcalloc(g->count + 1, sizeof *order); /* the group with the i-th letter */
    for (size_t i = 0; i < g->count; i++) {
        size_t before = 0;
        for (size_t k = 0; k < g->count; k++) before += k != i && comes_before(g, k, i, at);
        order[before] = i;
    }
    for (size_t e = 0; e < g->entrants; e++) {
        Text own = {0};
        for (size_t i = 0; i < g->count; i++)
            if (group(g, order[i])[e]) add_letter(i, &own);
        letters[e] = own.data;
    }
    free(order);
}

void letters_make(const double *means, const bool *apart, size_t count, char **letters)
{
    if (!count) return;
    Groups g = {xmalloc(count * sizeof *g.member), 1, count};
    for (size_t e = 0; e < count; e++) g.member[e] = true;
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++)
            if (apart[a * count + b]) split(&g, a, b);
    size_t *place = xmalloc(count * sizeof *place), *at = xmalloc(count * sizeof *at);
    rank(means, count, place);
    for (size_t e = 0; e < count; e++) at[place[e]] = e;
    name_groups(&g, at, letters);
    free(place), free(at), free(g.member);
}
