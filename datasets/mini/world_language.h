/* The words of the world's captions. */
#pragma once

#include "datasets/labeller.h"
#include "datasets/mini/world_tables.h"

/* The class name first, then what else captions call it: [WORLD_CLASSES]. */
enum { WORLD_NOUNS_MAX = 6 };
extern const ClassNames world_class_nouns[WORLD_CLASSES];
/* How often each of them is used, relative to the others of its class. */
extern const double world_noun_weights[WORLD_CLASSES][WORLD_NOUNS_MAX];

extern const char *const world_colours[WORLD_COLOURS];

/* Phrases by kind. "" in a list: nothing is said. A phrase that stands twice is said twice as often. */
typedef struct Phrases {
    int count;
    const char *const *items;
} Phrases;

extern const Phrases world_places[WORLD_SCENE_TYPES];
extern const Phrases world_determiners;
extern const Phrases world_joining;      /* says nothing of positions */
extern const Phrases world_beside;       /* for any two objects */
extern const Phrases world_generic;      /* names nothing */
extern const Phrases world_generic_here; /* names nothing, a place follows */

typedef struct Opening {
    const char *phrase;
    double probability;
} Opening;
enum { WORLD_OPENINGS = 4 };
extern const Opening world_openings[WORLD_OPENINGS]; /* beside "a photo of", whose share the style says */
