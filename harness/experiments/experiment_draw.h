/* Values drawn at random for a search: {"uniform": [a, b]}, {"loguniform": [a, b]}, {"choice": [..]}. */
#pragma once

#include "harness/io/json_keys.h"

typedef struct Draw {
    enum { DRAW_CHOICE, DRAW_UNIFORM, DRAW_LOGUNIFORM } kind;
    const cJSON *values; /* of a choice: borrowed */
    double low, high;
    bool whole; /* whole numbers, both ends included */
} Draw;

/* `key` is what is drawn for: whether it is a number, a whole one, and its range; NULL when it is not known. Fails on: a list that is
 * not two rising numbers, ends outside the range, a lower end of a loguniform that is not above 0, ends
 * that are not whole where whole numbers are drawn, a range for something that is no number. `name` goes into the sentence. */
bool draw_read(Draw *d, const cJSON *item, const Key *key, const char *name, Json where, Error *err);

/* The value for u in [0, 1). Caller frees.
 *     uniform      a + u (b - a)             whole: a + floor(u (b - a + 1))
 *     loguniform   a (b / a)^u               whole: floor(a ((b + 1) / a)^u)
 *     choice       number floor(u n)
 * Numbers that are not whole are rounded to as few decimal digits as keep the error below a 20000th of the range (of its logarithm),
 * so that names stay short and the value is what its name says. */
cJSON *draw_value(const Draw *d, double u);
