/* The embedded world: pure functions, true labels, true captions; and the data set `mini` around it. */
#include "datasets/dataset.h"
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_language.h"
#include "datasets/mini/world_random.h"
#include "datasets/mini/world_stroke.h"
#include "harness/base/hash.h"
#include "harness/base/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PIXELS = WORLD_SIZE * WORLD_SIZE * 3 };

static void a_scene_depends_on_split_and_index_alone(void **state)
{
    (void)state;
    static uint8_t first[PIXELS], again[PIXELS], other[PIXELS];
    WorldScene scene, before;
    for (int split = 0; split < WORLD_SPLITS; split++) {
        world_scene(&before, (WorldSplit)split, 5);
        world_render(&before, first);
        world_scene(&scene, (WorldSplit)split, 6);
        world_render(&scene, other);
        assert_memory_not_equal(first, other, PIXELS);
        world_scene(&scene, (WorldSplit)((split + 1) % WORLD_SPLITS), 5);
        world_render(&scene, other);
        assert_memory_not_equal(first, other, PIXELS);
        world_scene(&scene, (WorldSplit)split, 5);
        world_render(&scene, again);
        assert_memory_equal(first, again, PIXELS);
        assert_int_equal(scene.render_seed, before.render_seed);
    }
}

static void threads_render_what_one_thread_renders(void **state)
{
    (void)state;
    enum { SCENES = 16 };
    static uint8_t alone[SCENES][PIXELS], together[SCENES][PIXELS];
    for (int i = 0; i < SCENES; i++) {
        WorldScene scene;
        world_scene(&scene, WORLD_TEST, (uint64_t)i);
        world_render(&scene, alone[i]);
    }
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < SCENES; i++) {
        WorldScene scene;
        world_scene(&scene, WORLD_TEST, (uint64_t)i);
        world_render(&scene, together[i]);
    }
    assert_memory_equal(alone, together, sizeof alone);
}

static void digest_scenes(WorldSplit split, char hex[65])
{
    static uint8_t pixels[PIXELS];
    Hash *hash = hash_new();
    for (uint64_t i = 0; i < 400; i++) {
        WorldScene scene;
        world_scene(&scene, split, i);
        scene.shift = i % 2 ? 1 : 0;
        world_render(&scene, pixels);
        hash_add(hash, pixels, PIXELS);
    }
    hash_finish(hash, hex);
}

/* Made with cairo 1.16.0 when it still drew the outlines itself. */
static void pictures_are_those_of_cairo_1_16(void **state)
{
    (void)state;
    static const char *const expected[WORLD_SPLITS] = {
        "fd98a62fcd2f45a560bf3a39007dab90a01cec2c643bb2e21eeba4cdd5b93b1e",
        "286b2c540a32357aa466498e2d6dcc7a79531ff561ecb11e4d770cfbc11e03dc",
        "39a6eff4b10d65801aefb2dd5556764722e9bc578a517fc383ca71cef8cd2074",
        "d84d1d611d922af8796b5911422b9e2d5de18baaacdb9fadf393449eb1840461",
        "9369d31d228cec2bab93447aef810cc9feefaf58415a746cfb83cde1170a298c",
    };
    for (int split = 0; split < WORLD_SPLITS; split++) {
        char hex[65];
        digest_scenes((WorldSplit)split, hex);
        assert_string_equal(hex, expected[split]);
    }
}

typedef struct Canvas {
    uint32_t pixels[WORLD_SIZE * WORLD_SIZE];
    cairo_surface_t *surface;
    cairo_t *cairo;
} Canvas;

static void canvas_begin(Canvas *c)
{
    memset(c->pixels, 0, sizeof c->pixels);
    c->surface = cairo_image_surface_create_for_data((unsigned char *)c->pixels, CAIRO_FORMAT_RGB24, WORLD_SIZE,
                                                     WORLD_SIZE, 4 * WORLD_SIZE);
    c->cairo = cairo_create(c->surface);
    cairo_set_source_rgb(c->cairo, 1, 1, 1);
    cairo_set_line_cap(c->cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(c->cairo, CAIRO_LINE_JOIN_ROUND);
}

static void canvas_end(Canvas *c)
{
    cairo_destroy(c->cairo);
    cairo_surface_flush(c->surface);
    cairo_surface_destroy(c->surface);
}

/* Lines partly outside of the picture, dots, nothing at all; frames that are turned, stretched and mirrored. */
static void lay_random_line(cairo_t *cairo, Dice *dice, int i)
{
    double at[4];
    for (int k = 0; k < 4; k++) at[k] = dice_between(dice, -10, 74);
    cairo_move_to(cairo, at[0], at[1]);
    if (i % 10 == 0) cairo_line_to(cairo, at[0], at[1]);
    if (i % 10 > 1) cairo_line_to(cairo, at[2], at[3]);
    const double angle = dice_between(dice, 0, 6.3), wide = dice_between(dice, 4, 20), high = dice_between(dice, 4, 20);
    cairo_rotate(cairo, angle);
    cairo_scale(cairo, i % 2 ? wide : -wide, high);
}

static void a_line_that_does_not_bend_is_drawn_as_cairo_does(void **state)
{
    (void)state;
    static Canvas theirs, ours;
    for (int i = 0; i < 2000; i++) {
        Dice dice = dice_new(DICE_RENDER, 0, 0, (uint64_t)i), again = dice;
        const double width = i % 50 ? 0.4 * (i % 13) / 13.0 : 0;
        canvas_begin(&theirs);
        lay_random_line(theirs.cairo, &dice, i);
        cairo_set_line_width(theirs.cairo, width);
        cairo_stroke(theirs.cairo);
        canvas_end(&theirs);
        canvas_begin(&ours);
        lay_random_line(ours.cairo, &again, i);
        world_stroke(ours.cairo, width);
        assert_false(cairo_has_current_point(ours.cairo));
        canvas_end(&ours);
        assert_memory_equal(theirs.pixels, ours.pixels, sizeof ours.pixels);
    }
}

static void scenes_keep_their_promises(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++) {
        WorldScene scene;
        uint8_t labels[WORLD_CLASSES];
        world_scene(&scene, (WorldSplit)(i % WORLD_SPLITS), i);
        assert_in_range(scene.count, 1, WORLD_OBJECTS_MAX);
        world_labels(&scene, labels);
        int positive = 0;
        for (int c = 0; c < WORLD_CLASSES; c++) positive += labels[c];
        assert_int_equal(positive, scene.count); /* no class twice */
        for (int k = 0; k < scene.count; k++) {
            const WorldObject *o = &scene.objects[k];
            assert_true(labels[o->class] == 1);
            assert_true(o->x > 0 && o->x < WORLD_SIZE && o->y > 0 && o->y < WORLD_SIZE);
            assert_true(o->radius >= 8.5 && o->radius <= 25);
        }
        if (scene.split >= WORLD_TUNE) assert_true(scene.shift == world_test_shift);
    }
}

/* Shares of scenes with 1, 2, 3, 4 objects; three deviations of 10,000 throws are under 0.015. */
static void object_counts_are_those_of_the_split(void **state)
{
    (void)state;
    enum { SCENES = 10000 };
    static const double pretrain[] = {0.45, 0.30, 0.17, 0.08}, test[] = {0.30, 0.33, 0.23, 0.14};
    int counts[2][WORLD_OBJECTS_MAX + 1] = {{0}}, clean = 0;
    for (uint64_t i = 0; i < SCENES; i++) {
        WorldScene scene;
        world_scene(&scene, WORLD_TEST, i);
        counts[1][scene.count]++;
        world_scene(&scene, WORLD_PRETRAIN, i);
        counts[0][scene.count]++;
        clean += scene.shift == 0;
        assert_true(scene.shift >= 0 && scene.shift <= 0.3);
    }
    assert_true(abs(clean - 7 * SCENES / 10) < SCENES / 60);
    for (int k = 0; k < WORLD_OBJECTS_MAX; k++) { /* small habitats give up a repeated class now and then */
        assert_true(abs(counts[0][k + 1] - (int)(pretrain[k] * SCENES)) < SCENES / 20);
        assert_true(abs(counts[1][k + 1] - (int)(test[k] * SCENES)) < SCENES / 20);
    }
}

static void every_class_appears_often_enough_to_be_scored(void **state)
{
    (void)state;
    int seen[WORLD_CLASSES] = {0};
    for (uint64_t i = 0; i < 2000; i++) {
        WorldScene scene;
        uint8_t labels[WORLD_CLASSES];
        world_scene(&scene, WORLD_TEST, i);
        world_labels(&scene, labels);
        for (int c = 0; c < WORLD_CLASSES; c++) seen[c] += labels[c];
    }
    for (int c = 0; c < WORLD_CLASSES; c++) assert_in_range(seen[c], 100, 700);
}

static bool is_word(const char *word, size_t length)
{
    for (const char *const *w = world_words(); *w != NULL; w++)
        if (strlen(*w) == length && memcmp(*w, word, length) == 0) return true;
    return false;
}

static void captions_are_plain_words_of_the_vocabulary(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX];
        world_scene(&scene, (WorldSplit)(i % WORLD_SPLITS), i);
        world_caption(&scene, &world_pretrain_style, i, i % 2, caption);
        assert_true(caption[0] != 0);
        for (const char *p = caption; *p != 0;) {
            const size_t length = strcspn(p, " ");
            if (!is_word(p, length)) fail_msg("\"%s\": \"%.*s\" is no word", caption, (int)length, p);
            p += length + (p[length] == ' ');
        }
    }
}

static void the_vocabulary_is_sorted_and_has_no_word_twice(void **state)
{
    (void)state;
    const char *const *words = world_words();
    for (size_t i = 1; words[i] != NULL; i++) assert_true(strcmp(words[i - 1], words[i]) < 0);
}

/* With everything mentioned and nothing wrong, the noun filter gives the renderer's truth, up to three objects. */
static void the_noun_filter_finds_what_a_true_caption_mentions(void **state)
{
    (void)state;
    static const CaptionStyle true_style = {.mention = 1};
    Labeller *l = labeller_new(world_class_nouns, WORLD_CLASSES, LABEL_PUBLISHED);
    for (uint64_t i = 0; i < 3000; i++) {
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX];
        uint8_t truth[WORLD_CLASSES], named[WORLD_CLASSES];
        world_scene(&scene, WORLD_CAPTIONS, i);
        world_caption(&scene, &true_style, 1, false, caption);
        world_labels(&scene, truth);
        const size_t count = labeller_apply(l, caption, named);
        assert_int_equal(count, scene.count < 3 ? scene.count : 3);
        for (int c = 0; c < WORLD_CLASSES; c++)
            if (named[c] > truth[c]) fail_msg("\"%s\" names a %s", caption, world_class_names[c]);
    }
    labeller_free(l);
}

static const WorldObject *object_named(const WorldScene *scene, const Labeller *l, const char *phrase)
{
    uint8_t named[WORLD_CLASSES];
    assert_int_equal(labeller_apply(l, phrase, named), 1);
    for (int k = 0; k < scene->count; k++)
        if (named[scene->objects[k].class]) return &scene->objects[k];
    fail_msg("\"%s\" is not in the scene", phrase);
    return NULL;
}

/* "A left of B" with two objects, in both directions. */
static void left_and_right_are_true_of_the_picture_and_of_its_mirror(void **state)
{
    (void)state;
    static const CaptionStyle true_style = {.mention = 1};
    Labeller *l = labeller_new(world_class_nouns, WORLD_CLASSES, LABEL_PUBLISHED);
    int seen = 0;
    for (uint64_t i = 0; i < 4000; i++) {
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX], mirrored[WORLD_CAPTION_MAX];
        world_scene(&scene, WORLD_CAPTIONS, i);
        if (scene.count != 2) continue;
        world_caption(&scene, &true_style, i, false, caption);
        world_caption(&scene, &true_style, i, true, mirrored);
        char *left = strstr(caption, " left of "), *right = strstr(caption, " right of ");
        char *relation = left ? left : right;
        if (relation == NULL) {
            assert_string_equal(caption, mirrored);
            continue;
        }
        seen++;
        assert_non_null(strstr(mirrored, left ? " right of " : " left of "));
        *relation = 0;
        const WorldObject *a = object_named(&scene, l, caption), *b = object_named(&scene, l, relation + 9);
        assert_true(left ? a->x < b->x : a->x > b->x);
    }
    assert_true(seen > 100);
    labeller_free(l);
}

static void styles_of_captions_have_their_shares(void **state)
{
    (void)state;
    enum { CAPTIONS = 20000 };
    int photos = 0, empty = 0;
    Labeller *l = labeller_new(world_class_nouns, WORLD_CLASSES, LABEL_PUBLISHED);
    for (uint64_t i = 0; i < CAPTIONS; i++) {
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX];
        uint8_t named[WORLD_CLASSES];
        world_scene(&scene, WORLD_PRETRAIN, i);
        world_caption(&scene, &world_pretrain_style, 0, false, caption);
        photos += strncmp(caption, "a photo of ", 11) == 0;
        empty += labeller_apply(l, caption, named) == 0;
    }
    assert_true(abs(photos - CAPTIONS * 96 / 1000) < CAPTIONS / 100); /* of what is not generic */
    assert_true(abs(empty - CAPTIONS * 4 / 100) < CAPTIONS / 150);
    labeller_free(l);
}

static void another_seed_says_it_otherwise(void **state)
{
    (void)state;
    int different = 0;
    for (uint64_t i = 0; i < 200; i++) {
        WorldScene scene;
        char one[WORLD_CAPTION_MAX], two[WORLD_CAPTION_MAX];
        world_scene(&scene, WORLD_CAPTIONS, i);
        world_caption(&scene, &world_caption_style, 1, false, one);
        world_caption(&scene, &world_caption_style, 2, false, two);
        different += strcmp(one, two) != 0;
    }
    assert_true(different > 180);
}

static Dataset *open_mini(const char *config, size_t limit, Error *err)
{
    JsonFile *file = json_parse("experiments.json", config, strlen(config), err);
    assert_non_null(file);
    DatasetSource source = {.name = "mini", .config = json_root(file), .limit = limit};
    Dataset *d = dataset_open(&source, err);
    json_free(file);
    return d;
}

static void mini_has_the_splits_of_the_world(void **state)
{
    (void)state;
    Error err = {0};
    Dataset *d = dataset_open(&(DatasetSource){.name = "mini"}, &err);
    assert_non_null(d);
    assert_int_equal(dataset_classes(d), WORLD_CLASSES);
    assert_string_equal(dataset_class_names(d)[10], "dining table");
    for (int c = 0; c < WORLD_CLASSES; c++) assert_string_equal(dataset_class_names(d)[c], world_class_names[c]);
    const Split *test = dataset_split(d, SPLIT_TEST, &err);
    assert_int_equal(test->count, 2000);
    assert_ptr_equal(test, dataset_split(d, SPLIT_TEST, &err));
    assert_int_equal(dataset_split(d, SPLIT_TUNE, &err)->count, 2000);
    assert_int_equal(dataset_split(d, SPLIT_TRAIN, &err)->count, 4000);
    assert_string_equal(test->files[17], "test/00017");
    WorldScene scene;
    uint8_t labels[WORLD_CLASSES], pixels[PIXELS];
    world_scene(&scene, WORLD_TEST, 17);
    world_labels(&scene, labels);
    for (int c = 0; c < WORLD_CLASSES; c++) assert_int_equal(test->labels[17 * WORLD_CLASSES + c], labels[c] ? 1 : -1);
    Image image;
    assert_true(dataset_image(d, SPLIT_TEST, 17, &image, &err));
    world_render(&scene, pixels);
    assert_memory_equal(image.pixels, pixels, PIXELS);
    image_free(&image);
    assert_false(dataset_image(d, SPLIT_TEST, 2000, &image, &err));
    const Captions *captions = dataset_captions(d, &err);
    assert_int_equal(captions->count, 10000);
    assert_null(captions->labels);
    dataset_free(d);
}

static void what_changes_images_changes_the_fingerprint(void **state)
{
    (void)state;
    Error err = {0};
    static const char *const configs[] = {"{\"kind\": \"mini\"}", "{\"kind\": \"mini\", \"shift\": 0.5}",
                                          "{\"kind\": \"mini\", \"test\": 30}"};
    char prints[5][65];
    for (int i = 0; i < 3; i++) {
        Dataset *d = open_mini(configs[i], 0, &err);
        strcpy(prints[i], dataset_split(d, SPLIT_TEST, &err)->fingerprint);
        if (i == 0) strcpy(prints[3], dataset_split(d, SPLIT_TUNE, &err)->fingerprint);
        dataset_free(d);
    }
    Dataset *d = open_mini(configs[0], 10, &err);
    assert_int_equal(dataset_split(d, SPLIT_TEST, &err)->count, 10);
    assert_int_equal(dataset_captions(d, &err)->count, 10);
    strcpy(prints[4], dataset_split(d, SPLIT_TEST, &err)->fingerprint);
    dataset_free(d);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(strlen(prints[i]), 64);
        for (int k = 0; k < i; k++) assert_string_not_equal(prints[i], prints[k]);
    }
}

static void public_data_sets_show_their_classes_and_ask_where_they_lie(void **state)
{
    (void)state;
    const char *const *names = dataset_names();
    assert_true(names_find(names, "mini") != NAMES_NONE && names_find(names, "voc2007") != NAMES_NONE);
    for (size_t i = 0; names[i]; i++) {
        assert_string_equal(dataset_kind(names[i])->name, names[i]);
        assert_true(dataset_kind(names[i])->class_count >= 20);
    }
    assert_int_equal(names_find(names, "folder"), NAMES_NONE); /* a kind, but none without an entry of its own */
    assert_null(dataset_kind("folder"));
    assert_null(dataset_kind("imagenet"));
    Error err = {0};
    assert_null(dataset_open(&(DatasetSource){.name = "voc2007"}, &err));
    assert_non_null(strstr(err.text, "nobody said where it lies"));
    assert_null(dataset_open(&(DatasetSource){.name = "imagenet"}, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scene_depends_on_split_and_index_alone),
        cmocka_unit_test(threads_render_what_one_thread_renders),
        cmocka_unit_test(pictures_are_those_of_cairo_1_16),
        cmocka_unit_test(a_line_that_does_not_bend_is_drawn_as_cairo_does),
        cmocka_unit_test(scenes_keep_their_promises),
        cmocka_unit_test(object_counts_are_those_of_the_split),
        cmocka_unit_test(every_class_appears_often_enough_to_be_scored),
        cmocka_unit_test(captions_are_plain_words_of_the_vocabulary),
        cmocka_unit_test(the_vocabulary_is_sorted_and_has_no_word_twice),
        cmocka_unit_test(the_noun_filter_finds_what_a_true_caption_mentions),
        cmocka_unit_test(left_and_right_are_true_of_the_picture_and_of_its_mirror),
        cmocka_unit_test(styles_of_captions_have_their_shares),
        cmocka_unit_test(another_seed_says_it_otherwise),
        cmocka_unit_test(mini_has_the_splits_of_the_world),
        cmocka_unit_test(what_changes_images_changes_the_fingerprint),
        cmocka_unit_test(public_data_sets_show_their_classes_and_ask_where_they_lie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
