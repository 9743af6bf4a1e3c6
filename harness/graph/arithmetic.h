/* What decides the last bits of a number beside its formula. One value goes from the command line into every graph,
 * and one function writes it into the configuration that an artifact's hash is made of: two arithmetics never share an
 * artifact. What may change bits from now on is a member here and a line in arithmetic_describe. */
#pragma once

#include <stdbool.h>

struct cJSON;

/* In which products are computed; the weights and everything between operators are float32. */
typedef enum Precision { PRECISION_FLOAT32, PRECISION_COUNT } Precision;

typedef struct Arithmetic { /* {0}: the usual one */
    bool exact;             /* no Winograd: every convolution is computed directly */
    Precision precision;
} Arithmetic;

/* How much of it a computation can feel. Who says nothing feels all of it. */
typedef enum ArithmeticReach {
    ARITHMETIC_ALL,
    ARITHMETIC_PRODUCTS, /* there is no convolution in it */
    ARITHMETIC_NONE,     /* no graph computes it: it labels, draws or copies */
} ArithmeticReach;

const char *precision_word(Precision precision); /* "float32" */

/* The same without what does not reach the computation: that is what it must be computed with, for no more is
 * described. */
Arithmetic arithmetic_within(Arithmetic arithmetic, ArithmeticReach reach);

/* Adds what reaches the computation to a configuration: "exact", and "precision" unless it is float32, as all was that
 * was stored before there was a choice. */
void arithmetic_describe(Arithmetic arithmetic, ArithmeticReach reach, struct cJSON *config);
