/* Pictures against Pillow's pixels (tests/golden/io_image, made by make_io_image.py), and files that were cut, changed
 * or made to ask for more than they hold. */
#include "tests/broken_files.h"

#include "harness/io/image.h"
#include "tests/golden_arrays.h"

#include <signal.h>
#include <sys/resource.h>

static const char folder[] = "tests/golden/io_image";

static void pixels_equal_pillows(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/io_image.safetensors");
    assert_true(tensor_file_count(st) >= 80);
    for (size_t i = 0; i < tensor_file_count(st); i++) {
        const TensorView *view = tensor_file_at(st, i);
        char *path = path_join(folder, view->name);
        Image image;
        Error err;
        if (!image_read(path, &image, &err)) fail_msg("%s", err.text);
        if (image.height != view->dim[0] || image.width != view->dim[1]) fail_msg("%s: size", view->name);
        if (memcmp(image.pixels, view->data, view->count) != 0) fail_msg("%s: pixels differ", view->name);
        image_free(&image);
        free(path);
    }
    tensor_file_close(st);
}

/* Every file of the golden folder. */
static void each_picture(void (*check)(const char *name, const char *bytes, size_t length))
{
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        char *path = path_join(folder, entry->d_name);
        size_t length;
        char *bytes = get_file(path, &length);
        check(entry->d_name, bytes, length);
        free(bytes);
        free(path);
    }
    closedir(directory);
}

/* A cut file is refused, unless all that is shown of it was there: a GIF's first frame, a BMP's pixels, a TIFF's strips. */
static void refuse_prefixes(const char *name, const char *bytes, size_t length)
{
    Image whole;
    Error good;
    if (!image_decode((const uint8_t *)bytes, length, name, &whole, &good)) fail_msg("%s", good.text);
    const bool may_do_without = strstr(name, ".gif") || strstr(name, ".bmp") || strstr(name, ".tiff");
    for (size_t n = 0; n < length; n += n < 64 || n + 64 > length ? 1 : 7) {
        Image image;
        Error err = {0};
        uint8_t *part = xmalloc(n); /* of its exact size, so that the sanitizer sees a byte too far */
        memcpy(part, bytes, n);
        if (image_decode(part, n, name, &image, &err)) {
            const bool same = image.width == whole.width && image.height == whole.height &&
                              memcmp(image.pixels, whole.pixels, 3 * whole.width * whole.height) == 0;
            if (!may_do_without || !same) fail_msg("%s: accepted when cut to %zu of %zu", name, n, length);
            image_free(&image);
        } else {
            assert_sentence(&err, name, "");
            assert_true(err.of_content);
            assert_null(image.pixels);
        }
        free(part);
    }
    image_free(&whole);
}

static void truncated_pictures_are_refused_at_every_length(void **state)
{
    (void)state;
    each_picture(refuse_prefixes);
}

static void mutate_picture(const char *name, const char *bytes, size_t length)
{
    uint32_t seed = 9 + (uint32_t)length;
    char *copy = xmalloc(length);
    for (int round = 0; round < 150; round++) {
        Image image;
        Error err = {0};
        memcpy(copy, bytes, length);
        mutate(copy, round % 2 ? length : length < 200 ? length : 200, &seed);
        if (image_decode((const uint8_t *)copy, length, name, &image, &err)) {
            assert_non_null(image.pixels);
            image_free(&image);
        } else {
            assert_sentence(&err, name, "");
        }
    }
    free(copy);
}

static void mutated_pictures_are_read_or_refused_never_worse(void **state)
{
    (void)state;
    each_picture(mutate_picture);
}

/* Only a checksum can tell; libjpeg has none, libpng has. */
static void a_changed_bit_in_png_data_is_found(void **state)
{
    (void)state;
    size_t length;
    char *bytes = get_file("tests/golden/io_image/rgb.png", &length);
    Image image;
    Error err;
    bytes[length / 2] ^= 4;
    assert_false(image_decode((uint8_t *)bytes, length, "x.png", &image, &err));
    assert_sentence(&err, "x.png", "damaged PNG");
    free(bytes);
}

static void damaged_jpeg_data_is_refused(void **state)
{
    (void)state;
    size_t length;
    char *bytes = get_file("tests/golden/io_image/baseline_444.jpg", &length);
    Image image;
    Error err;
    memset(bytes + length / 2, 0xff, length / 4);
    assert_false(image_decode((uint8_t *)bytes, length, "x.jpg", &image, &err));
    assert_sentence(&err, "x.jpg", "damaged JPEG");
    free(bytes);
}

static void small_files_cannot_ask_for_large_pictures(void **state)
{
    (void)state;
    size_t length;
    Image image;
    Error err;
    char *bytes = get_file("tests/golden/io_image/baseline_420.jpg", &length);
    for (size_t i = 2; i + 9 < length; i++) /* the frame header: height and width */
        if ((uint8_t)bytes[i] == 0xff && (uint8_t)bytes[i + 1] == 0xc0) memcpy(bytes + i + 5, "\x40\x00\x40\x00", 4);
    assert_false(image_decode((uint8_t *)bytes, length, "x.jpg", &image, &err));
    assert_sentence(&err, "x.jpg", "too short");
    free(bytes);
    for (int huge = 0; huge < 2; huge++) {
        /* Size and checksum of the header of rgb.png exchanged. */
        static const char headers[2][17] = {"\0\0\x20\0\0\0\x20\0\x08\x02\0\0\0", "\0\x0f\0\0\0\x0f\0\0\x08\x02\0\0\0"};
        bytes = get_file("tests/golden/io_image/rgb.png", &length);
        memcpy(bytes + 16, headers[huge], 13);
        assert_false(image_decode((uint8_t *)bytes, length, "x.png", &image, &err));
        assert_sentence(&err, "x.png", "damaged PNG");
        free(bytes);
    }
}

static void what_is_no_picture_is_refused(void **state)
{
    (void)state;
    Image image;
    Error err;
    static const struct {
        const char *bytes;
        size_t count;
        const char *what;
    } cases[] = {
        {"", 0, "an empty file"},
        {"hello", 5, "no picture of a kind that is known"},
        {"GIF89a", 6, "damaged GIF"},
        {" \r\n<!DOCTYPE html><html>", 24, "a web page"},
        {"\xef\xbb\xbf<html>", 9, "a web page"},
        {"version https://git-lfs.github.com/spec/v1\n", 43, "git lfs pull"},
        {"\0\0\0\x1c"
         "ftypavif\0\0\0\0",
         16, "an AVIF picture"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, "a HEIC picture"},
        {"RIFF\x04\0\0\0WAVE", 12, "no picture of a kind"},
        {"PK\x03\x04", 4, "a zip archive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_file(scratch("x.jpg"), cases[i].bytes, cases[i].count);
        assert_false(image_read(scratch("x.jpg"), &image, &err));
        assert_sentence(&err, "x.jpg", cases[i].what);
        assert_true(err.of_content);
    }
    assert_false(image_read(scratch("none.png"), &image, &err));
    assert_sentence(&err, "none.png", "cannot open");
    assert_false(err.of_content); /* nobody knows what it holds */
}

/* They would be read for ever, or waited for. */
static void devices_and_pipes_are_refused_at_once(void **state)
{
    (void)state;
    Image image;
    Error err;
    TextList texts = {0};
    assert_int_equal(mkfifo(scratch("pipe.png"), 0600), 0);
    const char *const paths[] = {"/dev/zero", scratch("pipe.png")};
    for (size_t i = 0; i < 2; i++) {
        assert_false(image_read(paths[i], &image, &err));
        assert_sentence(&err, paths[i], "a device or a pipe");
        assert_false(image_read_png_texts(paths[i], &texts, &err));
        assert_sentence(&err, paths[i], "a device or a pipe");
    }
    assert_false(image_read(scratch_folder, &image, &err));
    assert_sentence(&err, scratch_folder, "folder");
}

/* The marker of the frame is changed: such a file is whole, and only of a kind that is not decoded. */
static void whole_jpegs_of_other_kinds_are_named_and_not_called_damaged(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* behind the frame's marker */
        uint8_t byte;
        const char *what;
    } cases[] = {{0, 0xc3, "a lossless JPEG (SOF3)"}, {0, 0xc5, "SOF5"}, {3, 12, "a JPEG of 12 bits a sample"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length, at = 2;
        Image image;
        Error err;
        char *bytes = get_file("tests/golden/io_image/baseline_444.jpg", &length);
        while ((uint8_t)bytes[at] != 0xff || (uint8_t)bytes[at + 1] != 0xc0) at++;
        bytes[at + 1 + cases[i].at] = (char)cases[i].byte;
        if (image_decode((uint8_t *)bytes, length, "x.jpg", &image, &err)) fail_msg("%s was decoded", cases[i].what);
        assert_sentence(&err, "x.jpg", cases[i].what);
        assert_true(err.of_content);
        assert_null(strstr(err.text, "damaged"));
        free(bytes);
    }
}

static void assert_refused(const char *bytes, size_t count, const char *what)
{
    Image image;
    Error err;
    if (image_decode((const uint8_t *)bytes, count, "x", &image, &err)) fail_msg("%s was decoded", what);
    assert_sentence(&err, "x", what);
    assert_true(err.of_content);
}

static void whole_pictures_of_other_kinds_are_named(void **state)
{
    (void)state;
    size_t length;
    char *bytes = get_file("tests/golden/io_image/palette.bmp", &length);
    bytes[30] = 1;
    assert_refused(bytes, length, "compressed by runs (RLE)");
    free(bytes);
    bytes = get_file("tests/golden/io_image/masks_32.bmp", &length);
    bytes[54] = 1;
    assert_refused(bytes, length, "whose colours are not whole bytes");
    free(bytes);
    bytes = get_file("tests/golden/io_image/rgb.png", &length);
    memcpy(bytes + 12, "CgBI", 4);
    assert_refused(bytes, length, "Apple's own kind");
    free(bytes);
}

/* Headers of a few bytes that claim the most. */
static void small_files_of_no_format_can_ask_for_large_pictures(void **state)
{
    (void)state;
    static const char gif[] = "GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\1\0\0;",
                      bmp[] = "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\1\0\0\0\1\0\1\0\x18\0\0\0\0\0\0\0\0\0"
                              "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    static const char webp[] = "RIFF\x1a\0\0\0WEBPVP8L\x0e\0\0\0\x2f\xff\xff\xff\x0f\0\0\0\0\0\0\0\0\0";
    assert_refused(gif, sizeof gif - 1, "too short");
    assert_refused(webp, sizeof webp - 1, "too short");
    assert_refused(bmp, sizeof bmp - 1, "too short");
    size_t length;
    char *bytes = get_file("tests/golden/io_image/rgb_tiff_lzw.tiff", &length);
    char *width = memmem(bytes, length, "\0\1\3\0\1\0\0\0", 8); /* tag 256, one short */
    if (!width) width = memmem(bytes, length, "\0\1\4\0\1\0\0\0", 8);
    assert_non_null(width);
    memcpy(width + 8, "\xff\xff", 2);
    memcpy(width + 12 + 8, "\xff\xff", 2); /* and the height */
    assert_refused(bytes, length, "too short");
    free(bytes);
}

static void texts_of_a_png_read_back(void **state)
{
    (void)state;
    Error err;
    uint8_t pixels[12] = {0};
    const Image image = {2, 2, pixels};
    static const char *const texts[] = {"prompt", "ein gr\xc3\xbcner L\xc3\xb6we", "negative", "", "seed", "7", NULL};
    assert_true(image_write_png(scratch("texts.png"), &image, texts, &err));
    TextList have = {0};
    if (!image_read_png_texts(scratch("texts.png"), &have, &err)) fail_msg("%s", err.text);
    assert_int_equal(have.count, 6);
    for (size_t i = 0; i < 6; i++) assert_string_equal(have.items[i], texts[i]);
    text_list_free(&have);
    have = (TextList){0};
    put_file(scratch("no.png"), "text", 4);
    assert_false(image_read_png_texts(scratch("no.png"), &have, &err));
    assert_sentence(&err, "no.png", "PNG");
    assert_false(image_read_png_texts("tests/golden/io_image/none.png", &have, &err));
    text_list_free(&have);
}

static void a_written_png_reads_back(void **state)
{
    (void)state;
    Image image, back;
    Error err;
    size_t length;
    uint8_t *bytes;
    assert_true(image_read("tests/golden/io_image/rgb.png", &image, &err));
    static const char *const texts[] = {"Prompt", "a cat, caf\xe9", "Seed", "7", NULL};
    assert_true(image_write_png(scratch("out.png"), &image, texts, &err));
    assert_true(image_read(scratch("out.png"), &back, &err));
    assert_true(back.width == 23 && back.height == 17 && memcmp(back.pixels, image.pixels, 17 * 23 * 3) == 0);
    image_free(&back);
    char *file = get_file(scratch("out.png"), &length);
    assert_non_null(memmem(file, length, "tEXtPrompt\0a cat", 16));
    free(file);
    assert_true(image_encode_png(&image, &bytes, &length, &err));
    assert_true(image_decode(bytes, length, "memory", &back, &err));
    assert_memory_equal(back.pixels, image.pixels, 17 * 23 * 3);
    image_free(&back);
    free(bytes);
    assert_false(image_write_png(scratch("no/such/folder.png"), &image, NULL, &err));
    assert_sentence(&err, "no/such/folder.png", "cannot write");
    static const char *const bad[] = {"", "an empty key is not allowed", NULL};
    if (!image_write_png(scratch("bad.png"), &image, bad, &err)) assert_sentence(&err, "bad.png", "PNG");
    image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_equal_pillows),
        cmocka_unit_test(truncated_pictures_are_refused_at_every_length),
        cmocka_unit_test(mutated_pictures_are_read_or_refused_never_worse),
        cmocka_unit_test(a_changed_bit_in_png_data_is_found),
        cmocka_unit_test(damaged_jpeg_data_is_refused),
        cmocka_unit_test(small_files_cannot_ask_for_large_pictures),
        cmocka_unit_test(what_is_no_picture_is_refused),
        cmocka_unit_test(devices_and_pipes_are_refused_at_once),
        cmocka_unit_test(whole_jpegs_of_other_kinds_are_named_and_not_called_damaged),
        cmocka_unit_test(whole_pictures_of_other_kinds_are_named),
        cmocka_unit_test(small_files_of_no_format_can_ask_for_large_pictures),
        cmocka_unit_test(a_written_png_reads_back),
        cmocka_unit_test(texts_of_a_png_read_back),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
