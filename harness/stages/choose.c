/* A queue of captions for each class, in one shuffled order; then, caption by caption, from the queue of the class
 * that was named least so far. A caption that another class has taken is passed over when its turn comes. */
#include "harness/stages/choose.h"

#include "harness/base/memory.h"
#include "harness/graph/random.h"

#include <stdlib.h>

/* The captions of every class, in shuffled order. */
typedef struct Queues {
    size_t *places; /* queue after queue */
    size_t *next;   /* [classes] into places */
    size_t *end;    /* [classes] */
} Queues;

static void fill_queues(Queues *q, const uint8_t *labels, size_t count, size_t classes, const int64_t *shuffled)
{
    size_t total = 0;
    for (size_t i = 0; i < count * classes; i++) total += labels[i] != 0;
    q->places = xcalloc(total ? total : 1, sizeof *q->places);
    q->next = xcalloc(classes, sizeof *q->next);
    q->end = xcalloc(classes, sizeof *q->end);
    size_t at = 0;
    for (size_t c = 0; c < classes; c++) {
        q->next[c] = at;
        for (size_t i = 0; i < count; i++)
            if (labels[(size_t)shuffled[i] * classes + c]) q->places[at++] = (size_t)shuffled[i];
        q->end[c] = at;
    }
}

/* The class with captions left that was named least; `classes` when there is none. */
static size_t poorest(Queues *q, const size_t *named, size_t classes, const bool *taken)
{
    size_t best = classes;
    for (size_t c = 0; c < classes; c++) {
        while (q->next[c] < q->end[c] && taken[q->places[q->next[c]]]) q->next[c]++;
        if (q->next[c] < q->end[c] && (best == classes || named[c] < named[best])) best = c;
    }
    return best;
}

size_t choose_balanced(const uint8_t *labels, size_t count, size_t classes, size_t wanted, uint64_t seed, size_t *order)
{
    Random random;
    Queues q;
    int64_t *shuffled = xcalloc(count ? count : 1, sizeof *shuffled);
    bool *taken = xcalloc(count ? count : 1, sizeof *taken);
    size_t *named = xcalloc(classes, sizeof *named), chosen = 0;
    random_seed(&random, seed);
    random_permutation(&random, shuffled, count);
    fill_queues(&q, labels, count, classes, shuffled);
    for (size_t c; chosen < wanted && (c = poorest(&q, named, classes, taken)) < classes;) {
        const size_t place = q.places[q.next[c]];
        taken[place] = true;
        order[chosen++] = place;
        for (size_t k = 0; k < classes; k++) named[k] += labels[place * classes + k] != 0;
    }
    free(q.places), free(q.next), free(q.end);
    free(shuffled), free(taken), free(named);
    return chosen;
}
