/* Pieces that the configurations of several kinds of stages have. Inside harness/stages/ only. */
#pragma once

#include "harness/stages/stage_kinds.h"

/* "classes": a digest of names and synonyms, which the noun filter and the prompts are made from. */
void describe_classes(Dataset *dataset, cJSON *config);
/* "local": which local features are stored: false, true (float32), or "float16". */
void describe_local(bool local, bool half, cJSON *config);
/* "clip", "tokenizer": fingerprints. */
void describe_clip(const OpenModel *model, cJSON *config);
void describe_tokenizer(const OpenModel *model, cJSON *config);
/* The experiment's method: name, version, the plugin's code, options, and the seed. `training_only`: without the
 * options that matter at test time alone. */
void describe_method(const Stage *s, bool training_only, cJSON *config);
/* Where a result belongs: experiment, data set, model, protocol, setting (as setting_text writes it). */
void describe_result(const Stage *s, const char *setting, cJSON *config);
