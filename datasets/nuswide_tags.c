/* The 1000 most frequent tags less the 81 concepts are 925; the concepts stand behind them, as MKT's 1006 classes have it. */
#include "datasets/nuswide_internal.h"

#include "datasets/class_lists.h"
#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

enum { TAGS = 1000, SEEN = 925, BYTES_MOST = 1 << 20 };

/* The place of a tag among the concepts, or NUSWIDE_CLASSES. */
static size_t concept_of(const char *tag)
{
    size_t c = 0;
    while (c < NUSWIDE_CLASSES && strcmp(nuswide_classes[c].names[0], tag) != 0) c++;
    return c;
}

bool nuswide_read_tags(Dataset *d, const char *path, Error *err)
{
    TextList tags = {0};
    ClassNames *classes = arena_alloc(&d->arena, (SEEN + NUSWIDE_CLASSES) * sizeof *classes);
    size_t *columns = arena_alloc(&d->arena, TAGS * sizeof *columns), seen = 0, used = 0;
    bool good = read_lines(path, BYTES_MOST, &tags, err);
    for (size_t i = 0; good && i < tags.count; i++) {
        tags.items[i][strcspn(tags.items[i], " \t")] = 0;
        if (!tags.items[i][0]) continue;
        const bool is_seen = concept_of(tags.items[i]) == NUSWIDE_CLASSES;
        if (used < TAGS)
            columns[used++] = is_seen ? seen : SEEN;
        else
            used = TAGS + 1;
        if (!is_seen || seen == SEEN) continue;
        const char **name = arena_alloc(&d->arena, sizeof *name);
        *name = arena_strdup(&d->arena, tags.items[i]);
        classes[seen++] = (ClassNames){name, 1};
    }
    text_list_free(&tags);
    if (good && (used != TAGS || seen != SEEN))
        good = fail(err, "%s: %d tags are needed, %d of them no concept; here are %zu and %zu", path, TAGS, SEEN, used,
                    seen);
    if (!good) return false;
    memcpy(classes + SEEN, nuswide_classes, sizeof nuswide_classes);
    d->classes = classes;
    d->class_count = SEEN + NUSWIDE_CLASSES;
    ((NusWide *)d->state)->columns = columns;
    return true;
}

typedef struct Reading {
    PictureList *list;
    const size_t *columns; /* [TAGS] the class of each tag; SEEN: none of its own */
    size_t next;
} Reading;

static bool take_tags(void *context, const Line *line, Error *err)
{
    Reading *r = context;
    if (line_is_blank(line)) return true;
    if (r->next == r->list->count)
        return fail(err, "%s:%zu: there are more lines than the %zu pictures of the list; fetch both again", line->path,
                    line->number, r->list->count);
    int8_t *labels = picture_labels(r->list, r->next++);
    size_t tag = 0;
    for (const char *p = line->text; *(p += strspn(p, " \t")); p++, tag++) {
        if ((*p != '0' && *p != '1') || (p[1] && !strchr(" \t", p[1])) || tag == TAGS)
            return fail(err, "%s:%zu: column %zu: %d zeros and ones are needed; fetch the file again", line->path,
                        line->number, (size_t)(p - line->text) + 1, TAGS);
        if (*p == '1' && r->columns[tag] < SEEN) labels[r->columns[tag]] = 1;
    }
    return tag == TAGS || fail(err, "%s:%zu: it has %zu values, %d are needed; fetch the file again", line->path,
                               line->number, tag, TAGS);
}

bool nuswide_read_tag_labels(PictureList *list, const char *part, Error *err)
{
    char *names[2] = {xformat("NUS_WID_Tags/%s_Tags1k.dat", part), xformat("%s_Tags1k.dat", part)};
    const char *path = nuswide_find(list->data, (const char *const[]){names[0], names[1], NULL}, names[0], err);
    Reading r = {.list = list, .columns = ((const NusWide *)list->data->state)->columns};
    const bool good =
        path && lines_read(path, take_tags, &r, err) &&
        (r.next == list->count || fail(err, "%s: it ends after %zu of the %zu pictures of the list; fetch both again",
                                       path, r.next, list->count));
    free(names[0]);
    free(names[1]);
    return good;
}
