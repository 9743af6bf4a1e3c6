/* Few-shot: a permutation of each class's images, the first ones are taken, and an image that is drawn for one class
 * shows all its labels. Partial: a throw for every label, in the order of the array, whatever its value, so that more
 * labels known include those of fewer. Single positive: one throw an image. */
#include "harness/stages/select.h"

#include "harness/base/memory.h"
#include "harness/graph/random.h"

#include <stdbool.h>
#include <stdlib.h>

size_t select_few_shot(const int8_t *labels, size_t count, size_t classes, size_t shots, uint64_t seed, int32_t *rows,
                       size_t *have)
{
    Random random;
    random_seed(&random, seed);
    bool *drawn = xcalloc(count + 1, sizeof *drawn);
    size_t *positives = xcalloc(count + 1, sizeof *positives);
    int64_t *order = xcalloc(count + 1, sizeof *order);
    for (size_t c = 0; c < classes; c++) {
        have[c] = 0;
        for (size_t i = 0; i < count; i++)
            if (labels[i * classes + c] == 1) positives[have[c]++] = i;
        random_permutation(&random, order, have[c]);
        for (size_t k = 0; k < have[c] && k < shots; k++) drawn[positives[order[k]]] = true;
    }
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        if (drawn[i]) rows[found++] = (int32_t)i;
    free(drawn);
    free(positives);
    free(order);
    return found;
}

void select_partial(const int8_t *labels, size_t count, size_t classes, double known, uint64_t seed, int8_t *out)
{
    Random random;
    random_seed(&random, seed);
    for (size_t i = 0; i < count * classes; i++) {
        float draw;
        random_uniform(&random, &draw, 1);
        out[i] = (double)draw < known ? labels[i] : 0;
    }
}

void select_single_positive(const int8_t *labels, size_t count, size_t classes, uint64_t seed, int8_t *out)
{
    Random random;
    random_seed(&random, seed);
    for (size_t i = 0; i < count; i++) {
        size_t positives = 0;
        for (size_t c = 0; c < classes; c++) positives += labels[i * classes + c] == 1;
        size_t left = positives ? random_below(&random, positives) : 0;
        for (size_t c = 0; c < classes; c++) {
            const bool positive = labels[i * classes + c] == 1;
            out[i * classes + c] = positive && left == 0 ? 1 : -1;
            if (positive) left--; /* behind the drawn one it wraps round and is never 0 again */
        }
    }
}
