/* What a text-to-image model is asked for: the "generate" object of a model or of an experiment.
 *
 *     "generate": {"steps": 12, "guidance": 3, "scheduler": "ddim", "size": "512x512", "seed": 0, "negative": "blurred",
 *                  "prediction": "v", "lora": {"style.safetensors": 0.8}}
 *
 * A key that is not there is the model's own: steps, guidance and size as the diffusers folder says, the folder's scheduler, seed
 * 0, no negative prompt. What an experiment says comes before what its model says. */
#pragma once

#include "harness/io/json_keys.h"

typedef struct GenerateSettings {
    size_t steps;          /* 0: not said */
    double guidance;       /* negative: not said */
    const char *scheduler; /* NULL: not said; as the next one of the file that it was read from */
    const char *negative;
    const cJSON
        *embedding;    /* learned words: a file or a list of files, relative to the experiments file; NULL: not said */
    const cJSON *lora; /* files and weights, {"FILE": 0.8}, relative to the experiments file; NULL: not said */
    const char *prediction; /* "epsilon" or "v", in place of what the model's configuration says */
    size_t width, height;   /* pixels; 0: not said */
    int64_t seed;           /* of the first picture; negative: not said */
} GenerateSettings;

extern const Key generate_keys[];
/* The key "lora" of an object, {"style.safetensors": 0.8, "lcm.safetensors": 1}; *files stays as it is when there is none. */
extern const char generate_lora_forms[];
bool generate_lora_read(const cJSON **files, Json object, Error *err);
/* Fails on unknown keys and on values out of range, with their path and what is allowed. Node NULL: nothing said. */
bool generate_settings_read(GenerateSettings *s, Json object, Error *err);
/* `own` where it says something, else `base`. */
GenerateSettings generate_settings_over(GenerateSettings base, GenerateSettings own);
/* Whether both say the same. */
bool generate_settings_equal(GenerateSettings a, GenerateSettings b);
