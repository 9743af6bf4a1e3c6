/* The data set of kind "folder": what its lists say arrives, and what is wrong in them is named with file and line. */
#include "datasets/dataset.h"
#include "tests/broken_files.h"

static const char classes[] = "\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\", \"hot dog\"]";

static void put_text(const char *name, const char *text)
{
    put_file(scratch(name), text, strlen(text));
}

/* A picture of 2 x 2 pixels of one value. */
static void put_picture(const char *name, uint8_t value)
{
    uint8_t pixels[12];
    Error err = {0};
    memset(pixels, value, sizeof pixels);
    const Image image = {.width = 2, .height = 2, .pixels = pixels};
    assert_true(image_write_png(scratch(name), &image, NULL, &err));
}

/* Opens an entry {classes, MORE}. */
static Dataset *open_with(const char *more, size_t limit, Error *err)
{
    char *config = xformat("{%s%s%s}", classes, *more ? ", " : "", more);
    JsonFile *file = json_parse("experiments.json", config, strlen(config), err);
    if (file == NULL) fail_msg("%s", err->text);
    Dataset *d = dataset_open(
        &(DatasetSource){.name = "mine", .config = json_root(file), .folder = scratch_folder, .limit = limit}, err);
    json_free(file);
    free(config);
    return d;
}

static Dataset *open_good(const char *more)
{
    Error err = {0};
    Dataset *d = open_with(more, 0, &err);
    if (d == NULL) fail_msg("%s", err.text);
    return d;
}

static int lay_out(void **state)
{
    if (scratch_make(state) != 0) return -1;
    mkdir(scratch("images"), 0755);
    put_picture("images/a.png", 10);
    put_picture("images/b.png", 20);
    put_picture("c.png", 30);
    put_text("test.jsonl", "{\"file\": \"a.png\", \"labels\": [\"cat\"], \"difficult\": [\"dog\", \"cat\"]}\n\n"
                           "{\"file\": \"b.png\", \"labels\": []}\n");
    put_text("beside.jsonl", "{\"file\": \"c.png\", \"labels\": [\"hot dog\"]}\n");
    put_text("captions.jsonl", "{\"caption\": \"a cat\"}\n{\"caption\": \"two dogs\"}\n");
    put_text("known.jsonl",
             "{\"caption\": \"a thing\", \"labels\": [\"dog\"]}\n{\"caption\": \"none\", \"labels\": []}\n");
    put_text("drawn.jsonl", "{\"file\": \"images/b.png\", \"caption\": \"a dog\", \"labels\": [\"dog\"]}\n");
    put_text("synonyms.json", "[[\"cat\", \"kitty\"], [\"puppy\"], [\"hot dog\"]]");
    return 0;
}

static void lists_arrive_with_their_labels(void **state)
{
    (void)state;
    Error err = {0};
    Dataset *d = open_good("\"test\": \"test.jsonl\", \"images\": \"images/\"");
    assert_string_equal(dataset_name(d), "mine");
    assert_int_equal(dataset_classes(d), 3);
    const Split *test = dataset_split(d, SPLIT_TEST, &err);
    if (test == NULL) fail_msg("%s", err.text);
    const int8_t expected[] = {1, 0, -1, -1, -1, -1}; /* a cat that also stands under difficult is a cat */
    assert_int_equal(test->count, 2);
    assert_memory_equal(test->labels, expected, sizeof expected);
    assert_string_equal(test->files[1], "b.png");
    Image image;
    assert_true(dataset_image(d, SPLIT_TEST, 1, &image, &err));
    assert_int_equal(image.width, 2);
    assert_int_equal(image.pixels[0], 20);
    image_free(&image);
    assert_null(dataset_split(d, SPLIT_TUNE, &err));
    assert_sentence(&err, "mine", "no tune images");
    assert_null(dataset_captions(d, &err));
    assert_sentence(&err, "mine", "captions");
    dataset_free(d);
}

static void without_an_images_folder_files_stand_beside_their_list(void **state)
{
    (void)state;
    Error err = {0};
    Dataset *d = open_good("\"train\": \"beside.jsonl\"");
    const Split *train = dataset_split(d, SPLIT_TRAIN, &err);
    if (train == NULL) fail_msg("%s", err.text);
    assert_int_equal(train->labels[2], 1);
    Image image;
    assert_true(dataset_image(d, SPLIT_TRAIN, 0, &image, &err));
    assert_int_equal(image.pixels[0], 30);
    image_free(&image);
    dataset_free(d);
}

static void captions_carry_labels_only_when_the_list_does(void **state)
{
    (void)state;
    Error err = {0};
    Dataset *d = open_good("\"captions\": \"captions.jsonl\"");
    const Captions *captions = dataset_captions(d, &err);
    assert_non_null(captions);
    assert_int_equal(captions->count, 2);
    assert_string_equal(captions->texts[1], "two dogs");
    assert_null(captions->labels);
    assert_null(captions->files);
    dataset_free(d);
    d = open_good("\"captions\": \"known.jsonl\"");
    captions = dataset_captions(d, &err);
    const uint8_t expected[] = {0, 1, 0, 0, 0, 0};
    assert_memory_equal(captions->labels, expected, sizeof expected);
    dataset_free(d);
}

static void images_drawn_for_captions_come_with_their_paths(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "\"images\": \"drawn.jsonl\"",
        "\"images\": [{\"file\": \"images/b.png\", \"caption\": \"a dog\", \"labels\": [\"dog\"]}]"};
    char prints[2][65];
    for (int i = 0; i < 2; i++) {
        Error err = {0};
        Dataset *d = open_good(ways[i]);
        const Captions *captions = dataset_captions(d, &err);
        if (captions == NULL) fail_msg("%s", err.text);
        assert_int_equal(captions->count, 1);
        assert_string_equal(captions->texts[0], "a dog");
        assert_string_equal(captions->files[0], scratch("images/b.png"));
        assert_int_equal(captions->labels[1], 1);
        strcpy(prints[i], captions->fingerprint);
        dataset_free(d);
    }
    assert_string_equal(prints[0], prints[1]);
}

static void synonyms_come_as_lists_or_by_name(void **state)
{
    (void)state;
    static const char *const ways[] = {"\"synonyms\": \"synonyms.json\"",
                                       "\"synonyms\": {\"cat\": [\"kitty\"], \"dog\": [\"puppy\"]}"};
    for (int i = 0; i < 2; i++) {
        Dataset *d = open_good(ways[i]);
        const ClassNames *names = dataset_synonyms(d);
        assert_int_equal(names[0].count, 2);
        assert_string_equal(names[0].names[0], "cat");
        assert_string_equal(names[0].names[1], "kitty");
        assert_string_equal(names[1].names[0], "dog"); /* the class name is a name even when the list leaves it out */
        assert_string_equal(names[1].names[1], "puppy");
        assert_int_equal(names[2].count, 1);
        dataset_free(d);
    }
}

static void the_fingerprint_sees_labels_and_image_bytes(void **state)
{
    (void)state;
    Error err = {0};
    char prints[4][65];
    for (int i = 0; i < 4; i++) {
        put_picture("images/d.png", i == 1 ? 41 : 40);
        put_text("print.jsonl",
                 i == 2 ? "{\"file\": \"d.png\", \"labels\": [\"dog\"]}" : "{\"file\": \"d.png\", \"labels\": []}");
        Dataset *d = open_good("\"test\": \"print.jsonl\", \"images\": \"images\"");
        const Split *test = dataset_split(d, SPLIT_TEST, &err);
        assert_non_null(test);
        strcpy(prints[i], test->fingerprint);
        dataset_free(d);
    }
    assert_string_equal(prints[0], prints[3]);
    assert_string_not_equal(prints[0], prints[1]);
    assert_string_not_equal(prints[0], prints[2]);
    assert_string_not_equal(prints[1], prints[2]);
}

static void the_limit_cuts_lists(void **state)
{
    (void)state;
    Error err = {0};
    Dataset *d =
        open_with("\"test\": \"test.jsonl\", \"captions\": \"captions.jsonl\", \"images\": \"images\"", 1, &err);
    assert_int_equal(dataset_split(d, SPLIT_TEST, &err)->count, 1);
    assert_int_equal(dataset_captions(d, &err)->count, 1);
    dataset_free(d);
}

static void wrong_entries_are_named_with_their_path(void **state)
{
    (void)state;
    static const struct {
        const char *more, *place, *what;
    } cases[] = {
        {"\"tests\": \"test.jsonl\"", "experiments.json", "tests"},
        {"\"images\": \"nowhere\"", "experiments.json: images", "no folder"},
        {"\"images\": []", "experiments.json: images", "empty"},
        {"\"images\": [3]", "experiments.json: images", "object"},
        {"\"images\": [{\"file\": \"images/b.png\"}]", "experiments.json: images", "caption"},
        {"\"images\": [{\"file\": \"c.png\", \"caption\": \"x\"}, {\"file\": \"c.png\", \"caption\": \"y\", "
         "\"labels\": [\"cow\"]}]",
         "experiments.json: images", "cow"},
        {"\"test\": 7", "experiments.json: test", "string"},
        {"\"synonyms\": \"missing.json\"", "missing.json", "open"},
        {"\"synonyms\": [[\"cat\"]]", "experiments.json: synonyms", "3 classes"},
        {"\"synonyms\": {\"cow\": []}", "experiments.json: synonyms", "cow"},
        {"\"synonyms\": {\"cat\": [3]}", "experiments.json: synonyms.cat", "string"},
        {"\"synonyms\": 3", "experiments.json: synonyms", "list"},
        {"\"captions\": \"captions.jsonl\", \"images\": \"drawn.jsonl\"", "experiments.json: captions", "keep one"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Error err = {0};
        assert_null(open_with(cases[i].more, 0, &err));
        assert_sentence(&err, cases[i].place, cases[i].what);
    }
}

static void wrong_classes_are_refused(void **state)
{
    (void)state;
    static const char *const lists[] = {"", ", \"classes\": []", ", \"classes\": [\"cat\", \"cat\"]",
                                        ", \"classes\": [\"\"]", ", \"classes\": [1]"};
    for (size_t i = 0; i < 5; i++) {
        Error err = {0};
        char *config = xformat("{\"kind\": \"folder\"%s}", lists[i]);
        JsonFile *file = json_parse("experiments.json", config, strlen(config), &err);
        assert_null(dataset_open(&(DatasetSource){.name = "mine", .config = json_root(file)}, &err));
        assert_sentence(&err, "experiments.json", "class");
        json_free(file);
        free(config);
    }
}

static void wrong_lines_are_named_with_their_number(void **state)
{
    (void)state;
    static const struct {
        const char *line, *place, *what;
    } cases[] = {
        {"{\"file\": \"a.png\", \"labels\": [\"cow\"]}", "bad.jsonl:2", "cow"},
        {"{\"file\": \"a.png\", \"labels\": [], \"difficult\": [\"cow\"]}", "bad.jsonl:2", "cow"},
        {"{\"file\": \"a.png\", \"labels\": \"cat\"}", "bad.jsonl:2", "list"},
        {"{\"file\": \"a.png\", \"labels\": [1]}", "bad.jsonl:2", "string"},
        {"{\"file\": \"a.png\"}", "bad.jsonl:2", "labels"},
        {"{\"labels\": []}", "bad.jsonl:2", "file"},
        {"{\"file\": \"z.png\", \"labels\": []}", "bad.jsonl:2", "z.png"},
        {"{\"file\": \"\", \"labels\": []}", "bad.jsonl:2", "no image"},
        {"{\"file\": \"a.png\", \"labels\": [], \"lables\": []}", "bad.jsonl:2", "lables"},
        {"{\"file\": ", "bad.jsonl:2", ""},
        {"7", "bad.jsonl:2", "object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Error err = {0};
        char *text = xformat("{\"file\": \"b.png\", \"labels\": []}\n%s\n", cases[i].line);
        put_text("bad.jsonl", text);
        Dataset *d = open_good("\"test\": \"bad.jsonl\", \"images\": \"images\"");
        assert_null(dataset_split(d, SPLIT_TEST, &err));
        assert_sentence(&err, cases[i].place, cases[i].what);
        dataset_free(d);
        free(text);
    }
}

static void wrong_caption_lists_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *place, *what;
    } cases[] = {
        {"{\"caption\": \"x\"}\n{\"caption\": \"y\", \"labels\": []}\n", "bad.jsonl:2", "labels"},
        {"{\"caption\": \"x\"}\n{\"caption\": \"y\", \"file\": \"c.png\"}\n", "bad.jsonl:2", "file"},
        {"{\"caption\": 1}\n", "bad.jsonl:1", "string"},
        {"{}\n", "bad.jsonl:1", "caption"},
        {"\n\n", "bad.jsonl", "empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Error err = {0};
        put_text("bad.jsonl", cases[i].text);
        Dataset *d = open_good("\"captions\": \"bad.jsonl\"");
        assert_null(dataset_captions(d, &err));
        assert_sentence(&err, cases[i].place, cases[i].what);
        dataset_free(d);
    }
}

/* ---- skip_damaged ---- */

/* Four test pictures, the second and the third damaged. */
static void put_damaged(void)
{
    size_t length;
    put_picture("images/d0.png", 40), put_picture("images/d3.png", 43);
    char *bytes = get_file(scratch("images/d0.png"), &length);
    put_file(scratch("images/d1.png"), bytes, length / 2);
    free(bytes);
    put_text("images/d2.png", "<html>");
    put_text("damaged.jsonl",
             "{\"file\": \"d0.png\", \"labels\": [\"cat\"]}\n{\"file\": \"d1.png\", \"labels\": [\"dog\"]}\n"
             "{\"file\": \"d2.png\", \"labels\": [\"dog\"]}\n{\"file\": \"d3.png\", \"labels\": [\"dog\"]}\n");
}

static void assert_without_the_damaged(const char *memory)
{
    Error err = {0};
    Dataset *d = open_good("\"test\": \"damaged.jsonl\", \"images\": \"images/\", \"skip_damaged\": true");
    if (memory) dataset_remember_in(d, memory);
    const Split *test = dataset_split(d, SPLIT_TEST, &err);
    if (!test) fail_msg("%s", err.text);
    const int8_t expected[] = {1, -1, -1, -1, 1, -1};
    assert_int_equal(test->count, 2);
    assert_memory_equal(test->labels, expected, sizeof expected);
    assert_string_equal(test->files[1], "d3.png");
    assert_int_equal(test->left_out.count, 2);
    assert_string_equal(test->left_out.files[0], "d1.png");
    assert_non_null(strstr(test->left_out.reasons[0], "d1.png: damaged PNG"));
    assert_non_null(strstr(test->left_out.reasons[1], "a web page"));
    Image image;
    assert_true(dataset_image(d, SPLIT_TEST, 1, &image, &err)); /* by its place among those that are left */
    assert_int_equal(image.pixels[0], 43);
    image_free(&image);
    dataset_free(d);
}

static void damaged_pictures_are_left_out_where_the_data_set_says_so(void **state)
{
    (void)state;
    Error err = {0};
    Image image;
    put_damaged();
    assert_without_the_damaged(NULL);
    Dataset *d = open_good("\"test\": \"damaged.jsonl\", \"images\": \"images/\"");
    assert_int_equal(dataset_split(d, SPLIT_TEST, &err)->count, 4);
    assert_false(dataset_image(d, SPLIT_TEST, 1, &image, &err));
    assert_true(err.of_content);
    dataset_free(d);
    put_text("none.jsonl", "{\"file\": \"d1.png\", \"labels\": []}\n");
    d = open_good("\"test\": \"none.jsonl\", \"images\": \"images/\", \"skip_damaged\": true");
    assert_null(dataset_split(d, SPLIT_TEST, &err));
    assert_sentence(&err, "mine", "none of its test pictures can be decoded");
    dataset_free(d);
}

/* A memory that does not fit is looked past, and written anew. */
static void what_was_decoded_is_remembered_by_content(void **state)
{
    (void)state;
    char memory[192], path[512] = "";
    snprintf(memory, sizeof memory, "%s/memory", scratch_folder);
    put_damaged();
    assert_without_the_damaged(memory);
    assert_int_equal(files_in(memory), 1);
    DIR *folder = opendir(memory);
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.') snprintf(path, sizeof path, "%s/%s", memory, entry->d_name);
    closedir(folder);
    assert_without_the_damaged(memory);
    static const char *const broken[] = {"", "decoders 1, 5 pictures\n", "decoders 1, 4 pictures\n9 x\n",
                                         "decoders 1, 4 pictures\nx\n"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        put_file(path, broken[i], strlen(broken[i]));
        assert_without_the_damaged(memory);
    }
    put_picture("images/d0.png", 41); /* other bytes: another memory */
    assert_without_the_damaged(memory);
    assert_int_equal(files_in(memory), 2);
}

static void the_key_alone_changes_no_fingerprint(void **state)
{
    (void)state;
    Error err = {0};
    char names[2][65];
    for (int skip = 0; skip < 2; skip++) {
        Dataset *d = open_good(skip ? "\"test\": \"test.jsonl\", \"images\": \"images/\", \"skip_damaged\": true"
                                    : "\"test\": \"test.jsonl\", \"images\": \"images/\"");
        const Split *test = dataset_split(d, SPLIT_TEST, &err);
        assert_int_equal(test->left_out.count, 0);
        memcpy(names[skip], test->fingerprint, sizeof names[skip]);
        dataset_free(d);
    }
    assert_string_equal(names[0], names[1]);
}

static void damaged_pictures_of_ones_own_go_with_their_captions(void **state)
{
    (void)state;
    Error err = {0};
    put_damaged();
    put_text("own.jsonl", "{\"file\": \"images/d1.png\", \"caption\": \"lost\", \"labels\": [\"cat\"]}\n"
                          "{\"file\": \"images/d3.png\", \"caption\": \"a dog\", \"labels\": [\"dog\"]}\n");
    Dataset *d = open_good("\"images\": \"own.jsonl\", \"skip_damaged\": true");
    const Captions *captions = dataset_captions(d, &err);
    if (!captions) fail_msg("%s", err.text);
    assert_int_equal(captions->count, 1);
    assert_string_equal(captions->texts[0], "a dog");
    assert_int_equal(captions->labels[1], 1);
    assert_int_equal(captions->left_out.count, 1);
    dataset_free(d);
}

/* It would be waited for. */
static void a_pipe_in_a_list_is_no_image(void **state)
{
    (void)state;
    Error err = {0};
    assert_int_equal(mkfifo(scratch("images/pipe.png"), 0600), 0);
    put_text("pipe.jsonl", "{\"file\": \"pipe.png\", \"labels\": []}\n");
    Dataset *d = open_good("\"test\": \"pipe.jsonl\", \"images\": \"images/\"");
    assert_null(dataset_split(d, SPLIT_TEST, &err));
    assert_sentence(&err, "pipe.jsonl", "there is no image");
    dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_arrive_with_their_labels),
        cmocka_unit_test(without_an_images_folder_files_stand_beside_their_list),
        cmocka_unit_test(captions_carry_labels_only_when_the_list_does),
        cmocka_unit_test(images_drawn_for_captions_come_with_their_paths),
        cmocka_unit_test(synonyms_come_as_lists_or_by_name),
        cmocka_unit_test(the_fingerprint_sees_labels_and_image_bytes),
        cmocka_unit_test(the_limit_cuts_lists),
        cmocka_unit_test(wrong_entries_are_named_with_their_path),
        cmocka_unit_test(wrong_classes_are_refused),
        cmocka_unit_test(wrong_lines_are_named_with_their_number),
        cmocka_unit_test(wrong_caption_lists_are_named),
        cmocka_unit_test(damaged_pictures_are_left_out_where_the_data_set_says_so),
        cmocka_unit_test(what_was_decoded_is_remembered_by_content),
        cmocka_unit_test(the_key_alone_changes_no_fingerprint),
        cmocka_unit_test(damaged_pictures_of_ones_own_go_with_their_captions),
        cmocka_unit_test(a_pipe_in_a_list_is_no_image),
    };
    return cmocka_run_group_tests(tests, lay_out, scratch_remove);
}
