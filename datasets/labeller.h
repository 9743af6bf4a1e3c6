/* The noun filter: which classes a caption names. Rule and word lists: methods/DEFINITIONS.md ("Labels from captions").
 * Lower-case, tokenise, lemmatise; look for multi-word synonyms first, longest first, also written without the blank,
 * removing each hit; then for single words. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum LabelRule {
    LABEL_PUBLISHED, /* the authors' lemmatiser: regular plurals; "men" stays and gets no person */
    LABEL_PLURAL     /* irregular plurals too: men, women, children, people, sheep, knives, ... */
} LabelRule;

/* The names of one class, the class name first. */
typedef struct ClassNames {
    const char *const *names;
    size_t count;
} ClassNames;

typedef struct Labeller Labeller;
Labeller *labeller_new(const ClassNames *classes, size_t count, LabelRule rule); /* copies */
void labeller_free(Labeller *l);
/* labels [classes]: 1 named, 0 not. Returns how many are named. */
size_t labeller_apply(const Labeller *l, const char *caption, uint8_t *labels);
