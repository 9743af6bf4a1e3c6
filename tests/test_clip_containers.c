/* One CLIP in every container that people have (tests/golden/clip_containers/, made by make_clip_containers.py): the same features from
 * all, bit by bit, and those of open_clip. */
#include "harness/clip/clip.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>

#define FOLDER "tests/golden/clip_containers/"
enum { PICTURES = 3, TEXTS = 2, WIDTH = 16, CONTEXT = 8 };

static bool load_picture(void *context, size_t i, Image *image, Error *err)
{
    const TensorView *view = context;
    (void)err;
    const size_t bytes = view->dim[1] * view->dim[2] * 3;
    *image = (Image){.width = view->dim[2], .height = view->dim[1], .pixels = xmalloc(bytes)};
    memcpy(image->pixels, (const uint8_t *)view->data + i * bytes, bytes);
    return true;
}

/* Features of the pictures, then of the texts. */
static void encode(const char *name, const TensorFile *golden, float *features)
{
    Error err = {0};
    char *path = xformat(FOLDER "%s", name);
    Clip *clip = clip_open(path, &err);
    if (!clip) fail_msg("%s", err.text);
    const ImageSource source = {
        .count = PICTURES, .load = load_picture, .context = (void *)golden_view(golden, "pixels")};
    ImageFeatures images;
    if (!clip_encode_images(clip, &source, (EncodeOptions){0}, &images, NULL, &err)) fail_msg("%s", err.text);
    int32_t tokens[12] = {38, 3, 17, 39, 38, 5, 6, 7, 8, 9, 10, 39};
    size_t offsets[TEXTS + 1] = {0, 4, 12};
    TextFeatures texts;
    if (!clip_encode_texts(clip, &(TokenList){.tokens = tokens, .offsets = offsets, .count = TEXTS}, false,
                           (Arithmetic){0}, &texts, NULL, &err))
        fail_msg("%s", err.text);
    assert_int_equal(images.width, WIDTH);
    memcpy(features, images.global, PICTURES * WIDTH * sizeof *features);
    memcpy(features + PICTURES * WIDTH, texts.global, TEXTS * WIDTH * sizeof *features);
    image_features_free(&images);
    text_features_free(&texts);
    clip_free(clip);
    free(path);
}

static void every_container_gives_the_same_features_and_open_clip_s(void **state)
{
    (void)state;
    static const char *const names[] = {"float.pt", "half.pt", "script.pt", "open_clip", "huggingface"};
    TensorFile *golden = golden_open(FOLDER "features.safetensors");
    float first[(PICTURES + TEXTS) * WIDTH], other[(PICTURES + TEXTS) * WIDTH];
    encode(names[0], golden, first);
    for (size_t i = 1; i < sizeof names / sizeof *names; i++) {
        encode(names[i], golden, other);
        if (memcmp(first, other, sizeof first) != 0) fail_msg("%s has other features", names[i]);
    }
    const float *images = golden_view(golden, "image")->data, *texts = golden_view(golden, "text")->data;
    for (size_t i = 0; i < PICTURES * WIDTH; i++) assert_float_equal(first[i], images[i], 1e-4f);
    for (size_t i = 0; i < TEXTS * WIDTH; i++) assert_float_equal(first[PICTURES * WIDTH + i], texts[i], 1e-4f);
    tensor_file_close(golden);
}

static void a_file_without_a_clip_is_told_what_is_missing(void **state)
{
    (void)state;
    Error err = {0};
    assert_null(clip_open("tests/golden/torch_archive/plain.pt", &err));
    assert_sentence(&err, "plain.pt", "a bare file must have OpenAI's names");
    assert_null(clip_open("tests/golden/torch_archive/calls_system.pt", &err));
    assert_sentence(&err, "calls_system.pt", "could run code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_gives_the_same_features_and_open_clip_s),
        cmocka_unit_test(a_file_without_a_clip_is_told_what_is_missing),
    };
    return cmocka_run_group_tests_name("clip: containers", tests, NULL, NULL);
}
