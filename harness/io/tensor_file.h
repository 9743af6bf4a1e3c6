/* Checkpoint files: named tensors, whatever the format, which is told by a file's content.
 *
 *     TensorFile *file = tensor_file_open("model.safetensors", err);
 *     const TensorView *w = tensor_file_find(file, "visual.conv1.weight");
 *     tensor_to_float(w, values, err);
 *     tensor_file_close(file);
 *
 * - safetensors (safetensors.c): mapped;
 * - archives of torch.save and of TorchScript (torch_archive.c): read without running anything that is in them;
 * - an index of shards (*.index.json with "weight_map"), of either format: looks like one file.
 *
 * Views stay valid until tensor_file_close. */
#pragma once

#include "harness/io/tensor.h"

typedef struct TensorFile TensorFile;

/* NULL on: an unreadable file, one that is none of these formats (those that people often have instead are named: the older
 * torch.save, a tar, a page of a web server), a damaged or hostile one, a shard that is missing. */
TensorFile *tensor_file_open(const char *path, Error *err);
void tensor_file_close(TensorFile *file); /* NULL is fine */

/* Some of a file's tensors under other names, as a file of its own: `rename` writes the new name (at most TENSOR_NAME_BYTES with its end)
 * and returns true, or false for those that are left out. The elements are those of `file`, which must outlive it. NULL when two
 * tensors get one name. */
enum { TENSOR_NAME_BYTES = 256 };
typedef bool TensorRename(const void *context, const char *name, char renamed[TENSOR_NAME_BYTES]);
TensorFile *tensor_file_select(const TensorFile *file, TensorRename *rename, const void *context, Error *err);

size_t tensor_file_count(const TensorFile *file);
const TensorView *tensor_file_at(const TensorFile *file, size_t i);           /* by name; NULL past the end */
const TensorView *tensor_file_find(const TensorFile *file, const char *name); /* NULL when absent */
/* A value of a safetensors header's "__metadata__", or NULL. */
const char *tensor_file_metadata(const TensorFile *file, const char *key);
/* "safetensors", "torch"; */
const char *tensor_file_format(const TensorFile *file);
/* What a torch archive is: "TorchScript", "state dictionary", "state dictionary under model", ...; NULL of safetensors. */
const char *tensor_file_variant(const TensorFile *file);
