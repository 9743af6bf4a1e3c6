/* Class features from sentences about the classes: what zero-shot CLIP compares images with, and what methods on top of it
 * start from. */
#pragma once

#include "methods/shared/method.h"
#include "methods/shared/templates.h"

/* Which sentences; `set` is the default of `templates`. */
#define CLASS_TEXT_OPTIONS_WITH(set)                                                                                   \
    OPTION_CHOICE("templates", set, template_set_names,                                                                \
                  "sentences a class: one, CLIP's 80, these and five about scenes, or the embedded world's nine"),     \
        OPTION_TEXT("frame", "a photo of a {}.",                                                                       \
                    "the sentence when templates is \"single\"; {} stands for the class name")
#define CLASS_TEXT_OPTIONS CLASS_TEXT_OPTIONS_WITH("single")

/* Without a text tower: what the data set says they are (Run.class_text). Else n(mean_i n(text_i)) over the sentences that these options choose -> features [classes, D]. Fails on: a frame without {}
 * (exit status 2), what the text encoder fails on. */
bool class_text_features(const Run *run, float *features, Error *err);
/* The same over these frames, each with one {}. */
bool class_text_of(const Run *run, const char *const *frames, size_t count, float *features, Error *err);
/* n(mean of the features of each class's sentences): those of class c are c each ... c each + each - 1. */
bool class_text_of_sentences(const Run *run, const TextList *sentences, size_t each, float *features, Error *err);
/* Sentences as they are -> features [sentences->count, D], unit length. */
bool encode_sentences(const Run *run, const TextList *sentences, float *features, Error *err);
