/* Pictures against Pillow and torchvision (tests/golden/make_resize.py), and against transformers and open_clip under the settings
 * that checkpoints carry (tests/golden/make_preprocess.py). */
#include "harness/clip/checkpoint.h"
#include "harness/experiments/protocol.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>

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

/* OpenAI's way, for a size that is asked for. */
static Preprocessing standard(size_t size, ResizeRule rule)
{
    const Preprocessing model = preprocessing_standard();
    Preprocessing p;
    Error err = {0};
    if (!preprocessing_for(&model, 224, size, rule, &p, &err)) fail_msg("%s", err.text);
    return p;
}

static Image picture_of(const TensorView *view)
{
    Image image = {.width = view->dim[1], .height = view->dim[0], .pixels = xmalloc(view->count)};
    memcpy(image.pixels, view->data, view->count);
    return image;
}

/* The same pixels in, the same bits out; JPEG decoders may differ by one level, so the reference's own pixels go in. */
static void resized_pictures_equal_those_of_the_reference(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/resize.safetensors");
    for (size_t i = 0; i < PICTURES; i++) {
        char *key = xformat("%s.pixels", names[i]);
        const TensorView *view = golden_view(st, key);
        Image image = picture_of(view), out;
        const Preprocessing crop = standard(SIDE, RESIZE_CROP), stretch = standard(SIDE, RESIZE_STRETCH);
        Error err = {0};
        assert_true(preprocess_square(&image, &crop, &out, &err));
        assert_int_equal(worst(st, names[i], "crop", &out), 0);
        image_free(&out);
        assert_true(preprocess_square(&image, &stretch, &out, &err));
        assert_int_equal(worst(st, names[i], "stretch", &out), 0);
        image_free(&out);
        for (PixelFilter f = 0; f < FILTERS; f++) {
            assert_true(image_resize(&image, 57, 19, (Window){0, 0, 57, 19}, f, &out, &err));
            assert_int_equal(worst(st, names[i], filter_word(f), &out), 0);
            image_free(&out);
        }
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
        const Preprocessing crop = standard(SIDE, RESIZE_CROP);
        assert_true(preprocess_square(&image, &crop, &out, &err));
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
    Preprocessing p = standard(2, RESIZE_CROP);
    memcpy(p.mean, (const float[]){0.5f, 0.25f, 0}, sizeof p.mean);
    memcpy(p.std, (const float[]){0.5f, 0.25f, 2}, sizeof p.std);
    float values[12];
    Error err = {0};
    assert_true(preprocess(&image, &p, values, &err));
    for (int i = 0; i < 12; i++)
        assert_float_equal(values[i], ((float)(20 * i) / 255 - p.mean[i % 3]) / p.std[i % 3], 1e-6);
    image_free(&image);
}

static void a_plain_picture_stays_plain_at_any_shape(void **state)
{
    (void)state;
    for (size_t width = 1; width < 400; width += 133) {
        Image image = {.width = width, .height = 7, .pixels = xmalloc(width * 21)}, out;
        memset(image.pixels, 201, width * 21);
        Error err = {0};
        const Preprocessing crop = standard(15, RESIZE_CROP);
        assert_true(preprocess_square(&image, &crop, &out, &err));
        for (size_t i = 0; i < 15 * 15 * 3; i++) assert_int_equal(out.pixels[i], 201);
        image_free(&out);
        image_free(&image);
    }
}

/* ---- settings of checkpoints ---- */

enum { TOWER = 12, VALUES = TOWER * TOWER * 3 };

static bool read_settings(Json settings, bool open_clip, Preprocessing *p, Error *err)
{
    *p = preprocessing_standard();
    return open_clip ? checkpoint_preprocess_cfg(settings, TOWER, p, err)
                     : checkpoint_processor(settings, "preprocessor_config.json", p, err);
}

/* As the tower gets it when neither size nor rule is asked for. */
static void assert_prepared(const TensorFile *pictures, const TensorFile *expected, size_t i, const char *name,
                            const Preprocessing *model, double tolerance)
{
    Error err = {0};
    Preprocessing p;
    float values[VALUES];
    char *key = xformat("%zu.%s", i, name), *pixels = xformat("%s.pixels", name);
    float *want = golden_floats(expected, key);
    Image image = picture_of(golden_view(pictures, pixels));
    if (!preprocessing_for(model, TOWER, 0, RESIZE_OF_MODEL, &p, &err) || !preprocess(&image, &p, values, &err))
        fail_msg("%s: %s", key, err.text);
    for (size_t k = 0; k < VALUES; k++)
        if (fabs((double)values[k] - (double)want[k]) > tolerance * fmax(1, fabs((double)want[k])))
            fail_msg("%s: value %zu is %g, %g is right", key, k, (double)values[k], (double)want[k]);
    free(key), free(pixels), free(want);
    image_free(&image);
}

/* The padded ones are torchvision's, which resizes within one grey level of Pillow; all others are Pillow's to the bit. */
static void settings_of_checkpoints_give_the_pixels_of_transformers_and_open_clip(void **state)
{
    (void)state;
    Error err = {0};
    static const char *const shown[] = {"wide.jpg", "tall.jpg", "small.png"};
    TensorFile *pictures = golden_open("tests/golden/resize.safetensors"),
               *expected = golden_open("tests/golden/preprocess.safetensors");
    JsonFile *file = json_read("tests/golden/preprocess.json", &err);
    if (!file) fail_msg("%s", err.text);
    for (size_t i = 0; i < json_count(json_root(file)); i++) {
        const Json one = json_at(json_root(file), i);
        const char *kind;
        double tolerance;
        Preprocessing p;
        assert_true(json_string(one, "kind", &kind, &err) && json_number(one, "tolerance", &tolerance, &err));
        if (!read_settings(json_get(one, "settings"), !strcmp(kind, "open_clip"), &p, &err)) fail_msg("%s", err.text);
        for (size_t k = 0; k < 3; k++) assert_prepared(pictures, expected, i, shown[k], &p, tolerance);
    }
    json_free(file);
    tensor_file_close(pictures);
    tensor_file_close(expected);
}

static const struct Refused {
    const char *settings, *key;
} refused_processors[] =
    {
        {"{\"image_processor_type\": \"BlipImageProcessor\"}", "image_processor_type"},
        {"{\"feature_extractor_type\": \"ConvNextFeatureExtractor\"}", "feature_extractor_type"},
        {"{\"image_processor_type\": \"ViTImageProcessor\", \"size\": 12}", "\"resample\" is needed"},
        {"{\"size\": {\"longest_edge\": 12}}", "longest_edge"},
        {"{\"size\": {\"shortest_edge\": 12, \"longest_edge\": 20}}", "longest_edge"},
        {"{\"size\": {\"max_height\": 12, \"max_width\": 12}}", "max_height"},
        {"{\"size\": {\"height\": 12}}", "size.width"},
        {"{\"size\": 0}", "size"},
        {"{\"size\": \"12\"}", "size"},
        {"{\"size\": [12]}", "size"},
        {"{\"crop_size\": {\"height\": 12, \"width\": 13}}", "crop_size"},
        {"{\"crop_size\": {\"shortest_edge\": 12}}", "shortest_edge"},
        {"{\"resample\": 6}", "resample"},
        {"{\"resample\": \"bicubic\"}", "resample"},
        {"{\"do_resize\": 1}", "do_resize"},
        {"{\"do_pad\": true}", "do_pad"},
        {"{\"crop_pct\": 0.9}", "crop_pct"},
        {"{\"use_square_size\": true}", "use_square_size"},
        {"{\"auto_map\": {\"AutoImageProcessor\": \"x.Y\"}}", "auto_map"},
        {"{\"data_format\": \"channels_last\"}", "data_format"},
        {"{\"image_std\": [0.5, 0, 0.5]}", "image_std"},
        {"{\"image_mean\": [0.5, 0.5]}", "image_mean"},
        {"{\"rescale_factor\": \"1/255\"}", "rescale_factor"},
},
  refused_open_clip[] = {
      {"{\"resize_mode\": \"stretch\"}", "resize_mode"},
      {"{\"interpolation\": \"nearest\"}", "interpolation"},
      {"{\"mode\": \"L\"}", "mode"},
      {"{\"fill_color\": 256}", "fill_color"},
      {"{\"fill_color\": [0, 0, 0]}", "fill_color"},
      {"{\"size\": 16}", "size"},
      {"{\"size\": [12, 16]}", "size"},
      {"{\"std\": 0}", "std"},
      {"{\"crop_pct\": 1}", "crop_pct"},
};

static void assert_refused(const struct Refused *cases, size_t count, bool open_clip)
{
    for (size_t i = 0; i < count; i++) {
        Error err = {0};
        Preprocessing p;
        JsonFile *file = json_parse("settings.json", cases[i].settings, strlen(cases[i].settings), &err);
        assert_non_null(file);
        if (read_settings(json_root(file), open_clip, &p, &err)) fail_msg("%s was taken", cases[i].settings);
        assert_sentence(&err, "settings.json", cases[i].key);
        json_free(file);
    }
}

static void a_setting_that_is_not_obeyed_is_refused_by_its_key(void **state)
{
    (void)state;
    assert_refused(refused_processors, sizeof refused_processors / sizeof *refused_processors, false);
    assert_refused(refused_open_clip, sizeof refused_open_clip / sizeof *refused_open_clip, true);
}

static Preprocessing processor(const char *settings)
{
    Error err = {0};
    Preprocessing p = {0};
    JsonFile *file = json_parse("settings.json", settings, strlen(settings), &err);
    if (!file || !read_settings(json_root(file), false, &p, &err)) fail_msg("%s", err.text);
    json_free(file);
    return p;
}

static void assert_words(const Preprocessing *model, size_t size, ResizeRule rule, const char *want)
{
    Error err = {0};
    Preprocessing p;
    if (!preprocessing_for(model, TOWER, size, rule, &p, &err)) fail_msg("%s", err.text);
    char *words = preprocessing_words(&p);
    if (!want) assert_null(words);
    if (want) assert_string_equal(words, want);
    free(words);
}

/* What is hashed says nothing about OpenAI's way, so that stores stay, and everything about any other. */
static void what_is_asked_for_wins_and_what_differs_is_said(void **state)
{
    (void)state;
    const Preprocessing standard_way = preprocessing_standard(),
                        other = processor("{\"size\": {\"shortest_edge\": 14}, \"crop_size\": 12, \"resample\": 2}"),
                        squash = processor("{\"size\": {\"height\": 12, \"width\": 12}, \"do_center_crop\": false}"),
                        raw = processor("{\"do_resize\": false, \"crop_size\": 12, \"do_rescale\": false}");
    assert_words(&standard_way, 0, RESIZE_OF_MODEL, NULL);
    assert_words(&standard_way, 20, RESIZE_STRETCH, NULL);
    assert_words(&other, 0, RESIZE_OF_MODEL, "shorter side to 14 bilinear, cut to 12 (left, 0)");
    assert_words(&other, 20, RESIZE_OF_MODEL, "shorter side to 20 bilinear, cut to 20 (left, 0)");
    assert_words(&other, 0, RESIZE_STRETCH, "stretched to 12 x 12 bilinear");
    assert_words(&squash, 0, RESIZE_OF_MODEL, NULL); /* as --resize stretch */
    assert_words(&squash, 0, RESIZE_CROP, "shorter side to 12 bicubic, cut to 12 (left, 0)");
    assert_words(&raw, 0, RESIZE_OF_MODEL, "not resized, cut to 12 (left, 0), not scaled");
}

static void sizes_that_do_not_fit_the_tower_are_refused_until_one_is_asked_for(void **state)
{
    (void)state;
    Error err = {0};
    Preprocessing p;
    Image image = {.width = 20, .height = 14, .pixels = xcalloc(20 * 14, 3)}, out;
    const Preprocessing plain = processor("{}"), open = processor("{\"size\": 12, \"do_center_crop\": false}"),
                        oblong = processor("{\"size\": [9, 12], \"do_center_crop\": false}");
    assert_false(preprocessing_for(&plain, TOWER, 0, RESIZE_OF_MODEL, &p, &err)); /* 224, as transformers takes it */
    assert_sentence(&err, "preprocessor_config.json: \"crop_size\" makes pictures of 224", "the tower is for 12");
    assert_true(preprocessing_for(&plain, TOWER, TOWER, RESIZE_OF_MODEL, &p, &err));
    assert_false(preprocessing_for(&oblong, TOWER, 0, RESIZE_OF_MODEL, &p, &err));
    assert_sentence(&err, "\"size\"", "squares");
    assert_true(preprocessing_for(&open, TOWER, 0, RESIZE_OF_MODEL, &p, &err));
    assert_false(preprocess_square(&image, &p, &out, &err));
    assert_sentence(&err, "a picture of 20 x 14 stays 17 x 12", "--resize crop");
    assert_true(preprocessing_for(&open, TOWER, 0, RESIZE_CROP, &p, &err));
    assert_true(preprocess_square(&image, &p, &out, &err));
    image_free(&out);
    image_free(&image);
}

/* A Hugging Face folder with these two files; NULL: without. */
static Clip *open_with(const char *preprocessor, const char *processor_file, Error *err)
{
    static const char *const model[] = {"config.json", "model.safetensors"};
    char *folder = path_join(scratch_folder, "clip"), *one = path_join(folder, "preprocessor_config.json"),
         *two = path_join(folder, "processor_config.json");
    assert_true(make_folders(folder, err));
    for (size_t i = 0; i < 2; i++) {
        char *golden = path_join("tests/golden/clip/huggingface", model[i]), *real = realpath(golden, NULL),
             *path = path_join(folder, model[i]);
        if (!path_exists(path)) assert_int_equal(symlink(real, path), 0);
        free(golden), free(real), free(path);
    }
    unlink(one), unlink(two);
    if (preprocessor) assert_true(write_file(one, preprocessor, strlen(preprocessor), err));
    if (processor_file) assert_true(write_file(two, processor_file, strlen(processor_file), err));
    Clip *clip = clip_open(folder, err);
    free(folder), free(one), free(two);
    return clip;
}

static void a_folder_is_prepared_by_the_file_that_transformers_would_take(void **state)
{
    (void)state;
    static const char squash[] = "{\"size\": {\"height\": 24, \"width\": 24}, \"do_center_crop\": false}";
    Error err = {0};
    char fingerprint[65];
    Clip *clip = open_with(NULL, NULL, &err);
    if (!clip) fail_msg("%s", err.text);
    assert_int_equal(clip->config.preprocessing.fit, FIT_SHORTER);
    memcpy(fingerprint, clip->fingerprint, sizeof fingerprint);
    clip_free(clip);
    clip = open_with(squash, NULL, &err);
    assert_int_equal(clip->config.preprocessing.fit, FIT_STRETCH);
    assert_string_not_equal(clip->fingerprint, fingerprint);
    memcpy(fingerprint, clip->fingerprint, sizeof fingerprint);
    clip_free(clip);
    clip = open_with(squash, "{\"processor_class\": \"CLIPProcessor\"}", &err); /* says nothing about pictures */
    assert_string_equal(clip->fingerprint, fingerprint);
    clip_free(clip);
    clip = open_with(squash, "{\"image_processor\": {\"do_normalize\": false, \"size\": 24, \"crop_size\": 24}}", &err);
    assert_int_equal(clip->config.preprocessing.fit, FIT_SHORTER);
    assert_false(clip->config.preprocessing.normalises);
    clip_free(clip);
    assert_null(open_with("{\"do_pad\": true}", NULL, &err));
    assert_sentence(&err, "clip/preprocessor_config.json", "do_pad");
}

static Protocol protocol_of(const char *text)
{
    Error err = {0};
    Protocol p = {0};
    JsonFile *file = json_parse("experiments.json", text, strlen(text), &err);
    if (!file || !protocol_read(&p, "mine", json_root(file), &err)) fail_msg("%s", err.text);
    json_free(file);
    return p;
}

/* And a result's configuration says of the silent one what it said before there were models with another way. */
static void a_protocol_without_resize_leaves_it_to_the_model(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ResizeRule rule;
    } cases[] = {{"{}", RESIZE_OF_MODEL},
                 {"{\"resize\": null}", RESIZE_OF_MODEL},
                 {"{\"resize\": \"crop\"}", RESIZE_CROP},
                 {"{\"resize\": \"stretch\"}", RESIZE_STRETCH}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(protocol_of(cases[i].text).resize, cases[i].rule);
    assert_int_equal(protocol_built_in("default")->resize, RESIZE_OF_MODEL);
    assert_int_equal(protocol_built_in("224-crop")->resize, RESIZE_CROP);
    const Protocol silent = protocol_of("{}"), crop = protocol_of("{\"resize\": \"crop\"}");
    cJSON *a = protocol_json(&silent), *b = protocol_json(&crop);
    assert_true(cJSON_Compare(a, b, true));
    cJSON_Delete(a), cJSON_Delete(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resized_pictures_equal_those_of_the_reference),
        cmocka_unit_test(pictures_from_files_are_within_one_grey_level),
        cmocka_unit_test(normalisation_is_of_the_values_over_255),
        cmocka_unit_test(a_plain_picture_stays_plain_at_any_shape),
        cmocka_unit_test(settings_of_checkpoints_give_the_pixels_of_transformers_and_open_clip),
        cmocka_unit_test(a_setting_that_is_not_obeyed_is_refused_by_its_key),
        cmocka_unit_test(what_is_asked_for_wins_and_what_differs_is_said),
        cmocka_unit_test(sizes_that_do_not_fit_the_tower_are_refused_until_one_is_asked_for),
        cmocka_unit_test(a_folder_is_prepared_by_the_file_that_transformers_would_take),
        cmocka_unit_test(a_protocol_without_resize_leaves_it_to_the_model),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
