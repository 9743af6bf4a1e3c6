/* Sentence frames for class names: the single one, the 80 of CLIP's ensemble (Radford et al. 2021, prompt notebook), and nine
 * made of words that the embedded world's CLIP knows. */
#pragma once

#include <stddef.h>

typedef struct TemplateSet {
    const char *name;          /* "single", "clip80", "mini9" */
    const char *const *frames; /* each with one {} for the class name */
    size_t count;
} TemplateSet;

const TemplateSet *template_set(const char *name); /* NULL when unknown */
extern const char *const template_set_names[];     /* NULL-terminated, for option tables */
/* The frame with the name in place of {}. Caller frees. */
char *template_fill(const char *frame, const char *name);
