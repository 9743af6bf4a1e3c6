/* Post-processings of scores against numpy (tests/golden/make_rescore.py), and what their definitions imply. */
#include "harness/graph/random.h"
#include "methods/shared/cooccurrence.h"
#include "methods/shared/method.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static TensorFile *st;
static size_t images, classes;
static float *logits;

static int open_golden(void **state)
{
    (void)state;
    st = golden_open("tests/golden/rescore.safetensors");
    logits = golden_floats(st, "logits");
    images = golden_view(st, "logits")->dim[0];
    classes = golden_view(st, "logits")->dim[1];
    return 0;
}

static int close_golden(void **state)
{
    (void)state;
    free(logits);
    tensor_file_close(st);
    return 0;
}

static bool rescored(const char *method, const char *options, uint64_t seed, const float *in, size_t rows, float *out,
                     Error *err)
{
    JsonFile *file = json_parse("options", options, strlen(options), err);
    Run run = {.method = method_find(method), .classes = classes, .seed = seed};
    Options values;
    if (!file || !run.method || !options_read(&values, run.method->options, json_root(file), err))
        fail_msg("%s", err->text);
    run.options = &values;
    const size_t captions = golden_view(st, "captions")->dim[0];
    int64_t *wide = golden_integers(st, "captions");
    uint8_t *labels = xmalloc(captions * classes);
    for (size_t i = 0; i < captions * classes; i++) labels[i] = (uint8_t)wide[i];
    const TextFeatures count = {.count = captions};
    run.captions = (LabelledCaptions){&count, labels};
    const bool good = run.method->rescore(&run, &in, rows, out, err);
    free(wide), free(labels);
    options_free(&values);
    json_free(file);
    return good;
}

static float *golden_rescored(const char *method, const char *options, uint64_t seed, const float *in)
{
    Error err = {0};
    float *out = xcalloc(images * classes, sizeof *out);
    if (!rescored(method, options, seed, in, images, out, &err)) fail_msg("%s", err.text);
    return out;
}

/* Doubles here and there; what is left is the rounding to float of values up to 30. */
static void assert_equal(const float *ours, const char *name)
{
    float *golden = golden_floats(st, name);
    for (size_t i = 0; i < images * classes; i++) assert_true(fabsf(ours[i] - golden[i]) < 4e-6f);
    free(golden);
}

static void expect(const char *name, const char *method, const char *options, uint64_t seed, const char *of)
{
    float *in = golden_floats(st, of), *out = golden_rescored(method, options, seed, in);
    assert_equal(out, name);
    free(in), free(out);
}

static void bcp_equals_numpys(void **state)
{
    (void)state;
    expect("bcp_defaults", "bcp", "{}", 1, "logits");
    expect("bcp_early", "bcp", "{\"start\": 1, \"mu\": 0.3}", 1, "logits");
    expect("bcp_cosines", "bcp", "{\"scale\": 25, \"start\": 5, \"mu\": 0.4}", 7, "cosines");
    expect("bcp_before", "bcp", "{\"start\": 1, \"mu\": 0.3, \"eps\": 0.5, \"count\": \"before\"}", 1, "logits");
    expect("bcp_file", "bcp", "{\"start\": 10, \"mu\": 0.2, \"order\": \"file\", \"rank\": \"softmax\"}", 1, "logits");
}

static void sparcs_normalisation_equals_numpys(void **state)
{
    (void)state;
    expect("sparc_norm", "sparc_norm", "{}", 1, "logits");
    expect("sparc_image", "sparc_norm", "{\"normalise_prompt\": false}", 1, "logits");
    expect("sparc_prompt", "sparc_norm", "{\"normalise_image\": false}", 1, "logits");
}

static void companions_equal_numpys(void **state)
{
    (void)state;
    expect("companions", "companions", "{}", 1, "logits");
    expect("companions_given", "companions",
           "{\"lambda\": 0.8, \"companions_from\": \"given\", \"companions_most\": 2, \"companions_threshold\": 0.3, "
           "\"softmax\": false}",
           1, "logits");
    expect("companions_giving", "companions",
           "{\"scale\": 25, \"companions_from\": \"giving\", \"companions_most\": 1, \"companions_threshold\": 0.1}", 1,
           "cosines");
}

/* Scores of an image depend on no image that comes after it in the stream. */
static void bcp_is_causal(void **state)
{
    (void)state;
    static const char options[] = "{\"start\": 1, \"mu\": 0, \"order\": \"file\"}";
    Error err = {0};
    float *whole = golden_rescored("bcp", options, 1, logits), *part = xcalloc(images * classes, sizeof *part);
    assert_true(rescored("bcp", options, 1, logits, images / 2, part, &err));
    assert_memory_equal(whole, part, images / 2 * classes * sizeof *part);
    assert_memory_equal(whole, logits, classes * sizeof *whole); /* nothing was seen before the first */
    free(whole), free(part);
}

/* The seed decides the order of the stream and nothing else. */
static void bcp_of_a_seed_is_bcp_of_that_order(void **state)
{
    (void)state;
    const size_t bytes = classes * sizeof(float);
    int64_t *order = xcalloc(images, sizeof *order);
    float *permuted = xcalloc(images * classes, sizeof *permuted);
    Random random;
    random_seed(&random, 5);
    random_permutation(&random, order, images);
    for (size_t i = 0; i < images; i++) memcpy(permuted + i * classes, logits + (size_t)order[i] * classes, bytes);
    float *by_seed = golden_rescored("bcp", "{\"start\": 3, \"mu\": 0.2}", 5, logits),
          *by_file = golden_rescored("bcp", "{\"start\": 3, \"mu\": 0.2, \"order\": \"file\"}", 1, permuted);
    for (size_t i = 0; i < images; i++)
        assert_memory_equal(by_file + i * classes, by_seed + (size_t)order[i] * classes, bytes);
    free(order), free(permuted), free(by_seed), free(by_file);
}

static void without_an_anchor_nothing_changes(void **state)
{
    (void)state;
    float *out = golden_rescored("bcp", "{\"start\": 1, \"mu\": 1}", 1, logits);
    assert_memory_equal(out, logits, images * classes * sizeof *out);
    free(out);
    out = golden_rescored("companions", "{\"lambda\": 0, \"softmax\": false}", 1, logits);
    assert_memory_equal(out, logits, images * classes * sizeof *out);
    free(out);
}

static void what_does_not_vary_is_nothing(void **state)
{
    (void)state;
    Error err = {0};
    float *flat = xcalloc(images * classes, sizeof *flat), *out = golden_rescored("sparc_norm", "{}", 1, flat);
    assert_memory_equal(out, flat, images * classes * sizeof *out);
    assert_false(rescored("sparc_norm", "{}", 1, logits, 1, out, &err));
    assert_non_null(strstr(err.text, "two of each are the least"));
    free(flat), free(out);
}

static void companions_have_one_order(void **state)
{
    (void)state;
    static const uint8_t rows[] = {1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0}; /* 4 rows of 4 classes */
    double p[16];
    size_t list[8];
    count_together(rows, 4, 4, p);
    assert_true(p[0] == 4 && p[1] == 2 && p[2] == 2 && p[6] == 1 && p[15] == 0);
    conditional_of(p, 4);
    assert_true(p[0] == 0 && p[1] == 0.5 && p[4] == 1 && p[6] == 0.5 && p[15] == 0);
    const CompanionRule both = {true, true, 2, 0.4}, column = {false, true, 2, 0.9};
    assert_int_equal(companions_of(p, 4, 1, both, list), 2); /* P(0|1) 1, P(2|1) 0.5; the column has no other */
    assert_true(list[0] == 0 && list[1] == 2);
    assert_int_equal(companions_of(p, 4, 0, column, list), 2); /* equal ones by their number */
    assert_true(list[0] == 1 && list[1] == 2);
    assert_int_equal(companions_of(p, 4, 3, both, list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bcp_equals_numpys),
        cmocka_unit_test(sparcs_normalisation_equals_numpys),
        cmocka_unit_test(companions_equal_numpys),
        cmocka_unit_test(bcp_is_causal),
        cmocka_unit_test(bcp_of_a_seed_is_bcp_of_that_order),
        cmocka_unit_test(without_an_anchor_nothing_changes),
        cmocka_unit_test(what_does_not_vary_is_nothing),
        cmocka_unit_test(companions_have_one_order),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
