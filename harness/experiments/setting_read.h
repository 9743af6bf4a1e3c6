/* The key `setting` of an experiment, read and written (methods/shared/setting.h says the forms). */
#pragma once

#include "harness/io/json_keys.h"
#include "methods/shared/method.h"

extern const Key setting_keys[]; /* of the setting's object; it has one of them */

/* `value` is the key's value; node NULL: the experiment says nothing, then zero-shot, or full where the method cannot do without
 * labels. `needs` are the method's, given its options. A mask's path stays as the file has it, relative to the folder of that file.
 * Fails on: other forms, less than one shot, a share outside (0, 1], a setting that the method does not have or, with these options,
 * makes no use of, zero-shot when they make it train on labelled images; the sentence says what is allowed. Strings live as long as the file. */
bool setting_read(Setting *setting, const Method *method, unsigned needs, Json value, Error *err);

/* The form alone, whatever the method. */
bool setting_read_form(Setting *setting, Json value, Error *err);

/* What results and tables call it: "zero-shot", "few-shot 4", "partial 0.1", "partial masks/10.txt", "full", "single positive". Caller frees. */
char *setting_text(const Setting *setting);
/* Whether a method with these needs is handed labelled images: not when it asks for none, and not zero-shot. */
bool setting_shows_images(const Setting *setting, unsigned needs);
/* The settings of a method as lists show them: "zero-shot, few-shot, partial, full". Caller frees. */
char *setting_words(unsigned settings);
