#include "harness/bench/pretrain_state.h"

#include "harness/io/artifact.h"

#include <stdlib.h>
#include <string.h>

static void save_array(ArtifactWriter *w, const char *prefix, const char *name, size_t size, const float *values)
{
    char *dataset = xformat("%s:%s", prefix, name);
    artifact_write_floats(w, dataset, 1, &size, values);
    free(dataset);
}

bool pretrain_state_save(const PretrainState *state, const char *path, const char *config, Error *err)
{
    ArtifactWriter *w = artifact_create(path, config, err);
    if (!w) return false;
    for (size_t i = 0; i < state->clip->count; i++) {
        const Parameter *p = &state->clip->weights[i];
        save_array(w, "value", p->name, shape_size(p->shape), p->value);
    }
    for (size_t i = 0; i < state->count; i++) {
        const Parameter *p = state->trained[i];
        save_array(w, "moment1", p->name, shape_size(p->shape), optimiser_moment(state->optimiser, i, 0));
        save_array(w, "moment2", p->name, shape_size(p->shape), optimiser_moment(state->optimiser, i, 1));
    }
    artifact_attribute_integer(w, "step", (int64_t)state->step);
    artifact_attribute_number(w, "loss", state->loss);
    artifact_attribute_number(w, "local_loss", state->local_loss);
    artifact_attribute_number(w, "seconds", state->seconds);
    return artifact_commit(w, err);
}

static bool load_array(const ArtifactReader *r, const char *prefix, const char *name, size_t size, float *values,
                       Error *err)
{
    char *dataset = xformat("%s:%s", prefix, name);
    float *stored = NULL;
    const bool good = artifact_read_floats(r, dataset, 1, (size_t[]){size}, &stored, err);
    if (good) memcpy(values, stored, size * sizeof *values);
    free(stored);
    free(dataset);
    return good;
}

static bool load_all(PretrainState *state, const ArtifactReader *r, Error *err)
{
    double step;
    for (size_t i = 0; i < state->clip->count; i++) {
        Parameter *p = &state->clip->weights[i];
        if (!load_array(r, "value", p->name, shape_size(p->shape), p->value, err)) return false;
    }
    for (size_t i = 0; i < state->count; i++) {
        const Parameter *p = state->trained[i];
        const size_t size = shape_size(p->shape);
        if (!load_array(r, "moment1", p->name, size, optimiser_moment(state->optimiser, i, 0), err)) return false;
        if (!load_array(r, "moment2", p->name, size, optimiser_moment(state->optimiser, i, 1), err)) return false;
    }
    if (!artifact_attribute_get_number(r, "step", &step, err) ||
        !artifact_attribute_get_number(r, "loss", &state->loss, err) ||
        !artifact_attribute_get_number(r, "local_loss", &state->local_loss, err) ||
        !artifact_attribute_get_number(r, "seconds", &state->seconds, err))
        return false;
    state->step = (uint64_t)step;
    optimiser_set_steps(state->optimiser, state->step);
    return true;
}

bool pretrain_state_load(PretrainState *state, const char *path, const char *config, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    char *made_with = NULL;
    bool good = artifact_attribute_get_text(r, "config", &made_with, err);
    if (good && strcmp(made_with, config) != 0)
        good = fail(
            err,
            "%s: was made with another recipe (%s); repeat the options of that run, or begin anew without --resume",
            path, made_with);
    good = good && load_all(state, r, err);
    free(made_with);
    artifact_close(r);
    return good;
}
