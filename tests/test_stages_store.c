/* Stages and the store: what a hash depends on, that work is done once, and which stored result counts. */
#include "harness/base/clock.h"
#include "harness/base/memory.h"
#include "harness/results/results.h"
#include "harness/stages/stage_kinds.h"
#include "harness/stages/store.h"
#include "tests/scratch_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

typedef struct Value { /* the parameters of the kinds here */
    const char *value;
} Value;

static void describe(const Stage *s, cJSON *config)
{
    cJSON_AddStringToObject(config, "value", ((const Value *)s->parameters)->value);
}

/* Counts how often it is made by a byte appended to a file, takes a moment, and stores one number. */
static bool make_counting(Session *session, const Stage *s, Error *err)
{
    (void)session;
    char path[128];
    snprintf(path, sizeof path, "%s/made", scratch_folder);
    const int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0666);
    if (write(file, "x", 1) != 1) return (fail)(err, "%s: cannot write", path);
    close(file);
    usleep(100 * 1000);
    StageWriter w;
    if (!stage_begin(&w, s, seconds_now(), err)) return false;
    artifact_write_floats(w.artifact, "value", 1, (size_t[]){1}, (float[]){3});
    return stage_finish(&w, err);
}

static bool make_failing(Session *session, const Stage *s, Error *err)
{
    (void)session, (void)s;
    return (fail)(err, "no such luck");
}

#define KIND(name_, version_, ...)                                                                                     \
    {                                                                                                                  \
        .name = name_, .version = version_, .parameters = sizeof(Value), .describe = describe, __VA_ARGS__             \
    }
static const StageKind counting = KIND("counting", 1, .make = make_counting),
                       counting_2 = KIND("counting", 2, .make = make_counting),
                       failing = KIND("failing", 1, .make = make_failing);

static Stage *unsealed(const StageKind *kind, const char *value)
{
    Stage *s = stage_new(kind);
    *(Value *)s->parameters = (Value){value};
    s->words = xstrdup("a b/c");
    s->label = xstrdup("label");
    return s;
}

static Stage *sealed(const StageKind *kind, const char *value, const Stage *input)
{
    Stage *s = unsealed(kind, value);
    stage_add_input(s, ROLE_CAPTIONS, input);
    stage_seal(s, scratch_folder);
    return s;
}

static void hash_depends_on_kind_version_parameters_and_inputs(void **state)
{
    (void)state;
    Stage *a = sealed(&counting, "1", NULL), *same = sealed(&counting, "1", NULL);
    Stage *value = sealed(&counting, "2", NULL), *version = sealed(&counting_2, "1", NULL);
    Stage *kind = sealed(&failing, "1", NULL), *of_a = sealed(&counting, "1", a),
          *of_value = sealed(&counting, "1", value);
    assert_string_equal(a->hash, same->hash);
    Stage *const others[] = {value, version, kind, of_a, of_value};
    for (size_t i = 0; i < 5; i++) {
        assert_string_not_equal(a->hash, others[i]->hash);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(others[i]->hash, others[k]->hash);
    }
    assert_null(strchr(strrchr(a->path, '/'), ' '));
    stage_free(a), stage_free(same);
    for (size_t i = 0; i < 5; i++) stage_free(others[i]);
}

/* An input is found by what it is to the stage, wherever it stands; the hash has them in the order in which they were
 * added, as all that was stored before they had roles. */
static void inputs_have_roles_and_the_hash_their_order(void **state)
{
    (void)state;
    Stage *a = sealed(&counting, "1", NULL), *b = sealed(&counting, "2", NULL);
    Stage *one = unsealed(&counting, "3"), *other = unsealed(&counting, "3"), *renamed = unsealed(&counting, "3");
    stage_add_input(one, ROLE_TEST_IMAGES, a), stage_add_input(one, ROLE_TRAIN_IMAGES, b);
    stage_add_input(other, ROLE_TRAIN_IMAGES, b), stage_add_input(other, ROLE_TEST_IMAGES, a);
    stage_add_input(renamed, ROLE_CAPTIONS, a), stage_add_input(renamed, ROLE_SELECTION, NULL);
    stage_add_input(renamed, ROLE_TEXTS, b);
    Stage *const all[] = {one, other, renamed};
    for (size_t i = 0; i < 3; i++) stage_seal(all[i], scratch_folder);
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(stage_input(all[i], ROLE_TEST_IMAGES), a);
        assert_ptr_equal(stage_input(all[i], ROLE_TRAIN_IMAGES), b);
        assert_null(stage_input(all[i], ROLE_TRAINED));
    }
    assert_string_not_equal(one->hash, other->hash);
    assert_string_equal(one->hash, renamed->hash); /* a role is not part of it */
    assert_int_equal(renamed->input_count, 2);
    for (size_t i = 0; i < 3; i++) stage_free(all[i]);
    stage_free(a), stage_free(b);
}

/* A kind that says nothing of arithmetic cannot share a file between two of them, and none is computed with more than
 * is hashed. */
static void no_stage_forgets_the_arithmetic(void **state)
{
    (void)state;
    static const StageKind silent = KIND("s", 1, .release = NULL),
                           products = KIND("s", 1, .arithmetic = ARITHMETIC_PRODUCTS),
                           none = KIND("s", 1, .arithmetic = ARITHMETIC_NONE);
    static const StageKind *const kinds[] = {&silent, &products, &none};
    static const char *const configs[] = {"{\"exact\":true,\"value\":\"v\"}", "{\"value\":\"v\"}", "{\"value\":\"v\"}"};
    for (size_t i = 0; i < 3; i++) {
        Stage *s = unsealed(kinds[i], "v");
        s->arithmetic.exact = true;
        stage_seal(s, scratch_folder);
        char *config = json_canonical(s->config);
        assert_string_equal(config, configs[i]);
        assert_int_equal(s->arithmetic.exact, i == 0);
        free(config);
        stage_free(s);
    }
    /* No kind of those there are leaves it out that computes. */
    static const StageKind *const computing[] = {&stage_encode_image, &stage_generate, &stage_train, &stage_score,
                                                 &stage_judge};
    for (size_t i = 0; i < 5; i++) assert_int_equal(computing[i]->arithmetic, ARITHMETIC_ALL);
    assert_int_equal(stage_encode_text.arithmetic, ARITHMETIC_PRODUCTS);
}

/* The usual arithmetic is described as it was before there was a choice of precision; every other one is told apart. */
static void the_usual_arithmetic_adds_nothing_new(void **state)
{
    (void)state;
    for (Precision p = 0; p < PRECISION_COUNT; p++) {
        cJSON *config = cJSON_CreateObject();
        arithmetic_describe((Arithmetic){.precision = p}, ARITHMETIC_ALL, config);
        const cJSON *word = cJSON_GetObjectItemCaseSensitive(config, "precision");
        assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(config, "exact")));
        assert_int_equal(word == NULL, p == PRECISION_FLOAT32);
        if (word) assert_string_equal(word->valuestring, precision_word(p));
        cJSON_Delete(config);
    }
}

static size_t made_so_far(void)
{
    char path[128];
    struct stat info;
    snprintf(path, sizeof path, "%s/made", scratch_folder);
    return stat(path, &info) == 0 ? (size_t)info.st_size : 0;
}

static void a_stored_stage_is_not_made_again(void **state)
{
    (void)state;
    Session session = {0};
    Error err;
    bool made;
    Stage *s = sealed(&counting, "once", NULL);
    const size_t before = made_so_far();
    assert_true(store_make(&session, s, &made, &err));
    assert_true(made);
    assert_true(store_make(&session, s, &made, &err));
    assert_false(made);
    assert_int_equal(made_so_far(), before + 1);

    ArtifactReader *r = artifact_open(s->path, &err);
    char *text;
    assert_non_null(r);
    assert_true(artifact_attribute_get_text(r, "provenance", &text, &err));
    assert_non_null(strstr(text, "\"cpu\""));
    free(text);
    assert_true(artifact_attribute_get_text(r, "config", &text, &err));
    assert_non_null(strstr(text, "\"value\":\"once\""));
    free(text);
    artifact_close(r);
    stage_free(s);
}

static void a_failed_stage_leaves_nothing_behind(void **state)
{
    (void)state;
    Session session = {0};
    Error err;
    bool made;
    Stage *s = sealed(&failing, "1", NULL);
    assert_false(store_make(&session, s, &made, &err));
    assert_string_equal(err.text, "no such luck");
    assert_false(path_exists(s->path));
    StoredFiles files = {0};
    store_list(scratch_folder, &files);
    for (size_t i = 0; i < files.count; i++) assert_string_not_equal(files.items[i].stage, "failing");
    stored_files_free(&files);
    stage_free(s);
}

static void two_processes_do_the_work_once(void **state)
{
    (void)state;
    Stage *s = sealed(&counting, "shared", NULL);
    const size_t before = made_so_far();
    pid_t children[3];
    for (size_t i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            Session session = {0};
            Error err;
            bool made;
            _exit(store_make(&session, s, &made, &err) ? 0 : 1);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(made_so_far(), before + 1);
    stage_free(s);
}

/* ---- results ---- */

static char *write_result(const char *experiment, int64_t seed, double map, const char *file)
{
    Error err;
    char *path = xformat("%s/score/%s.h5", scratch_folder, file);
    char *place = path_folder(path);
    assert_true(make_folders(place, &err));
    free(place);
    ArtifactWriter *w = artifact_create(path, "{}", &err);
    assert_non_null(w);
    artifact_write_floats(w, "scores", 2, (size_t[]){2, 1}, (float[]){1, 2});
    artifact_write_int8(w, "labels", 2, (size_t[]){2, 1}, (int8_t[]){1, -1});
    artifact_write_texts(w, "classes", 1, (const char *const[]){"cat"});
    artifact_write_texts(w, "files", 2, (const char *const[]){"a", "b"});
    artifact_write_doubles(w, "ap", 1, (size_t[]){1}, &map);
    const char *const texts[][2] = {{"experiment", experiment}, {"method", "m"},   {"dataset", "d"},    {"model", "c"},
                                    {"protocol", "p"},          {"options", "{}"}, {"provenance", "{}"}};
    for (size_t i = 0; i < 7; i++) artifact_attribute_text(w, texts[i][0], texts[i][1]);
    artifact_attribute_integer(w, "seed", seed);
    artifact_attribute_number(w, "map", map);
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
    return path;
}

static void age(const char *path, long seconds)
{
    const struct timespec times[2] = {{1000000000 - seconds, 0}, {1000000000 - seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_version_confirmed_last_counts(void **state)
{
    (void)state;
    Error err;
    char *old = write_result("e", 1, 50, "e-old"), *new = write_result("e", 1, 60, "e-new");
    char *other = write_result("e", 2, 70, "e-2"), *cut = write_result("f", 1, 80, "f");
    age(old, 10);
    age(new, 5);
    assert_int_equal(truncate(cut, 700), 0);

    ResultList list = {0};
    TextList remarks = {0};
    assert_true(results_load(scratch_folder, NULL, &list, &remarks, &err));
    assert_int_equal(list.count, 2);
    assert_true(list.items[0].map == 60 && list.items[0].seed == 1);
    assert_true(list.items[1].map == 70 && list.items[1].seed == 2);
    assert_int_equal(remarks.count, 2); /* the damaged file, the older version */
    assert_non_null(strstr(remarks.items[0], "f.h5"));
    text_list_free(&remarks);
    results_free(&list);

    store_touch(old);
    assert_true(results_load(scratch_folder, (const char *const[]){"e", NULL}, &list, NULL, &err));
    assert_true(list.items[0].map == 50);
    results_free(&list);

    assert_false(results_load(scratch_folder, (const char *const[]){"g", NULL}, &list, NULL, &err));
    assert_non_null(strstr(err.text, "palbench run g"));
    free(old), free(new), free(other), free(cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_processes_do_the_work_once), /* first: before any thread was started */
        cmocka_unit_test(hash_depends_on_kind_version_parameters_and_inputs),
        cmocka_unit_test(inputs_have_roles_and_the_hash_their_order),
        cmocka_unit_test(no_stage_forgets_the_arithmetic),
        cmocka_unit_test(the_usual_arithmetic_adds_nothing_new),
        cmocka_unit_test(a_stored_stage_is_not_made_again),
        cmocka_unit_test(a_failed_stage_leaves_nothing_behind),
        cmocka_unit_test(the_version_confirmed_last_counts),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
