/* The axes along which one entry of experiments.json becomes several experiments: grids, and values drawn at random. */
#pragma once

#include "harness/experiments/experiments.h"

typedef struct Axis {
    cJSON *parent; /* the object that holds the value */
    char *key;
    const char *prefix;   /* before the key in names: "generate." */
    cJSON *list;          /* what it runs through: of the grid, or one drawn value a sample */
    const cJSON **values; /* [count] the same, to be had by number */
    size_t count;
    bool drawn;
    bool zipped; /* runs in step with the other zipped ones */
} Axis;

enum { AXES_MAX = 32 };

typedef struct Axes {
    Axis items[AXES_MAX];
    size_t count;
    size_t samples; /* 1 when nothing is drawn */
    size_t combinations;
} Axes;

/* Finds the axes of an entry's tree, in the order of its keys, and draws; takes "samples" and "sample_seed" out of the tree. `own`:
 * "samples" without anything to draw is an error. Fails on malformed axes, zips of different lengths and more than EXPANSION_MAX combinations. Free with
 * axes_free, also after a failure.
 *
 * Draws: one Mersenne twister seeded with sample_seed (default 0); sample by sample, in each one double (53 bits) for every drawn
 * key in order. Every combination of the grids meets the same samples. */
bool axes_find(Axes *axes, cJSON *tree, bool own, Json where, Error *err);
void axes_free(Axes *axes);

/* Puts the values of combination `number` (of axes->combinations; samples run fastest, then the last grid; all zips are one axis, where
 * the first of them stands) into the tree and their words behind those that are there. */
void axes_apply(Axes *axes, size_t number, TextList *words);
