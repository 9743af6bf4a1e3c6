/* How many of the objects that a text-to-image model draws the judge (judge.h) recognises: captions of single objects of the
 * embedded world, from scenes that nobody trains on, classes in turn; picture i has seed i. */
#pragma once

#include "harness/diffusion/pipeline.h"
#include "harness/stages/judge.h"

typedef struct JudgedPictures {
    size_t count;
    uint8_t *images;       /* [count, 64, 64, 3] */
    TextList captions;     /* [count] */
    int32_t *asked, *seen; /* [count] classes: the caption's, the judge's */
} JudgedPictures;

/* Draws and judges with a pipeline prepared for 64x64 pixels. Free with judged_free, also after a failure. */
bool judge_generator(Pipeline *p, const Judge *judge, size_t count, JudgedPictures *j, Progress *progress, Error *err);
/* The percentage when the same scenes are rendered instead: what the judge itself can do. */
bool judge_renders(const Judge *judge, size_t count, double *percent, Error *err);
/* Percent of the pictures whose class is seen. */
double judged_accuracy(const JudgedPictures *j);
void judged_free(JudgedPictures *j);

/* The percentage of `captions` pictures by the diffusers folder `folder`, guidance 3, 12 steps: what its training logs. */
bool generator_accuracy(const char *folder, const Judge *judge, size_t captions, Progress *progress, double *percent,
                        Error *err);
