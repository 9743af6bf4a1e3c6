/* What must be the same before two scores may be compared is looked at in the order in which a sentence helps most:
 * numbers of images and classes, names, and only then label by label. */
#include "harness/results/answer_sheet.h"

#include "harness/base/memory.h"
#include "harness/base/nfc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_names(const ScoreFile *f, const char *name, size_t count, TextList *names, Error *err)
{
    if (!artifact_has(f->reader, name)) return true;
    if (!artifact_read_texts(f->reader, name, names, err)) return false;
    if (strcmp(name, "classes") == 0) text_list_nfc(names);
    if (names->count == count) return true;
    return fail(err, "%s: there are %zu %s but labels is [%zu, %zu]; write the file anew", artifact_path(f->reader),
                names->count, name, f->images, f->classes);
}

bool answer_sheet_read(AnswerSheet *sheet, const ScoreFile *f, Error *err)
{
    const size_t count = f->images * f->classes;
    *sheet = (AnswerSheet){.images = f->images, .classes = f->classes, .knows_difficult = f->has_negative};
    if (!big_alloc(&sheet->labels, count, sizeof *sheet->labels, "labels", err)) return false;
    for (size_t i = 0; i < count; i++) sheet->labels[i] = f->labels[i] == 0 && !f->has_negative ? -1 : f->labels[i];
    if (read_names(f, "classes", f->classes, &sheet->class_names, err) &&
        read_names(f, "files", f->images, &sheet->files, err))
        return true;
    answer_sheet_free(sheet);
    return false;
}

void answer_sheet_free(AnswerSheet *sheet)
{
    free(sheet->labels);
    text_list_free(&sheet->class_names);
    text_list_free(&sheet->files);
    *sheet = (AnswerSheet){0};
}

const char *answer_sheet_class(const AnswerSheet *sheet, size_t class, char room[32])
{
    if (sheet->class_names.count) return sheet->class_names.items[class];
    snprintf(room, 32, "class %zu", class);
    return room;
}

/* Finds the first place where two lists of one length differ. A list that is not there differs from none. */
static bool differ(const TextList *a, const TextList *b, size_t *place)
{
    const size_t count = a->count && b->count ? a->count : 0;
    for (*place = 0; *place < count; ++*place)
        if (strcmp(a->items[*place], b->items[*place]) != 0) return true;
    return false;
}

bool answer_sheets_agree(const AnswerSheet *a, const char *name_a, const AnswerSheet *b, const char *name_b, Error *err)
{
    if (a->images != b->images)
        return fail_usage(err,
                          "%s was scored on %zu images, %s on %zu; only results on the same test images can be "
                          "compared, run one of them on the other's split",
                          name_a, a->images, name_b, b->images);
    if (a->classes != b->classes)
        return fail_usage(err, "%s has %zu classes, %s has %zu; only results of the same classes can be compared",
                          name_a, a->classes, name_b, b->classes);
    size_t class, file;
    if (differ(&a->class_names, &b->class_names, &class))
        return fail_usage(err, "class %zu is \"%s\" in %s and \"%s\" in %s; bring the columns into one order",
                          class + 1, a->class_names.items[class], name_a, b->class_names.items[class], name_b);
    if (differ(&a->files, &b->files, &file))
        return fail_usage(err, "image %zu is \"%s\" in %s and \"%s\" in %s; bring the rows into one order", file + 1,
                          a->files.items[file], name_a, b->files.items[file], name_b);
    for (size_t i = 0; i < a->images * a->classes; i++)
        if (a->labels[i] != b->labels[i])
            return fail_usage(err,
                              "the labels of image %zu, class %zu differ: %d in %s, %d in %s; scores that are judged "
                              "by different labels cannot be compared",
                              i / a->classes + 1, i % a->classes + 1, a->labels[i], name_a, b->labels[i], name_b);
    return true;
}
