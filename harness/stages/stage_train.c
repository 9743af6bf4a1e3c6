/* Stage "train": what a method learns. Artifact: its parameters under their names, loss [steps]. Options that matter at test
 * time alone are not part of it, so changing one trains nothing again. */
#include "harness/base/clock.h"
#include "harness/base/step_log.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/method_run.h"

static bool write(const Stage *s, const Run *run, double started, Error *err)
{
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    for (size_t i = 0; i < run->learned_count; i++) {
        const Parameter *p = run->learned[i];
        artifact_write_floats(w.artifact, p->name, p->shape.rank, p->shape.dim, p->value);
    }
    if (run->loss_count) artifact_write_floats(w.artifact, "loss", 1, (size_t[]){run->loss_count}, run->loss);
    return stage_finish(&w, err);
}

static void describe(const Stage *s, cJSON *config)
{
    const MethodParameters *p = s->parameters;
    describe_method(s, true, config);
    describe_clip(p->model, config);
    describe_tokenizer(p->model, config);
    describe_classes(p->dataset, config);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    MethodRun m;
    if (!method_run_init(&m, session, s, true, err)) return false;
    if (session->log) step_log_begin(session->log, s->experiment->name, s->seed);
    m.run.log = session->log;
    const bool good = s->experiment->method->train(&m.run, err) && write(s, &m.run, started, err);
    method_run_free(&m);
    return good;
}

const StageKind stage_train = {
    .name = "train", .version = 1, .parameters = sizeof(MethodParameters), .describe = describe, .make = make};
