/* The way from a picture to the tower's input as one struct, filled in for a size and a rule, and carried out in two steps: the
 * window of the resized picture that the square shows (so that only that is computed), then numbers. */
#include "harness/clip/preprocess.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double bytes_to_one = 1.0 / 255;

Preprocessing preprocessing_standard(void)
{
    return (Preprocessing){.fit = FIT_SHORTER,
                           .filter = FILTER_BICUBIC,
                           .cut = true,
                           .cut_rounds = true,
                           .scales = true,
                           .factor = bytes_to_one,
                           .normalises = true,
                           .mean = {0.48145466f, 0.4578275f, 0.40821073f},
                           .std = {0.26862954f, 0.26130258f, 0.27577711f}};
}

/* A rule that is asked for takes the place of the checkpoint's, unless that is what the checkpoint does anyway. */
static void apply_rule(Preprocessing *p, ResizeRule rule)
{
    if (rule == RESIZE_STRETCH && !(p->fit == FIT_STRETCH && !p->cut))
        p->fit = FIT_STRETCH, p->cut = false, p->width = p->height = 0;
    if (rule == RESIZE_CROP && !(p->fit == FIT_SHORTER && p->cut)) p->fit = FIT_SHORTER, p->cut = true, p->width = 0;
}

bool preprocessing_for(const Preprocessing *model, size_t tower, size_t size, ResizeRule rule, Preprocessing *out,
                       Error *err)
{
    *out = *model;
    apply_rule(out, rule);
    if (size) out->width = out->height = out->cut_side = 0;
    out->side = size ? size : tower;
    if (!out->width) out->width = out->side;
    if (!out->height) out->height = out->side;
    if (!out->cut_side) out->cut_side = out->side;
    if (!out->cut && out->fit == FIT_STRETCH && out->width != out->height)
        return fail(
            err,
            "%s: \"size\" makes pictures of %zu x %zu, the tower takes squares; choose --size, or a protocol's size",
            out->source, out->width, out->height);
    const size_t made = out->cut ? out->cut_side : out->fit == FIT_NOT ? out->side : out->width;
    if (made == out->side) return true;
    return fail(
        err,
        "%s: \"%s\" makes pictures of %zu pixels a side, the tower is for %zu; choose --size, or a protocol's size",
        out->source, out->cut ? "crop_size" : "size", made, out->side);
}

ResizeRule preprocessing_rule(const Preprocessing *p)
{
    return p->fit == FIT_STRETCH && !p->cut ? RESIZE_STRETCH : RESIZE_CROP;
}

/* Whether the picture is resized and cut as palbench does it without any configuration. */
static bool standard_square(const Preprocessing *p)
{
    if (p->filter != FILTER_BICUBIC || p->width != p->side) return false;
    if (p->fit == FIT_STRETCH) return !p->cut && p->height == p->side;
    return p->fit == FIT_SHORTER && p->cut && p->cut_rounds && p->cut_side == p->side;
}

char *preprocessing_words(const Preprocessing *p)
{
    static const char *const fits[] = {"shorter side to", "stretched to", "longer side to", "not resized"};
    const bool standard_numbers = p->scales && p->factor == bytes_to_one && p->normalises;
    if (standard_square(p) && standard_numbers) return NULL;
    Text t = {0};
    text_add(&t, fits[p->fit]);
    if (p->fit != FIT_NOT) text_addf(&t, " %zu", p->width);
    if (p->fit == FIT_STRETCH) text_addf(&t, " x %zu", p->height);
    if (p->fit != FIT_NOT) text_addf(&t, " %s", filter_word(p->filter));
    if (p->cut) text_addf(&t, ", cut to %zu (%s, %u)", p->cut_side, p->cut_rounds ? "even" : "left", p->fill);
    if (!p->scales) text_add(&t, ", not scaled");
    if (p->scales && p->factor != bytes_to_one) text_addf(&t, ", times %.17g", p->factor);
    if (!p->normalises) text_add(&t, ", not normalised");
    return t.data;
}

/* torchvision's Resize(size), transformers' shortest_edge: the other side is int(size * long / short). */
static size_t longer_side(size_t size, size_t longer, size_t shorter)
{
    return (size_t)((double)(size * longer) / (double)shorter);
}

/* open_clip's ResizeKeepRatio: Python's round, halves to the even number. */
static size_t kept_ratio(size_t side, double ratio)
{
    return (size_t)rint((double)side / ratio);
}

static void fitted(const Image *image, const Preprocessing *p, size_t *width, size_t *height)
{
    const size_t w = image->width, h = image->height, target = p->width;
    *width = w, *height = h;
    if (p->fit == FIT_STRETCH) *width = p->width, *height = p->height;
    if (p->fit == FIT_SHORTER) {
        *width = w > h ? longer_side(target, w, h) : target;
        *height = h > w ? longer_side(target, h, w) : target;
    }
    if (p->fit == FIT_LONGER) {
        const double ratio = (double)(w > h ? w : h) / (double)target;
        *width = kept_ratio(w, ratio), *height = kept_ratio(h, ratio);
    }
}

typedef struct Cut { /* along one side: what of the picture is shown, and where in the square */
    size_t start, count, at;
} Cut;

/* torchvision's CenterCrop rounds halves to the even number; transformers cuts them off. Both pad the odd pixel at the end. */
static Cut cut_side(size_t have, size_t want, bool rounds)
{
    if (have <= want) return (Cut){0, have, (want - have) / 2};
    const size_t rest = have - want, half = rest / 2;
    return (Cut){rounds && rest % 2 && half % 2 ? half + 1 : half, want, 0};
}

/* The picture in the middle of a square of one grey. */
static bool pad(Image *image, size_t side, size_t left, size_t top, uint8_t fill, Error *err)
{
    Image square = {.width = side, .height = side};
    const bool good = big_alloc(&square.pixels, side, 3 * side, "a padded picture", err);
    if (good) {
        memset(square.pixels, fill, 3 * side * side);
        for (size_t y = 0; y < image->height; y++)
            memcpy(square.pixels + 3 * ((top + y) * side + left), image->pixels + 3 * y * image->width,
                   3 * image->width);
    }
    image_free(image);
    *image = square;
    return good;
}

bool preprocess_square(const Image *image, const Preprocessing *p, Image *out, Error *err)
{
    size_t width, height;
    *out = (Image){0};
    fitted(image, p, &width, &height);
    if (!p->cut && (width != p->side || height != p->side))
        return fail(err,
                    "a picture of %zu x %zu stays %zu x %zu by %s, the tower takes %zu x %zu; choose --resize crop or "
                    "stretch, or a protocol that does",
                    image->width, image->height, width, height, p->source ? p->source : "its preprocessing", p->side,
                    p->side);
    const Cut x = cut_side(width, p->side, p->cut_rounds), y = cut_side(height, p->side, p->cut_rounds);
    const Window window = {x.start, y.start, x.count, y.count};
    if (!image_resize(image, width, height, window, p->filter, out, err)) return false;
    const bool whole = x.count == p->side && y.count == p->side;
    return whole || pad(out, p->side, x.at, y.at, p->fill, err);
}

static float scaled(uint8_t byte, const Preprocessing *p)
{
    if (!p->scales) return (float)byte;
    return p->factor == bytes_to_one ? (float)byte / 255.0f : (float)((double)byte * p->factor);
}

bool preprocess(const Image *image, const Preprocessing *p, float *values, Error *err)
{
    Image square;
    const bool good = preprocess_square(image, p, &square, err);
    for (size_t i = 0; i < p->side * p->side * 3 && good; i++) {
        const float value = scaled(square.pixels[i], p);
        values[i] = p->normalises ? (value - p->mean[i % 3]) / p->std[i % 3] : value;
    }
    image_free(&square);
    return good;
}
