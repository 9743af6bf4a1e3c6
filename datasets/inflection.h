/* Plural nouns to singular ones, for the noun filter.
 *
 * Rules as in WordNet's morphy for nouns (wordnet.princeton.edu, morphy(7WN)): a word may be what is left when one of the
 * endings s, ses, ves, xes, zes, ches, shes, men, ies becomes "", s, f, x, z, ch, sh, man, y, or what a list of exceptions
 * says. Which of the candidates is a word, a dictionary has to tell; ours is the vocabulary of the class names. */
#pragma once

#include "datasets/labeller.h"

enum { WORD_MAX = 64, SINGULARS_MAX = 16 }; /* bytes with the end mark; candidates of one word */

typedef struct Singulars {
    int count;
    char words[SINGULARS_MAX][WORD_MAX]; /* the word itself first */
} Singulars;

/* `word` in lower case, shorter than WORD_MAX. */
void inflection_singulars(const char *word, LabelRule rule, Singulars *out);
