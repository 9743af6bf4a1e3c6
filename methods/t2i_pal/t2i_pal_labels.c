/* Labels of generated images, of which the least likely may be dropped: of each class's positives the share with the
 * lowest similarity to the class's text becomes unknown, equal ones in the order of the images. */
#include "methods/shared/class_text.h"
#include "methods/shared/templates.h"
#include "methods/t2i_pal/t2i_pal_internal.h"

#include <stdlib.h>

bool pal_text(const Run *run, float *features, Error *err)
{
    TextList sentences = {0};
    for (size_t c = 0; c < run->classes; c++) {
        char *sentence = template_fill("a photo of a {}.", run->class_names[c]);
        text_list_add(&sentences, sentence);
        free(sentence);
    }
    const bool good = encode_sentences(run, &sentences, features, err);
    text_list_free(&sentences);
    return good;
}

typedef struct Ranked {
    float score;
    size_t image;
} Ranked;

static int lower_first(const void *left, const void *right)
{
    const Ranked *a = left, *b = right;
    if (a->score != b->score) return a->score < b->score ? -1 : 1;
    return a->image < b->image ? -1 : a->image > b->image;
}

static float product(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

void pal_labels(const LabelledImages *images, size_t classes, const float *text, double share, float *labels)
{
    const ImageFeatures *f = images->features;
    for (size_t i = 0; i < f->count * classes; i++)
        labels[i] = images->labels[i] > 0 ? 1.0f : images->labels[i] < 0 ? 0.0f : -1.0f;
    if (share <= 0) return;
    Ranked *positives = xcalloc(f->count, sizeof *positives);
    for (size_t c = 0; c < classes; c++) {
        size_t count = 0;
        for (size_t n = 0; n < f->count; n++)
            if (labels[n * classes + c] == 1)
                positives[count++] = (Ranked){product(f->global + n * f->width, text + c * f->width, f->width), n};
        qsort(positives, count, sizeof *positives, lower_first);
        const size_t dropped = (size_t)(share * (double)count);
        for (size_t i = 0; i < dropped; i++) labels[positives[i].image * classes + c] = -1;
    }
    free(positives);
}
