/* Sentence frames for class names: the single one, the 80 of CLIP's ensemble (Radford et al. 2021, prompt notebook), nine
 * made of words that the embedded world's CLIP knows, and the 89 that TaI trains on (methods/DEFINITIONS.md).
 *
 * The one-hot template sentences of NEED_TEMPLATES stand behind the captions class by class: class 0 with every frame of the
 * option `template_set` in order, class 1 with every frame, and so on. */
#pragma once

#include <stddef.h>

typedef struct TemplateSet {
    const char *name;          /* "single", "clip80", "scene85", "mini9", "published" */
    const char *const *frames; /* each with one {} for the class name */
    size_t count;
} TemplateSet;

const TemplateSet *template_set(const char *name);  /* NULL when unknown */
extern const char *const template_set_names[];      /* for zero-shot ensembles; NULL-terminated, for option tables */
extern const char *const template_training_names[]; /* for training sentences; NULL-terminated */
/* The frame with the name in place of {}; ends the program when the frame has none. Caller frees. */
char *template_fill(const char *frame, const char *name);
