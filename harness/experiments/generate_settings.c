/* A reader a key, each with its range. "Nothing said" has a value of its own in every field (0, -1, NULL), so that one
 * set of settings can be laid over another. */
#include "harness/experiments/generate_settings.h"

#include "harness/base/names.h"
#include "harness/diffusion/scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_MOST = 8192, STEPS_MOST = 1000, GUIDANCE_MOST = 1000 };

/* Nothing said. */
static GenerateSettings nothing_said(void)
{
    return (GenerateSettings){.guidance = -1, .seed = -1};
}

static bool read_steps(GenerateSettings *s, Json object, Error *err)
{
    int64_t steps;
    if (!json_get(object, "steps").node) return true;
    if (!json_integer(object, "steps", &steps, err)) return false;
    if (steps < 1 || steps > STEPS_MOST)
        return json_fail(json_get(object, "steps"), err, "%lld is out of range; it can be 1 to %d", (long long)steps,
                         STEPS_MOST);
    s->steps = (size_t)steps;
    return true;
}

static bool read_guidance(GenerateSettings *s, Json object, Error *err)
{
    if (!json_get(object, "guidance").node) return true;
    if (!json_number(object, "guidance", &s->guidance, err)) return false;
    if (s->guidance >= 0 && s->guidance <= GUIDANCE_MOST) return true;
    return json_fail(json_get(object, "guidance"), err, "%g is out of range; it can be 0 to %d", s->guidance,
                     GUIDANCE_MOST);
}

static bool read_scheduler(GenerateSettings *s, Json object, Error *err)
{
    if (!json_string_or(object, "scheduler", NULL, &s->scheduler, err)) return false;
    if (!s->scheduler || names_find(scheduler_names(), s->scheduler) != NAMES_NONE) return true;
    char *known = names_join(scheduler_names(), ", ", 0);
    json_fail(json_get(object, "scheduler"), err, "there is no scheduler \"%s\"; known are %s", s->scheduler, known);
    free(known);
    return false;
}

static bool read_prediction(GenerateSettings *s, Json object, Error *err)
{
    if (!json_string_or(object, "prediction", NULL, &s->prediction, err)) return false;
    return !s->prediction || strcmp(s->prediction, "epsilon") == 0 || strcmp(s->prediction, "v") == 0 ||
           json_fail(json_get(object, "prediction"), err, "\"%s\" is not known, it must be epsilon or v",
                     s->prediction);
}

/* 64, or "512x384". */
static bool read_size(GenerateSettings *s, Json object, Error *err)
{
    const Json size = json_get(object, "size");
    if (!size.node) return true;
    unsigned width = 0, height = 0;
    int used = 0;
    if (json_is_number(size)) {
        int64_t side;
        if (!json_as_integer(size, &side, err)) return false;
        width = height = side > 0 && side <= SIDE_MOST ? (unsigned)side : 0;
    } else {
        const char *text;
        if (!json_as_string(size, &text, err)) return false;
        const bool digit = *text >= '0' && *text <= '9';
        if (!digit || sscanf(text, "%5ux%5u%n", &width, &height, &used) != 2 || text[used]) width = 0;
    }
    if (width % 8 || height % 8 || width < 8 || height < 8 || width > SIDE_MOST || height > SIDE_MOST)
        return json_fail(size, err,
                         "a size is pixels a side, 64, or \"WIDTHxHEIGHT\", \"512x384\"; multiples of 8 up to %d",
                         SIDE_MOST);
    s->width = width, s->height = height;
    return true;
}

static bool read_seed(GenerateSettings *s, Json object, Error *err)
{
    if (!json_get(object, "seed").node) return true;
    if (!json_integer(object, "seed", &s->seed, err)) return false;
    return s->seed >= 0 || json_fail(json_get(object, "seed"), err, "a seed is not negative");
}

bool generate_settings_read(GenerateSettings *s, Json object, Error *err)
{
    static const char *const keys[] = {"steps", "guidance", "scheduler",  "size",
                                       "seed",  "negative", "prediction", NULL};
    *s = nothing_said();
    if (!object.node) return true;
    if (!json_is_object(object))
        return json_fail(object, err, "an object such as {\"steps\": 12, \"guidance\": 3} is needed");
    return json_only_keys(object, keys, err) && read_steps(s, object, err) && read_guidance(s, object, err) &&
           read_scheduler(s, object, err) && read_size(s, object, err) && read_seed(s, object, err) &&
           read_prediction(s, object, err) && json_string_or(object, "negative", NULL, &s->negative, err);
}

GenerateSettings generate_settings_over(GenerateSettings base, GenerateSettings own)
{
    if (own.steps) base.steps = own.steps;
    if (own.guidance >= 0) base.guidance = own.guidance;
    if (own.scheduler) base.scheduler = own.scheduler;
    if (own.negative) base.negative = own.negative;
    if (own.prediction) base.prediction = own.prediction;
    if (own.width) base.width = own.width, base.height = own.height;
    if (own.seed >= 0) base.seed = own.seed;
    return base;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

bool generate_settings_equal(GenerateSettings a, GenerateSettings b)
{
    const bool alike_guidance = !(a.guidance < b.guidance) && !(a.guidance > b.guidance);
    return a.steps == b.steps && alike_guidance && same_text(a.scheduler, b.scheduler) &&
           same_text(a.negative, b.negative) && same_text(a.prediction, b.prediction) && a.width == b.width &&
           a.height == b.height && a.seed == b.seed;
}
