/* experiments.json: what is accepted, what it expands to, and what a mistake is told. */
#include "harness/base/memory.h"
#include "harness/experiments/experiments.h"
#include "tests/case_file.h"
#include "tests/scratch_folder.h"

#include <time.h>

static void write_text(const char *name, const char *text)
{
    Error err;
    if (!write_file(scratch(name), text, strlen(text), &err)) fail_msg("%s", err.text);
}

/* An experiments file around one experiment "e" (its members) and further sections. */
static Book *open_with(const char *experiment, const char *sections, Error *err)
{
    char *text = xformat("{\"models\": {\"m\": {\"clip\": \"clip\"}}, \"experiments\": {\"e\": {\"dataset\": \"mini\", "
                         "\"model\": \"m\", "
                         "\"method\": \"tai_dpt\"%s%s}}%s%s}",
                         *experiment ? ", " : "", experiment, *sections ? ", " : "", sections);
    write_text("experiments.json", text);
    free(text);
    return book_open(scratch("experiments.json"), NULL, err);
}

static Book *opened(const char *experiment, const char *sections)
{
    Error err;
    Book *book = open_with(experiment, sections, &err);
    if (!book) fail_msg("%s", err.text);
    return book;
}

static ExperimentList selected(const Book *book, Selection selection)
{
    Error err;
    ExperimentList list = {0};
    if (!book_select(book, &selection, &list, &err)) fail_msg("%s", err.text);
    return list;
}

/* The sentence names the path inside the file and what is allowed; the status says "configuration". */
static void refused(const char *experiment, const char *sections, const char *path, const char *allowed)
{
    Error err;
    Book *book = open_with(experiment, sections, &err);
    if (book) fail_msg("accepted: %s %s", experiment, sections);
    if (!strstr(err.text, path) || !strstr(err.text, allowed))
        fail_msg("\"%s\" lacks \"%s\" or \"%s\"", err.text, path, allowed);
    assert_non_null(strstr(err.text, "experiments.json"));
    assert_int_equal(err.exit_status, EXIT_USAGE);
}

static void malformed_json_is_told_by_place(void **state)
{
    (void)state;
    Error err;
    write_text("experiments.json", "{\"models\": {\n \"m\": }}");
    assert_null(book_open(scratch("experiments.json"), NULL, &err));
    assert_non_null(strstr(err.text, "experiments.json"));
    assert_non_null(strstr(err.text, "line 2"));
}

static void grids_expand_to_stable_names_the_last_key_fastest(void **state)
{
    (void)state;
    Book *book = opened("\"protocol\": {\"grid\": [\"default\", \"mini\"]}, \"seeds\": [1, 2], "
                        "\"options\": {\"lr\": {\"grid\": [0.001, 1e-4]}, \"context\": 8}",
                        "\"suites\": {\"all\": [\"e\"], \"one\": [\"e[protocol=mini,lr=0.001]\"]}");
    ExperimentList list = selected(book, (Selection){.suite = "all"});
    static const char *const names[] = {"e[protocol=default,lr=0.001]", "e[protocol=default,lr=0.0001]",
                                        "e[protocol=mini,lr=0.001]", "e[protocol=mini,lr=0.0001]"};
    assert_int_equal(list.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(list.items[i].name, names[i]);
        assert_int_equal(list.items[i].seed_count, 2);
        assert_int_equal(option_int(&list.items[i].options, "context"), 8);
    }
    assert_true(option_real(&list.items[1].options, "lr") == 1e-4);
    assert_string_equal(list.items[2].protocol.name, "mini");
    experiments_free(&list);

    list = selected(book, (Selection){.suite = "one"});
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "e[protocol=mini,lr=0.001]");
    experiments_free(&list);
    book_free(book);
}

static void a_replaced_value_becomes_part_of_the_name_but_seeds_do_not(void **state)
{
    (void)state;
    Book *book = opened("\"options\": {\"lr\": 0.1}", "");
    TextList sets = {0};
    text_list_add(&sets, "options.lr=0.01");
    text_list_add(&sets, "seeds=[4,5]");
    text_list_add(&sets, "protocol=mini");
    const char *names[] = {"e"};
    ExperimentList list = selected(book, (Selection){.names = names, .name_count = 1, .sets = &sets, .limit = 9});
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "e[lr=0.01,protocol=mini,limit=9]");
    assert_true(option_real(&list.items[0].options, "lr") == 0.01);
    assert_int_equal(list.items[0].seeds[1], 5);
    experiments_free(&list);

    /* The name that was made names it again, as the processes of --jobs do. */
    names[0] = "e[lr=0.01,protocol=mini,limit=9]";
    list = selected(book, (Selection){.names = names, .name_count = 1, .sets = &sets, .limit = 9});
    assert_int_equal(list.count, 1);
    experiments_free(&list);
    text_list_free(&sets);

    Error err;
    text_list_add(&sets, "options.lr");
    assert_false(book_select(book, &(Selection){.names = names, .name_count = 1, .sets = &sets}, &list, &err));
    assert_non_null(strstr(err.text, "PATH=VALUE"));
    experiments_free(&list);
    text_list_free(&sets);
    book_free(book);
}

/* The name is the file's, or already has the words of --set and --limit; what comes out has them. */
static void a_name_of_the_file_is_known_beside_set_and_limit(void **state)
{
    (void)state;
    Error err;
    Book *book = opened("\"options\": {\"lr\": {\"grid\": [0.1, 0.2]}}", "");
    TextList sets = {0};
    static const char full[] = "e[epochs=3,lr=0.2,limit=9]";
    static const char *const asked[] = {"e[lr=0.2]", "e[lr=0.2,limit=9]", "e[epochs=3,lr=0.2]", full};
    text_list_add(&sets, "options.epochs=3");
    const Selection all = {.sets = &sets, .limit = 9, .name_count = 1};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        Selection s = all;
        s.names = &asked[i];
        ExperimentList list = selected(book, s);
        assert_int_equal(list.count, 1);
        assert_string_equal(list.items[0].name, full);
        experiments_free(&list);
    }
    Selection both = all;
    both.names = asked;
    both.name_count = 4;
    ExperimentList list = selected(book, both);
    assert_int_equal(list.count, 1);
    experiments_free(&list);

    /* The grid is gone, so the name is. */
    text_list_add(&sets, "options.lr=0.5");
    Selection gone = all;
    gone.names = asked;
    assert_false(book_select(book, &gone, &list, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
    assert_non_null(strstr(err.text, "no e[lr=0.2]; it has e[epochs=3,lr=0.5,limit=9]"));
    experiments_free(&list);
    text_list_free(&sets);
    book_free(book);
}

static void only_what_is_fixed_of_a_replaced_object_goes_into_the_name(void **state)
{
    (void)state;
    static const struct {
        const char *set, *first;
    } cases[] = {
        {"options.lr={\"grid\":[0.1,0.2]}", "e[lr=0.1]"},
        {"options={\"epochs\":3,\"lr\":{\"grid\":[0.1,0.2]}}", "e[options.epochs=3,lr=0.1]"},
        {"options={\"lr\":{\"grid\":[0.1,0.2]}}", "e[options={},lr=0.1]"},
        {"protocol={\"grid\":[\"mini\",\"default\"]}", "e[protocol=mini]"},
    };
    Book *book = opened("\"options\": {\"batch\": 8}", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        TextList sets = {0};
        text_list_add(&sets, cases[i].set);
        ExperimentList list = selected(book, (Selection){.sets = &sets});
        assert_int_equal(list.count, 2);
        assert_string_equal(list.items[0].name, cases[i].first);
        experiments_free(&list);
        text_list_free(&sets);
    }
    book_free(book);
}

static void an_experiment_named_twice_is_taken_once(void **state)
{
    (void)state;
    Book *book = opened("", "\"suites\": {\"s\": [\"e\", \"e\"]}");
    ExperimentList list = selected(book, (Selection){.suite = "s"});
    assert_int_equal(list.count, 1);
    experiments_free(&list);
    book_free(book);
}

/* ---- tests/cases/names.txt ----
 *
 * A name is part of paths, commands and other names: one rule for all sections, before anything is made of them. */

static void check_bad_name(const char *quoted)
{
    static const char *const sections[][2] = {
        {"suites", "[\"e\"]"}, {"datasets", "{\"kind\": \"mini\"}"}, {"protocols", "{}"}};
    for (size_t k = 0; k < 3; k++) {
        char *text = xformat("\"%s\": {%s: %s}", sections[k][0], quoted, sections[k][1]);
        refused("", text, sections[k][0], "a name is letters");
        free(text);
    }
    char *text = xformat("\"label\": \"l\"}, %s: {\"extends\": \"e\"", quoted);
    refused(text, "", "experiments", "a name is letters");
    free(text);
}

static void a_name_is_accepted_or_refused_as_its_line_says(void **state)
{
    const CaseLine *one = *state;
    char *name = case_side(one->line, strlen(one->line));
    cJSON *string = cJSON_CreateString(name);
    char *quoted = cJSON_PrintUnformatted(string);
    if (strcmp(one->section->verdict, "bad") == 0) {
        check_bad_name(quoted);
    } else {
        assert_string_equal(one->section->verdict, "good");
        char *suites = xformat("\"suites\": {%s: [\"e\"]}", quoted);
        Book *book = opened("", suites);
        assert_non_null(book_suite(book, name));
        book_free(book);
        free(suites);
    }
    cJSON_Delete(string);
    free(quoted);
    free(name);
}

static void paths_json_moves_models_and_refuses_unknown_ones(void **state)
{
    (void)state;
    Error err;
    write_text("elsewhere.json", "{\"models\": {\"m\": {\"clip\": \"big/RN50\", \"tokenizer\": \"/vocabulary\"}}}");
    book_free(opened("", ""));
    Book *book = book_open(scratch("experiments.json"), NULL, &err);
    char *expected = xformat("%s/clip", scratch_folder);
    assert_string_equal(book_model(book, "m")->clip, expected);
    assert_string_equal(book_model(book, "m")->tokenizer, expected);
    book_free(book);
    free(expected);

    char *paths = xstrdup(scratch("elsewhere.json"));
    book = book_open(scratch("experiments.json"), paths, &err);
    expected = xformat("%s/big/RN50", scratch_folder);
    assert_string_equal(book_model(book, "m")->clip, expected);
    assert_string_equal(book_model(book, "m")->tokenizer, "/vocabulary");
    book_free(book);
    free(expected);

    write_text("elsewhere.json", "{\"models\": {\"n\": \"x\"}}");
    assert_null(book_open(scratch("experiments.json"), paths, &err));
    assert_non_null(strstr(err.text, "models.n"));
    free(paths);
}

static void the_projects_own_file_is_right(void **state)
{
    (void)state;
    Error err;
    Book *book = book_open("experiments.json", NULL, &err);
    if (!book) fail_msg("%s", err.text);
    assert_non_null(book_suite(book, "mini"));
    book_free(book);
}

/* Every entry extends the one before; 0.3 s, and minutes when each walked the whole chain. */
static void chains_of_five_thousand_take_linear_time(void **state)
{
    (void)state;
    enum { CHAIN = 5000 };
    Text text = {0};
    text_add(&text, "{\"models\": {\"m\": {\"clip\": \"clip\"}}, \"experiments\": {\"e0\": {\"dataset\": \"mini\", "
                    "\"model\": \"m\", "
                    "\"method\": \"tai_dpt\", \"options\": {\"lr\": 0.5}}");
    for (int i = 1; i < CHAIN; i++)
        text_addf(&text, ", \"e%d\": {\"extends\": \"e%d\", \"options\": {\"epochs\": %d}}", i, i - 1, 1 + i % 9);
    text_add(&text, "}}");
    write_text("experiments.json", text.data);
    Error err;
    const clock_t begin = clock();
    Book *book = book_open(scratch("experiments.json"), NULL, &err);
    if (!book) fail_msg("%s", err.text);
    ExperimentList list = selected(book, (Selection){0});
    assert_in_range(clock() - begin, 0, 20 * CLOCKS_PER_SEC);
    assert_int_equal(list.count, CHAIN);
    assert_true(option_real(&list.items[CHAIN - 1].options, "lr") == 0.5);
    assert_int_equal(option_int(&list.items[CHAIN - 1].options, "epochs"), 1 + (CHAIN - 1) % 9);
    experiments_free(&list);
    book_free(book);
    text_free(&text);
}

static void seeds_run_as_given_or_are_refused(void **state)
{
    (void)state;
    Error err;
    ExperimentList list = {0};
    Book *book = opened("\"seeds\": [9007199254740991, 9007199254740989]", "");
    list = selected(book, (Selection){0});
    assert_true(list.items[0].seeds[0] == 9007199254740991 && list.items[0].seeds[1] == 9007199254740989);
    experiments_free(&list);
    TextList sets = {0};
    text_list_add(&sets, "seeds=[9007199254740990]");
    list = selected(book, (Selection){.sets = &sets});
    assert_true(list.items[0].seeds[0] == 9007199254740990);
    experiments_free(&list);
    text_list_free(&sets);
    static const char *const beyond[] = {"seeds=[9007199254740992]", "seeds=[9007199254740993]",
                                         "seeds=[18446744073709551615]", "seeds=[-1]", "seeds=[1.5]"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
        text_list_add(&sets, beyond[i]);
        list = (ExperimentList){0};
        assert_false(book_select(book, &(Selection){.sets = &sets}, &list, &err));
        assert_non_null(strstr(err.text, i == 3 ? "not negative" : "below 2^53"));
        experiments_free(&list);
        text_list_free(&sets);
    }
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_json_is_told_by_place),
        cmocka_unit_test(grids_expand_to_stable_names_the_last_key_fastest),
        cmocka_unit_test(a_replaced_value_becomes_part_of_the_name_but_seeds_do_not),
        cmocka_unit_test(a_name_of_the_file_is_known_beside_set_and_limit),
        cmocka_unit_test(only_what_is_fixed_of_a_replaced_object_goes_into_the_name),
        cmocka_unit_test(an_experiment_named_twice_is_taken_once),
        cmocka_unit_test(paths_json_moves_models_and_refuses_unknown_ones),
        cmocka_unit_test(the_projects_own_file_is_right),
        cmocka_unit_test(chains_of_five_thousand_take_linear_time),
        cmocka_unit_test(seeds_run_as_given_or_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, scratch_make, scratch_remove);
    return failed + case_lines_run("tests/cases/names.txt", a_name_is_accepted_or_refused_as_its_line_says,
                                   scratch_make, scratch_remove);
}
