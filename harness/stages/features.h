/* Features in HDF5 files, as results/README.md names them ("Features"): written by the commands and
 * by the stages, read by the stages. */
#pragma once

#include "datasets/dataset.h"
#include "harness/clip/clip.h"
#include "harness/io/artifact.h"

#include <cjson/cJSON.h>

/* How pictures are prepared, into a configuration that is hashed: size, resize, and preprocessing where a checkpoint's own
 * settings make it another way than those two say. */
void preprocessing_describe(cJSON *config, const Preprocessing *p);

/* left_out, left_out_reasons [k]: pictures that a data set goes on without; nothing where there are none. */
void left_out_put(ArtifactWriter *w, const LeftOut *left);

/* Data sets of an open artifact. files, texts: [count], or NULL to leave them out. `half`: local features as float16. */
void image_features_put(ArtifactWriter *w, const ImageFeatures *f, const char *const *files, bool half);
void text_features_put(ArtifactWriter *w, const TextFeatures *f, const char *const *texts, bool half);
/* offsets [count + 1] of texts' tokens. */
void text_offsets_put(ArtifactWriter *w, const size_t *offsets, size_t count);

/* Whole files for the commands; `config` says by which model and how. */
bool image_features_write(const char *path, const Clip *clip, const EncodeOptions *o, const ImageFeatures *f,
                          const char *const *files, const LeftOut *left_out, Error *err);
bool text_features_write(const char *path, const Clip *clip, Arithmetic arithmetic, const TextFeatures *f,
                         const char *const *texts, Error *err);

/* Reading; without want_local, local stays NULL and is not read. Local features of more than `memory` bytes come as local_rows, in a
 * file without a name in the folder `scratch`. Fails on shapes that do not belong together. */
bool image_features_read(const char *path, bool want_local, const char *scratch, size_t memory, ImageFeatures *f,
                         Error *err);
bool text_features_read(const char *path, bool want_local, const char *scratch, size_t memory, TextFeatures *f,
                        Error *err);

/* Whether the image tower takes pictures of this size (0: its own): a ViT needs a multiple of the patch, a ResNet of its
 * strides' product. */
bool encode_size_check(const Clip *clip, size_t size, Error *err);
