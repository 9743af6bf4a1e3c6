/* Members are flags, so that every subset is read in the classes' own order. */
#include "harness/score/class_subset.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ClassSubset *find(const SubsetList *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) return &list->items[i];
    return NULL;
}

static ClassSubset *append(SubsetList *list, const char *name, size_t classes)
{
    list->items = xrealloc(list->items, (list->count + 1) * sizeof *list->items);
    list->classes = classes;
    list->items[list->count] = (ClassSubset){xstrdup(name), xcalloc(classes + 1, sizeof(bool))};
    return &list->items[list->count++];
}

bool subset_add(SubsetList *list, const char *name, const TextList *members, const TextList *names, Error *err)
{
    if (find(list, name)) return fail_usage(err, "subset %s: there are two of this name", name);
    if (!members->count) return fail_usage(err, "subset %s: it names no class", name);
    ClassSubset *s = append(list, name, names->count);
    for (size_t i = 0; i < members->count; i++) {
        size_t c = 0;
        while (c < names->count && strcmp(names->items[c], members->items[i]) != 0) c++;
        if (c == names->count) {
            char *known = text_list_some(names, 8);
            fail_usage(err, "subset %s: there is no class \"%s\"; there are %s", name, members->items[i], known);
            free(known);
            return false;
        }
        s->member[c] = true;
    }
    return true;
}

void subset_add_unseen(SubsetList *list, const int8_t *unseen, size_t classes)
{
    static const char *const names[] = {"seen", "unseen"};
    for (int8_t which = 0; which < 2; which++) {
        if (find(list, names[which])) continue;
        ClassSubset *s = append(list, names[which], classes);
        for (size_t c = 0; c < classes; c++) s->member[c] = (unseen[c] != 0) == which;
    }
}

/* How many classes come before this one, the most frequent first. */
static size_t place_of(const size_t *positives, size_t classes, size_t c)
{
    size_t before = 0;
    for (size_t k = 0; k < classes; k++)
        before += positives[k] > positives[c] || (positives[k] == positives[c] && k < c);
    return before;
}

void subset_add_frequency(SubsetList *list, const int8_t *labels, size_t images, size_t classes, DifficultRule rule)
{
    static const char *const names[] = {"head", "medium", "tail"};
    size_t *positives = xcalloc(classes + 1, sizeof *positives), scored = 0;
    for (size_t i = 0; i < images * classes; i++) positives[i % classes] += label_under(rule, labels[i]) > 0;
    for (size_t c = 0; c < classes; c++) scored += positives[c] > 0;
    for (size_t third = 0; third < 3; third++) {
        if (find(list, names[third])) continue;
        ClassSubset *s = append(list, names[third], classes);
        for (size_t c = 0; c < classes; c++)
            s->member[c] = positives[c] && 3 * place_of(positives, classes, c) / scored == third;
    }
    free(positives);
}

void subsets_free(SubsetList *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i].name), free(list->items[i].member);
    free(list->items);
    *list = (SubsetList){0};
}

double subset_map(const ClassSubset *subset, const double *ap, size_t classes)
{
    double sum = 0, scored = 0;
    for (size_t c = 0; c < classes; c++)
        if (subset->member[c] && !isnan(ap[c])) sum += ap[c], scored++;
    return sum / scored; /* 0 / 0 is NaN */
}

double subsets_harmonic(const SubsetList *list, const double *ap)
{
    const ClassSubset *seen = find(list, "seen"), *unseen = find(list, "unseen");
    if (!seen || !unseen) return NAN;
    return harmonic_mean(subset_map(seen, ap, list->classes), subset_map(unseen, ap, list->classes));
}
