/* Real files (../shared/data/real, skipped where they are absent): the suite of difficult PNGs against Pillow
 * (tests/golden/make_pngsuite.py), the real TAESD on its author's picture, and DualCoOp's partial masks of VOC2007. */
#include "harness/base/hash.h"
#include "harness/base/lines.h"
#include "harness/diffusion/vae.h"
#include "harness/experiments/mask_file.h"
#include "harness/io/artifact.h"
#include "harness/io/image.h"
#include "tests/broken_files.h"

#include <math.h>

#define REAL "../shared/data/real/"

static void skip_without(const char *path)
{
    if (path_exists(path)) return;
    print_message("skipped: %s is not here\n", path);
    skip();
}

static void pixels_hash(const Image *image, char hex[65])
{
    Hash *hash = hash_new();
    hash_add(hash, image->pixels, 3 * image->width * image->height);
    hash_finish(hash, hex);
}

static void pngsuite_is_read_as_by_pillow_and_its_broken_ones_are_refused(void **state)
{
    (void)state;
    skip_without(REAL "suites/pngsuite/png");
    Error err;
    TextList lines = {0};
    size_t read = 0, refused = 0;
    if (!read_lines("tests/golden/pngsuite.txt", 1 << 20, &lines, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < lines.count; i++) {
        char name[32], want[65] = "", hex[65];
        size_t width, height;
        Image image;
        const int fields = sscanf(lines.items[i], "%31s %zu %zu %64s", name, &width, &height, want);
        char *path = xformat(REAL "suites/pngsuite/png/%s", name);
        const bool good = image_read(path, &image, &err);
        if (name[0] == 'x') { /* Pillow takes one of them, whose checksum is wrong */
            if (good) fail_msg("%s was read", name);
            assert_sentence(&err, name, "");
            assert_true(err.of_content);
            refused++;
        } else {
            if (!good) fail_msg("%s", err.text);
            pixels_hash(&image, hex);
            if (fields != 4 || image.width != width || image.height != height || strcmp(hex, want) != 0)
                fail_msg("%s: other pixels than Pillow's", name);
            image_free(&image);
            read++;
        }
        free(path);
    }
    assert_int_equal(read, 161);
    assert_int_equal(refused, 14);
    text_list_free(&lines);
}

/* ---- TAESD ---- */

static Image picture(const char *path)
{
    Image image;
    Error err;
    if (!image_read(path, &image, &err)) fail_msg("%s", err.text);
    return image;
}

/* [3, height, width] in [-1, 1] */
static float *planes_of(const Image *image)
{
    const size_t area = image->width * image->height;
    float *planes = xmalloc(3 * area * sizeof *planes);
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < 3; c++) planes[c * area + i] = (float)image->pixels[3 * i + c] / 127.5f - 1;
    return planes;
}

static double decibels(const float *planes, const Image *want)
{
    const size_t area = want->width * want->height;
    double squares = 0;
    for (size_t i = 0; i < area; i++)
        for (size_t c = 0; c < 3; c++) {
            const double byte = fmin(fmax(((double)planes[c * area + i] + 1) * 127.5, 0), 255);
            squares += pow(byte - want->pixels[3 * i + c], 2);
        }
    return 10 * log10(255.0 * 255 * 3 * (double)area / squares);
}

static void near(double ours, double theirs, double tolerance)
{
    if (!(fabs(ours - theirs) <= tolerance)) fail_msg("%.6g is not %.6g", ours, theirs);
}

static void the_real_taesd_gives_its_authors_latents_and_picture(void **state)
{
    (void)state;
    skip_without(REAL "taesd");
    Error err;
    Vae *vae = vae_open(REAL "taesd", &err);
    if (!vae) fail_msg("%s", err.text);
    Image input = picture(REAL "taesd/notebook_input.png"), decoded = picture(REAL "taesd/notebook_decoded.png");
    const size_t height = input.height / 8, width = input.width / 8, count = 4 * height * width;
    float *planes = planes_of(&input), *latents = xmalloc(count * sizeof *latents);
    VaeRunner *encoder = vae_encoder_new(vae, 1, height, width, (GraphOptions){0}, &err);
    if (!encoder) fail_msg("%s", err.text);
    vae_encode(encoder, planes, latents, NULL);
    double least = latents[0], most = latents[0], sum = 0;
    for (size_t i = 0; i < count; i++)
        least = fmin(least, (double)latents[i]), most = fmax(most, (double)latents[i]), sum += (double)latents[i];
    near(least, -4.7413, 5e-4), near(sum / (double)count, 0.2160, 5e-4), near(most, 5.8902, 5e-4);
    VaeRunner *decoder = vae_decoder_new(vae, 1, height, width, (GraphOptions){0}, &err);
    if (!decoder) fail_msg("%s", err.text);
    vae_decode(decoder, latents, planes);
    near(decibels(planes, &decoded), 51.7, 0.1);
    vae_runner_free(encoder), vae_runner_free(decoder), vae_free(vae);
    image_free(&input), image_free(&decoded);
    free(planes), free(latents);
}

/* ---- masks ---- */

static void dualcoops_masks_of_voc2007_are_read(void **state)
{
    (void)state;
    enum { IMAGES = 5011, CLASSES = 20 };
    skip_without(REAL "lists/partial");
    Error err;
    size_t dim[2] = {IMAGES, CLASSES};
    int8_t *labels, *mask = xmalloc(IMAGES * CLASSES);
    ArtifactReader *r = artifact_open(REAL "voc2007_trainval_labels.h5", &err);
    if (!r || !artifact_read_int8(r, "labels", 2, dim, &labels, &err)) fail_msg("%s", err.text);
    artifact_close(r);
    static const struct {
        const char *file;
        double known;
        size_t without;
    } cases[] = {{"train_proportion_0.1.txt", 0.1009, 533}, {"train_proportion_0.9.txt", 0.8998, 0}};
    for (size_t k = 0; k < 2; k++) {
        char *path = xformat(REAL "lists/partial/%s", cases[k].file);
        if (!mask_file_read(path, labels, IMAGES, CLASSES, false, mask, &err)) fail_msg("%s", err.text);
        size_t known = 0, without = 0;
        for (size_t i = 0; i < IMAGES; i++) {
            size_t here = 0;
            for (size_t c = 0; c < CLASSES; c++) here += mask[i * CLASSES + c] != 0;
            known += here, without += here == 0;
        }
        near((double)known / (IMAGES * CLASSES), cases[k].known, 5e-5);
        assert_int_equal(without, cases[k].without);
        free(path);
    }
    free(labels), free(mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pngsuite_is_read_as_by_pillow_and_its_broken_ones_are_refused),
        cmocka_unit_test(the_real_taesd_gives_its_authors_latents_and_picture),
        cmocka_unit_test(dualcoops_masks_of_voc2007_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
