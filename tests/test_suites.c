/* Well-known suites of difficult files, read from ../shared/data/real/suites and skipped without them: JSONTestSuite through our reader of
 * JSON, and the list of naughty strings through captions, class names, experiment names and what escapes them for reports. */
#include "datasets/dataset.h"
#include "harness/base/lines.h"
#include "harness/base/nfc.h"
#include "harness/base/shown.h"
#include "harness/clip/html_entities.h"
#include "harness/clip/unicode.h"
#include "harness/experiments/experiments.h"
#include "harness/score/score_table.h"
#include "reports/escape.h"
#include "tests/broken_files.h"

static char *suite(const char *name)
{
    const char *root = getenv("PALBENCH_SHARED");
    char *path = xformat("%s/data/real/suites/%s", root ? root : "../shared", name);
    if (path_exists(path)) return path;
    print_message("skipped: %s is not there; set PALBENCH_SHARED to the folder with the shared test data\n", path);
    free(path);
    skip();
    return NULL;
}

/* ---- JSON ---- */

/* What a valid text is refused for: the rules beyond the grammar (harness/io/json.h). */
static bool is_our_rule(const char *sentence)
{
    static const char *const rules[] = {"\\u0000 is not allowed",
                                        "this key stands twice",
                                        "more than 63 characters",
                                        "too large for a double",
                                        "nested deeper than 200",
                                        "surrogate pair",
                                        "not UTF-8",
                                        "UTF-16"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strstr(sentence, rules[i])) return true;
    return false;
}

/* Every file of a folder; `kind`: 'y' must be read or refused by one of our rules, 'n' refused, 'i' either. Returns how many. */
static size_t read_folder(const char *folder, const char *kinds)
{
    DIR *directory = opendir(folder);
    size_t count = 0;
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (!strstr(entry->d_name, ".json")) continue;
        const char kind = strchr(kinds, entry->d_name[0]) && entry->d_name[1] == '_' ? entry->d_name[0] : 'i';
        char *path = path_join(folder, entry->d_name);
        Error err = {0};
        JsonFile *file = json_read(path, &err);
        if (file && kind == 'n') fail_msg("accepted: %s", entry->d_name);
        if (!file && kind == 'y' && !is_our_rule(err.text)) fail_msg("%s: %s", entry->d_name, err.text);
        if (!file) assert_sentence(&err, entry->d_name, "");
        json_free(file);
        free(path);
        count++;
    }
    closedir(directory);
    return count;
}

static void json_is_read_or_refused_by_a_rule(void **state)
{
    (void)state;
    char *parsing = suite("JSONTestSuite/test_parsing"), *transform = suite("JSONTestSuite/test_transform");
    assert_true(read_folder(parsing, "yn") > 300);
    assert_true(read_folder(transform, "") > 20);
    free(parsing), free(transform);
}

/* ---- naughty strings ---- */

static TextList naughty(void)
{
    char *path = suite("blns.json");
    Error err;
    JsonFile *file = json_read(path, &err);
    if (!file) fail_msg("%s", err.text);
    TextList list = {0};
    for (size_t i = 0; i < json_count(json_root(file)); i++)
        text_list_add(&list, json_at(json_root(file), i).node->valuestring);
    json_free(file);
    free(path);
    return list;
}

static JsonFile *config_of(const Text *text)
{
    Error err;
    JsonFile *file = json_parse("experiments.json", text->data, text->length, &err);
    if (!file) fail_msg("%s", err.text);
    return file;
}

static Dataset *opened(const Text *config)
{
    Error err;
    JsonFile *file = config_of(config);
    Dataset *d = dataset_open(&(DatasetSource){.name = "d", .config = json_root(file), .folder = scratch_folder}, &err);
    if (!d) fail_msg("%s", err.text);
    json_free(file);
    return d;
}

static void captions_come_through_as_they_are(void **state)
{
    (void)state;
    TextList list = naughty();
    Text lines = {0}, config = {0};
    for (size_t i = 0; i < list.count; i++) {
        text_add(&lines, "{\"caption\": ");
        json_quote(&lines, list.items[i]);
        text_add(&lines, "}\n");
    }
    put_file(scratch("captions.jsonl"), lines.data, lines.length);
    text_add(&config, "{\"kind\": \"folder\", \"classes\": [\"cat\"], \"captions\": \"captions.jsonl\"}");
    Dataset *d = opened(&config);
    Error err;
    const Captions *captions = dataset_captions(d, &err);
    if (!captions) fail_msg("%s", err.text);
    assert_int_equal(captions->count, list.count);
    for (size_t i = 0; i < list.count; i++) assert_string_equal(captions->texts[i], list.items[i]);
    dataset_free(d);
    text_free(&lines), text_free(&config);
    text_list_free(&list);
}

static bool in_list(const TextList *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], item) == 0) return true;
    return false;
}

static TextList distinct_names(void)
{
    TextList list = naughty(), names = {0};
    text_list_nfc(&list);
    for (size_t i = 0; i < list.count; i++)
        if (*list.items[i] && !in_list(&names, list.items[i])) text_list_add(&names, list.items[i]);
    text_list_free(&list);
    return names;
}

static void classes_keep_their_names_and_are_found_by_them(void **state)
{
    (void)state;
    TextList names = distinct_names();
    Text config = {0}, lines = {0};
    text_add(&config, "{\"kind\": \"folder\", \"captions\": \"labels.jsonl\", \"classes\": [");
    for (size_t i = 0; i < names.count; i++) {
        text_add(&config, i ? ", " : "");
        json_quote(&config, names.items[i]);
        text_add(&lines, "{\"caption\": \"a\", \"labels\": [");
        json_quote(&lines, names.items[i]);
        text_add(&lines, "]}\n");
    }
    text_add(&config, "]}");
    put_file(scratch("labels.jsonl"), lines.data, lines.length);
    Dataset *d = opened(&config);
    Error err;
    assert_int_equal(dataset_classes(d), names.count);
    const Captions *captions = dataset_captions(d, &err);
    if (!captions) fail_msg("%s", err.text);
    for (size_t i = 0; i < names.count; i++) {
        assert_string_equal(dataset_class_names(d)[i], names.items[i]);
        for (size_t c = 0; c < names.count; c++) assert_int_equal(captions->labels[i * names.count + c], i == c);
    }
    dataset_free(d);
    text_free(&config), text_free(&lines);
    text_list_free(&names);
}

static void experiments_bear_their_names_or_are_refused_by_the_rule(void **state)
{
    (void)state;
    TextList list = naughty();
    size_t good = 0;
    for (size_t i = 0; i < list.count; i++) {
        Text book = {0};
        text_add(&book, "{\"models\": {\"m\": {\"clip\": \"c\"}}, \"experiments\": {");
        json_quote(&book, list.items[i]);
        text_add(&book, ": {\"dataset\": \"mini\", \"model\": \"m\", \"method\": \"zsclip\"}}}");
        put_file(scratch("experiments.json"), book.data, book.length);
        Error err;
        ExperimentList found = {0};
        Book *opened_book = book_open(scratch("experiments.json"), NULL, &err);
        if (!opened_book) {
            assert_sentence(&err, "experiments", "a name is letters, digits");
        } else {
            assert_true(book_select(opened_book, &(Selection){0}, &found, &err));
            assert_string_equal(found.items[0].name, list.items[i]);
            good++;
        }
        experiments_free(&found);
        book_free(opened_book);
        text_free(&book);
    }
    assert_true(good > 60);
    text_list_free(&list);
}

/* What is read back must be what is shown: control characters as escapes, all else as it is. */
static void assert_shown(const char *got, const char *text)
{
    char *plain = shown(text);
    if (strcmp(got, plain) != 0) fail_msg("\"%s\" came back as \"%s\"", plain, got);
    free(plain);
}

static char *html_read_back(const char *html)
{
    Points points = {0}, out = {0};
    Text text = {0};
    assert_null(strpbrk(html, "<>\"'"));
    points_add_utf8(&points, html, strlen(html));
    html_unescape_strict(points.at, points.count, &out);
    text_add(&text, "");
    for (size_t i = 0; i < out.count; i++) {
        char bytes[4];
        text_add_bytes(&text, bytes, unicode_put(out.at[i], bytes));
    }
    points_free(&points), points_free(&out);
    return text.data;
}

static char *markdown_read_back(const char *markdown)
{
    Text text = {0};
    text_add(&text, "");
    for (; *markdown; markdown++) {
        assert_null(strchr("`*[]<>|~$", *markdown));
        if (*markdown == '\\') markdown++; /* each escape is a backslash and the sign */
        text_add_bytes(&text, markdown, 1);
    }
    return text.data;
}

static void html_and_markdown_show_them_as_text(void **state)
{
    (void)state;
    TextList list = naughty();
    for (size_t i = 0; i < list.count; i++) {
        Text html = {0}, markdown = {0};
        text_add(&html, ""), text_add(&markdown, "");
        html_escaped(list.items[i], &html);
        markdown_escaped(list.items[i], &markdown);
        char *one = html_read_back(html.data), *other = markdown_read_back(markdown.data);
        assert_shown(one, list.items[i]);
        assert_shown(other, list.items[i]);
        free(one), free(other);
        text_free(&html), text_free(&markdown);
    }
    text_list_free(&list);
}

static void latex_has_no_command_of_theirs(void **state)
{
    (void)state;
    TextList list = naughty();
    for (size_t i = 0; i < list.count; i++) {
        Text latex = {0};
        text_add(&latex, "");
        latex_escaped(list.items[i], &latex);
        int depth = 0;
        for (const char *c = latex.data; *c; c++) {
            if (*c == '\\' && strchr("{}%&$#_ ", c[1]) && c[1]) {
                c++;
                continue;
            }
            depth += *c == '{' ? 1 : *c == '}' ? -1 : 0;
            assert_true(depth >= 0 && !strchr("%&$#^~_", *c));
            if (*c == '\\') assert_true(!strncmp(c, "\\text", 5) || !strncmp(c, "\\symbol", 7)); /* our own alone */
        }
        assert_int_equal(depth, 0);
        text_free(&latex);
    }
    text_list_free(&list);
}

/* Written as cells and read by our own reader of CSV; a formula has got an apostrophe. */
static void csv_brings_them_back(void **state)
{
    (void)state;
    TextList names = distinct_names();
    Text csv = {0};
    text_add(&csv, "file");
    for (size_t i = 0; i < names.count; i++) text_add(&csv, ","), csv_escaped(names.items[i], &csv);
    text_add(&csv, "\na.png");
    for (size_t i = 0; i < names.count; i++) text_addf(&csv, ",%zu", i);
    put_file(scratch("cells.csv"), csv.data, csv.length);
    ScoreTable t;
    Error err;
    if (!score_table_read(&t, scratch("cells.csv"), &err)) fail_msg("%s", err.text);
    assert_int_equal(t.classes.count, names.count);
    for (size_t i = 0; i < names.count; i++) {
        const char *got = t.classes.items[i];
        char *plain = shown(names.items[i]);
        const bool guarded = *got == '\'' && strcmp(got, plain) != 0;
        assert_string_equal(got + guarded, plain);
        if (!guarded && *got) assert_true(!strchr("=@", *got));
        free(plain);
    }
    score_table_free(&t);
    text_free(&csv);
    text_list_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_read_or_refused_by_a_rule),
        cmocka_unit_test(captions_come_through_as_they_are),
        cmocka_unit_test(classes_keep_their_names_and_are_found_by_them),
        cmocka_unit_test(experiments_bear_their_names_or_are_refused_by_the_rule),
        cmocka_unit_test(html_and_markdown_show_them_as_text),
        cmocka_unit_test(latex_has_no_command_of_theirs),
        cmocka_unit_test(csv_brings_them_back),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
