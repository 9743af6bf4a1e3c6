/* Drawing a list batch by batch. Inside harness/diffusion/generate*.c only. */
#pragma once

#include "harness/diffusion/generate.h"

/* Progress counts calls of the U-Net and names the picture and the step. */
typedef struct Drawing {
    ProgressPart batch; /* first: name_step finds the rest by it */
    Pipeline *pipeline;
    const PictureList *list;
    Progress *progress;
    size_t batches_done, batches_to_do;
    size_t first, count; /* of the current batch */
} Drawing;

/* Progress begins with the first of `batches`; drawing_end ends it, also after a failure. */
void drawing_begin(Drawing *d, Pipeline *p, const PictureList *list, size_t batches, Progress *progress);
void drawing_end(Drawing *d);
/* Pictures first ... first + count - 1 of the list, at most a batch, into images [count, height, width, 3]. */
bool drawing_batch(Drawing *d, size_t first, size_t count, uint8_t *images, Error *err);

/* Bytes of one picture. */
size_t picture_bytes(const Pipeline *p);
size_t least(size_t a, size_t b);
/* SHA-256 over captions, seeds, noise and labels of pictures first ... first + count - 1, as hex. */
void list_hash(const Pipeline *p, const PictureList *list, size_t first, size_t count, char hex[65]);
