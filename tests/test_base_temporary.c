/* Files that appear whole: their names, who follows which link, and what is swept. */
#include "harness/base/temporary.h"
#include "harness/io/artifact.h"
#include "harness/io/safetensors.h"
#include "tests/scratch_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static void assert_holds(const char *path, const char *expected)
{
    size_t length;
    char *bytes = get_file(path, &length);
    assert_string_equal(bytes, expected);
    free(bytes);
}

/* A temporary file for `path` of which the writer has gone, as a kill leaves it. Returns its name. */
static char *leave_behind(const char *path)
{
    int names[2];
    assert_int_equal(pipe(names), 0);
    const pid_t child = fork();
    if (child == 0) {
        Temporary t;
        Error err;
        if (!temporary_open(&t, path, &err)) _exit(1);
        temporary_write(&t, "half", 4);
        const size_t length = strlen(t.name);
        _exit(write(names[1], t.name, length) == (ssize_t)length ? 0 : 1);
    }
    int status;
    char name[512] = "";
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_true(read(names[0], name, sizeof name - 1) > 0);
    close(names[0]), close(names[1]);
    return xstrdup(name);
}

static void age(const char *path, long seconds)
{
    const struct timespec times[2] = {{time(NULL) - seconds, 0}, {time(NULL) - seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void a_file_appears_whole_or_not_at_all(void **state)
{
    (void)state;
    Temporary t;
    Error err;
    struct stat info;
    put_file(scratch("whole"), "before", 6);
    const size_t files = files_in(scratch_folder);
    assert_true(temporary_open(&t, scratch("whole"), &err));
    temporary_write(&t, "aft", 3);
    assert_holds(scratch("whole"), "before");
    temporary_write(&t, "er", 2);
    assert_true(temporary_commit(&t, &err));
    assert_holds(scratch("whole"), "after");
    assert_int_equal(stat(scratch("whole"), &info), 0);
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);

    assert_true(temporary_open(&t, scratch("whole"), &err));
    temporary_write(&t, "never", 5);
    temporary_abandon(&t);
    assert_holds(scratch("whole"), "after");
    assert_int_equal(files_in(scratch_folder), files);
}

static void what_cannot_be_a_file_is_refused_before_it_is_written(void **state)
{
    (void)state;
    Temporary t;
    Error err;
    assert_false(temporary_open(&t, scratch_folder, &err));
    assert_non_null(strstr(err.text, "is a folder"));
    assert_false(temporary_open(&t, "/dev/null", &err));
    assert_non_null(strstr(err.text, "/dev/null: is a device"));
    assert_false(temporary_open(&t, scratch("no/such/folder"), &err));
    assert_non_null(strstr(err.text, "cannot write"));
}

static void names_are_never_alike_and_never_too_long(void **state)
{
    (void)state;
    Temporary a, b;
    Error err;
    char base[256], *path;
    for (size_t i = 0; i < 254; i += 2) memcpy(base + i, "\303\251", 2); /* letters of two bytes */
    base[254] = 'x', base[255] = '\0';
    path = path_join(scratch_folder, base);
    assert_true(temporary_open(&a, path, &err) && temporary_open(&b, path, &err));
    assert_string_not_equal(a.name, b.name);
    const char *cut = strstr(a.name, ".tmp-");
    assert_int_equal((unsigned char)cut[-1], 0xA9); /* no half letter */
    assert_true(temporary_commit(&a, &err) && temporary_commit(&b, &err));
    assert_int_equal(unlink(path), 0);
    free(path);
}

/* Names were PATH.tmp-PID once: whoever foresaw the number could have a file of the writer's overwritten. */
static void links_that_lie_in_wait_are_not_followed(void **state)
{
    (void)state;
    Error err;
    const float value = 1;
    const TensorOut tensor = {.name = "a", .rank = 1, .dim = {1}, .values = &value};
    put_file(scratch("victim"), "precious", 8);
    static const char *const places[] = {"w.txt", "w.safetensors", "w.h5"};
    for (size_t i = 0; i < 3; i++) {
        char link[160];
        snprintf(link, sizeof link, "%s/%s.tmp-%ld", scratch_folder, places[i], (long)getpid());
        assert_int_equal(symlink(scratch("victim"), link), 0);
    }
    assert_true(write_file(scratch("w.txt"), "text", 4, &err));
    assert_true(safetensors_write(scratch("w.safetensors"), &tensor, 1, TENSOR_F32, NULL, &err));
    ArtifactWriter *w = artifact_create(scratch("w.h5"), "{}", &err);
    assert_non_null(w);
    assert_true(artifact_commit(w, &err));
    assert_holds(scratch("victim"), "precious");
    for (size_t i = 0; i < 3; i++) assert_true(path_exists(scratch(places[i])));
}

static void what_a_living_writer_holds_is_not_swept_and_what_a_dead_one_left_is(void **state)
{
    (void)state;
    Temporary alive;
    Error err;
    assert_true(make_folders(scratch("swept"), &err));
    assert_true(temporary_open(&alive, scratch("swept/a.h5"), &err));
    char *dead = leave_behind(scratch("swept/b.h5"));
    assert_true(path_exists(dead));
    age(alive.name, 90000);
    assert_true(temporary_folder(scratch("swept"), &err));
    temporary_sweep(scratch("no such folder"));
    assert_false(path_exists(dead));
    assert_true(path_exists(alive.name));
    assert_true(temporary_commit(&alive, &err));
    temporary_sweep(scratch("swept"));
    assert_int_equal(files_in(scratch("swept")), 1);
    free(dead);
}

/* A temporary file whose digit `at` of HOST is another one. */
static char *leave_elsewhere(const char *path, size_t at)
{
    char *other = leave_behind(path), *here = xstrdup(other), *host = strstr(other, ".tmp-") + 5;
    host[at] = host[at] == '0' ? '1' : '0';
    assert_int_equal(rename(here, other), 0);
    free(here);
    return other;
}

/* A process of another namespace has numbers of its own; a lock of before a start is none. */
static void what_was_left_before_the_last_start_is_swept_when_a_day_old(void **state)
{
    (void)state;
    Error err;
    assert_true(make_folders(scratch("hosts"), &err));
    char *other = leave_elsewhere(scratch("hosts/c.h5"), 15);
    temporary_sweep(scratch("hosts"));
    assert_true(path_exists(other));
    age(other, 23 * 3600);
    temporary_sweep(scratch("hosts"));
    assert_true(path_exists(other));
    age(other, 25 * 3600);
    temporary_sweep(scratch("hosts"));
    assert_false(path_exists(other));
    free(other);
}

/* Its clock may be another one, and its locks may not be seen here. */
static void what_another_host_left_is_left_to_it_or_to_prune(void **state)
{
    (void)state;
    Error err;
    TextList left = {0};
    assert_true(make_folders(scratch("elsewhere"), &err));
    char *other = leave_elsewhere(scratch("elsewhere/c.h5"), 0);
    age(other, 1000000);
    temporary_sweep(scratch("elsewhere"));
    assert_true(path_exists(other));
    temporary_list(scratch("elsewhere"), false, &left);
    assert_int_equal(left.count, 0);
    temporary_list(scratch("elsewhere"), true, &left);
    assert_int_equal(left.count, 1);
    assert_string_equal(left.items[0], other);
    text_list_free(&left);
    age(other, 23 * 3600);
    temporary_list(scratch("elsewhere"), true, &left);
    assert_int_equal(left.count, 0);
    free(other);
}

static void files_of_others_are_never_swept(void **state)
{
    (void)state;
    Error err;
    static const char *const names[] = {"a.h5.tmp-1234",
                                        "a.h5.tmp-0123456789abcdef",
                                        "a.h5.tmp-0123456789abcdef-0123456789abcde",
                                        "a.h5.tmp-0123456789abcdef-0123456789abcdefg",
                                        "a.h5.tmp-0123456789ABCDEF-0123456789abcdef",
                                        "a.tmp-0123456789abcdef-0123456789abcdef.h5",
                                        ".tmp-0123456789abcdef-0123456789abcdef",
                                        "notes.tmp"};
    enum { COUNT = sizeof names / sizeof *names };
    assert_true(make_folders(scratch("others/d.h5.tmp-0123456789abcdef-0123456789abcdef"), &err));
    char path[192];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "%s/others/%s", scratch_folder, names[i]);
        put_file(path, "x", 1);
        age(path, 1000000);
    }
    snprintf(path, sizeof path, "%s/others/l.h5.tmp-0123456789abcdef-0123456789abcdef", scratch_folder);
    assert_int_equal(symlink(scratch("others/notes.tmp"), path), 0);
    age(path, 1000000);
    const size_t files = files_in(scratch("others"));
    temporary_sweep(scratch("others"));
    assert_int_equal(files_in(scratch("others")), files);
}

static void a_full_disk_gives_one_sentence_and_leaves_the_old_file(void **state)
{
    (void)state;
    Temporary t;
    Error err;
    static char bytes[8192];
    put_file(scratch("full"), "before", 6);
    const size_t files = files_in(scratch_folder);
    struct rlimit before, low;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    low = (struct rlimit){4096, before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    const bool opened = temporary_open(&t, scratch("full"), &err);
    for (int i = 0; opened && i < 3; i++) temporary_write(&t, bytes, sizeof bytes);
    const bool committed = opened && temporary_commit(&t, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    assert_true(opened);
    assert_false(committed);
    assert_non_null(strstr(err.text, "full: cannot write: File too large; free some space"));
    assert_holds(scratch("full"), "before");
    assert_int_equal(files_in(scratch_folder), files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_whole_or_not_at_all),
        cmocka_unit_test(what_cannot_be_a_file_is_refused_before_it_is_written),
        cmocka_unit_test(names_are_never_alike_and_never_too_long),
        cmocka_unit_test(links_that_lie_in_wait_are_not_followed),
        cmocka_unit_test(what_a_living_writer_holds_is_not_swept_and_what_a_dead_one_left_is),
        cmocka_unit_test(what_was_left_before_the_last_start_is_swept_when_a_day_old),
        cmocka_unit_test(what_another_host_left_is_left_to_it_or_to_prune),
        cmocka_unit_test(files_of_others_are_never_swept),
        cmocka_unit_test(a_full_disk_gives_one_sentence_and_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
