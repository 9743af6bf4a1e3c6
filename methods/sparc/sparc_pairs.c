/* Which classes are asked for in pairs (all, or those that captions name together more often than a share of the first
 * one's), and the text features of their joint sentences. */
#include "methods/shared/cooccurrence.h"
#include "methods/sparc/sparc_internal.h"

#include <stdlib.h>
#include <string.h>

Pair *sparc_pairs(const Run *run, size_t *count)
{
    const size_t classes = run->classes;
    Pair *pairs = xcalloc(classes * classes / 2 + 1, sizeof *pairs);
    *count = 0;
    if (!option_bool(run->options, "pairs")) return pairs;
    const bool all = !strcmp(option_text(run->options, "pair_source"), "all");
    const double threshold = option_real(run->options, "pair_threshold");
    double *together = xcalloc(classes * classes, sizeof *together);
    if (!all) count_together(run->captions.labels, run->captions.features->count, classes, together);
    for (size_t a = 0; a < classes; a++)
        for (size_t b = a + 1; b < classes; b++)
            if (all || together[a * classes + b] > threshold * together[a * classes + a])
                pairs[(*count)++] = (Pair){a, b};
    free(together);
    return pairs;
}

/* "{} and {}" with both names; NULL when the frame has not exactly two gaps. */
static char *fill_pair(const char *frame, const char *a, const char *b)
{
    const char *first = strstr(frame, "{}"), *second = first ? strstr(first + 2, "{}") : NULL;
    if (!second || strstr(second + 2, "{}")) return NULL;
    return xformat("%.*s%s%.*s%s%s", (int)(first - frame), frame, a, (int)(second - first - 2), first + 2, b,
                   second + 2);
}

bool sparc_pair_text(const Run *run, const Pair *pairs, size_t count, float *features, Error *err)
{
    const char *frame = option_text(run->options, "pair_frame");
    TextList sentences = {0};
    bool good = true;
    for (size_t p = 0; p < count && good; p++) {
        char *sentence = fill_pair(frame, run->class_names[pairs[p].a], run->class_names[pairs[p].b]);
        if (sentence)
            text_list_add(&sentences, sentence);
        else
            good = fail_usage(err, "the frame \"%s\" must have two {} for two class names, as \"{} and {}\"", frame);
        free(sentence);
    }
    good = good && (count == 0 || encode_sentences(run, &sentences, features, err));
    text_list_free(&sentences);
    return good;
}
