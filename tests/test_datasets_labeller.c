/* The noun filter: rules by hand-written captions, and 1000 captions against nltk's lemmatiser on WordNet. */
#include "datasets/class_lists.h"
#include "datasets/inflection.h"
#include "datasets/labeller.h"
#include "harness/base/text.h"
#include "harness/io/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Class names that a caption gets, with commas between. */
static void names_in(const ClassNames *classes, size_t count, LabelRule rule, const char *caption, Text *names)
{
    uint8_t labels[NUSWIDE_CLASSES];
    Labeller *l = labeller_new(classes, count, rule);
    size_t found = labeller_apply(l, caption, labels);
    *names = (Text){0};
    text_add(names, "");
    for (size_t c = 0; c < count; c++) {
        if (!labels[c]) continue;
        text_addf(names, "%s%s", names->length ? "," : "", classes[c].names[0]);
        found--;
    }
    assert_int_equal(found, 0); /* the count that was returned is the count of labels */
    labeller_free(l);
}

static void expect(const ClassNames *classes, size_t count, LabelRule rule, const char *caption, const char *names)
{
    Text got;
    names_in(classes, count, rule, caption, &got);
    if (strcmp(got.data, names) != 0) fail_msg("\"%s\": %s instead of %s", caption, got.data, names);
    text_free(&got);
}

static void expect_both(const ClassNames *classes, size_t count, const char *caption, const char *names)
{
    expect(classes, count, LABEL_PUBLISHED, caption, names);
    expect(classes, count, LABEL_PLURAL, caption, names);
}

static void a_caption_gets_the_classes_it_names(void **state)
{
    (void)state;
    expect_both(voc_classes, VOC_CLASSES, "two people and a dog on a sofa", "dog,person,sofa");
    expect_both(voc_classes, VOC_CLASSES, "A Woman riding HORSES.", "horse,person");
    expect_both(voc_classes, VOC_CLASSES, "the man's puppies, a couch; and buses!", "bus,dog,person,sofa");
    expect_both(voc_classes, VOC_CLASSES, "an empty field under the sky", "");
    expect_both(voc_classes, VOC_CLASSES, "", "");
    expect_both(voc_classes, VOC_CLASSES,
                "\xc3\x89tude: \xe2\x80\x9c"
                "cat\xe2\x80\x9d \xe2\x80\x94 a bird",
                "bird,cat");
    expect_both(nuswide_classes, NUSWIDE_CLASSES, "skies, cities, leaf and birds", "birds,cityscape,leaf,sky");
}

static void names_of_several_words_come_first_and_take_their_words(void **state)
{
    (void)state;
    expect_both(coco_classes, COCO_CLASSES, "a hot dog", "hot dog");
    expect_both(coco_classes, COCO_CLASSES, "hot dogs for a dog", "dog,hot dog");
    expect_both(coco_classes, COCO_CLASSES, "a teddy bear", "teddy bear");
    expect_both(coco_classes, COCO_CLASSES, "wine glasses on dining tables", "wine glass,dining table");
    expect_both(voc_classes, VOC_CLASSES, "a double decker", "bus");
    expect_both(coco_classes, COCO_CLASSES, "baseball game bats", "baseball bat");
    expect_both(voc_classes, VOC_CLASSES, "a potted cat plant", "cat");
}

static void names_of_several_words_match_without_the_blank(void **state)
{
    (void)state;
    expect_both(voc_classes, VOC_CLASSES, "two motorbikes and a motor bike", "motor bike");
    expect_both(voc_classes, VOC_CLASSES, "aircraft over the railway", "aeroplane,train");
    expect_both(coco_classes, COCO_CLASSES, "a hotdog", "hot dog");
    expect_both(voc_classes, VOC_CLASSES, "the diningtable", "table");
}

static void words_that_end_in_s_themselves_stay(void **state)
{
    (void)state;
    expect_both(coco_classes, COCO_CLASSES, "scissors on a bus", "bus,scissors");
    expect_both(coco_classes, COCO_CLASSES, "skis and sheep", "sheep,skis");
    expect_both(coco_classes, COCO_CLASSES, "tennis", "sports ball");
    expect_both(voc_classes, VOC_CLASSES, "glass, grass, this was as his", "");
}

static void the_published_rule_keeps_the_lemmatisers_mistakes(void **state)
{
    (void)state;
    expect(voc_classes, VOC_CLASSES, LABEL_PUBLISHED, "three men", "");
    expect(voc_classes, VOC_CLASSES, LABEL_PLURAL, "three men", "person");
    expect(voc_classes, VOC_CLASSES, LABEL_PUBLISHED, "three women", "person");
    expect(coco_classes, COCO_CLASSES, LABEL_PUBLISHED, "vases", "");
    expect(coco_classes, COCO_CLASSES, LABEL_PLURAL, "vases", "vase");
    expect(coco_classes, COCO_CLASSES, LABEL_PUBLISHED, "a fire-hydrant", "");
    expect(coco_classes, COCO_CLASSES, LABEL_PLURAL, "a fire-hydrant", "fire hydrant");
    expect_both(coco_classes, COCO_CLASSES, "knives, mice, benches, sandwiches", "bench,knife,sandwich,mouse");
}

static void irregular_plurals_reach_any_class_list(void **state)
{
    (void)state;
    const ClassNames own[] = {CLASS_NAMES("child"), CLASS_NAMES("goose"),  CLASS_NAMES("ox"),
                              CLASS_NAMES("wolf"),  CLASS_NAMES("potato"), CLASS_NAMES("tooth")};
    expect(own, 6, LABEL_PLURAL, "children, geese, oxen, wolves, potatoes and teeth",
           "child,goose,ox,wolf,potato,tooth");
}

static void a_name_of_two_classes_names_both(void **state)
{
    (void)state;
    const ClassNames own[] = {CLASS_NAMES("road bike", "bike"), CLASS_NAMES("Motor Bike", "bike"),
                              CLASS_NAMES("mountain bike", "motor bike")};
    expect_both(own, 3, "a bike", "road bike,Motor Bike");
    expect_both(own, 3, "a motor bike", "Motor Bike,mountain bike");
}

static void long_words_and_odd_names_do_no_harm(void **state)
{
    (void)state;
    const ClassNames own[] = {CLASS_NAMES("", "..."), CLASS_NAMES("a b c d e f g h i j"), CLASS_NAMES("cat")};
    char word[5000];
    memset(word, 'x', sizeof word);
    memcpy(word + sizeof word - 6, "s cat", 6);
    expect_both(own, 3, word, "cat");
    expect_both(own, 3, "a b c d e f g h i j", "");
}

static void order_of_classes_permutes_the_labels(void **state)
{
    (void)state;
    ClassNames turned[VOC_CLASSES];
    for (int c = 0; c < VOC_CLASSES; c++) turned[c] = voc_classes[VOC_CLASSES - 1 - c];
    expect_both(turned, VOC_CLASSES, "two people and a dog on a sofa", "sofa,person,dog");
}

static JsonFile *read_or_fail(const char *path)
{
    Error err = {0};
    JsonFile *file = json_read(path, &err);
    if (file == NULL) fail_msg("%s", err.text);
    return file;
}

/* "1,7" as the golden file writes it. */
static void numbers_of(const uint8_t *labels, size_t count, Text *out)
{
    out->length = 0;
    text_add(out, "");
    for (size_t c = 0; c < count; c++)
        if (labels[c]) text_addf(out, "%s%zu", out->length ? "," : "", c);
}

static void compare_captions(Json captions, const char *golden, const ClassNames *classes, size_t count, LabelRule rule)
{
    Labeller *l = labeller_new(classes, count, rule);
    Text got = {0};
    Error err = {0};
    for (size_t i = 0; i < json_count(captions); i++) {
        const char *caption;
        uint8_t labels[NUSWIDE_CLASSES];
        assert_true(json_as_string(json_at(captions, i), &caption, &err));
        labeller_apply(l, caption, labels);
        numbers_of(labels, count, &got);
        const size_t length = strcspn(golden, ";");
        if (got.length != length || strncmp(got.data, golden, length) != 0)
            fail_msg("\"%s\": classes %s instead of %.*s", caption, got.data, (int)length, golden);
        golden += length + (golden[length] == ';');
    }
    text_free(&got);
    labeller_free(l);
}

static void a_thousand_captions_get_the_labels_of_nltk_and_wordnet(void **state)
{
    (void)state;
    const char *shared = getenv("PALBENCH_SHARED");
    char *path = path_join(shared ? shared : "../shared", "data/coco_captions_sample.json");
    if (!path_exists(path)) {
        free(path);
        skip();
    }
    JsonFile *sample = read_or_fail(path), *golden = read_or_fail("tests/golden/datasets_labels.json");
    const struct {
        const char *name;
        const ClassNames *classes;
        size_t count;
    } lists[] = {{"voc", voc_classes, VOC_CLASSES},
                 {"coco", coco_classes, COCO_CLASSES},
                 {"nuswide", nuswide_classes, NUSWIDE_CLASSES}};
    for (int i = 0; i < 6; i++) {
        const LabelRule rule = i % 2 ? LABEL_PLURAL : LABEL_PUBLISHED;
        const char *expected;
        char key[64];
        Error err = {0};
        snprintf(key, sizeof key, "%s %s", lists[i / 2].name, i % 2 ? "plural" : "published");
        assert_true(json_string(json_root(golden), key, &expected, &err));
        compare_captions(json_root(sample), expected, lists[i / 2].classes, lists[i / 2].count, rule);
    }
    json_free(sample);
    json_free(golden);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_caption_gets_the_classes_it_names),
        cmocka_unit_test(names_of_several_words_come_first_and_take_their_words),
        cmocka_unit_test(names_of_several_words_match_without_the_blank),
        cmocka_unit_test(words_that_end_in_s_themselves_stay),
        cmocka_unit_test(the_published_rule_keeps_the_lemmatisers_mistakes),
        cmocka_unit_test(irregular_plurals_reach_any_class_list),
        cmocka_unit_test(a_name_of_two_classes_names_both),
        cmocka_unit_test(long_words_and_odd_names_do_no_harm),
        cmocka_unit_test(order_of_classes_permutes_the_labels),
        cmocka_unit_test(a_thousand_captions_get_the_labels_of_nltk_and_wordnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
