/* Pieces of configurations: what several kinds say in the same words. */
#include "harness/stages/describe_internal.h"

#include "harness/base/hash.h"

#include <stdlib.h>
#include <string.h>

void describe_classes(Dataset *dataset, cJSON *config)
{
    char digest[65];
    Hash *hash = hash_new();
    for (size_t c = 0; c < dataset_classes(dataset); c++) {
        const ClassNames *names = &dataset_synonyms(dataset)[c];
        hash_add_text(hash, dataset_class_names(dataset)[c]);
        if (strchr(dataset_class_names(dataset)[c], '_')) hash_add_text(hash, "_ is a blank");
        for (size_t k = 0; k < names->count; k++) hash_add_text(hash, names->names[k]);
        hash_add_text(hash, "");
    }
    hash_finish(hash, digest);
    cJSON_AddStringToObject(config, "classes", digest);
}

void describe_local(bool local, bool half, cJSON *config)
{
    if (local && half)
        cJSON_AddStringToObject(config, "local", "float16");
    else
        cJSON_AddBoolToObject(config, "local", local);
}

void describe_clip(const OpenModel *model, cJSON *config)
{
    cJSON_AddStringToObject(config, "clip", model->clip->fingerprint);
}

void describe_tokenizer(const OpenModel *model, cJSON *config)
{
    if (model->tokenizer) cJSON_AddStringToObject(config, "tokenizer", tokenizer_fingerprint(model->tokenizer));
}

void describe_method(const Stage *s, bool training_only, cJSON *config)
{
    const Experiment *e = s->experiment;
    char *options = options_json(&e->options, training_only);
    cJSON_AddStringToObject(config, "method", e->method->name);
    cJSON_AddNumberToObject(config, "method_version", e->method->version);
    if (e->method->plugin_hash) cJSON_AddStringToObject(config, "plugin", e->method->plugin_hash);
    cJSON_AddItemToObject(config, "options", cJSON_Parse(options));
    cJSON_AddNumberToObject(config, "seed", (double)s->seed);
    free(options);
}

void describe_result(const Stage *s, const char *setting, cJSON *config)
{
    const Experiment *e = s->experiment;
    cJSON_AddStringToObject(config, "experiment", e->name);
    cJSON_AddStringToObject(config, "dataset", e->dataset);
    cJSON_AddStringToObject(config, "model", e->model);
    cJSON_AddStringToObject(config, "protocol", e->protocol.name);
    cJSON_AddItemToObject(config, "protocol_fields", protocol_json(&e->protocol));
    cJSON_AddStringToObject(config, "setting", setting);
}
