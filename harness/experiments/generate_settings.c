/* A reader a key, each with its range. "Nothing said" has a value of its own in every field (0, -1, NULL), so that one
 * set of settings can be laid over another. */
#include "harness/experiments/generate_settings.h"

#include "harness/diffusion/scheduler.h"

#include <string.h>

enum { SIDE_MOST = 8192, STEPS_MOST = 1000, GUIDANCE_MOST = 1000 };

/* Nothing said. */
static GenerateSettings nothing_said(void)
{
    return (GenerateSettings){.guidance = -1, .seed = -1};
}

/* One to four digits; *text moves behind them. 0 when there are none, or more. */
static unsigned side(const char **text)
{
    unsigned value = 0, digits = 0;
    for (; **text >= '0' && **text <= '9' && digits < 5; ++*text, digits++)
        value = 10 * value + (unsigned)(**text - '0');
    return digits < 5 ? value : 0;
}

/* 64, or "512x384". */
static bool read_size(GenerateSettings *s, Json object, Error *err)
{
    const Json size = json_get(object, "size");
    if (!size.node || cJSON_IsNull(size.node)) return true;
    unsigned width, height;
    if (json_is_number(size)) {
        int64_t whole;
        if (!json_as_integer(size, &whole, err)) return false;
        width = height = whole > 0 && whole <= SIDE_MOST ? (unsigned)whole : 0;
    } else {
        const char *text;
        if (!json_as_string(size, &text, err)) return false;
        width = side(&text);
        if (*text++ != 'x') width = 0, text = "";
        height = side(&text);
        if (*text) width = 0;
    }
    if (width % 8 || height % 8 || width < 8 || height < 8 || width > SIDE_MOST || height > SIDE_MOST)
        return json_fail(size, err,
                         "a size is pixels a side, 64, or \"WIDTHxHEIGHT\", \"512x384\"; multiples of 8 up to %d",
                         SIDE_MOST);
    s->width = width, s->height = height;
    return true;
}

static const char size_forms[] =
    "{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 8, \"maximum\": 8192, \"multipleOf\": 8},"
    " {\"type\": \"string\", \"pattern\": \"^[0-9]{1,4}x[0-9]{1,4}$\"}, {\"type\": \"null\"}]}";

static const char embedding_forms[] = "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"items\": "
                                      "{\"type\": \"string\"}}, {\"type\": \"null\"}]}";

/* "word.safetensors", or a list of such. */
static bool read_embedding(GenerateSettings *s, Json object, Error *err)
{
    const Json embedding = json_get(object, "embedding");
    const char *file;
    if (!embedding.node || cJSON_IsNull(embedding.node)) return true;
    if (!json_is_array(embedding) && !json_as_string(embedding, &file, err)) return false;
    for (size_t i = 0; json_is_array(embedding) && i < json_count(embedding); i++)
        if (!json_as_string(json_at(embedding, i), &file, err)) return false;
    s->embedding = embedding.node;
    return true;
}

const char generate_lora_forms[] =
    "{\"anyOf\": [{\"type\": \"object\", \"additionalProperties\": {\"type\": \"number\"}}, {\"type\": \"null\"}]}";

bool generate_lora_read(const cJSON **files, Json object, Error *err)
{
    const Json lora = json_get(object, "lora");
    double weight;
    if (!lora.node || cJSON_IsNull(lora.node)) return true;
    if (!json_is_object(lora))
        return json_fail(lora, err, "an object of files and their weights is needed, as {\"style.safetensors\": 0.8}");
    for (size_t i = 0; i < json_count(lora); i++)
        if (!json_as_number(json_at(lora, i), &weight, err)) return false;
    *files = lora.node;
    return true;
}

static const char *const prediction_words[] = {"epsilon", "v", NULL};

const Key generate_keys[] = {
    {.name = "steps", .type = KEY_WHOLE, .low = 1, .high = STEPS_MOST, .help = "denoising steps"},
    {.name = "guidance", .type = KEY_NUMBER, .high = GUIDANCE_MOST, .help = "classifier-free guidance; up to 1: none"},
    {.name = "scheduler", .type = KEY_CHOICE, .names = scheduler_names, .help = "the sampler"},
    {.name = "size",
     .type = KEY_FORMS,
     .forms = size_forms,
     .help = "pixels a side, or \"WIDTHxHEIGHT\"; multiples of 8"},
    {.name = "seed", .type = KEY_WHOLE, .high = WHOLE_MOST, .fallback = "0", .help = "of the first picture"},
    {.name = "negative", .type = KEY_TEXT, .help = "what shall not be in the picture"},
    {.name = "embedding",
     .type = KEY_FORMS,
     .forms = embedding_forms,
     .help = "words learned by textual inversion: FILE or FILE=WORD, or a list of such"},
    {.name = "lora",
     .type = KEY_FORMS,
     .forms = generate_lora_forms,
     .help = "LoRA files and the weight of each: {\"style.safetensors\": 0.8}"},
    {.name = "prediction",
     .type = KEY_CHOICE,
     .words = prediction_words,
     .help = "what the U-Net tells, where its checkpoint does not say so"},
    {0},
};

bool generate_settings_read(GenerateSettings *s, Json object, Error *err)
{
    int64_t steps;
    *s = nothing_said();
    if (!object.node) return true;
    if (!json_is_object(object))
        return json_fail(object, err, "an object such as {\"steps\": 12, \"guidance\": 3} is needed");
    if (!keys_check(object, generate_keys, err) || !json_integer_or(object, "steps", 0, &steps, err) ||
        !json_number_or(object, "guidance", s->guidance, &s->guidance, err) ||
        !json_string_or(object, "scheduler", NULL, &s->scheduler, err) || !read_size(s, object, err) ||
        !read_embedding(s, object, err) || !generate_lora_read(&s->lora, object, err) ||
        !json_integer_or(object, "seed", s->seed, &s->seed, err) ||
        !json_string_or(object, "negative", NULL, &s->negative, err) ||
        !json_string_or(object, "prediction", NULL, &s->prediction, err))
        return false;
    s->steps = (size_t)steps;
    return true;
}

GenerateSettings generate_settings_over(GenerateSettings base, GenerateSettings own)
{
    if (own.steps) base.steps = own.steps;
    if (own.guidance >= 0) base.guidance = own.guidance;
    if (own.scheduler) base.scheduler = own.scheduler;
    if (own.negative) base.negative = own.negative;
    if (own.embedding) base.embedding = own.embedding;
    if (own.lora) base.lora = own.lora;
    if (own.prediction) base.prediction = own.prediction;
    if (own.width) base.width = own.width, base.height = own.height;
    if (own.seed >= 0) base.seed = own.seed;
    return base;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_json(const cJSON *a, const cJSON *b)
{
    return a && b ? cJSON_Compare(a, b, true) : a == b;
}

bool generate_settings_equal(GenerateSettings a, GenerateSettings b)
{
    const bool alike_guidance = !(a.guidance < b.guidance) && !(a.guidance > b.guidance);
    return a.steps == b.steps && alike_guidance && same_text(a.scheduler, b.scheduler) &&
           same_text(a.negative, b.negative) && same_json(a.embedding, b.embedding) && same_json(a.lora, b.lora) &&
           same_text(a.prediction, b.prediction) && a.width == b.width && a.height == b.height && a.seed == b.seed;
}
