/* Checkpoints: one description a layout behind a table. A layout reads the sizes, then says for each weight of the list where it
 * stands in the file; everything is checked against the file before memory is taken for it. */
#pragma once

#include "harness/base/text.h"
#include "harness/clip/weight_list.h"
#include "harness/io/json.h"
#include "harness/io/tensor_file.h"

typedef struct Checkpoint {
    const char *path; /* what the user named */
    TextList files;   /* configuration files read; with the weights' files they make the fingerprint */
    TensorFile *tensors;
    char *weights_path;
    ClipConfig config;
    const char *config_json;                /* the text of a config.json from elsewhere; NULL: none */
    const char *text_prefix, *image_prefix; /* in front of the towers' names, where layouts have variants */
    TextList *asked;                        /* names that were looked for (checkpoint_survey.c), or NULL */
} Checkpoint;

typedef struct CheckpointLayout {
    const char *name;
    const char *summary; /* which files they are, for `palbench ls layouts` and for the sentence when nothing matches */
    /* Is `path` of this layout? */
    bool (*matches)(const char *path);
    /* Opens the weights and fills config, from files or from the tensors' shapes. */
    bool (*read_config)(Checkpoint *c, Error *err);
    /* Values of one weight. `values` NULL: only checks that it is there and fits. */
    bool (*fetch)(const Checkpoint *c, const WeightSpec *spec, float *values, Error *err);
} CheckpointLayout;

/* All of them, NULL-terminated, in the order in which they are tried. A layout is a file that defines a CheckpointLayout
 * `checkpoint_NAME`, and a line of the table in checkpoint.c. */
const CheckpointLayout *const *checkpoint_layouts(void);

extern const CheckpointLayout checkpoint_huggingface, checkpoint_openclip, checkpoint_openai;

/* The layout of what lies at `path`; NULL where there is none. */
const CheckpointLayout *checkpoint_layout_of(const char *path, Error *err);

/* ---- for the layouts ---- */

bool checkpoint_has_file(const char *folder, const char *name);
/* Opens path/name (or `path` itself when name is NULL). */
bool checkpoint_open_weights(Checkpoint *c, const char *name, Error *err);
/* Reads a JSON file of the folder and notes it for the fingerprint. */
JsonFile *checkpoint_read_json(Checkpoint *c, const char *name, Error *err);
/* A tensor that must be there and have this shape (a scalar may also be [1]); values may be NULL. */
bool checkpoint_tensor(const Checkpoint *c, const char *name, Shape s, float *values, Error *err);
/* The same stored the other way round: the file has [b, a], values become [a, b]. */
bool checkpoint_transposed(const Checkpoint *c, const char *name, Shape s, float *values, Error *err);
/* CheckpointLayout.fetch where names are OpenAI's, those of the text tower behind text_prefix. */
bool checkpoint_fetch_openai(const Checkpoint *c, const WeightSpec *spec, float *values, Error *err);
/* Sizes from a config.json of transformers and the tensors' names; of OpenAI's text tower from shapes. */
bool checkpoint_huggingface_sizes(Checkpoint *c, Json root, Error *err);
bool checkpoint_openai_text_sizes(const Checkpoint *c, ClipConfig *k, Error *err);
/* Makes the model from c->tensors, whose layout reads the sizes; frees what the Checkpoint holds but its tensors. NULL on failure. */
Clip *checkpoint_load(Checkpoint *c, const CheckpointLayout *layout, Error *err);
/* A text tower alone, from tensors that stay the caller's (clip_text_from_tensors), and the layout of these. */
Checkpoint checkpoint_of_text(TensorFile *tensors, const char *path, const char *config_json);
CheckpointLayout checkpoint_text_layout(const Checkpoint *c);
/* A dimension of a tensor, for sizes that are read off shapes. Fails when it is absent or of another rank. */
bool checkpoint_dim(const Checkpoint *c, const char *name, int rank, int axis, size_t *value, Error *err);
const TensorView *checkpoint_find(const Checkpoint *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A size from a configuration: a whole number from 0 to 2^30. */
bool checkpoint_size(Json object, const char *key, size_t otherwise, size_t *value, Error *err);
/* Three numbers, such as image_mean, or one for all three; `values` stays when the key is absent. */
bool checkpoint_triple(Json object, const char *key, float values[3], Error *err);

/* How pictures are prepared (checkpoint_preprocessing.c): `p` comes in as OpenAI's way. Every key is obeyed, known to have no say in
 * the pixels, or refused by name.
 * transformers' image processor, as preprocessor_config.json or inside processor_config.json; absent keys mean what they mean to
 * CLIPImageProcessor, a size of 224 too. `source` names the file in later sentences and is kept. */
bool checkpoint_processor(Json settings, const char *source, Preprocessing *p, Error *err);
/* open_clip's preprocess_cfg; `tower` is its vision_cfg's image_size. */
bool checkpoint_preprocess_cfg(Json settings, size_t tower, Preprocessing *p, Error *err);
