/* Pictures are read before anything is drawn, so that it is known which are there. Several reports written in one go share the list of the
 * data sets of which a note was given. */
#include "reports/shown_pictures.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>

bool report_has_pictures(const ReportOptions *options, const StoredResult *r)
{
    return options->picture && (!options->has_pictures || options->has_pictures(options->picture_context, r));
}

static bool read_picture(const ReportOptions *options, const StoredResult *r, size_t row, Image *image, Error *err)
{
    uint8_t *png = NULL;
    size_t bytes = 0;
    if (!options->picture(options->picture_context, r, row, &png, &bytes, err)) return false;
    char *name = xformat("%s: picture %zu", r->file, row);
    const bool good = image_decode(png, bytes, name, image, err);
    free(name), free(png);
    return good;
}

static Image grey_square(void)
{
    Image image = {1, 1, xmalloc(3)};
    memset(image.pixels, 0xDD, 3);
    return image;
}

static bool holds(const TextList *list, const char *beginning)
{
    for (size_t i = 0; i < list->count; i++)
        if (text_begins(list->items[i], beginning)) return true;
    return false;
}

/* In the page, and on the way. */
static void remark_lost(const ReportOptions *options, const StoredResult *r, const char *why, TextList *remarks)
{
    char *beginning = xformat("Pictures of %s cannot be shown", r->dataset),
         *remark = xformat("%s: %s", beginning, why);
    if (!holds(remarks, beginning)) {
        text_list_add(remarks, remark);
        if (!options->noted || !holds(options->noted, beginning)) progress_note(options->progress, "%s", remark);
        if (options->noted) text_list_add(options->noted, beginning);
    }
    free(beginning), free(remark);
}

bool report_pictures_read(const ReportOptions *options, const StoredResult *r, const size_t *rows, size_t count,
                          Image *images, TextList *remarks)
{
    size_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        Error why;
        images[i] = (Image){0};
        if (read_picture(options, r, rows[i], &images[i], &why)) continue;
        images[i] = grey_square();
        if (!lost++) remark_lost(options, r, why.text, remarks);
    }
    return lost < count;
}

void report_pictures_free(Image *images, size_t count)
{
    for (size_t i = 0; i < count; i++) image_free(&images[i]);
}
