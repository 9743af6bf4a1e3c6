/* Pictures against Pillow and torchvision (tests/golden/make_resize.py). */
#include "harness/clip/preprocess.h"
#include "tests/golden_arrays.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

static const char *const names[] = {"wide.jpg", "tall.jpg", "odd.png", "square.png", "small.png", "equal.png"};
enum { PICTURES = 6, SIDE = 32 };

static Image read_picture(const char *name)
{
    Image image;
    Error err = {0};
    char *path = xformat("tests/golden/resize_%s", name);
    if (!image_read(path, &image, &err)) fail_msg("%s", err.text);
    free(path);
    return image;
}

static int worst(const TensorFile *st, const char *name, const char *what, const Image *have)
{
    char *key = xformat("%s.%s", name, what);
    const TensorView *want = golden_view(st, key);
    assert_int_equal(want->count, have->width * have->height * 3);
    int most = 0;
    for (size_t i = 0; i < want->count; i++) {
        const int d = abs(((const uint8_t *)want->data)[i] - have->pixels[i]);
        most = d > most ? d : most;
    }
    free(key);
    return most;
}

/* The same pixels in, the same bits out; JPEG decoders may differ by one level, so the reference's own pixels go in. */
static void resized_pictures_equal_those_of_the_reference(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/resize.safetensors");
    for (size_t i = 0; i < PICTURES; i++) {
        char *key = xformat("%s.pixels", names[i]);
        const TensorView *view = golden_view(st, key);
        Image image = {.width = view->dim[1], .height = view->dim[0], .pixels = xmalloc(view->count)}, out;
        memcpy(image.pixels, view->data, view->count);
        Error err = {0};
        assert_true(preprocess_square(&image, SIDE, RESIZE_CROP, &out, &err));
        assert_int_equal(worst(st, names[i], "crop", &out), 0);
        image_free(&out);
        assert_true(preprocess_square(&image, SIDE, RESIZE_STRETCH, &out, &err));
        assert_int_equal(worst(st, names[i], "stretch", &out), 0);
        image_free(&out);
        assert_true(image_resize_bicubic(&image, 57, 19, &out, &err));
        assert_int_equal(worst(st, names[i], "free", &out), 0);
        image_free(&out);
        image_free(&image);
        free(key);
    }
    tensor_file_close(st);
}

static void pictures_from_files_are_within_one_grey_level(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/resize.safetensors");
    for (size_t i = 0; i < PICTURES; i++) {
        Image image = read_picture(names[i]), out;
        Error err = {0};
        assert_true(preprocess_square(&image, SIDE, RESIZE_CROP, &out, &err));
        assert_in_range(worst(st, names[i], "crop", &out), 0, 1);
        image_free(&out);
        image_free(&image);
    }
    tensor_file_close(st);
}

static void normalisation_is_of_the_values_over_255(void **state)
{
    (void)state;
    Image image = {.width = 2, .height = 2, .pixels = xmalloc(12)};
    for (int i = 0; i < 12; i++) image.pixels[i] = (uint8_t)(20 * i);
    static const float mean[3] = {0.5f, 0.25f, 0}, std[3] = {0.5f, 0.25f, 2};
    float values[12];
    Error err = {0};
    assert_true(preprocess(&image, 2, RESIZE_CROP, mean, std, values, &err));
    for (int i = 0; i < 12; i++)
        assert_float_equal(values[i], ((float)(20 * i) / 255 - mean[i % 3]) / std[i % 3], 1e-6);
    image_free(&image);
}

static void a_plain_picture_stays_plain_at_any_shape(void **state)
{
    (void)state;
    for (size_t width = 1; width < 400; width += 133) {
        Image image = {.width = width, .height = 7, .pixels = xmalloc(width * 21)}, out;
        memset(image.pixels, 201, width * 21);
        Error err = {0};
        assert_true(preprocess_square(&image, 15, RESIZE_CROP, &out, &err));
        for (size_t i = 0; i < 15 * 15 * 3; i++) assert_int_equal(out.pixels[i], 201);
        image_free(&out);
        image_free(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resized_pictures_equal_those_of_the_reference),
        cmocka_unit_test(pictures_from_files_are_within_one_grey_level),
        cmocka_unit_test(normalisation_is_of_the_values_over_255),
        cmocka_unit_test(a_plain_picture_stays_plain_at_any_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
