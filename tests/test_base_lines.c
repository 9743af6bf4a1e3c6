/* The one reader of text lists (harness/base/lines.h): what is a line, what is text, and where a sentence says the fault is. */
#include "tests/broken_files.h"

#include "harness/base/lines.h"

/* What was read: the lines, each in brackets. */
static bool add(void *context, const Line *line, Error *err)
{
    if (strcmp(line->text, "stop") == 0) return (fail)(err, "%s:%zu: stopped", line->path, line->number);
    assert_int_equal(strlen(line->text), line->length);
    text_addf(context, "%zu[%s]", line->number, line->text);
    return true;
}

static void assert_lines(const char *bytes, size_t count, const char *expected)
{
    Error err = {0};
    Text got = {0};
    text_add(&got, "");
    put_file(scratch("list"), bytes, count);
    if (!lines_read(scratch("list"), add, &got, &err)) fail_msg("%s", err.text);
    assert_string_equal(got.data, expected);
    got.length = 0;
    text_add(&got, "");
    assert_true(lines_read_bytes("memory", bytes, count, add, &got, &err));
    assert_string_equal(got.data, expected);
    text_free(&got);
}
#define LINES(text, expected) assert_lines(text, sizeof text - 1, expected)

static void lines_end_with_newline_carriage_return_or_both(void **state)
{
    (void)state;
    LINES("", "");
    LINES("\n", "1[]");
    LINES("a", "1[a]");
    LINES("a\n", "1[a]");
    LINES("a\r\nb\rc\n\rd", "1[a]2[b]3[c]4[]5[d]");
    LINES("a\n\n", "1[a]2[]");
    LINES("a\r\r\n", "1[a]2[]");
    LINES("a \xe2\x80\xa8\xc2\x85 b\n", "1[a \xe2\x80\xa8\xc2\x85 b]"); /* U+2028 and U+0085 end none */
}

static void a_byte_order_mark_is_passed_over_at_the_head_alone(void **state)
{
    (void)state;
    LINES("\xef\xbb\xbf", "");
    LINES("\xef\xbb\xbf\n", "1[]");
    LINES("\xef\xbb\xbf"
          "a\r\n\xef\xbb\xbf"
          "b\n",
          "1[a]2[\xef\xbb\xbf"
          "b]");
}

static void assert_no_text(const char *bytes, size_t count, const char *place, const char *what)
{
    Error err = {0};
    Text got = {0};
    put_file(scratch("list"), bytes, count);
    if (lines_read(scratch("list"), add, &got, &err)) fail_msg("accepted, %s was expected", what);
    assert_sentence(&err, place, what);
    text_free(&got);
}
#define NO_TEXT(text, place, what) assert_no_text(text, sizeof text - 1, place, what)

static void what_is_no_text_is_refused_with_line_and_column(void **state)
{
    (void)state;
    NO_TEXT("a red bus\0 and more\n", "/list:1: column 10: ", "NUL");
    NO_TEXT("a\n\xc3\xa4\xe2\x82\xac\0", "/list:2: column 3: ", "NUL"); /* a column is a character, not a byte */
    NO_TEXT("\xef\xbb\xbf"
            "ab\xe9 c\n",
            "/list:1: column 3: ", "0xE9 is not UTF-8");
    NO_TEXT("a\r\nb\r\nabc\xc3", "/list:3: column 4: ", "0xC3 is not UTF-8");
    NO_TEXT("\xed\xa0\x80\n", "/list:1: column 1: ", "not UTF-8"); /* half a surrogate pair */
    NO_TEXT("\xc0\xaf\n", "/list:1: column 1: ", "not UTF-8");     /* "/" in two bytes */
    NO_TEXT("\xf4\x90\x80\x80\n", "/list:1: column 1: ", "not UTF-8");
    NO_TEXT("\xff\xfe"
            "a\0 \0c\0",
            "/list:1: column 1: ", "UTF-16");
    NO_TEXT("\xfe\xff\0a\0b", "/list:1: column 1: ", "UTF-16");
    NO_TEXT("\xff\xfe\x3d\x04\x35\x04\n\x01", "/list:1: column 1: ", "UTF-16");
    NO_TEXT("a\0b\0", "/list:1: column 2: ", "UTF-16");
}

static void reading_stops_where_it_is_told_to(void **state)
{
    (void)state;
    Error err = {0};
    Text got = {0};
    put_file(scratch("list"), "a\nstop\nb\xff\n", 10);
    assert_false(lines_read(scratch("list"), add, &got, &err));
    assert_sentence(&err, "/list:2: ", "stopped");
    assert_string_equal(got.data, "1[a]");
    text_free(&got);
    assert_false(lines_read(scratch("none"), add, NULL, &err));
    assert_sentence(&err, "/none", "cannot open");
    assert_false(lines_read(scratch_folder, add, NULL, &err));
    assert_sentence(&err, scratch_folder, "folder");
    assert_false(lines_read("/dev/zero", add, NULL, &err)); /* at once, without reading it into memory */
    assert_sentence(&err, "/dev/zero:1: column 1", "NUL");
}

static void blank_lines_and_arguments_are_looked_at(void **state)
{
    (void)state;
    Error err = {0};
    assert_true(line_is_blank(&(Line){.text = " \t"}));
    assert_true(line_is_blank(&(Line){.text = ""}));
    assert_false(line_is_blank(&(Line){.text = " x"}));
    assert_true(check_utf8("--prompt", "na\xc3\xafve", &err));
    assert_false(check_utf8("--prompt", "na\xefve", &err));
    assert_sentence(&err, "--prompt: column 3: ", "0xEF is not UTF-8");
    assert_int_equal(err.exit_status, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_with_newline_carriage_return_or_both),
        cmocka_unit_test(a_byte_order_mark_is_passed_over_at_the_head_alone),
        cmocka_unit_test(what_is_no_text_is_refused_with_line_and_column),
        cmocka_unit_test(reading_stops_where_it_is_told_to),
        cmocka_unit_test(blank_lines_and_arguments_are_looked_at),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
