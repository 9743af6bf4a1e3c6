/* Class features from fixed sentences: n(text("a photo of a c.")), or the mean of several sentences a class, n(mean_i n(text_i)). */
#pragma once

#include "methods/method.h"
#include "methods/templates.h"

#define CLASS_TEXT_OPTIONS                                                                                             \
    OPTION_CHOICE("templates", "single", template_set_names,                                                           \
                  "sentences a class: one, CLIP's 80, or the embedded world's nine"),                                  \
        OPTION_TEXT("frame", "a photo of a {}.",                                                                       \
                    "the sentence when templates is \"single\"; {} stands for the class name")

/* By these options -> features [N, D], unit length. Fails on: a frame without {} (usage), what encoding texts fails on. */
bool class_text_features(const Run *run, float *features, Error *err);
