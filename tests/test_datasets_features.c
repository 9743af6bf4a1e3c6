/* The data set of kind "features": what is in the files arrives, whoever made them; what does not fit is told before anything runs. */
#include "datasets/own_features.h"
#include "harness/io/artifact.h"
#include "harness/stages/features.h"
#include "tests/broken_files.h"

#include <math.h>

enum { ROWS = 6, WIDTH = 4, CLASSES = 3, POSITIONS = 4 };

/* A file with these data sets; the floats are 1, 2, 3, ... */
typedef struct Made {
    const char *global; /* name of [ROWS, WIDTH], or NULL */
    bool labels, files, texts, local, tokens, classes;
    int8_t negative; /* what "not there" is in labels: -1 or 0 */
    size_t width;
} Made;

static void put_features(const char *name, Made m)
{
    Error err;
    float values[ROWS * POSITIONS * WIDTH];
    int8_t labels[ROWS * CLASSES];
    int64_t offsets[ROWS + 1];
    int32_t tokens[2 * ROWS] = {0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) values[i] = (float)(i + 1);
    for (size_t i = 0; i < ROWS * CLASSES; i++) labels[i] = i % 4 == 0 ? 1 : m.negative;
    for (size_t i = 0; i <= ROWS; i++) offsets[i] = 2 * (int64_t)i;
    ArtifactWriter *w = artifact_create(scratch(name), "{}", &err);
    if (!w) fail_msg("%s", err.text);
    const size_t width = m.width ? m.width : WIDTH;
    if (m.global) artifact_write_floats(w, m.global, 2, (size_t[]){ROWS, width}, values);
    if (m.local) artifact_write_floats(w, "local", 3, (size_t[]){ROWS, POSITIONS, WIDTH}, values);
    if (m.tokens) artifact_write_floats(w, "local", 2, (size_t[]){2 * ROWS, WIDTH}, values);
    if (m.tokens) artifact_write_int64(w, "offsets", 1, (size_t[]){ROWS + 1}, offsets);
    if (m.tokens) artifact_write_int32(w, "tokens", 1, (size_t[]){2 * ROWS}, tokens);
    if (m.labels) artifact_write_int8(w, "labels", 2, (size_t[]){ROWS, CLASSES}, labels);
    if (m.files) artifact_write_texts(w, "files", ROWS, (const char *const[]){"a", "b", "c", "d", "e", "f"});
    if (m.texts)
        artifact_write_texts(w, "texts", ROWS, (const char *const[]){"a cat", "a dog", "", "cat", "x", "dogs"});
    if (m.classes) artifact_write_texts(w, "classes", CLASSES, (const char *const[]){"cat", "dog", "cow"});
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
}

#define NAMES "\"classes\": [\"cat\", \"dog\", \"bird\"]"

static Dataset *open_with(const char *classes, const char *keys, Error *err)
{
    char *config = xformat("{\"kind\": \"features\", %s, %s}", classes, keys);
    JsonFile *file = json_parse("experiments.json", config, strlen(config), err);
    if (!file) fail_msg("%s", err->text);
    Dataset *d =
        dataset_open(&(DatasetSource){.name = "mine", .config = json_root(file), .folder = scratch_folder}, err);
    json_free(file);
    free(config);
    return d;
}

static Dataset *open_good(const char *keys)
{
    Error err = {0};
    Dataset *d = open_with(NAMES, keys, &err);
    if (!d) fail_msg("%s", err.text);
    return d;
}

static const FeatureRows *rows_of(Dataset *d, FeaturesOf which)
{
    Error err = {0};
    const FeatureRows *rows = dataset_features(d, which, &err);
    if (!rows) fail_msg("%s", err.text);
    return rows;
}

static void rows_of_a_file_arrive_with_labels_and_names(void **state)
{
    (void)state;
    put_features("a.h5", (Made){.global = "image_features", .labels = true, .files = true, .negative = -1});
    Error err = {0};
    Dataset *d = open_good("\"test\": \"a.h5:image_features[2:5]\", \"train\": \"a.h5:image_features\"");
    const Split *test = dataset_split(d, SPLIT_TEST, &err), *train = dataset_split(d, SPLIT_TRAIN, &err);
    if (!test || !train) fail_msg("%s", err.text);
    assert_int_equal(test->count, 3);
    assert_int_equal(train->count, ROWS);
    assert_string_equal(test->files[0], "c");
    assert_memory_equal(test->labels, train->labels + 2 * CLASSES, 3 * CLASSES);
    assert_string_not_equal(test->fingerprint, train->fingerprint);
    const FeatureRows *rows = rows_of(d, FEATURES_TEST);
    assert_int_equal(rows->first, 2);
    assert_int_equal(rows->width, WIDTH);
    assert_int_equal(rows->positions, 0);
    assert_true(dataset_has_features(d));
    assert_false(dataset_gives_features(d, FEATURES_CLASSES));
    Image image;
    assert_false(dataset_image(d, SPLIT_TEST, 0, &image, &err));
    assert_sentence(&err, "features in place of pictures", "mine");
    dataset_free(d);
}

static void labels_without_minus_ones_have_zero_for_not_there(void **state)
{
    (void)state;
    Error err = {0};
    put_features("a.h5", (Made){.global = "global", .labels = true, .negative = -1});
    put_features("b.h5", (Made){.global = "global", .labels = true, .negative = 0});
    Dataset *d = open_good("\"test\": \"a.h5\", \"train\": \"b.h5\"");
    const Split *test = dataset_split(d, SPLIT_TEST, &err), *train = dataset_split(d, SPLIT_TRAIN, &err);
    if (!test || !train) fail_msg("%s", err.text);
    assert_memory_equal(test->labels, train->labels, ROWS * CLASSES);
    assert_string_equal(test->files[3], "row 3"); /* without files */
    dataset_free(d);
}

static void local_features_make_a_square_of_positions(void **state)
{
    (void)state;
    put_features("a.h5", (Made){.global = "global", .labels = true, .local = true});
    put_features("t.h5", (Made){.global = "global", .texts = true, .tokens = true});
    Dataset *d = open_good("\"test\": \"a.h5\", \"captions\": \"t.h5\"");
    const FeatureRows *rows = rows_of(d, FEATURES_TEST), *texts = rows_of(d, FEATURES_CAPTIONS);
    assert_int_equal(rows->positions, POSITIONS);
    assert_int_equal(rows->rows, 2);
    assert_true(texts->tokens);
    dataset_free(d);
}

static void captions_bring_texts_or_labels(void **state)
{
    (void)state;
    Error err = {0};
    put_features("t.h5", (Made){.global = "global", .texts = true});
    put_features("l.h5", (Made){.global = "global", .labels = true, .negative = -1});
    Dataset *d = open_good("\"captions\": \"t.h5[1:6]\"");
    const Captions *captions = dataset_captions(d, &err);
    if (!captions) fail_msg("%s", err.text);
    assert_int_equal(captions->count, 5);
    assert_string_equal(captions->texts[0], "a dog");
    assert_null(captions->labels);
    dataset_free(d);
    d = open_good("\"captions\": \"l.h5\"");
    captions = dataset_captions(d, &err);
    if (!captions) fail_msg("%s", err.text);
    assert_memory_equal(captions->labels, ((const uint8_t[]){1, 0, 0, 0, 1, 0}), 6);
    dataset_free(d);
}

static void what_does_not_fit_is_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *classes, *keys, *says, *also;
    } broken[] = {
        {NAMES, "\"test\": \"a.h5:nothing\"", "no data set \"nothing\"", "F.h5:NAME"},
        {NAMES, "\"test\": \"absent.h5\"", "absent.h5", "No such file"},
        {NAMES, "\"test\": \"a.h5:labels\"", "labels", "floats are needed"},
        {NAMES, "\"test\": \"a.h5:local\"", "local", "[rows, width]"},
        {NAMES, "\"test\": \"a.h5[2:9]\"", "6 rows, 2 to 9", "a.h5"},
        {NAMES, "\"test\": \"unlabelled.h5\"", "no \"labels\"", "unlabelled.h5"},
        {NAMES, "\"test\": \"other.h5\"", "class 2 is \"cow\"", "\"bird\""},
        {"\"classes\": [\"cat\", \"dog\"]", "\"test\": \"a.h5\"", "labels", "3"},
        {NAMES, "\"test\": \"wide.h5\"", "local does not fit global", "wide.h5"},
        {NAMES, "\"train\": \"a.h5\"", "no \"test\"", "mine"},
    };
    put_features("a.h5", (Made){.global = "global", .labels = true, .local = true});
    put_features("unlabelled.h5", (Made){.global = "global"});
    put_features("other.h5", (Made){.global = "global", .labels = true, .classes = true});
    put_features("wide.h5", (Made){.global = "global", .labels = true, .local = true, .width = 3});
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        Error err = {0};
        Dataset *d = open_with(broken[i].classes, broken[i].keys, &err);
        if (!d) fail_msg("%s", err.text);
        if (dataset_split(d, SPLIT_TEST, &err)) fail_msg("%s was taken", broken[i].keys);
        assert_sentence(&err, broken[i].says, broken[i].also);
        dataset_free(d);
    }
    static const char *const ranges[] = {"a.h5[2]", "a.h5[2:]", "a.h5[:2]", "a.h5[3:2]", "a.h5[-3:2]", "a.h5[a:b]"};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        Error err = {0};
        char *keys = xformat("\"test\": \"%s\"", ranges[i]);
        assert_null(open_with(NAMES, keys, &err));
        assert_sentence(&err, "[FROM:TO]", ranges[i]);
        free(keys);
    }
    Error err = {0};
    Dataset *d = open_good("\"captions\": \"unlabelled.h5\", \"class_text\": \"a.h5\"");
    assert_null(dataset_captions(d, &err));
    assert_sentence(&err, "`texts`", "`labels`");
    assert_null(dataset_features(d, FEATURES_CLASSES, &err));
    assert_sentence(&err, "6 rows for the 3 classes", "a.h5");
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_a_file_arrive_with_labels_and_names),
        cmocka_unit_test(labels_without_minus_ones_have_zero_for_not_there),
        cmocka_unit_test(local_features_make_a_square_of_positions),
        cmocka_unit_test(captions_bring_texts_or_labels),
        cmocka_unit_test(what_does_not_fit_is_a_sentence),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
