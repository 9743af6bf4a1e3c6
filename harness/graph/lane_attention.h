/* Attention forward for many queries and narrow heads, with queries along the vector lanes: scores come as [key, queries], so
 * that the running maximum and sum of the softmax (Dao et al. 2022) are plain vectors, the powers replace the scores where
 * they stand, and the second product needs no padding of a head's width. Formulas as in op_attention.c, scores to base 2.
 *
 * Each output is one sum in the order of the keys; bits do not depend on the threads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct LaneAttention {
    size_t batch, queries, keys, heads, depth; /* depth: of a head */
    size_t threads;
} LaneAttention;

/* The fixed rule by which attention without a mask takes it (NOTES.md). */
bool lane_attention_suits(size_t queries, size_t keys, size_t depth);
size_t lane_attention_scratch(const LaneAttention *a); /* floats */
/* q [batch, queries, heads * depth], k, v [batch, keys, heads * depth], y as q; log_sum [batch, heads, queries]: logarithm of
 * each row's sum of exponentials, or NULL. */
void lane_attention_run(const LaneAttention *a, const float *q, const float *k, const float *v, float *y,
                        float *log_sum, float *scratch);
