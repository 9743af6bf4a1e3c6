/* Errors, memory, texts, files and hashes: what the lowest room promises to all others, among it a full disk (a limit
 * on file sizes) and allocations that no machine has. */
#include "tests/broken_files.h"

#include "harness/base/hash.h"
#include "harness/base/lines.h"
#include "harness/base/progress.h"
#include "harness/base/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static void a_sentence_is_one_line_with_its_exit_status(void **state)
{
    (void)state;
    Error err;
    assert_false((fail)(&err, "%s: two\nlines", "file"));
    assert_string_equal(err.text, "file: two lines");
    assert_int_equal(err.exit_status, 1);
    assert_false(fail_usage(&err, "bad %d", 7));
    assert_int_equal(err.exit_status, 2);
    assert_false(fail_in(&err, "outer"));
    assert_string_equal(err.text, "outer: bad 7");
    assert_int_equal(err.exit_status, 2);
}

static void a_sentence_too_long_is_cut_not_overrun(void **state)
{
    (void)state;
    Error err;
    char *longer = xcalloc(5000, 1);
    memset(longer, 'x', 4999);
    (fail)(&err, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    fail_in(&err, longer);
    fail_in(&err, "w");
    assert_memory_equal(err.text, "w: xxx", 6);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    free(longer);
}

static void texts_grow(void **state)
{
    (void)state;
    Text text = {0};
    for (int i = 0; i < 1000; i++) text_addf(&text, "%d,", i);
    text_add(&text, "");
    text_add_bytes(&text, "a\0b", 3);
    assert_int_equal(text.length, 10 * 2 + 90 * 3 + 900 * 4 + 3);
    assert_memory_equal(text.data + text.length - 7, "999,a\0b", 8);
    text_free(&text);
    TextList list = {0};
    for (int i = 0; i < 100; i++) text_list_add_bytes(&list, "abcdef", (size_t)i % 7);
    assert_string_equal(list.items[10], "abc");
    assert_string_equal(list.items[7], "");
    text_list_free(&list);

    static const char *const expected[] = {"none", "a", "a, b", "a, b and 1 more"};
    for (size_t count = 0; count < sizeof expected / sizeof *expected; count++) {
        char *some = text_list_some(&list, 2);
        assert_string_equal(some, expected[count]);
        free(some);
        text_list_add(&list, count ? "b" : "a");
    }
    text_list_free(&list);
}

static void texts_begin_end_and_are_found(void **state)
{
    (void)state;
    assert_true(text_begins("model.bin", "model") && text_begins("a", "") && !text_begins("mod", "model"));
    assert_true(text_ends("model.bin", ".bin") && text_ends(".bin", ".bin") && text_ends("a", ""));
    assert_false(text_ends("bin", ".bin") || text_ends("model.bin.json", ".bin"));
    assert_true(text_ends_part("a/b/c", "b/c", '/') && text_ends_part("b/c", "b/c", '/'));
    assert_false(text_ends_part("a/ab/c", "b/c", '/') || text_ends_part("c", "b/c", '/'));
    TextList list = {0};
    assert_false(text_list_has(&list, ""));
    text_list_add_once(&list, "a");
    text_list_add_once(&list, "b");
    text_list_add_once(&list, "a");
    assert_int_equal(list.count, 2);
    assert_true(text_list_has(&list, "b") && !text_list_has(&list, "B"));
    text_list_free(&list);
}

static void paths_are_joined_and_taken_apart(void **state)
{
    (void)state;
    static const char *const joined[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"a", "/b", "/b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 5; i++) {
        char *path = path_join(joined[i][0], joined[i][1]);
        assert_string_equal(path, joined[i][2]);
        free(path);
    }
    static const char *const folders[][2] = {{"a/b/c", "a/b"}, {"c", "."}, {"/c", "/"}};
    for (size_t i = 0; i < 3; i++) {
        char *folder = path_folder(folders[i][0]);
        assert_string_equal(folder, folders[i][1]);
        free(folder);
    }
}

static void files_come_back_as_written(void **state)
{
    (void)state;
    Error err;
    const char *path = scratch("deep/er/file");
    assert_true(make_folders(scratch("deep/er"), &err));
    assert_true(make_folders(scratch("deep/er"), &err));
    assert_true(write_file(path, "one\r\n\ntwo\0x\nlast", 17, &err));
    assert_int_equal(files_in(scratch("deep/er")), 1);
    size_t length;
    char *data = get_file(path, &length);
    assert_int_equal(length, 17);
    assert_memory_equal(data, "one\r\n\ntwo\0x\nlast", 18);
    free(data);
    TextList lines = {0};
    assert_true(write_file(path, "one\r\n\ntwo\nx\nlast", 16, &err));
    assert_true(read_lines(path, 100, &lines, &err));
    assert_int_equal(lines.count, 5);
    assert_string_equal(lines.items[0], "one");
    assert_string_equal(lines.items[4], "last");
    text_list_free(&lines);
    assert_false(read_lines(path, 15, &lines, &err));
    assert_sentence(&err, "deep/er/file", "larger than the 15 bytes");
    text_list_free(&lines);
    assert_false(read_file(path, 15, &data, &length, &err));
    assert_sentence(&err, "deep/er/file", "larger than the 15 bytes");
    assert_false(read_file(scratch("none"), 16, &data, &length, &err));
    assert_sentence(&err, "/none", "cannot open");
    assert_false(read_file(scratch_folder, 16, &data, &length, &err));
    assert_sentence(&err, scratch_folder, "folder");
    assert_false(make_folders(scratch("deep/er/file/x"), &err));
    assert_sentence(&err, "deep/er/file", "cannot make");
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    Error err;
    const char *path = scratch("precious");
    assert_true(write_file(path, "old", 3, &err));
    const size_t before = files_in(scratch_folder);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit, small;
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 1000;
    setrlimit(RLIMIT_FSIZE, &small);
    char *big = xcalloc(5000, 1);
    const bool written = write_file(path, big, 5000, &err);
    setrlimit(RLIMIT_FSIZE, &limit);
    free(big);
    assert_false(written);
    assert_sentence(&err, "precious", "File too large");
    assert_int_equal(files_in(scratch_folder), before);
    size_t length;
    char *data = get_file(path, &length);
    assert_string_equal(data, "old");
    free(data);
}

static void big_allocations_answer_with_a_sentence(void **state)
{
    (void)state;
    Error err;
    float *values;
    assert_false(big_alloc(&values, SIZE_MAX / 2, 4, "the scores", &err));
    assert_sentence(&err, "the scores", "more than a machine can address");
    assert_true(big_alloc(&values, 100, 4, "the scores", &err));
    assert_int_equal((uintptr_t)values % 64, 0);
    assert_true(values[99] == 0);
    free(values);
    assert_true(big_alloc(&values, 0, 4, "nothing", &err));
    free(values);
}

static void arena_objects_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    Arena arena = {0};
    unsigned char *last = NULL;
    for (size_t i = 0; i < 300; i++) {
        const size_t bytes = i * i * 7 % 90000;
        unsigned char *p = arena_alloc(&arena, bytes + 1);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_int_equal(p[0] | p[bytes], 0);
        memset(p, 0xff, bytes + 1);
        assert_ptr_not_equal(p, last);
        last = p;
    }
    assert_string_equal(arena_format(&arena, "%s-%d", "x", 3), "x-3");
    assert_string_equal(arena_strdup(&arena, "copy"), "copy");
    arena_free(&arena);
    assert_null(arena.blocks);
}

/* FIPS 180-4, the example "abc". */
static void hashes_are_sha_256(void **state)
{
    (void)state;
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    char hex[65], other[65];
    Hash *hash = hash_new();
    hash_add(hash, "a", 1);
    hash_add(hash, "bc", 2);
    hash_finish(hash, hex);
    assert_string_equal(hex, abc);
    Error err;
    put_file(scratch("abc"), "abc", 3);
    assert_true(hash_file(scratch("abc"), hex, &err));
    assert_string_equal(hex, abc);
    assert_false(hash_file(scratch("nothing"), hex, &err));
    assert_sentence(&err, "/nothing", "cannot open");
    Hash *one = hash_new(), *two = hash_new();
    hash_add_text(one, "ab"), hash_add_text(one, "c");
    hash_add_text(two, "a"), hash_add_text(two, "bc");
    hash_finish(one, hex), hash_finish(two, other);
    assert_string_not_equal(hex, other);
}

typedef struct Seen {
    Progress base;
    size_t done;
    char note[32];
} Seen;

static void see_step(Progress *base, size_t done)
{
    ((Seen *)base)->done = done;
}

static void see_note(Progress *base, const char *sentence)
{
    snprintf(((Seen *)base)->note, sizeof((Seen *)base)->note, "%s", sentence);
}

static void a_part_counts_on_in_its_whole(void **state)
{
    (void)state;
    Seen seen = {.base = {.step = see_step, .note = see_note}};
    ProgressPart part = progress_part(&seen.base, 500, 50);
    progress_step(&part.base, 7);
    assert_int_equal(seen.done, 507);
    progress_begin(&part.base, "steps of pictures", 200, "steps"); /* four steps a unit; the whole is not begun again */
    static const size_t steps[][2] = {{1, 500}, {3, 500}, {4, 501}, {199, 549}, {200, 550}, {1000, 550}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        progress_step(&part.base, steps[i][0]);
        assert_int_equal(seen.done, steps[i][1]);
    }
    progress_note(&part.base, "%d %%", 3);
    progress_rename(&part.base, "another");
    progress_end(&part.base);
    assert_string_equal(seen.note, "3 %");
    ProgressPart nobody = progress_part(NULL, 0, 10);
    progress_begin(&nobody.base, "work", 10, "steps");
    progress_step(&nobody.base, 3);
    progress_note(&nobody.base, "nobody listens");
    progress_end(&nobody.base);
}

/* The reason is that of the call that failed, not of what was asked afterwards. */
static void a_place_that_refuses_says_why(void **state)
{
    (void)state;
    Error err;
    if (!path_is_folder("/sys/kernel")) skip();
    assert_false(make_folders("/sys/kernel/palbench/x", &err)); /* not permitted, or read-only, also for root */
    assert_null(strstr(err.text, "No such file"));
    assert_non_null(strstr(err.text, "/sys/kernel/palbench: cannot make this folder: "));
    assert_non_null(strstr(err.text, "choose another"));
    static const struct {
        int reason;
        const char *advice;
    } cases[] = {{ENOSPC, "free some space"},
                 {EACCES, "permissions"},
                 {EROFS, "read-only"},
                 {ENOENT, "folder first"},
                 {EIO, "another place"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(temporary_fail(&err, "x", cases[i].reason));
        assert_non_null(strstr(err.text, cases[i].advice));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_that_refuses_says_why),
        cmocka_unit_test(a_sentence_is_one_line_with_its_exit_status),
        cmocka_unit_test(a_sentence_too_long_is_cut_not_overrun),
        cmocka_unit_test(texts_grow),
        cmocka_unit_test(texts_begin_end_and_are_found),
        cmocka_unit_test(paths_are_joined_and_taken_apart),
        cmocka_unit_test(files_come_back_as_written),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(big_allocations_answer_with_a_sentence),
        cmocka_unit_test(arena_objects_are_aligned_zeroed_and_apart),
        cmocka_unit_test(hashes_are_sha_256),
        cmocka_unit_test(a_part_counts_on_in_its_whole),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
