/* Many pictures with a prepared pipeline: into an HDF5 artifact by way of shards, or into a folder of PNGs.
 *
 *     pipeline_prepare(p, settings, err);
 *     const PictureList list = {.count = n, .captions = captions, .seeds = seeds};
 *     generate_artifact(p, &list, "drawn.h5", progress, err);
 *
 * What a killed run has left is found and kept. The cut into batches is that of the whole list, whatever is there already, so
 * the bits are the same too; they depend on the batch (of the settings) and on the threads in the last place. */
#pragma once

#include "harness/diffusion/pipeline.h"
#include "harness/io/artifact.h"

typedef struct PictureList { /* borrowed */
    size_t count;
    const char *const *captions; /* [count] */
    const uint64_t *seeds;       /* [count] */
    const float *noise;          /* [count, latents of a picture], unit normal; NULL: drawn from the seeds */
    size_t class_count;          /* 0: labels are not known */
    const char *const *classes;  /* [class_count] */
    const int8_t *labels;        /* [count, class_count] 1 positive, -1 negative */
} PictureList;

/* A batch size for pictures of the model: what 512x512 pixels hold, at most 16, made equal over the batches of `count`. */
size_t generate_batch(size_t width, size_t height, size_t count);

/* Draws into FOLDER/00000.h5, ..., each with `images` [n, H, W, 3] uint8, `captions` [n], `seeds` [n] uint64; shards that are there
 * with these settings and their part of the list are kept. `paths` names them in order: for artifact_join. Their attribute
 * `config` names model, settings and list. Fails on: a folder that cannot be written, what pipeline_draw fails on. */
bool generate_shards(Pipeline *p, const PictureList *list, const char *folder, TextList *paths, Progress *progress,
                     Error *err);
/* Whether the shards in the folder hold so many pictures. */
bool generate_shards_stand(const char *folder, size_t count);
extern const char *const generate_joined[]; /* "images", "captions", "seeds", NULL */
/* What a file of pictures has beside the joined data sets: labels and classes where they are known; the attributes model_hash,
 * scheduler, steps, guidance, negative, size ("512x512"). */
bool generate_describe(const Pipeline *p, const PictureList *list, ArtifactWriter *w, Error *err);

/* The whole: shards in PATH.shards/, one file, shards removed. More than 2 GB of pictures stay in their shards, and the file
 * refers to them. A file that is there with the same content is left. */
bool generate_artifact(Pipeline *p, const PictureList *list, const char *path, Progress *progress, Error *err);

/* FOLDER/00000.png, ... with text chunks prompt, negative, seed, steps, guidance, scheduler, size, model, version, and the list of
 * them, FOLDER/images.jsonl ("file", "caption", "labels" where known), as a folder data set takes it, and FOLDER/croissant.json
 * (harness/io/croissant.h). Pictures that are there
 * with the same texts are kept, others of these names are replaced. */
bool generate_folder(Pipeline *p, const PictureList *list, const char *folder, Progress *progress, Error *err);
