/* `palbench run` as a user starts it (PALBENCH, or build/palbench) on the folder data set and the random CLIP of tests/golden/run,
 * against the PyTorch reference of tests/golden/make_run.py: loss of every step, scores, AP, of every experiment there. */
#include "harness/io/artifact.h"
#include "harness/io/json.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/run/"

/* Float32 sums in another order differ by about 1e-6; fifty steps of training carry that to some 1e-5. */
static const double tolerance = 1e-4;
/* The average precision jumps by whole ranks and is the same sum of the same ranks; expected.safetensors holds it in float32. */
static const double ap_tolerance = 1e-5;

typedef struct Fixture {
    char store[64];
    JsonFile *results;
    TensorFile *expected;
} Fixture;
static Fixture fixture;

/* What the command prints; caller frees. A status other than 0 fails. */
static char *output_of(const char *command)
{
    Text out = {0};
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    for (int c; (c = getc(pipe)) != EOF;) text_addf(&out, "%c", c);
    if (pclose(pipe) != 0) fail_msg("failed: %s", command);
    return out.data;
}

static const char *program(void)
{
    const char *path = getenv("PALBENCH");
    return path ? path : "build/palbench";
}

/* The command that runs every experiment of the file; caller frees. */
static char *command_of(void)
{
    Error err;
    Text command = {0};
    JsonFile *book = json_read(GOLDEN "experiments.json", &err);
    if (!book) fail_msg("%s", err.text);
    const Json experiments = json_get(json_root(book), "experiments");
    text_addf(&command, "'%s' run --experiments " GOLDEN "experiments.json --store %s --threads 1 --quiet --json",
              program(), fixture.store);
    for (size_t i = 0; i < json_count(experiments); i++) text_addf(&command, " %s", json_key(json_at(experiments, i)));
    json_free(book);
    return command.data;
}

static int run_all(void **state)
{
    (void)state;
    Error err;
    strcpy(fixture.store, "/tmp/palbench-golden-XXXXXX");
    assert_non_null(mkdtemp(fixture.store));
    char *command = command_of();
    char *text = output_of(command);
    assert_non_null(text);
    fixture.results = json_parse("palbench run --json", text, strlen(text), &err);
    if (!fixture.results) fail_msg("%s", err.text);
    fixture.expected = golden_open(GOLDEN "expected.safetensors");
    free(command);
    free(text);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    char *command = xformat("rm -rf %s", fixture.store);
    free(output_of(command));
    free(command);
    json_free(fixture.results);
    tensor_file_close(fixture.expected);
    return 0;
}

/* Largest difference over largest value expected; 0 when the reference has no such array. */
static double error_of(const ArtifactReader *r, const char *key, const char *array)
{
    Error err;
    ArtifactShape shape;
    char *name = xformat("%s/%s", key, array);
    const TensorView *view = tensor_file_find(fixture.expected, name);
    double worst = 0, largest = 0;
    if (view) {
        float *wanted = golden_floats(fixture.expected, name), *values;
        size_t dim[ARTIFACT_RANK_MAX] = {0};
        if (!artifact_shape(r, array, &shape, &err) || !artifact_read_floats(r, array, shape.rank, dim, &values, &err))
            fail_msg("%s", err.text);
        assert_int_equal(shape.count, view->count);
        for (size_t i = 0; i < view->count; i++) {
            worst = fmax(worst, fabs((double)values[i] - (double)wanted[i]));
            largest = fmax(largest, fabs((double)wanted[i]));
        }
        free(values);
        free(wanted);
    }
    free(name);
    return view ? worst / largest : 0;
}

/* Every stored result with the array `array` in the reference; says how many there were. */
static size_t compare_all(const char *array, double allowed)
{
    Error err;
    size_t compared = 0;
    const Json list = json_root(fixture.results);
    for (size_t i = 0; i < json_count(list); i++) {
        const char *experiment, *file;
        int64_t seed = 0;
        const Json row = json_at(list, i);
        if (!json_string(row, "experiment", &experiment, &err) || !json_string(row, "file", &file, &err) ||
            !json_integer(row, "seed", &seed, &err))
            fail_msg("%s", err.text);
        ArtifactReader *r = artifact_open(file, &err);
        if (!r) fail_msg("%s", err.text);
        char *key = xformat("%s/%lld", experiment, (long long)seed), *name = xformat("%s/%s", key, array);
        const double error = error_of(r, key, array);
        compared += tensor_file_find(fixture.expected, name) != NULL;
        if (!(error < allowed)) fail_msg("%s: relative error %.3g", name, error);
        artifact_close(r);
        free(key);
        free(name);
    }
    return compared;
}

static void losses_of_every_step_are_those_of_pytorch(void **state)
{
    (void)state;
    assert_int_equal(compare_all("loss", tolerance), 10);
}

static void scores_are_those_of_pytorch(void **state)
{
    (void)state;
    assert_int_equal(compare_all("scores", tolerance), 15);
    assert_true(compare_all("scores_local", tolerance) > 0);
}

static void average_precision_is_that_of_scikit_learn(void **state)
{
    (void)state;
    assert_int_equal(compare_all("ap", ap_tolerance), 15);
}

static void cut_in_half(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(truncate(path, info.st_size / 2), 0);
}

static void a_result_cut_in_half_is_made_again(void **state)
{
    (void)state;
    Error err;
    const char *file;
    if (!json_string(json_at(json_root(fixture.results), 0), "file", &file, &err)) fail_msg("%s", err.text);
    cut_in_half(file);
    char *command = command_of();
    free(output_of(command));
    free(command);
    assert_int_equal(compare_all("scores", tolerance), 15);
}

/* The last weight of the file is a batch norm's; a relu behind it would make zero of NaN and hide it. */
static void weights_that_are_not_numbers_are_refused(void **state)
{
    (void)state;
    char *copy = xformat("cp -r " GOLDEN "resnet %s/nan", fixture.store);
    char *weights = xformat("%s/nan/open_clip_model.safetensors", fixture.store);
    char *command = xformat("! '%s' encode-image --clip %s/nan --out %s/out.h5 " GOLDEN "images/002.png 2>&1",
                            program(), fixture.store, fixture.store);
    free(output_of(copy));
    FILE *file = fopen(weights, "r+b");
    assert_non_null(file);
    fseek(file, -2, SEEK_END);
    fwrite((const unsigned char[]){0x00, 0x7e}, 1, 2, file);
    fclose(file);
    char *said = output_of(command);
    assert_non_null(strstr(said, "holds NaN or infinity"));
    free(said);
    free(command);
    free(weights);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_every_step_are_those_of_pytorch),
        cmocka_unit_test(scores_are_those_of_pytorch),
        cmocka_unit_test(average_precision_is_that_of_scikit_learn),
        cmocka_unit_test(a_result_cut_in_half_is_made_again),
        cmocka_unit_test(weights_that_are_not_numbers_are_refused),
    };
    return cmocka_run_group_tests(tests, run_all, clean_up);
}
