/* Keys are the features of the images with a positive label, in their order, values their labels, with `balance`
 * divided by the class's count. Keys may learn, values never. */
#include "methods/tip_adapter/tip_adapter_internal.h"

#include <stdlib.h>
#include <string.h>

static bool has_positive(const int8_t *labels, size_t classes)
{
    for (size_t c = 0; c < classes; c++)
        if (labels[c] > 0) return true;
    return false;
}

/* Column c of values [count, classes] over its sum. */
static void balance(float *values, size_t count, size_t classes)
{
    for (size_t c = 0; c < classes; c++) {
        size_t positives = 0;
        for (size_t m = 0; m < count; m++) positives += values[m * classes + c] > 0;
        for (size_t m = 0; m < count && positives; m++) values[m * classes + c] /= (float)positives;
    }
}

bool tip_make_cache(Run *run, Error *err)
{
    const ImageFeatures *f = run->images.features;
    const int8_t *labels = run->images.labels;
    const size_t classes = run->classes, width = f->width;
    size_t count = 0;
    for (size_t n = 0; n < f->count; n++) count += has_positive(labels + n * classes, classes);
    if (count == 0)
        return fail(err,
                    "none of the %zu training images has a label that is known and positive, so the cache is empty",
                    f->count);
    Parameter *keys = run_learn(run, "cache_keys", shape(count, width), err);
    Parameter *values = keys ? run_learn(run, "cache_values", shape(count, classes), err) : NULL;
    if (!values) return false;
    values->frozen = true;
    size_t row = 0;
    for (size_t n = 0; n < f->count; n++) {
        if (!has_positive(labels + n * classes, classes)) continue;
        memcpy(keys->value + row * width, f->global + n * width, width * sizeof(float));
        for (size_t c = 0; c < classes; c++)
            values->value[row * classes + c] = labels[n * classes + c] > 0 ? 1.0f : 0.0f;
        row++;
    }
    if (option_bool(run->options, "balance")) balance(values->value, count, classes);
    return true;
}
