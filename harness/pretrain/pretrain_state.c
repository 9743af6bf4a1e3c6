/* Arrays go under "value:NAME", "moment1:NAME", "moment2:NAME", "average:NAME", numbers into attributes; the recipe's
 * configuration must be the same to the letter, or going on would be another run. Averages start slowly, as a mean of
 * few steps should not hold on to the first. */
#include "harness/pretrain/pretrain_state.h"

#include "harness/base/text.h"
#include "harness/io/artifact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool start_averages(PretrainState *state, Error *err)
{
    state->average = xcalloc(state->count, sizeof *state->average);
    for (size_t i = 0; i < state->count; i++) {
        const Parameter *p = state->trained[i];
        const size_t size = shape_size(p->shape);
        if (!big_alloc(&state->average[i], size, sizeof(float), "averaged weights", err)) return false;
        memcpy(state->average[i], p->value, size * sizeof(float));
    }
    return true;
}

bool pretrain_state_init(PretrainState *state, Parameter *weights, size_t count, OptimiserOptions options,
                         bool with_average, Error *err)
{
    *state = (PretrainState){.value_count = count};
    state->values = xcalloc(count, sizeof *state->values);
    state->trained = xcalloc(count, sizeof *state->trained);
    for (size_t i = 0; i < count; i++) {
        state->values[i] = &weights[i];
        if (!weights[i].frozen) state->trained[state->count++] = &weights[i];
    }
    state->optimiser = optimiser_new(options, state->trained, state->count);
    for (size_t i = 0; i < state->count; i++) /* gains and biases do not decay: nothing speaks for 0 there */
        if (state->trained[i]->shape.rank < 2) optimiser_set_decay(state->optimiser, i, 0);
    return !with_average || start_averages(state, err);
}

void pretrain_state_free(PretrainState *state)
{
    optimiser_free(state->optimiser);
    for (size_t i = 0; i < state->count && state->average; i++) free(state->average[i]);
    free(state->average);
    free(state->values);
    free(state->trained);
    *state = (PretrainState){0};
}

/* ---- files ---- */

static void save_array(ArtifactWriter *w, const char *prefix, const Parameter *p, const float *values)
{
    char *dataset = xformat("%s:%s", prefix, p->name);
    const size_t size = shape_size(p->shape);
    artifact_write_floats(w, dataset, 1, &size, values);
    free(dataset);
}

bool pretrain_state_save(const PretrainState *state, const char *path, const char *config, Error *err)
{
    ArtifactWriter *w = artifact_create(path, config, err);
    if (!w) return false;
    for (size_t i = 0; i < state->value_count; i++) save_array(w, "value", state->values[i], state->values[i]->value);
    for (size_t i = 0; i < state->count; i++) {
        const Parameter *p = state->trained[i];
        save_array(w, "moment1", p, optimiser_moment(state->optimiser, i, 0));
        save_array(w, "moment2", p, optimiser_moment(state->optimiser, i, 1));
        if (state->average) save_array(w, "average", p, state->average[i]);
    }
    for (int i = 0; i < PRETRAIN_MEANS; i++) {
        char *name = xformat("mean%d", i);
        artifact_attribute_number(w, name, state->means[i]);
        free(name);
    }
    artifact_attribute_integer(w, "step", (int64_t)state->step);
    artifact_attribute_number(w, "seconds", state->seconds);
    return artifact_commit(w, err);
}

static bool load_array(const ArtifactReader *r, const char *prefix, const Parameter *p, float *values, Error *err)
{
    char *dataset = xformat("%s:%s", prefix, p->name);
    size_t size = shape_size(p->shape);
    float *stored = NULL;
    const bool good = artifact_read_floats(r, dataset, 1, &size, &stored, err);
    if (good) memcpy(values, stored, size * sizeof *values);
    free(stored);
    free(dataset);
    return good;
}

static bool load_arrays(PretrainState *state, const ArtifactReader *r, Error *err)
{
    for (size_t i = 0; i < state->value_count; i++)
        if (!load_array(r, "value", state->values[i], state->values[i]->value, err)) return false;
    for (size_t i = 0; i < state->count; i++) {
        const Parameter *p = state->trained[i];
        if (!load_array(r, "moment1", p, optimiser_moment(state->optimiser, i, 0), err) ||
            !load_array(r, "moment2", p, optimiser_moment(state->optimiser, i, 1), err) ||
            (state->average && !load_array(r, "average", p, state->average[i], err)))
            return false;
    }
    return true;
}

static bool load_numbers(PretrainState *state, const ArtifactReader *r, Error *err)
{
    int64_t step;
    for (int i = 0; i < PRETRAIN_MEANS; i++) {
        char *name = xformat("mean%d", i);
        const bool good = artifact_attribute_get_number(r, name, &state->means[i], err);
        free(name);
        if (!good) return false;
    }
    if (!artifact_attribute_get_integer(r, "step", &step, err) ||
        !artifact_attribute_get_number(r, "seconds", &state->seconds, err))
        return false;
    if (step < 0) return fail(err, "%s: its step is below 0; damaged, begin anew without --resume", artifact_path(r));
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
    good = good && load_arrays(state, r, err) && load_numbers(state, r, err);
    free(made_with);
    artifact_close(r);
    return good;
}

/* ---- averages ---- */

void pretrain_state_average(PretrainState *state, double decay)
{
    const double step = (double)state->step;
    const float share = (float)(1 - fmin(decay, step / (step + 10)));
    for (size_t i = 0; i < state->count; i++) {
        const size_t size = shape_size(state->trained[i]->shape);
        const float *value = state->trained[i]->value;
        float *average = state->average[i];
        for (size_t k = 0; k < size; k++) average[k] += (value[k] - average[k]) * share;
    }
}

void pretrain_state_swap(PretrainState *state)
{
    if (!state->average) return;
    for (size_t i = 0; i < state->count; i++) {
        const size_t size = shape_size(state->trained[i]->shape);
        float *value = state->trained[i]->value, *average = state->average[i];
        for (size_t k = 0; k < size; k++) {
            const float kept = value[k];
            value[k] = average[k];
            average[k] = kept;
        }
    }
}

void pretrain_state_mean(PretrainState *state, size_t i, double value)
{
    state->means[i] = state->step ? 0.98 * state->means[i] + 0.02 * value : value;
}
