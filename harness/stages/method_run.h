/* What train and score stages share: a method's Run filled from artifacts. */
#pragma once

#include "harness/stages/stage_kinds.h"

typedef struct MethodRun {
    Run run;
    uint8_t *caption_labels;  /* owned; run.captions points here */
    int8_t *generated_labels; /* owned; run.generated points here */
    ImageFeatures class_text; /* owned; run.class_text points into it */
    ImageFeatures images;     /* owned, of a setting that shows some images only; run.images points here */
    int8_t *image_labels;     /* owned, of a setting that hides images or labels */
} MethodRun;

/* Fills the Run of a stage's experiment and seed. With `training_data`, captions, labelled and generated images as the method's
 * needs() say; without, none (a method with a train function has learned from them already). Free with method_run_free. */
bool method_run_init(MethodRun *m, Session *session, const Stage *s, bool training_data, Error *err);
void method_run_free(MethodRun *m);
