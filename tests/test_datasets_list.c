/* The data set of kind "list": other people's forms, their real files where they exist, and what is wrong in a list by its place. */
#include "datasets/dataset.h"
#include "tests/broken_files.h"

static const char lists[] = "../shared/data/real/lists/";

static void need_lists(void)
{
    if (path_exists(lists)) return;
    print_message("Skipped: the real lists (%s) are not here\n", lists);
    skip();
}

static void put_text(const char *name, const char *text)
{
    put_file(scratch(name), text, strlen(text));
}

/* An entry of kind "list" with these keys; pictures may be missing. */
static Dataset *open_list(const char *keys, Error *err)
{
    char *config = xformat("{\"kind\": \"list\", %s}", keys);
    JsonFile *file = json_parse("experiments.json", config, strlen(config), err);
    if (!file) fail_msg("%s", err->text);
    Dataset *d = dataset_open(
        &(DatasetSource){.name = "mine", .config = json_root(file), .folder = scratch_folder, .survey = true}, err);
    json_free(file);
    free(config);
    return d;
}

static const Split *test_of(Dataset *d, Error *err)
{
    const Split *test = d ? dataset_split(d, SPLIT_TEST, err) : NULL;
    if (!test) fail_msg("%s", err->text);
    return test;
}

static size_t positives(const Dataset *d, const Split *split)
{
    size_t count = 0;
    for (size_t i = 0; i < split->count * dataset_classes(d); i++) count += split->labels[i] > 0;
    return count;
}

#define CLASSES "\"classes\": [\"cat\", \"dog\", \"hot dog\"], "

static void every_form_says_the_same(void **state)
{
    (void)state;
    static const int8_t expected[] = {1, -1, 1, -1, -1, -1, -1, 1, -1};
    static const struct {
        const char *file, *keys, *text;
    } forms[] = {
        {"a.txt", "", "x/a 0 2\n\nb.png\n  c.jpg\t1\r\n"},
        {"b.txt", ", \"form\": \"names\"", "x/a.jpg,cat,\"hot dog\"\nb.png,,\nc.jpg,dog,dog\n"},
        {"c.json", "",
         "[[\"x/a.jpg\", [\"cat\", \"hot dog\", \"cat\"]], [\"b.png\", []], [\"/mnt/of/theirs/c.jpg\", [\"dog\"]]]"},
        {"d.json", "",
         "{\"images\": [[\"x/a.jpg\", [\"hot dog\", \"cat\"]], [\"b.png\", []], [\"c.jpg\", [\"dog\"]]], \"classes\": "
         "[]}"},
        {"e.csv", "", "file,hot dog,cat,dog\nx/a.jpg,1,1,0\nb.png,0,0,0\nc.jpg,0,0,1\n"},
        {"f.csv", "", "file;cat;dog;hot dog\nx/a.jpg;1;-1;1\nb.png;-1;-1;-1\nc.jpg;-1;1;-1\n"},
    };
    char print[65] = "";
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        Error err = {0};
        put_text(forms[i].file, forms[i].text);
        char *keys = xformat(CLASSES "\"test\": \"%s\"%s", forms[i].file, forms[i].keys);
        Dataset *d = open_list(keys, &err);
        const Split *test = test_of(d, &err);
        assert_int_equal(test->count, 3);
        assert_string_equal(test->files[0], "x/a.jpg");
        assert_string_equal(test->files[2], "c.jpg");
        assert_memory_equal(test->labels, expected, sizeof expected);
        if (i) assert_string_equal(test->fingerprint, print);
        strcpy(print, test->fingerprint);
        dataset_free(d);
        free(keys);
    }
}

static void zeros_beside_minus_ones_are_difficult(void **state)
{
    (void)state;
    Error err = {0};
    put_text("d.csv", "file,cat,dog,hot dog\na.jpg,1,0,-1\n");
    Dataset *d = open_list(CLASSES "\"test\": \"d.csv\"", &err);
    assert_memory_equal(test_of(d, &err)->labels, ((const int8_t[]){1, 0, -1}), 3);
    dataset_free(d);
}

static void classes_come_from_a_file_too(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"names.txt", "cat\n dog \n\nhot dog\n"},
        {"names.json", "[\"cat\", \"dog\", \"hot dog\"]"},
        {"object.json", "{\"images\": [], \"classes\": [\"cat\", \"dog\", \"hot dog\"]}"}};
    put_text("a.txt", "a 2\n");
    for (size_t i = 0; i < 3; i++) {
        Error err = {0};
        put_text(files[i][0], files[i][1]);
        char *keys =
            xformat("\"classes\": \"%s\", \"synonyms\": {\"dog\": [\"pup\"]}, \"test\": \"a.txt\"", files[i][0]);
        Dataset *d = open_list(keys, &err);
        test_of(d, &err);
        assert_int_equal(dataset_classes(d), 3);
        assert_string_equal(dataset_class_names(d)[2], "hot dog");
        assert_string_equal(dataset_synonyms(d)[1].names[1], "pup");
        dataset_free(d);
        free(keys);
    }
}

static void broken_lists_are_sentences(void **state)
{
    (void)state;
    static const struct {
        const char *file, *keys, *text, *says, *also;
    } broken[] = {
        {"a.txt", "", "a 0\nb 3\n", "a.txt:2", "class from 0 to 2"},
        {"a.txt", "", "a cat\n", "a.txt:1", "\"form\""},
        {"a.txt", "", "\n", "lists no picture", "a.txt"},
        {"a.txt", ", \"form\": \"names\"", "a.jpg,cat\nb.jpg,bird\n", "a.txt:2", "bird"},
        {"a.txt", ", \"form\": \"names\"", "a.jpg,\"cat\n", "line 1", "quote"},
        {"a.txt", ", \"form\": \"names\"", ",cat\n", "a.txt:1", "no name"},
        {"a.json", "", "[[\"a.jpg\", [\"bird\"]]]", "[0][1][0]", "bird"},
        {"a.json", "", "[[\"a.jpg\"]]", "[path, [class, ...]]", "a.json"},
        {"a.json", "", "{\"pictures\": []}", "images", "a.json"},
        {"a.csv", "", "file,cat,dog,hot dog\na.jpg,1,2,0\n", "a.csv:2", "2 is no label"},
        {"a.csv", "", "file,cat,dog\na.jpg,1,0\n", "2 of the 3 classes", "a.csv"},
        {"a.csv", "", "file,cat,dog,bird\na.jpg,1,0,0\n", "bird", "a.csv"},
        {"a.txt", "", "a 0\n./a 1\n", "again, with other labels", "mine"},
    };
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        Error err = {0};
        put_text(broken[i].file, broken[i].text);
        char *keys = xformat(CLASSES "\"test\": \"%s\"%s", broken[i].file, broken[i].keys);
        Dataset *d = open_list(keys, &err);
        if (d && dataset_split(d, SPLIT_TEST, &err)) fail_msg("\"%s\" was taken", broken[i].text);
        assert_sentence(&err, broken[i].says, broken[i].also);
        dataset_free(d);
        free(keys);
    }
    Error err = {0};
    put_text("names.txt", "cat\ncat\n");
    assert_null(open_list("\"classes\": \"names.txt\"", &err));
    assert_sentence(&err, "names.txt", "stands twice");
    assert_null(open_list(CLASSES "\"form\": \"xml\"", &err));
    assert_sentence(&err, "form", "csv");
}

/* A real list under scratch, whose entry then names it without its path. */
static Dataset *open_real(const char *file, const char *classes, const char *form)
{
    Error err = {0};
    char *path = xformat("%s%s", lists, file), *full = realpath(path, NULL);
    if (!full) fail_msg("%s is not there", path);
    char *names = strcmp(classes, "itself") == 0 ? xformat("\"%s\"", full) : xstrdup(classes);
    char *keys = xformat("\"classes\": %s, \"test\": \"%s\"%s", names, full, form);
    Dataset *d = open_list(keys, &err);
    if (!d) fail_msg("%s", err.text);
    free(keys), free(names), free(full), free(path);
    return d;
}

static char *names_of(const char *kind)
{
    const DatasetKind *k = dataset_kind(kind);
    Text text = {0};
    for (size_t c = 0; c < k->class_count; c++) text_addf(&text, "%s\"%s\"", c ? ", " : "[", k->classes[c].names[0]);
    text_add(&text, "]");
    return text.data;
}

/* Counted by awk and Python over the same files. */
static void real_lists_arrive_whole(void **state)
{
    (void)state;
    static const struct {
        const char *file, *classes, *form;
        size_t pictures, labels;
        const char *first;
    } real[] = {
        {"piaa_voc12val_labels.txt", "voc2012", "", 5823, 8351, "2008_000002.jpg"},
        {"tagclip_voc2007_test_cls.txt", "voc2007", "", 4952, 7632, "000001.jpg"},
        {"tagclip_coco2014_val_cls_400.txt", "coco2014", "", 400, 1126, "COCO_val2014_000000000042.jpg"},
        {"ram_coco_test_17.json", "itself", "", 2729, 3295, "COCO_val2014_000000331627.jpg"},
        {"ram_coco_test_65.json", "itself", ", \"form\": \"json\"", 6392, 16429, "COCO_val2014_000000079084.jpg"},
        {"voc2012_16shots.txt", "voc2012", "", 320, 320, "2008_004378.jpg"},
    };
    need_lists();
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        Error err = {0};
        const bool own = strcmp(real[i].classes, "itself") == 0;
        char *names = own ? xstrdup("itself") : names_of(real[i].classes);
        Dataset *d = open_real(real[i].file, names, real[i].form);
        const Split *test = test_of(d, &err);
        assert_int_equal(test->count, real[i].pictures);
        assert_int_equal(positives(d, test), real[i].labels);
        assert_string_equal(test->files[0], real[i].first);
        if (own) assert_int_equal(dataset_classes(d), strstr(real[i].file, "17") ? 17 : 65);
        dataset_free(d);
        free(names);
    }
}

/* TagCLIP's list of VOC2007 is ours with difficult objects as positives. */
static void tagclips_list_is_voc2007_with_difficult_as_positive(void **state)
{
    (void)state;
    Error err = {0};
    need_lists();
    char *names = names_of("voc2007");
    Dataset *theirs = open_real("tagclip_voc2007_test_cls.txt", names, "");
    Dataset *ours =
        dataset_open(&(DatasetSource){.name = "voc2007", .root = "../shared/data/real/voc", .survey = true}, &err);
    const Split *a = test_of(theirs, &err), *b = test_of(ours, &err);
    for (size_t i = 0; i < a->count; i++) {
        assert_string_equal(a->files[i], b->files[i]);
        for (size_t c = 0; c < 20; c++) assert_int_equal(a->labels[i * 20 + c] > 0, b->labels[i * 20 + c] >= 0);
    }
    dataset_free(theirs);
    dataset_free(ours);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_says_the_same),
        cmocka_unit_test(zeros_beside_minus_ones_are_difficult),
        cmocka_unit_test(classes_come_from_a_file_too),
        cmocka_unit_test(broken_lists_are_sentences),
        cmocka_unit_test(real_lists_arrive_whole),
        cmocka_unit_test(tagclips_list_is_voc2007_with_difficult_as_positive),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
