/* What all samplers share; the mathematics of each is in its own file behind SchedulerKind (scheduler_kind.h). Here:
 * the sampler by its name or by the file's class, the settings that all take, buffers of a batch, and noise, which is
 * drawn image by image, and only in steps of which the kind says that they use it. */
#include "harness/diffusion/scheduler_kind.h"

#include "harness/base/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A sampler is its file and its line here; choices, help and errors list them in this order. */
#define SAMPLERS(SAMPLER)                                                                                              \
    SAMPLER(ddim)                                                                                                      \
    SAMPLER(pndm)                                                                                                      \
    SAMPLER(dpmpp2m)                                                                                                   \
    SAMPLER(euler)                                                                                                     \
    SAMPLER(euler_a)                                                                                                   \
    SAMPLER(lcm)                                                                                                       \
    SAMPLER(heun)

#define DECLARE(kind) extern const SchedulerKind scheduler_##kind;
SAMPLERS(DECLARE)
#define ADDRESS(kind) &scheduler_##kind,
static const SchedulerKind *const kinds[] = {SAMPLERS(ADDRESS)};
enum { KINDS = sizeof kinds / sizeof *kinds };

const char *const *scheduler_names(void)
{
    static const char *names[KINDS + 1]; /* the last one stays NULL */
    for (int i = 0; i < KINDS; i++) names[i] = kinds[i]->name;
    return names;
}

const char *scheduler_summary(const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i]->name, name) == 0) return kinds[i]->summary;
    return NULL;
}

const char *scheduler_of_class(const char *class_name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp(kinds[i]->class_name, class_name) == 0) return kinds[i]->name;
    return NULL;
}

const char *scheduler_kind(const Scheduler *s)
{
    return s->kind->name;
}

/* ---- opening ---- */

static const SchedulerKind *find_kind(Json config, const char *name, Error *err)
{
    const char *class_name = NULL;
    if (!name && !json_string(config, "_class_name", &class_name, err)) return NULL;
    for (int i = 0; i < KINDS; i++)
        if (strcmp(name ? kinds[i]->name : kinds[i]->class_name, name ? name : class_name) == 0) return kinds[i];
    char *known = names_join(scheduler_names(), ", ", 0);
    if (name)
        fail_usage(err, "scheduler \"%s\" is not known, it must be one of: %s", name, known);
    else
        json_fail(json_get(config, "_class_name"), err, "%s is not supported; choose with --scheduler one of: %s",
                  class_name, known);
    free(known);
    return NULL;
}

static bool read_common(Scheduler *s, Json config, Error *err)
{
    static const char *const spacings[] = {"leading", "linspace", "trailing", NULL};
    static const char *const predictions[] = {"epsilon", "v_prediction", "sample", NULL};
    const SchedulerKind *kind = s->kind;
    int spacing, prediction;
    if (!noise_schedule_read(&s->schedule, config, kind->may_rescale, kind->betas, kind->beta_start, kind->beta_end,
                             err) ||
        !config_choice(config, "timestep_spacing", spacings, (int)kind->spacing, &spacing, err) ||
        !config_choice(config, "prediction_type", predictions, PREDICTS_NOISE, &prediction, err) ||
        !json_integer_or(config, "steps_offset", 0, &s->offset, err))
        return false;
    if (s->offset < 0 || s->offset >= (int64_t)s->schedule.timesteps)
        return json_fail(json_get(config, "steps_offset"), err, "it must be from 0 to num_train_timesteps - 1");
    if (!(kind->predictions & 1u << prediction))
        return json_fail(json_get(config, "prediction_type"), err,
                         "%s cannot sample from a model of %s; choose another "
                         "with --scheduler",
                         kind->name, predictions[prediction]);
    s->spacing = (StepSpacing)spacing;
    s->prediction = (Prediction)prediction;
    s->says_offset = json_get(config, "steps_offset").node != NULL;
    const Json class_name = json_get(config, "_class_name");
    if (json_is_string(class_name)) s->written_by = xstrdup(class_name.node->valuestring);
    s->says_clip = json_get(config, "clip_sample").node != NULL;
    return true;
}

static Scheduler *open_file(JsonFile *file, const char *kind_name, Error *err)
{
    if (!file) return NULL;
    const Json config = json_root(file);
    Scheduler *s = NULL;
    if (!json_is_object(config)) {
        json_fail(config, err, "a scheduler's settings are needed, an object");
    } else {
        const SchedulerKind *kind = find_kind(config, kind_name, err);
        if (kind) {
            s = xcalloc(1, sizeof *s);
            *s = (Scheduler){.kind = kind, .file = xstrdup(json_file_name(file)), .first_signal = 1, .noise_scale = 1};
            if (!read_common(s, config, err) || (kind->read && !kind->read(s, config, err))) {
                scheduler_free(s);
                s = NULL;
            }
        }
    }
    json_free(file);
    return s;
}

Scheduler *scheduler_open(const char *path, const char *kind, Error *err)
{
    return open_file(scheduler_config_read(path, err), kind, err);
}

Scheduler *scheduler_parse(const char *name, const char *text, size_t length, const char *kind, Error *err)
{
    return open_file(scheduler_config_parse(name, text, length, err), kind, err);
}

bool scheduler_set_prediction(Scheduler *s, const char *word, Error *err)
{
    const bool velocity = strcmp(word, "v") == 0;
    if (!velocity && strcmp(word, "epsilon") != 0)
        return fail_usage(err, "prediction \"%s\" is not known, it must be epsilon or v", word);
    s->prediction = velocity ? PREDICTS_V : PREDICTS_NOISE;
    return (s->kind->predictions & 1u << s->prediction) != 0 ||
           fail_usage(err, "%s cannot sample from a model that predicts %s; choose another with --scheduler",
                      s->kind->name, word);
}

const char *scheduler_written_by(const Scheduler *s)
{
    return s->written_by;
}

static void remark(TextList *remarks, const Scheduler *s, const char *what)
{
    char *sentence = xformat("%s: %s, as diffusers' pipeline does", s->file, what);
    text_list_add(remarks, sentence);
    free(sentence);
}

unsigned scheduler_repair(Scheduler *s, bool own, TextList *remarks)
{
    unsigned repaired = 0;
    if (s->offset != 1 && (own || s->says_offset)) {
        s->offset = 1;
        /* Other spacings do not look at it, nor does LCM. */
        if (s->spacing == SPACING_LEADING && s->kind != &scheduler_lcm) repaired |= REPAIRED_OFFSET;
    }
    if (s->clip > 0 && (own || s->says_clip)) {
        s->clip = 0;
        repaired |= REPAIRED_CLIP;
    }
    if (repaired & REPAIRED_OFFSET) remark(remarks, s, "steps_offset is taken as 1");
    if (repaired & REPAIRED_CLIP) remark(remarks, s, "clip_sample is taken as false");
    return repaired;
}

static void forget_batch(Scheduler *s)
{
    for (int i = 0; i < KEPT_MAX; i++) {
        free(s->kept[i]);
        s->kept[i] = NULL;
    }
    free(s->noise);
    s->noise = NULL;
    s->images = s->values = s->outputs = 0;
}

static void forget_plan(Scheduler *s)
{
    free(s->timesteps);
    free(s->sigmas);
    s->timesteps = s->sigmas = NULL;
    s->steps = s->calls = 0;
}

void scheduler_free(Scheduler *s)
{
    if (!s) return;
    forget_batch(s);
    forget_plan(s);
    noise_schedule_free(&s->schedule);
    free(s->file);
    free(s->written_by);
    free(s);
}

/* ---- the plan ---- */

bool scheduler_set_steps(Scheduler *s, size_t steps, Error *err)
{
    forget_batch(s);
    forget_plan(s);
    if (steps < 1) return fail_usage(err, "%s: 0 steps were asked for, at least 1 is needed", s->file);
    if (steps > s->schedule.timesteps)
        return fail_usage(err,
                          "%s: %zu steps were asked for, the model was trained with %zu timesteps; use fewer steps",
                          s->file, steps, s->schedule.timesteps);
    s->steps = steps;
    if (s->kind->plan(s, err)) return true;
    forget_plan(s);
    return false;
}

size_t scheduler_calls(const Scheduler *s)
{
    return s->calls;
}

const float *scheduler_timesteps(const Scheduler *s)
{
    return s->timesteps;
}

float scheduler_noise_scale(const Scheduler *s)
{
    return s->noise_scale;
}

static bool draws(const Scheduler *s, size_t i)
{
    return s->kind->draws && s->kind->draws(s, i);
}

bool scheduler_draws_noise(const Scheduler *s)
{
    for (size_t i = 0; i < s->calls; i++)
        if (draws(s, i)) return true;
    return false;
}

/* ---- a batch ---- */

bool scheduler_begin(Scheduler *s, size_t images, size_t values, Error *err)
{
    forget_batch(s);
    size_t count;
    if (__builtin_mul_overflow(images, values, &count)) return fail(err, "a batch of %zu images is too large", images);
    for (size_t i = 0; i < s->kind->kept; i++)
        if (!big_alloc(&s->kept[i], count, sizeof(float), "the sampler's earlier outputs", err)) return false;
    if (scheduler_draws_noise(s) && !big_alloc(&s->noise, count, sizeof(float), "the sampler's noise", err))
        return false;
    s->images = images;
    s->values = values;
    return true;
}

void scheduler_scale_input(const Scheduler *s, size_t i, const float *sample, float *input)
{
    const size_t count = s->images * s->values;
    const float divisor = s->kind->input_divisor ? s->kind->input_divisor(s, i) : 1;
    for (size_t k = 0; k < count; k++) input[k] = sample[k] / divisor;
}

void scheduler_step(Scheduler *s, size_t i, const float *output, const float *sample, Random *generators, float *next)
{
    StepCall call = {i, output, sample, next, NULL, s->images * s->values};
    if (draws(s, i)) {
        for (size_t image = 0; image < s->images; image++)
            random_normal(&generators[image], s->noise + image * s->values, s->values);
        call.noise = s->noise;
    }
    s->kind->step(s, &call);
}
