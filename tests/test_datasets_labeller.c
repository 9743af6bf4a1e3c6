/* The noun filter: the captions of tests/cases/captions.txt, and 1000 captions against nltk's lemmatiser on WordNet. */
#include "datasets/class_lists.h"
#include "datasets/inflection.h"
#include "datasets/labeller.h"
#include "harness/base/text.h"
#include "harness/io/json.h"
#include "tests/case_file.h"

enum { PUBLIC_LISTS = 3 };

static const struct {
    const char *name;
    const ClassNames *classes;
    size_t count;
} lists[PUBLIC_LISTS] = {{"voc", voc_classes, VOC_CLASSES},
                         {"coco", coco_classes, COCO_CLASSES},
                         {"nuswide", nuswide_classes, NUSWIDE_CLASSES}};

/* Class names that a caption gets, with ", " between. */
static char *names_in(const ClassNames *classes, size_t count, LabelRule rule, const char *caption)
{
    uint8_t labels[NUSWIDE_CLASSES];
    Labeller *l = labeller_new(classes, count, rule);
    size_t found = labeller_apply(l, caption, labels);
    Text names = {0};
    text_add(&names, "");
    for (size_t c = 0; c < count; c++) {
        if (!labels[c]) continue;
        text_addf(&names, "%s%s", names.length ? ", " : "", classes[c].names[0]);
        found--;
    }
    assert_int_equal(found, 0); /* the count that was returned is the count of labels */
    labeller_free(l);
    return names.data;
}

static void expect(const ClassNames *classes, size_t count, LabelRule rule, const char *caption, const char *names)
{
    char *got = names_in(classes, count, rule, caption);
    if (strcmp(got, names) != 0) fail_msg("\"%s\": %s instead of %s", caption, got, names);
    free(got);
}

static void expect_both(const ClassNames *classes, size_t count, const char *caption, const char *names)
{
    expect(classes, count, LABEL_PUBLISHED, caption, names);
    expect(classes, count, LABEL_PLURAL, caption, names);
}

/* ---- tests/cases/captions.txt ---- */

enum { OWN_MAX = 32 };

/* "NAME/SYNONYM; NAME" cut in place into classes; `names` holds what they point to. */
static size_t own_classes(char *list, ClassNames *classes, const char **names)
{
    size_t count = 0, total = 0;
    for (char *entry, *rest = list; (entry = strtok_r(rest, ";", &rest)) && count < OWN_MAX; count++) {
        classes[count] = (ClassNames){.names = names + total};
        for (char *name; (name = strtok_r(entry, "/", &entry)) && total < OWN_MAX; classes[count].count++)
            names[total++] = name + strspn(name, " ");
    }
    return count;
}

static void a_caption_gets_the_classes_of_its_line(void **state)
{
    const CaseLine *one = *state;
    const char *verdict = one->section->verdict;
    ClassNames own[OWN_MAX];
    const char *names[OWN_MAX];
    char *list = xstrdup(one->section->name), *caption, *expected;
    size_t which = 0;
    while (which < PUBLIC_LISTS && !text_begins(verdict, lists[which].name)) which++;
    if (which == PUBLIC_LISTS && !text_begins(verdict, "own")) fail_msg("no list of this name: %s", verdict);
    const ClassNames *classes = which < PUBLIC_LISTS ? lists[which].classes : own;
    const size_t count = which < PUBLIC_LISTS ? lists[which].count : own_classes(list, own, names);
    case_sides(one->line, &caption, &expected);
    if (!text_ends(verdict, " plural")) expect(classes, count, LABEL_PUBLISHED, caption, expected);
    if (!text_ends(verdict, " published")) expect(classes, count, LABEL_PLURAL, caption, expected);
    free(list), free(caption), free(expected);
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
    expect_both(turned, VOC_CLASSES, "two people and a dog on a sofa", "sofa, person, dog");
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
        cmocka_unit_test(long_words_and_odd_names_do_no_harm),
        cmocka_unit_test(order_of_classes_permutes_the_labels),
        cmocka_unit_test(a_thousand_captions_get_the_labels_of_nltk_and_wordnet),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    return failed + case_lines_run("tests/cases/captions.txt", a_caption_gets_the_classes_of_its_line, NULL, NULL);
}
