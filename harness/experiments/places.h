/* Places: where checkpoints and data lie on this machine, said once. A path of a model in experiments.json may be
 *
 *     "$CLIP:RN50"   RN50 of the place CLIP: the place itself when it is a checkpoint, else RN50.pt, .pth, .bin, .safetensors or a folder
 *                    RN50 in it
 *     "$SD"          the place itself
 *
 * A place is said by the environment (`make reproduce CLIP=DIR` hands it on), else by paths.json ("clip", "sd", "data"). */
#pragma once

#include "harness/io/json.h"

bool place_is(const char *path); /* "$CLIP..." */
/* The path; NULL when nobody says where the place is, or when it has no such checkpoint: then *why is the sentence. Caller frees either.
 * `paths`: root of paths.json, node NULL: there is none; `folder`: what its paths are relative to. Fails (NULL, *why NULL, err) on an
 * unknown place and on what is no path in paths.json. */
char *place_find(const char *path, Json paths, const char *folder, char **why, Error *err);
/* The folder of the data sets, from the environment's DATA or paths.json; *data is NULL when neither says one. Caller frees. */
bool place_data(Json paths, const char *folder, char **data, Error *err);
