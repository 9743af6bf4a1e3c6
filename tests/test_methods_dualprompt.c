/* DualPrompt against a PyTorch script (tests/golden/make_dualprompt.py): sentences, scores; and tiles of pictures. */
#include "methods/dualprompt/dualprompt_internal.h"
#include "methods/shared/branches.h"
#include "tests/baselines2_fixture.h"

static TensorFile *st;
static ImageFeatures test_images;
static LabelledImages train_images;

static int open_golden(void **state)
{
    baselines_open(state);
    st = golden_open("tests/golden/dualprompt.safetensors");
    const TensorView *tiles = golden_view(st, "tiles");
    test_images = (ImageFeatures){.count = tiles->dim[0],
                                  .positions = tiles->dim[1],
                                  .width = tiles->dim[2],
                                  .rows = 3,
                                  .columns = 3,
                                  .global = golden_floats(st, "images"),
                                  .local = golden_floats(st, "tiles")};
    static ImageFeatures shown;
    shown = (ImageFeatures){.count = golden_view(st, "train")->dim[0], .width = test_images.width};
    train_images = (LabelledImages){&shown, golden_labels(st, "train")};
    return 0;
}

static int close_golden(void **state)
{
    free(test_images.global), free(test_images.local), free((int8_t *)train_images.labels);
    tensor_file_close(st);
    return baselines_close(state);
}

static void expect(const char *name, const char *options, uint64_t seed, LabelledImages images)
{
    Error err = {0};
    Trial t;
    const TextFeatures texts = {.count = tiny.captions.count}; /* labels are all it reads */
    float *golden = golden_floats(st, name);
    if (!trial_run(&t, "dualprompt", options, seed, images, (LabelledCaptions){&texts, tiny.labels}, &test_images,
                   &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < test_images.count * tiny.classes.count; i++)
        assert_true(fabsf(t.scores.combined[i] - golden[i]) < 1e-5f);
    trial_free(&t);
    free(golden);
}

static void scores_equal_pytorchs(void **state)
{
    (void)state;
    const LabelledImages none = {0};
    expect("mini9", "{\"templates\": \"mini9\", \"link\": \"and\"}", 1, none);
    expect("whole",
           "{\"templates\": \"mini9\", \"link\": \"near\", \"lambda\": 0.8, \"tiles\": false, \"companions_most\": 1}",
           1, none);
    expect("published", "{\"companions_most\": 1, \"companions_threshold\": 0.1, \"companions_from\": \"given\"}", 1,
           none);
}

static void companions_can_come_from_a_share_of_the_labels(void **state)
{
    (void)state;
    expect("labels",
           "{\"templates\": \"single\", \"frame\": \"a photo of a {}.\", \"link\": \"with\", \"companions_threshold\": "
           "0.4,"
           " \"companions_most\": 2, \"source\": \"labels\", \"share\": 0.25}",
           5, train_images);
}

static void sentences_are_the_published_ones(void **state)
{
    (void)state;
    static const char *const others[] = {"dog", "bus"};
    Error err;
    JsonFile *file = json_read("tests/golden/dualprompt.json", &err);
    TextList frames = {0}, sentences = {0};
    tiny_texts(json_get(json_root(file), "frames"), &frames);
    tiny_texts(json_get(json_root(file), "sentences"), &sentences);
    const TemplateSet *set = template_set("scene85");
    assert_int_equal(set->count, 85);
    assert_int_equal(frames.count, 85);
    for (size_t i = 0; i < set->count; i++) {
        char *sentence = companion_sentence(set->frames[i], "cat", others, 2, "published"),
             *alone = companion_sentence(set->frames[i], "cat", others, 0, "published"),
             *plain = template_fill(set->frames[i], "cat");
        assert_string_equal(set->frames[i], frames.items[i]);
        assert_string_equal(sentence, sentences.items[i]);
        assert_string_equal(alone, plain);
        free(sentence), free(alone), free(plain);
    }
    text_list_free(&frames), text_list_free(&sentences);
    json_free(file);
}

static void features_that_are_no_tiles_are_refused(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    ImageFeatures four = test_images;
    four.positions = 4;
    const TextFeatures texts = {.count = tiny.captions.count};
    assert_false(trial_run(&t, "dualprompt", "{\"templates\": \"mini9\"}", 1, (LabelledImages){0},
                           (LabelledCaptions){&texts, tiny.labels}, &four, &err));
    assert_non_null(strstr(err.text, "4 local ones a picture; DualPrompt's are those of 9 tiles"));
    trial_free(&t);
}

/* ---- tiles ---- */

enum { SIDE = 32, PICTURES = 3, PART = SIDE / 3 };

/* Pictures 32 wide, so that squashing changes nothing; tile by tile another grey. */
static bool load(void *context, size_t i, Image *image, Error *err)
{
    (void)context, (void)err;
    *image = (Image){SIDE, SIDE, xmalloc(SIDE * SIDE * 3)};
    for (size_t y = 0; y < SIDE; y++)
        for (size_t x = 0; x < SIDE; x++)
            memset(image->pixels + (y * SIDE + x) * 3, (int)(20 + 60 * i + 7 * (y / PART * 3 + x / PART)), 3);
    return true;
}

/* The piece of picture *context as a picture of its own. */
static bool load_piece(void *context, size_t piece, Image *image, Error *err)
{
    Image whole;
    load(NULL, *(const size_t *)context, &whole, err);
    *image = (Image){PART, PART, xmalloc(PART * PART * 3)};
    for (size_t y = 0; y < PART; y++)
        memcpy(image->pixels + y * PART * 3, whole.pixels + ((piece / 3 * PART + y) * SIDE + piece % 3 * PART) * 3,
               PART * 3);
    image_free(&whole);
    return true;
}

static void tiles_are_pictures_of_their_own(void **state)
{
    (void)state;
    Error err;
    const ClipConfig config = {.embed = 8,
                               .has_image = true,
                               .preprocessing = preprocessing_standard(),
                               .layer_norm_eps = 1e-5f,
                               .image_size = SIDE,
                               .image_width = 32,
                               .image_heads = 2,
                               .image_layers = 1,
                               .image_mlp = 64,
                               .patch = 16};
    Clip *clip = clip_new(config, 3, &err);
    if (!clip) fail_msg("%s", err.text);
    ImageFeatures tiled, whole, pieces;
    const ImageSource source = {PICTURES, load, NULL};
    EncodeOptions options = {.resize = RESIZE_STRETCH, .position = POOL_POSITION_ON};
    if (!clip_encode_images(clip, &source, options, &whole, NULL, &err)) fail_msg("%s", err.text);
    options.tiles = 3, options.want_local = true;
    if (!clip_encode_images(clip, &source, options, &tiled, NULL, &err)) fail_msg("%s", err.text);
    assert_int_equal(tiled.positions, 9);
    for (size_t i = 0; i < PICTURES * 8; i++) assert_true(fabsf(tiled.global[i] - whole.global[i]) < 1e-6f);
    options.tiles = 0, options.want_local = false;
    for (size_t i = 0; i < PICTURES; i++) {
        const ImageSource nine = {9, load_piece, &i};
        if (!clip_encode_images(clip, &nine, options, &pieces, NULL, &err)) fail_msg("%s", err.text);
        for (size_t k = 0; k < 9 * 8; k++) assert_true(fabsf(tiled.local[i * 72 + k] - pieces.global[k]) < 1e-6f);
        image_features_free(&pieces);
    }
    image_features_free(&tiled), image_features_free(&whole);
    clip_free(clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_pytorchs),
        cmocka_unit_test(companions_can_come_from_a_share_of_the_labels),
        cmocka_unit_test(sentences_are_the_published_ones),
        cmocka_unit_test(features_that_are_no_tiles_are_refused),
        cmocka_unit_test(tiles_are_pictures_of_their_own),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
