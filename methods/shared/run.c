/* What is learned is a short list of parameters, looked up by name; the loss curve grows by doubling. */
#include "methods/shared/method.h"

#include <stdlib.h>
#include <string.h>

static Parameter *find(const Run *run, const char *name)
{
    for (size_t i = 0; i < run->learned_count; i++)
        if (!strcmp(run->learned[i]->name, name)) return run->learned[i];
    return NULL;
}

Parameter *run_learn(Run *run, const char *name, Shape s, Error *err)
{
    if (run->learned_count == LEARNED_MAX) die("a method learns more than %d parameters", LEARNED_MAX);
    if (find(run, name)) die("a method learns two parameters called %s", name);
    Parameter *p = xcalloc(1, sizeof *p);
    if (!parameter_init(p, name, s, err)) {
        free(p);
        return NULL;
    }
    run->learned[run->learned_count++] = p;
    return p;
}

Parameter *run_learned(const Run *run, const char *name)
{
    Parameter *p = find(run, name);
    if (!p) die("the run has no learned parameter called %s", name);
    return p;
}

void run_log_loss(Run *run, double loss)
{
    if (run->loss_count == run->loss_capacity) {
        run->loss_capacity = run->loss_capacity ? 2 * run->loss_capacity : 256;
        run->loss = xrealloc(run->loss, run->loss_capacity * sizeof *run->loss);
    }
    run->loss[run->loss_count++] = (float)loss;
}

bool run_check_width(const Run *run, const char *what, size_t width, Error *err)
{
    const size_t joint = run->clip->config.embed;
    return width == joint || fail(err, "the %s have %zu values, the model's joint space has %zu", what, width, joint);
}

bool run_check_test(const Run *run, const ImageFeatures *test, bool local, Error *err)
{
    if (!run_check_width(run, "test features", test->width, err)) return false;
    return !local || image_has_local(test) ||
           fail(err, "the test features have no local part, which this method needs");
}

void run_free(Run *run)
{
    for (size_t i = 0; i < run->learned_count; i++) {
        parameter_free(run->learned[i]);
        free(run->learned[i]);
    }
    free(run->loss);
    run->learned_count = 0;
    run->loss = NULL;
    run->loss_count = run->loss_capacity = 0;
}
