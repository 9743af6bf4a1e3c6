/* Pictures as a whole and in tiles: the whole through the tower as ever; then every picture squashed to the tower's square, cut into n x n,
 * and each piece squashed to that square and sent through it too. The pieces are pictures like others, so the encoder serves twice;
 * the square that they are cut from is kept while its pieces are asked for. */
#include "harness/base/memory.h"
#include "harness/clip/encode.h"

#include <string.h>

typedef struct Tiles {
    const ImageSource *source;
    Preprocessing square;
    size_t n;
    Image whole; /* picture `at`, squashed; pixels NULL: none yet */
    size_t at;
} Tiles;

static bool load_whole(Tiles *t, size_t i, Error *err)
{
    if (t->whole.pixels && t->at == i) return true;
    Image image = {0};
    image_free(&t->whole);
    if (!t->source->load(t->source->context, i, &image, err)) return false;
    const bool good = preprocess_square(&image, &t->square, &t->whole, err);
    image_free(&image);
    t->at = i;
    return good;
}

/* Tile i % n^2 of picture i / n^2, row by row; what n does not divide is lost at the right and at the bottom. */
static bool load_tile(void *context, size_t i, Image *image, Error *err)
{
    Tiles *t = context;
    const size_t tiles = t->n * t->n;
    if (!load_whole(t, i / tiles, err)) return false;
    const size_t width = t->whole.width / t->n, height = t->whole.height / t->n;
    const size_t top = i % tiles / t->n * height, left = i % t->n * width;
    *image = (Image){width, height, xmalloc(width * height * 3)};
    for (size_t y = 0; y < height; y++)
        memcpy(image->pixels + y * width * 3, t->whole.pixels + ((top + y) * t->whole.width + left) * 3, width * 3);
    return true;
}

bool encode_tiles(const Clip *clip, const ImageSource *source, EncodeOptions options, ImageFeatures *f,
                  Progress *progress, Error *err)
{
    Tiles t = {.source = source, .n = options.tiles};
    ImageFeatures pieces = {0};
    const ImageSource all = {source->count * t.n * t.n, load_tile, &t};
    options.tiles = 0, options.want_local = false;
    bool good = clip_encode_images(clip, source, options, f, progress, err);
    options.resize = RESIZE_STRETCH;
    good = good && clip_preprocessing(clip, &options, &t.square, err);
    if (good && (t.square.side < t.n)) good = fail(err, "pictures of %zu pixels have no %zu tiles", t.square.side, t.n);
    good = good && clip_encode_images(clip, &all, options, &pieces, progress, err);
    image_free(&t.whole);
    if (!good) {
        image_features_free(f);
        return false;
    }
    f->local = pieces.global; /* [count n^2, D] is [count, n^2, D] */
    f->positions = t.n * t.n;
    f->rows = f->columns = t.n;
    pieces.global = NULL;
    image_features_free(&pieces);
    return true;
}
