/* Correlative sentences. The published list of 85 follows from the plain one by a rule with five exceptions, so the rule stands here and
 * serves other frames too. */
#include "methods/dualprompt/dualprompt_internal.h"

#include "harness/graph/random.h"
#include "methods/shared/cooccurrence.h"

#include <stdlib.h>
#include <string.h>

static bool is_article(const char *word, size_t length)
{
    static const char *const articles[] = {"a", "an", "the", "many", "one", "my"};
    for (size_t i = 0; i < sizeof articles / sizeof *articles; i++)
        if (strlen(articles[i]) == length && memcmp(articles[i], word, length) == 0) return true;
    return false;
}

/* Where the wording around the gap begins: at the last article before it. */
static const char *phrase_of(const char *frame, const char *gap)
{
    const char *phrase = gap;
    for (const char *word = frame; word < gap;) {
        const size_t length = strcspn(word, " ");
        if (is_article(word, length)) phrase = word;
        word += length + strspn(word + length, " ");
    }
    return phrase;
}

/* Whether the frame is about a thing that shows the class, and not about a picture or a scene with it. */
static bool is_thing(const char *frame, const char *gap)
{
    const char *of = strstr(frame, " of "), *is = strstr(frame, " is ");
    return strstr(frame, "sculpture") || !((of && of < gap) || (is && is < gap));
}

static const char *published_link(const char *frame, const char *gap)
{
    static const char *const misspelt[] = {"a blurry photo of a {}.", "this is a {} in the scene."};
    for (size_t i = 0; i < sizeof misspelt / sizeof *misspelt; i++)
        if (strcmp(frame, misspelt[i]) == 0) return "often inlcuding";
    return is_thing(frame, gap) ? "often coocurring with" : "often including";
}

char *companion_sentence(const char *frame, const char *name, const char *const *companions, size_t count,
                         const char *link)
{
    const char *gap = strstr(frame, "{}");
    if (!gap) die("the sentence frame \"%s\" has no {} for the class name", frame);
    if (!count) return template_fill(frame, name);
    const char *phrase = phrase_of(frame, gap), *embroidered = strstr(phrase, "embroidered {}");
    const size_t length = strlen(frame);
    const bool stops = frame[length - 1] == '.';
    Text text = {0};
    text_addf(&text, "%.*s%s%.*s %s", (int)(gap - frame), frame, name, (int)(frame + length - stops - gap - 2), gap + 2,
              strcmp(link, "published") == 0 ? published_link(frame, gap) : link);
    for (size_t k = 0; k < count; k++) {
        text_add(&text, k ? ", " : " ");
        if (embroidered) /* the published list says "embroidered {}" of "the embroidered {}", and "a {}" of the other */
            text_add(&text, *phrase == 't' ? "embroidered " : "a ");
        else
            text_addf(&text, "%.*s", (int)(gap - phrase), phrase);
        text_add(&text, companions[k]);
    }
    if (stops && strcmp(frame, "a photo of a small {}.") != 0) text_add(&text, ".");
    return text.data;
}

/* Rows of 1 and 0 to count in: the captions' labels, or those of a share of the images, drawn by the seed. Caller frees the copy. */
static const uint8_t *rows_to_count(const Run *run, uint8_t **copy, size_t *rows)
{
    const LabelledImages *images = &run->images;
    *copy = NULL;
    if (!images->features) {
        *rows = run->captions.features->count;
        return run->captions.labels;
    }
    const size_t all = images->features->count, classes = run->classes;
    *rows = (size_t)(option_real(run->options, "share") * (double)all);
    *copy = xcalloc(*rows * classes + 1, 1);
    int64_t *order = xcalloc(all + 1, sizeof *order);
    Random random;
    random_seed(&random, run->seed);
    random_permutation(&random, order, all);
    for (size_t i = 0; i < *rows; i++)
        for (size_t c = 0; c < classes; c++)
            (*copy)[i * classes + c] = images->labels[(size_t)order[i] * classes + c] > 0;
    free(order);
    return *copy;
}

/* P(j|i) [N, N]. Caller frees. */
static double *count_pairs(const Run *run)
{
    double *p = xcalloc(run->classes * run->classes, sizeof *p);
    uint8_t *copy;
    size_t rows;
    const uint8_t *labels = rows_to_count(run, &copy, &rows);
    count_together(labels, rows, run->classes, p);
    conditional_of(p, run->classes);
    free(copy);
    return p;
}

/* The frames of `templates`, or the single one. */
static const char *const *frames_of(const Options *o, const char **single, size_t *count)
{
    const TemplateSet *set = template_set(option_text(o, "templates"));
    *single = option_text(o, "frame");
    *count = set->count;
    return set->count > 1 ? set->frames : single;
}

bool correlative_text(const Run *run, float *features, Error *err)
{
    const Options *o = run->options;
    const CompanionRule rule = companion_rule(o);
    const char *single, *link = option_text(o, "link");
    size_t count;
    const char *const *frames = frames_of(o, &single, &count);
    double *p = count_pairs(run);
    size_t *list = xcalloc(2 * rule.most, sizeof *list);
    const char **names = xcalloc(2 * rule.most, sizeof *names);
    TextList sentences = {0};
    for (size_t c = 0; c < run->classes; c++) {
        const size_t companions = companions_of(p, run->classes, c, rule, list);
        for (size_t k = 0; k < companions; k++) names[k] = run->class_names[list[k]];
        for (size_t k = 0; k < count; k++) {
            char *sentence = companion_sentence(frames[k], run->class_names[c], names, companions, link);
            text_list_add(&sentences, sentence);
            free(sentence);
        }
    }
    const bool good = class_text_of_sentences(run, &sentences, count, features, err);
    text_list_free(&sentences);
    free(p), free(list), free(names);
    return good;
}
