/* Sealing, naming and the frame of every artifact: who writes one begins and finishes it here, so that configuration,
 * provenance, stage and hash are in all of them and nowhere else. */
#include "harness/stages/stage.h"

#include "harness/base/clock.h"
#include "harness/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Stage *stage_new(const StageKind *kind)
{
    Stage *s = xcalloc(1, sizeof *s);
    s->kind = kind;
    s->parameters = xcalloc(1, kind->parameters ? kind->parameters : 1);
    return s;
}

void stage_add_input(Stage *s, StageRole role, const Stage *input)
{
    if (!input) return;
    if (s->input_count == STAGE_INPUTS) die("stage %s has more than %d inputs", s->kind->name, STAGE_INPUTS);
    s->inputs[s->input_count++] = (StageInput){role, input};
}

static cJSON *described(const Stage *s)
{
    cJSON *config = cJSON_CreateObject();
    s->kind->describe(s, config);
    arithmetic_describe(s->arithmetic, s->kind->arithmetic, config);
    return config;
}

void stage_seal(Stage *s, const char *store)
{
    s->arithmetic = arithmetic_within(s->arithmetic, s->kind->arithmetic);
    s->config = described(s);
    char *config = json_canonical(s->config), version[32];
    snprintf(version, sizeof version, "%d", s->kind->version);
    Hash *hash = hash_new();
    hash_add_text(hash, s->kind->name);
    hash_add_text(hash, version);
    hash_add_text(hash, config);
    for (size_t i = 0; i < s->input_count; i++) hash_add_text(hash, s->inputs[i].stage->hash);
    hash_finish(hash, s->hash);
    free(config);

    for (char *c = s->words; *c; c++) { /* one file name on every file system */
        const bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (!plain && *c != '-' && *c != '_' && *c != '.') *c = '_';
    }
    s->path = xformat("%s/%s/%.80s-%.16s.h5", store, s->kind->name, s->words, s->hash);
}

void stage_free(Stage *s)
{
    if (!s) return;
    if (s->kind->release) s->kind->release(s->parameters);
    cJSON_Delete(s->config);
    free(s->parameters);
    free(s->words);
    free(s->label);
    free(s->path);
    free(s);
}

const Stage *stage_input(const Stage *s, StageRole role)
{
    for (size_t i = 0; i < s->input_count; i++)
        if (s->inputs[i].role == role) return s->inputs[i].stage;
    return NULL;
}

/* {"encode-image": "hash", ...}; several of one kind get numbers. */
static cJSON *inputs_json(const Stage *s)
{
    cJSON *inputs = cJSON_CreateObject();
    for (size_t i = 0; i < s->input_count; i++) {
        char name[64];
        const Stage *input = s->inputs[i].stage;
        snprintf(name, sizeof name, "%s", input->kind->name);
        for (int n = 2; cJSON_GetObjectItemCaseSensitive(inputs, name); n++)
            snprintf(name, sizeof name, "%s-%d", input->kind->name, n);
        cJSON_AddStringToObject(inputs, name, input->hash);
    }
    return inputs;
}

char *stage_config_text(const Stage *s)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "stage", s->kind->name);
    cJSON_AddNumberToObject(root, "version", s->kind->version);
    cJSON_AddStringToObject(root, "hash", s->hash);
    cJSON_AddItemToObject(root, "config", cJSON_Duplicate(s->config, true));
    cJSON_AddItemToObject(root, "inputs", inputs_json(s));
    char *text = json_canonical(root);
    cJSON_Delete(root);
    return text;
}

bool stage_begin(StageWriter *w, const Stage *s, double started, Error *err)
{
    char *config = stage_config_text(s);
    *w = (StageWriter){.stage = s, .started = started, .artifact = artifact_create(s->path, config, err)};
    free(config);
    return w->artifact != NULL;
}

bool stage_finish(StageWriter *w, Error *err)
{
    char *provenance = provenance_text(w->stage, seconds_now() - w->started);
    artifact_attribute_text(w->artifact, "provenance", provenance);
    artifact_attribute_text(w->artifact, "stage", w->stage->kind->name);
    artifact_attribute_text(w->artifact, "hash", w->stage->hash);
    free(provenance);
    return artifact_commit(w->artifact, err);
}
