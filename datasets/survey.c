/* Pictures are decoded by several threads, as those of "skip_damaged" are; missing ones stand in the split's left_out, in its
 * order, and are passed over. */
#include "datasets/survey.h"

#include "datasets/dataset_internal.h"

#include <stdlib.h>
#include <string.h>

static void count_labels(const Dataset *d, const Split *split, SplitSurvey *s)
{
    s->images = split->count;
    for (size_t i = 0; i < split->count; i++) {
        size_t positives = 0;
        for (size_t c = 0; c < d->class_count; c++) positives += split->labels[i * d->class_count + c] > 0;
        s->positives += positives;
        s->unlabelled += positives == 0;
    }
}

/* reasons [count] of those that cannot be decoded; which of them are missing is known. */
static void decode_all(Dataset *d, SplitName name, const bool *missing, char **reasons, Progress *progress)
{
    const size_t count = d->splits[name].count;
    size_t done = 0;
    progress_begin(progress, "decoding pictures", count, "pictures");
#pragma omp parallel for schedule(dynamic, 8)
    for (size_t i = 0; i < count; i++) {
        Image image = {0};
        Error err = {0};
        if (!missing[i] && !d->ops->image(d, name, i, &image, &err)) reasons[i] = xstrdup(err.text);
        image_free(&image);
#pragma omp critical(survey_progress)
        progress_step(progress, ++done);
    }
    progress_end(progress);
}

static void list_damaged(const Split *split, char **reasons, LeftOut *damaged)
{
    damaged->files = xcalloc(split->count + 1, sizeof *damaged->files);
    damaged->reasons = xcalloc(split->count + 1, sizeof *damaged->reasons);
    for (size_t i = 0; i < split->count; i++)
        if (reasons[i]) {
            damaged->files[damaged->count] = split->files[i];
            damaged->reasons[damaged->count++] = reasons[i];
        }
}

static void look_at_pictures(Dataset *d, SplitName name, const Split *split, SplitSurvey *s, Progress *progress)
{
    bool *missing = xcalloc(split->count + 1, sizeof *missing);
    char **reasons = xcalloc(split->count + 1, sizeof *reasons);
    size_t next = 0;
    s->missing = split->left_out;
    for (size_t i = 0; i < split->count && next < s->missing.count; i++)
        if (split->files[i] == s->missing.files[next]) missing[i] = true, next++;
    if (keys_find(d->kind->keys, "skip_damaged")) decode_all(d, name, missing, reasons, progress);
    list_damaged(split, reasons, &s->damaged);
    free(missing);
    free(reasons);
}

static char *why_unusable(const Dataset *d, const SplitSurvey *s)
{
    const size_t left = s->images - s->missing.count - s->damaged.count;
    if (left == 0) return xstrdup("none of its pictures is here");
    if (s->missing.count && !d->kind->loses_pictures)
        return xformat("%zu pictures are missing; fetch them again", s->missing.count);
    if (s->damaged.count && !d->skip_damaged)
        return xformat("%zu pictures are damaged; fetch them again, or say \"skip_damaged\": true", s->damaged.count);
    return s->positives ? NULL : xstrdup("no picture has a label");
}

void dataset_survey(Dataset *d, SplitName name, Progress *progress, SplitSurvey *s)
{
    Error err = {0};
    *s = (SplitSurvey){.has = !d->ops->has || d->ops->has(d, name)};
    if (!s->has) return;
    const bool skip = d->skip_damaged;
    d->skip_damaged = false; /* here they are counted */
    const Split *split = dataset_split(d, name, &err);
    d->skip_damaged = skip;
    if (!split) {
        s->unusable = xstrdup(err.text);
        return;
    }
    count_labels(d, split, s);
    look_at_pictures(d, name, split, s, progress);
    s->unusable = why_unusable(d, s);
}

void survey_free(SplitSurvey *s)
{
    for (size_t i = 0; i < s->damaged.count; i++) free((char *)s->damaged.reasons[i]); /* ours */
    free(s->damaged.files);
    free(s->damaged.reasons);
    free(s->unusable);
    *s = (SplitSurvey){0};
}

bool survey_is_published(const Dataset *d, SplitName name, const SplitSurvey *s, size_t *published)
{
    const char *test_set = d->test_set ? d->test_set : d->kind->test_sets ? d->kind->test_sets[0] : NULL;
    *published = 0;
    for (const DatasetPublished *p = d->kind->published; p && p->images[SPLIT_TEST]; p++)
        if (!p->test_set || (test_set && strcmp(p->test_set, test_set) == 0)) *published = p->images[name];
    return !*published || (*published == s->images && s->missing.count + s->damaged.count == 0);
}
