/* A part brings a graph, a function that loads step n, and one that measures; here are the steps, the rate, the log,
 * checkpoints. The averaged weights are swapped in for measuring and at the end: what is stored is the average. */
#include "harness/pretrain/pretrain_loop.h"
#include "harness/base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t mixed_bits(uint64_t value)
{
    value += 0x9E3779B97F4A7C15u;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

size_t pretrain_figure_images(const PretrainRun *run, size_t recipe)
{
    return run->figure_images && run->figure_images < recipe ? run->figure_images : recipe;
}

/* Rate of step `step`, counted from 0. */
static double rate(const PretrainLoop *l, uint64_t step)
{
    const double at = (double)step, left = ((double)l->steps - at) / (double)l->steps;
    return l->peak_lr * fmin(1, (at + 1) / l->warmup_steps) * fmin(1, left / l->decay_share);
}

static char *file_of(const PretrainLoop *l, const char *ending)
{
    char *name = xformat("%s.%s", l->name, ending), *path = path_join(l->run->work, name);
    free(name);
    return path;
}

/* ---- log ---- */

static bool write_log(const PretrainLoop *l, Error *err)
{
    char *path = file_of(l, "tsv");
    const bool good = write_file(path, l->log.data, l->log.length, err);
    free(path);
    return good;
}

/* Lines written after the checkpoint will be written again. */
static bool read_log(PretrainLoop *l, Error *err)
{
    char *path = file_of(l, "tsv"), *log = NULL;
    size_t length = 0, kept = 0;
    const bool good = read_file(path, 1 << 24, &log, &length, err);
    free(path);
    if (!good) return false;
    for (const char *line = log, *end; *line && (end = strchr(line, '\n')); line = end + 1)
        if (line == log || strtoull(line, NULL, 10) <= l->state->step) kept = (size_t)(end + 1 - log);
    text_add_bytes(&l->log, log, kept);
    free(log);
    return true;
}

static bool log_line(PretrainLoop *l, Error *err)
{
    PretrainState *s = l->state;
    const double images = (double)(s->step * l->batch);
    const size_t before = l->log.length;
    text_addf(&l->log, "%llu\t%.0f\t%.1f\t%.1f\t%.3g", (unsigned long long)s->step, images, s->seconds,
              images / s->seconds, rate(l, s->step - 1));
    for (int i = 0; i < PRETRAIN_MEANS && l->losses[i]; i++) text_addf(&l->log, "\t%.5f", s->means[i]);
    if (l->figures) {
        pretrain_state_swap(s);
        const bool good = l->figures(l->context, &l->log, err);
        pretrain_state_swap(s);
        if (!good) return false;
    }
    text_add(&l->log, "\n");
    progress_note(l->run->progress, "%.*s", (int)(l->log.length - before - 1), l->log.data + before);
    return write_log(l, err);
}

/* ---- checkpoints ---- */

static bool save(const PretrainLoop *l, Error *err)
{
    char *path = file_of(l, "h5");
    const bool good = write_log(l, err) && pretrain_state_save(l->state, path, l->config, err);
    free(path);
    return good;
}

static bool restore(PretrainLoop *l, Error *err)
{
    char *path = file_of(l, "h5");
    bool good = true;
    if (l->run->resume && path_exists(path)) {
        good = pretrain_state_load(l->state, path, l->config, err) && read_log(l, err);
        if (good && l->state->step < l->steps)
            progress_note(l->run->progress, "%s: going on after step %llu", l->what,
                          (unsigned long long)l->state->step);
    } else {
        text_addf(&l->log, "step\timages\tseconds\timages_per_second\tlearning_rate\t%s\n", l->title);
    }
    free(path);
    return good;
}

/* ---- steps ---- */

static bool train_step(PretrainLoop *l, Error *err)
{
    PretrainState *s = l->state;
    l->load(l->context, s->step);
    graph_forward(l->graph);
    if (!isfinite(*node_data(l->loss)))
        return fail(err, "%s: the loss is not a number at step %llu; try another --seed", l->what,
                    (unsigned long long)s->step + 1);
    for (size_t i = 0; i < PRETRAIN_MEANS && l->losses[i]; i++)
        pretrain_state_mean(s, i, (double)*node_data(l->losses[i]));
    graph_backward(l->graph);
    if (l->gradient_limit > 0) clip_gradient_norm(s->trained, s->count, l->gradient_limit);
    optimiser_step(s->optimiser, rate(l, s->step));
    s->step++;
    if (s->average) pretrain_state_average(s, l->average);
    return true;
}

static bool train(PretrainLoop *l, uint64_t last, Error *err)
{
    PretrainState *s = l->state;
    double saved_at = seconds_now();
    progress_begin(l->run->progress, l->what, l->steps * l->batch, "images");
    while (s->step < last) {
        const double start = seconds_now();
        if (!train_step(l, err)) return false;
        s->seconds += seconds_now() - start;
        progress_step(l->run->progress, s->step * l->batch);
        if ((s->step % l->steps_a_log_line == 0 || s->step == l->steps) && !log_line(l, err)) return false;
        if (s->step == last || seconds_now() - saved_at > (double)l->run->checkpoint_seconds) {
            if (!save(l, err)) return false;
            saved_at = seconds_now();
        }
    }
    progress_end(l->run->progress);
    return true;
}

bool pretrain_loop(PretrainLoop *l, bool *done, Error *err)
{
    const uint64_t stop = l->run->stop_after, last = stop && stop < l->steps ? stop : l->steps;
    size_t shown = 0;
    while (shown < PRETRAIN_MEANS && l->losses[shown]) shown++;
    /* Outputs, or their memory would be used again before the log reads them. */
    if (!graph_compile(l->graph, l->losses, shown, l->loss, err) || !restore(l, err)) return false;
    if (l->state->step < last && !train(l, last, err)) return false;
    *done = l->state->step == l->steps;
    pretrain_state_swap(l->state);
    return true;
}

void pretrain_loop_free(PretrainLoop *l)
{
    text_free(&l->log);
    free(l->config);
}
