/* Class features from class names: what every method starts from that keeps CLIP's own words. */
#pragma once

#include "methods/method.h"

/* w_c = n(mean_i n(text(frame_i with class c's name)))   -> features [run->classes, run->width], unit length.
 * A frame is a sentence with {} in the name's place ("a photo of a {}."); ends the program when one has none. templates.h has sets
 * of them. Needs NEED_CLASS_TEXT. Fails on: no memory. */
bool class_text_of(const Run *run, const char *const *frames, size_t count, float *features, Error *err);
