/* First the form, what the JSON says; then whether it fits: the method must have such a setting, and with its options
 * must look at labelled images exactly when the setting shows some. */
#include "harness/experiments/setting_read.h"

#include <stdlib.h>
#include <string.h>

enum { SHOTS_MOST = 1 << 20 };

const Key setting_keys[] = {
    {.name = "few_shot", .type = KEY_WHOLE, .low = 1, .high = SHOTS_MOST, .help = "images a class, a seeded draw"},
    {.name = "partial",
     .type = KEY_NUMBER,
     .high = 1,
     .above = true,
     .forms = "{\"type\": \"string\", \"minLength\": 1}",
     .help = "share of the labels that are known, or the path of a mask file"},
    {0},
};

/* As experiments.json writes them. */
static const char *const forms[SETTING_COUNT] = {
    [SETTING_ZERO_SHOT] = "\"zero-shot\"",    [SETTING_FEW_SHOT] = "{\"few_shot\": 4}",
    [SETTING_PARTIAL] = "{\"partial\": 0.1}", [SETTING_FULL] = "\"full\"",
    [SETTING_SINGLE] = "\"single_positive\"",
};

static char *joined(const char *const *names, unsigned settings)
{
    Text text = {0};
    for (unsigned kind = 0; kind < SETTING_COUNT; kind++)
        if (settings & 1u << kind) text_addf(&text, "%s%s", text.length ? ", " : "", names[kind]);
    return text.data ? text.data : xstrdup("none");
}

char *setting_words(unsigned settings)
{
    static const char *const words[SETTING_COUNT] = {"zero-shot", "few-shot", "partial", "full", "single positive"};
    return joined(words, settings);
}

char *setting_text(const Setting *s)
{
    switch (s->kind) {
    case SETTING_FEW_SHOT:
        return xformat("few-shot %zu", s->shots);
    case SETTING_PARTIAL:
        return s->mask ? xformat("partial %s", s->mask) : xformat("partial %.15g", s->known);
    case SETTING_FULL:
        return xstrdup("full");
    case SETTING_SINGLE:
        return xstrdup("single positive");
    default:
        return xstrdup("zero-shot");
    }
}

bool setting_shows_images(const Setting *s, unsigned needs)
{
    return s->kind != SETTING_ZERO_SHOT && needs & (NEED_TRAIN_IMAGES | NEED_TRAIN_LOCAL);
}

static bool read_word(Setting *s, Json value, Error *err)
{
    const char *word;
    if (!json_as_string(value, &word, err)) return false;
    s->kind = strcmp(word, "full") == 0              ? SETTING_FULL
              : strcmp(word, "single_positive") == 0 ? SETTING_SINGLE
                                                     : SETTING_ZERO_SHOT;
    if (s->kind != SETTING_ZERO_SHOT || strcmp(word, "zero-shot") == 0) return true;
    char *all = joined(forms, ZERO_SHOT | LABELLED);
    json_fail(value, err, "there is no setting \"%s\"; allowed are %s", word, all);
    free(all);
    return false;
}

static bool read_shots(Setting *s, Json value, Error *err)
{
    int64_t shots;
    s->kind = SETTING_FEW_SHOT;
    if (!json_as_integer(value, &shots, err)) return false;
    if (shots < 1 || shots > SHOTS_MOST)
        return json_fail(value, err, "%lld is out of range; images a class can be 1 to %d", (long long)shots,
                         SHOTS_MOST);
    s->shots = (size_t)shots;
    return true;
}

static bool read_known(Setting *s, Json value, Error *err)
{
    s->kind = SETTING_PARTIAL;
    if (json_is_string(value)) {
        if (!json_as_string(value, &s->mask, err)) return false;
        return *s->mask ? true : json_fail(value, err, "the path of a mask file is empty");
    }
    if (!json_is_number(value))
        return json_fail(value, err, "a share of the labels above 0 up to 1, or the path of a mask file, is needed");
    if (!json_as_number(value, &s->known, err)) return false;
    return (s->known > 0 && s->known <= 1) ||
           json_fail(value, err, "%g is out of range; the share of known labels is above 0 and at most 1", s->known);
}

bool setting_read_form(Setting *s, Json value, Error *err)
{
    if (json_is_string(value)) return read_word(s, value, err);
    if (!json_is_object(value) || json_count(value) != 1) {
        char *all = joined(forms, ZERO_SHOT | LABELLED);
        json_fail(value, err, "one of %s is needed", all);
        free(all);
        return false;
    }
    if (!json_only_keys(value, (const char *const[]){"few_shot", "partial", NULL}, err)) return false;
    const Json shots = json_get(value, "few_shot");
    return shots.node ? read_shots(s, shots, err) : read_known(s, json_get(value, "partial"), err);
}

/* Without a setting a method gets no labelled images, so it must not ask for them. */
static bool check_needs(const Setting *s, const Method *method, unsigned needs, Json value, Error *err)
{
    const unsigned labelled = method->settings & LABELLED;
    if (s->kind != SETTING_ZERO_SHOT || !(needs & (NEED_TRAIN_IMAGES | NEED_TRAIN_LOCAL))) return true;
    char *forms_of = joined(forms, labelled);
    if (labelled)
        json_fail(value, err, "with these options the method %s trains on labelled images; add a setting, one of %s",
                  method->name, forms_of);
    else
        json_fail(
            value, err,
            "with these options the method %s asks for labelled images, but it has no setting that shows any; add "
            "LABELLED to its .settings or take NEED_TRAIN_IMAGES out of its needs()",
            method->name);
    free(forms_of);
    return false;
}

bool setting_read(Setting *s, const Method *method, unsigned needs, Json value, Error *err)
{
    *s = (Setting){.kind = method->settings & ZERO_SHOT ? SETTING_ZERO_SHOT : SETTING_FULL};
    if (value.node && !setting_read_form(s, value, err)) return false;
    if (value.node && s->kind != SETTING_ZERO_SHOT && method->settings & 1u << s->kind &&
        !setting_shows_images(s, needs))
        return json_fail(value, err, "with these options the method %s looks at no labelled image; remove the setting",
                         method->name);
    if (method->settings & 1u << s->kind) return check_needs(s, method, needs, value, err);
    char *own = joined(forms, method->settings), *text = setting_text(s);
    json_fail(value, err, "the method %s has no setting \"%s\"; it has %s", method->name, text, own);
    free(own);
    free(text);
    return false;
}
