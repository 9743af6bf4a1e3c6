/* Words of an arithmetic, and what of it goes into a configuration. */
#include "harness/graph/arithmetic.h"

#include <cjson/cJSON.h>

static const char *const precision_words[PRECISION_COUNT] = {[PRECISION_FLOAT32] = "float32"};

const char *precision_word(Precision precision)
{
    return precision_words[precision];
}

Arithmetic arithmetic_within(Arithmetic arithmetic, ArithmeticReach reach)
{
    if (reach == ARITHMETIC_NONE) return (Arithmetic){0};
    if (reach == ARITHMETIC_PRODUCTS) arithmetic.exact = false;
    return arithmetic;
}

void arithmetic_describe(Arithmetic arithmetic, ArithmeticReach reach, cJSON *config)
{
    if (reach == ARITHMETIC_ALL) cJSON_AddBoolToObject(config, "exact", arithmetic.exact);
    if (reach != ARITHMETIC_NONE && arithmetic.precision != PRECISION_FLOAT32)
        cJSON_AddStringToObject(config, "precision", precision_word(arithmetic.precision));
}
