/* Options: defaults, what is refused and how it is said, and the canonical form that hashes are made of. */
#include "methods/shared/method.h"
#include "methods/shared/templates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const colours[] = {"red", "green", NULL};
static const Option table[] = {
    OPTION_REAL("lr", 1e-4, 0, 1, "rate"),
    OPTION_INT("epochs", 20, 1, 100, "passes"),
    OPTION_BOOL("local", true, "branch"),
    OPTION_CHOICE("colour", "red", colours, "colour"),
    OPTION_TEXT("words", "normal", "start"),
    OPTION_REAL_AT_TEST("tau_test", 40, 0, 100, "sharpness"),
    OPTION_CHOICE_AT_TEST("shade", "green", colours, "shade"),
    OPTION_END,
};

static bool read_text(const char *text, Options *options, Error *err)
{
    JsonFile *file = json_parse("experiments.json", text, strlen(text), err);
    if (!file) return false;
    const bool good = options_read(options, table, json_root(file), err);
    json_free(file);
    return good;
}

static void assert_refused(const char *text, const char *part, const char *other_part)
{
    Options options;
    Error err = {0};
    assert_false(read_text(text, &options, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
    if (!strstr(err.text, part) || !strstr(err.text, other_part)) fail_msg("%s", err.text);
}

static void defaults_stand_where_nothing_is_given(void **state)
{
    (void)state;
    Options options;
    Error err;
    assert_true(options_read(&options, table, (Json){0}, &err));
    assert_true(option_real(&options, "lr") == 1e-4);
    assert_int_equal(option_int(&options, "epochs"), 20);
    assert_true(option_bool(&options, "local"));
    assert_string_equal(option_text(&options, "colour"), "red");
    assert_string_equal(option_text(&options, "words"), "normal");
    assert_true(option_text_or(&options, "words", NULL) != NULL);
    assert_int_equal(option_int_or(&options, "alpha", 7), 7);
    options_free(&options);
}

static void given_values_replace_defaults(void **state)
{
    (void)state;
    Options options;
    Error err;
    assert_true(read_text("{\"lr\": 0.5, \"epochs\": 3, \"local\": false, \"colour\": \"green\", \"words\": \"a b\"}",
                          &options, &err));
    assert_true(option_real(&options, "lr") == 0.5);
    assert_int_equal(option_int(&options, "epochs"), 3);
    assert_false(option_bool(&options, "local"));
    assert_string_equal(option_text(&options, "colour"), "green");
    assert_string_equal(option_text(&options, "words"), "a b");
    options_free(&options);
}

static void refusals_name_the_place_and_what_is_allowed(void **state)
{
    (void)state;
    assert_refused("{\"learning_rate\": 1}", "learning_rate", "epochs");
    assert_refused("{\"lr\": 2}", "lr", "0 to 1");
    assert_refused("{\"lr\": \"fast\"}", "lr", "number");
    assert_refused("{\"epochs\": 0}", "epochs", "1 to 100");
    assert_refused("{\"epochs\": 2.5}", "epochs", "whole");
    assert_refused("{\"local\": 1}", "local", "experiments.json");
    assert_refused("{\"colour\": \"blue\"}", "\"blue\"", "\"red\", \"green\"");
    assert_refused("{\"words\": 3}", "words", "string");
    assert_refused("{\"lr\": {\"grid\": [1, 2]}}", "lr", "number");
}

/* The canonical form of the same object written by hand. */
static void assert_json(char *text, const char *expected)
{
    cJSON *node = cJSON_Parse(expected);
    char *canonical = json_canonical(node);
    assert_string_equal(text, canonical);
    cJSON_Delete(node);
    free(canonical);
    free(text);
}

static void canonical_form_leaves_out_test_options_for_training(void **state)
{
    (void)state;
    Options options;
    Error err;
    assert_true(read_text("{\"words\": \"a\", \"tau_test\": 4}", &options, &err));
    assert_json(options_json(&options, false), "{\"lr\": 1e-4, \"epochs\": 20, \"local\": true, \"colour\": \"red\", "
                                               "\"shade\": \"green\", \"tau_test\": 4, \"words\": \"a\"}");
    assert_json(options_json(&options, true),
                "{\"words\": \"a\", \"lr\": 1e-4, \"epochs\": 20, \"local\": true, \"colour\": \"red\"}");
    options_free(&options);
}

/* Stored results do not know of it: what gives their numbers must have their description, and nothing else may. */
static void an_option_that_came_later_is_not_said_where_it_is_as_before(void **state)
{
    (void)state;
    static const Option grown[] = {
        OPTION_REAL("lr", 1e-4, 0, 1, "rate"),
        OPTION_INT_LATER("warmup", 1, 0, 100, 0, "came later, with another default than before"),
        OPTION_REAL_LATER("warmup_lr", 0.5, 0, 1, 0.5, "came later"),
        OPTION_END,
    };
    static const char *const cases[][2] = {
        {"{}", "{\"lr\": 1e-4, \"warmup\": 1}"},
        {"{\"warmup\": 0}", "{\"lr\": 1e-4}"},
        {"{\"warmup\": 2, \"warmup_lr\": 0.25}", "{\"lr\": 1e-4, \"warmup\": 2, \"warmup_lr\": 0.25}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Options options;
        Error err;
        JsonFile *file = json_parse("experiments.json", cases[i][0], strlen(cases[i][0]), &err);
        assert_true(options_read(&options, grown, json_root(file), &err));
        json_free(file);
        assert_json(options_json(&options, false), cases[i][1]);
        assert_json(options_json(&options, true), cases[i][1]);
        options_free(&options);
    }
}

static void every_method_reads_its_own_defaults(void **state)
{
    (void)state;
    Error err;
    for (size_t i = 0; method_all()[i]; i++) {
        const Method *m = method_all()[i];
        Options options;
        assert_ptr_equal(method_find(m->name), m);
        assert_true(options_read(&options, m->options, (Json){0}, &err));
        char *text = options_json(&options, false);
        JsonFile *file = json_parse("defaults", text, strlen(text), &err);
        Options again;
        assert_true(options_read(&again, m->options, json_root(file), &err)); /* within their own ranges */
        m->needs(&again);
        json_free(file);
        free(text);
        options_free(&again);
        options_free(&options);
    }
    assert_null(method_find("tai_dtp"));
}

static void tai_asks_for_what_its_options_take(void **state)
{
    (void)state;
    Error err;
    Options tai, dpt;
    assert_true(options_read(&tai, method_find("tai")->options, (Json){0}, &err));
    assert_true(options_read(&dpt, method_find("tai_dpt")->options, (Json){0}, &err));
    assert_int_equal(method_find("tai")->needs(&tai), NEED_CLASS_TEXT | NEED_TOWER | NEED_CAPTIONS | NEED_TEMPLATES);
    assert_int_equal(method_find("tai_dpt")->needs(&dpt), NEED_CLASS_TEXT | NEED_TOWER | NEED_CAPTIONS |
                                                              NEED_TEMPLATES | NEED_CAPTION_TOKENS | NEED_TEST_LOCAL);
    options_free(&tai);
    options_free(&dpt);
}

static void template_sets_have_their_published_sizes(void **state)
{
    (void)state;
    assert_int_equal(template_set("single")->count, 1);
    assert_int_equal(template_set("clip80")->count, 80);
    assert_int_equal(template_set("mini9")->count, 9);
    assert_int_equal(template_set("published")->count, 89);
    assert_null(template_set("clip81"));
    assert_string_equal(template_set("clip80")->frames[0], "a bad photo of a {}.");
    assert_string_equal(template_set("clip80")->frames[79], "a tattoo of the {}.");
    for (size_t i = 0; i < 9; i++) assert_string_equal(template_set("published")->frames[i], "a photo of a {}.");
    char *filled = template_fill("a {} in a video game.", "tv monitor");
    assert_string_equal(filled, "a tv monitor in a video game.");
    free(filled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_stand_where_nothing_is_given),
        cmocka_unit_test(given_values_replace_defaults),
        cmocka_unit_test(refusals_name_the_place_and_what_is_allowed),
        cmocka_unit_test(canonical_form_leaves_out_test_options_for_training),
        cmocka_unit_test(an_option_that_came_later_is_not_said_where_it_is_as_before),
        cmocka_unit_test(every_method_reads_its_own_defaults),
        cmocka_unit_test(tai_asks_for_what_its_options_take),
        cmocka_unit_test(template_sets_have_their_published_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
