/* JSON, JSON lines and gzip: what is refused and with which place in the sentence, getters that name the path, and
 * mutated texts, which may be read or refused and nothing else. */
#include "tests/broken_files.h"
#include "tests/case_file.h"

#include "harness/io/gzip.h"
#include "harness/io/jsonl.h"

#include <zlib.h>

static JsonFile *parsed(const char *text)
{
    Error err;
    JsonFile *file = json_parse("x.json", text, strlen(text), &err);
    if (!file) fail_msg("%s", err.text);
    return file;
}

static void assert_refused(const char *text, size_t length, const char *what)
{
    Error err = {0};
    JsonFile *file = json_parse("x.json", text, length, &err);
    if (file) fail_msg("accepted: %s", text);
    assert_sentence(&err, "x.json: ", what);
    assert_int_equal(err.exit_status, 2);
}

/* ---- tests/cases/json.txt ---- */

static void a_text_is_read_or_refused_as_its_line_says(void **state)
{
    const CaseLine *one = *state;
    if (strcmp(one->section->verdict, "accepted") == 0) {
        char *text = case_side(one->line, strlen(one->line));
        json_free(parsed(text));
        free(text);
        return;
    }
    char *text, *words;
    assert_string_equal(one->section->verdict, "refused");
    case_sides(one->line, &text, &words);
    assert_refused(text, strlen(text), words);
    free(text), free(words);
}

static void what_no_line_can_hold_is_refused_too(void **state)
{
    (void)state;
    static const char *const cases[] = {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                                        "\"\xe2\x82"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) assert_refused(cases[i], strlen(cases[i]), "not UTF-8");
    assert_refused("{}\0", 3, "something follows");
    assert_refused("\"a\0b\"", 5, "control character");
    char digits[100];
    memset(digits, '1', sizeof digits);
    assert_refused(digits, sizeof digits, "more than 63 characters");
}

static void nesting_ends_at_200_levels(void **state)
{
    (void)state;
    char text[402];
    memset(text, '[', 200), memset(text + 200, ']', 200), text[400] = '\0';
    json_free(parsed(text));
    memset(text, '[', 201);
    assert_refused(text, 201, "deeper than 200");
    char *deep = xmalloc(1 << 20);
    memset(deep, '[', 1 << 20);
    assert_refused(deep, 1 << 20, "deeper than 200");
    free(deep);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\": [1.5e3, \"\\u00e9\\n\", true, null, {\"b\": {}}], \"c\": -0.1}";
    for (size_t n = 0; n + 1 < sizeof text; n++) assert_refused(text, n, "not valid JSON");
    json_free(parsed(text));
}

static void getters_name_the_path(void **state)
{
    (void)state;
    JsonFile *file = parsed("{\"experiments\": {\"x\": {\"lr\": \"fast\", \"seeds\": [1, 2.5, 1e17], \"on\": null}}}");
    Json experiments, x, seeds;
    Error err;
    double number;
    int64_t integer;
    bool flag;
    const char *string;
    assert_true(json_object(json_root(file), "experiments", &experiments, &err));
    assert_true(json_object(experiments, "x", &x, &err));
    assert_false(json_number(x, "lr", &number, &err));
    assert_string_equal(err.text, "x.json: experiments.x.lr: a number is needed, this is a string");
    assert_int_equal(err.exit_status, 2);
    assert_false(json_number(x, "momentum", &number, &err));
    assert_string_equal(err.text, "x.json: experiments.x.momentum: is missing; a number is needed");
    assert_true(json_array(x, "seeds", &seeds, &err) && json_count(seeds) == 3);
    assert_false(json_as_integer(json_at(seeds, 1), &integer, &err));
    assert_sentence(&err, "x.json: experiments.x.seeds[1]: ", "whole number");
    assert_false(json_as_integer(json_at(seeds, 2), &integer, &err));
    assert_false(json_as_integer(json_at(seeds, 3), &integer, &err));
    assert_sentence(&err, "x.json", "is missing");
    assert_true(json_integer_or(x, "epochs", 7, &integer, &err) && integer == 7);
    assert_true(json_bool_or(x, "on", true, &flag, &err) && flag);
    assert_false(json_bool_or(x, "lr", true, &flag, &err));
    assert_false(json_string(json_get(x, "nothing"), "deeper", &string, &err));
    assert_true(json_string_or(x, "lr", "slow", &string, &err) && strcmp(string, "fast") == 0);
    assert_false(json_only_keys(x, (const char *const[]){"lr", "seeds", NULL}, &err));
    assert_string_equal(err.text, "x.json: experiments.x.on: unknown key; allowed are: lr, seeds");
    assert_true(json_only_keys(x, (const char *const[]){"on", "lr", "seeds", NULL}, &err));
    assert_string_equal(json_key(json_at(x, 0)), "lr");
    json_free(file);
}

static void keys_are_told_apart_by_case(void **state)
{
    (void)state;
    JsonFile *file = parsed("{\"Cat\": 1, \"cat\": 2}");
    int64_t value;
    Error err;
    assert_true(json_integer(json_root(file), "cat", &value, &err) && value == 2);
    json_free(file);
}

/* COCO's annotations have 600000 entries: with a linked list walked from its head this test would take minutes. */
static void a_long_array_is_walked_in_any_order(void **state)
{
    (void)state;
    Text text = {0};
    text_add(&text, "[");
    for (int i = 0; i < 200000; i++) text_addf(&text, "%s%d", i ? "," : "", i);
    text_add(&text, "]");
    JsonFile *file = parsed(text.data);
    const Json root = json_root(file);
    int64_t value = 0;
    Error err;
    for (size_t i = 0; i < json_count(root); i++) assert_true(json_as_integer(json_at(root, i), &value, &err));
    assert_int_equal(value, 199999);
    static const size_t jumps[] = {5, 4, 199999, 0, 77};
    for (size_t i = 0; i < 5; i++) {
        assert_true(json_as_integer(json_at(root, jumps[i]), &value, &err));
        assert_int_equal(value, jumps[i]);
    }
    json_free(file);
    text_free(&text);
}

static void numbers_are_written_as_they_were_read(void **state)
{
    (void)state;
    static const char *const numbers[] = {"9007199254740991",
                                          "-9007199254740991",
                                          "1000000000000001",
                                          "0.1",
                                          "0.30000000000000004",
                                          "1e+300",
                                          "5e-324",
                                          "123456789012345680000",
                                          "2.2250738585072014e-308",
                                          "86.0784123456789"};
    char *(*const writers[])(const cJSON *) = {json_canonical, json_compact, json_spread};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        JsonFile *file = parsed(numbers[i]);
        for (size_t k = 0; k < 3; k++) {
            char *text = writers[k](json_root(file).node);
            assert_true(strtod(text, NULL) == strtod(numbers[i], NULL));
            if (i < 3) assert_string_equal(text, numbers[i]);
            free(text);
        }
        json_free(file);
    }
    JsonFile *file = parsed("{\"b\": [1, {\"x\": null}], \"a\": {}}");
    char *compact = json_compact(json_root(file).node), *spread = json_spread(json_root(file).node);
    assert_string_equal(compact, "{\"b\":[1,{\"x\":null}],\"a\":{}}");
    assert_string_equal(spread, "{\n\t\"b\":\t[1, {\n\t\t\t\"x\":\tnull\n\t\t}],\n\t\"a\":\t{\n\t}\n}");
    free(compact), free(spread);
    json_free(file);
}

static void whole_numbers_that_a_double_may_have_rounded_are_refused(void **state)
{
    (void)state;
    static const char *const good[] = {"9007199254740991", "-9007199254740991", "0", "4503599627370497", "1e15"};
    static const char *const bad[] = {"9007199254740992",
                                      "9007199254740993",
                                      "-9007199254740992",
                                      "18446744073709551615",
                                      "9223372036854775807",
                                      "1e300",
                                      "0.5",
                                      "9007199254740991.5"};
    int64_t value;
    Error err;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        JsonFile *file = parsed(good[i]);
        assert_true(json_as_integer(json_root(file), &value, &err));
        assert_true(value == (int64_t)strtold(good[i], NULL));
        json_free(file);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        JsonFile *file = parsed(bad[i]);
        if (json_as_integer(json_root(file), &value, &err)) fail_msg("accepted: %s", bad[i]);
        assert_sentence(&err, "x.json", "below 2^53");
        json_free(file);
    }
}

static void canonical_text_does_not_depend_on_spelling(void **state)
{
    (void)state;
    static const char *const spellings[] = {
        "{\"b\": [1.0, 1e2, -0.0, 0.1, 1e-7, 12345678901234567890], \"a\": {\"z\": null, \"y\": "
        "\"\\u00e9\\n\\u0001\\/\"}}",
        "\xef\xbb\xbf{ "
        "\"a\":{\"y\":\"\xc3\xa9\\u000a\\u0001/\",\"z\":null},\n\"b\":[1,100,0,0.10,1.0e-7,12345678901234567890]}"};
    char *canonical[2];
    for (int i = 0; i < 2; i++) {
        JsonFile *file = parsed(spellings[i]);
        canonical[i] = json_canonical(json_root(file).node);
        json_free(file);
    }
    assert_string_equal(canonical[0], canonical[1]);
    assert_string_equal(canonical[0], "{\"a\":{\"y\":\"\xc3\xa9\\n\\u0001/\",\"z\":null},"
                                      "\"b\":[1,100,0,0.1,1e-07,1.2345678901234567e+19]}");
    JsonFile *again = parsed(canonical[0]);
    char *twice = json_canonical(json_root(again).node);
    assert_string_equal(twice, canonical[0]);
    json_free(again);
    free(twice);
    free(canonical[0]);
    free(canonical[1]);
}

static void mutated_text_is_read_or_refused_never_worse(void **state)
{
    (void)state;
    static const char good[] =
        "{\"a\": [1.5e3, \"\\u00e9\\n\xc3\xa9\", true, null, {\"b\": {\"c\": [[]]}}], \"c\": -0.1}";
    char text[sizeof good];
    uint32_t seed = 4;
    for (int round = 0; round < 20000; round++) {
        Error err = {0};
        memcpy(text, good, sizeof good);
        mutate(text, sizeof good - 1, &seed);
        JsonFile *file = json_parse("m", text, sizeof good - 1, &err);
        if (!file) {
            assert_sentence(&err, "m: ", "");
            assert_null(strstr(err.text, "out of memory")); /* our grammar and cJSON's agree */
            continue;
        }
        free(json_canonical(json_root(file).node));
        json_free(file);
    }
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    Error err;
    assert_null(json_read(scratch("none.json"), &err));
    assert_sentence(&err, "none.json", "cannot open");
    assert_null(json_read(scratch_folder, &err));
    put_file(scratch("empty.json"), "", 0);
    assert_null(json_read(scratch("empty.json"), &err));
    assert_sentence(&err, "empty.json", "column 1");
}

static bool sum_captions(void *context, Json object, Error *err)
{
    int64_t n;
    if (!json_integer(object, "n", &n, err)) return false;
    if (n == 13) return (fail)(err, "thirteen is not liked");
    *(int64_t *)context += n;
    return true;
}

static void assert_lines(const char *text, int64_t sum, const char *place, const char *what)
{
    Error err = {0};
    int64_t found = 0;
    put_file(scratch("c.jsonl"), text, strlen(text));
    const bool good = jsonl_read(scratch("c.jsonl"), sum_captions, &found, &err);
    if (good == (what != NULL)) fail_msg("%s: %s", text, err.text);
    assert_int_equal(found, sum);
    if (what) assert_sentence(&err, place, what);
}

static void json_lines_errors_name_the_line(void **state)
{
    (void)state;
    assert_lines("", 0, NULL, NULL);
    assert_lines("{\"n\":1}\n\n  \r\n{\"n\":2}\r\n{\"n\":3}", 6, NULL, NULL);
    assert_lines("{\"n\":1}\n\n{\"n\":2\n", 1, "c.jsonl:3: ", "column 7: a comma or }");
    assert_lines("{\"n\":1}\n[2]\n", 1, "c.jsonl:2: ", "a JSON object");
    assert_lines("{\"n\":1}\n{\"n\":\"x\"}\n", 1, "c.jsonl:2: n: ", "a whole number is needed");
    assert_lines("{\"n\":1}\n{\"n\":13}\n", 1, "c.jsonl:2: ", "thirteen");
    assert_lines("{\"n\":1} {\"n\":2}\n", 0, "c.jsonl:1: ", "something follows");
    Error err;
    assert_false(jsonl_read(scratch("none.jsonl"), sum_captions, NULL, &err));
    assert_sentence(&err, "none.jsonl", "cannot open");
}

static void an_endless_line_is_refused(void **state)
{
    (void)state;
    Error err;
    char *text = xmalloc((16 << 20) + 2);
    memset(text, ' ', (16 << 20) + 2);
    put_file(scratch("long.jsonl"), text, (16 << 20) + 2);
    free(text);
    assert_false(jsonl_read(scratch("long.jsonl"), sum_captions, NULL, &err));
    assert_sentence(&err, "long.jsonl:1", "16 MB");
}

static void gzip_files_unpack_or_are_refused(void **state)
{
    (void)state;
    static char text[50000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i * i % 26);
    gzFile out = gzopen(scratch("v.gz"), "wb");
    assert_int_equal(gzwrite(out, text, sizeof text), sizeof text);
    assert_int_equal(gzclose(out), Z_OK);
    Error err;
    char *data;
    size_t length, packed;
    assert_true(gzip_read(scratch("v.gz"), sizeof text, &data, &length, &err));
    assert_int_equal(length, sizeof text);
    assert_memory_equal(data, text, sizeof text);
    free(data);
    assert_false(gzip_read(scratch("v.gz"), sizeof text - 1, &data, &length, &err));
    assert_sentence(&err, "v.gz", "more than the 49999 bytes");
    char *bytes = get_file(scratch("v.gz"), &packed);
    for (size_t n = 0; n < packed; n++) {
        put_file(scratch("cut.gz"), bytes, n);
        assert_false(gzip_read(scratch("cut.gz"), sizeof text, &data, &length, &err));
        assert_sentence(&err, "cut.gz", "gzip");
    }
    bytes[packed / 2] ^= 0x40;
    put_file(scratch("bad.gz"), bytes, packed);
    assert_false(gzip_read(scratch("bad.gz"), sizeof text, &data, &length, &err));
    assert_sentence(&err, "bad.gz", "damaged");
    free(bytes);
    put_file(scratch("plain.gz"), "just text", 9);
    assert_false(gzip_read(scratch("plain.gz"), sizeof text, &data, &length, &err));
    assert_sentence(&err, "plain.gz", "not a gzip file");
    assert_false(gzip_read(scratch("none.gz"), 9, &data, &length, &err));
    assert_sentence(&err, "none.gz", "cannot open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_line_can_hold_is_refused_too),
        cmocka_unit_test(nesting_ends_at_200_levels),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(getters_name_the_path),
        cmocka_unit_test(keys_are_told_apart_by_case),
        cmocka_unit_test(a_long_array_is_walked_in_any_order),
        cmocka_unit_test(canonical_text_does_not_depend_on_spelling),
        cmocka_unit_test(numbers_are_written_as_they_were_read),
        cmocka_unit_test(whole_numbers_that_a_double_may_have_rounded_are_refused),
        cmocka_unit_test(mutated_text_is_read_or_refused_never_worse),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(json_lines_errors_name_the_line),
        cmocka_unit_test(an_endless_line_is_refused),
        cmocka_unit_test(gzip_files_unpack_or_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, scratch_make, scratch_remove);
    return failed + case_lines_run("tests/cases/json.txt", a_text_is_read_or_refused_as_its_line_says, NULL, NULL);
}
