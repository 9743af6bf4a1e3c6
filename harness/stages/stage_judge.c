/* Stage "judge": how recognisable a generator's pictures of the embedded world are (generator_accuracy.h). No result needs it; the
 * report shows it.
 *
 * Artifact: images [n, 64, 64, 3] uint8, captions [n], classes_asked and classes_seen [n] int32, classes [C]; attributes accuracy
 * (percent), judge_accuracy_real (of renders of the same scenes), model_hash, scheduler, steps, guidance, negative, size. */
#include "datasets/mini/mini_world.h"
#include "harness/base/clock.h"
#include "harness/diffusion/generate.h"
#include "harness/stages/generator_accuracy.h"
#include "harness/stages/stage_kinds.h"

static bool write(const Stage *s, const Pipeline *p, const JudgedPictures *j, double real, double started, Error *err)
{
    const size_t dim[4] = {j->count, WORLD_SIZE, WORLD_SIZE, 3};
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    artifact_write_bytes(w.artifact, "images", 4, dim, j->images);
    artifact_write_texts(w.artifact, "captions", j->count, (const char *const *)j->captions.items);
    artifact_write_int32(w.artifact, "classes_asked", 1, dim, j->asked);
    artifact_write_int32(w.artifact, "classes_seen", 1, dim, j->seen);
    artifact_write_texts(w.artifact, "classes", WORLD_CLASSES, world_class_names);
    artifact_attribute_number(w.artifact, "accuracy", judged_accuracy(j));
    artifact_attribute_number(w.artifact, "judge_accuracy_real", real);
    if (generate_describe(p, &(PictureList){.count = j->count}, w.artifact, err)) return stage_finish(&w, err);
    artifact_abandon(w.artifact);
    return false;
}

static void describe(const Stage *s, cJSON *config)
{
    const JudgeParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "model", s->experiment->model);
    generator_describe(&p->generator, config);
    cJSON_AddStringToObject(config, "judge", p->judge);
    cJSON_AddNumberToObject(config, "captions", (double)p->captions);
    cJSON_AddNumberToObject(config, "world", world_version);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const JudgeParameters *k = s->parameters;
    JudgedPictures j = {0};
    Judge *judge = judge_open(k->generator.model->judge, err);
    Pipeline *p = judge ? generator_open(&k->generator, s->arithmetic, err) : NULL;
    double real;
    const bool good = p && judge_generator(p, judge, k->captions, &j, session->progress, err) &&
                      judge_renders(judge, k->captions, &real, err) && write(s, p, &j, real, started, err);
    if (good)
        progress_note(session->progress,
                      "the judge recognises %.1f %% of %zu generated single objects, %.1f %% of renders",
                      judged_accuracy(&j), j.count, real);
    judged_free(&j);
    pipeline_free(p);
    judge_free(judge);
    return good;
}

const StageKind stage_judge = {
    .name = "judge", .version = 1, .parameters = sizeof(JudgeParameters), .describe = describe, .make = make};
