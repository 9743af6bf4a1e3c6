/* Inside harness/inspect. */
#pragma once

#include "harness/inspect/inspect.h"
#include "harness/io/json.h"
#include "harness/io/tensor_file.h"

/* Each looks at `path` and says whether it is of its kind; then *i is filled, maybe with a reason why it is not read. */
bool inspect_pipeline(const char *folder, Inspection *i);       /* model_index.json */
bool inspect_diffusers_part(const char *folder, Inspection *i); /* config.json of a U-Net or an autoencoder */
bool inspect_clip_folder(const char *folder, Inspection *i);
bool inspect_lora(const char *path, Inspection *i); /* a file of tensors, or a folder with one */
bool inspect_tokenizer(const char *path, Inspection *i);
bool inspect_embedding(const char *path, Inspection *i);
bool inspect_dataset(const char *folder, Inspection *i);
bool inspect_pictures(const char *folder, Inspection *i);
bool inspect_picture(const char *file, Inspection *i);
bool inspect_tensors(const char *file, Inspection *i); /* any file of tensors; false with i->why when it is damaged */
bool inspect_artifact(const char *file, Inspection *i);
bool inspect_json(const char *file, Inspection *i);

/* A CLIP in a file or folder of a known layout; the text tower of a pipeline when `prefix` is not empty ("text_encoder/"). */
void inspect_clip(const char *path, const char *prefix, Inspection *i);
/* The parts of a checkpoint in one file. */
void inspect_single_file(const char *file, Inspection *i);

/* ---- filling in ---- */

void inspection_begin(Inspection *i, const char *kind, const char *layout);
void inspection_note(Inspection *i, const char *format, ...) __attribute__((format(printf, 2, 3)));
void inspection_use(Inspection *i, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Not read, for this reason, unless there is one already. */
void inspection_refuse(Inspection *i, const char *why);
/* Adds to parameters and elements. */
void inspection_count(Inspection *i, const TensorFile *tensors);
/* Appends `prefix` and each item. */
void inspection_list(TextList *to, const char *prefix, const TextList *from);
/* "sd15", "sd21": the Stable Diffusion whose texts have this width; NULL of others. */
const char *inspect_generation(size_t text_width);
/* Whether FOLDER/NAME is there, and the text of its config.json, or NULL. */
bool inspect_has(const char *folder, const char *name);
char *inspect_config(const char *folder);
