/* The linear probe against scikit-learn's LogisticRegression on the same features. */
#include "harness/graph/random.h"
#include "methods/linear_probe/logistic_internal.h"
#include "methods/shared/method.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct Probe {
    TensorFile *st;
    ImageFeatures train, test;
    int8_t *labels;
    size_t classes;
    Options options;
    Run run;
    Scores scores;
} Probe;

static ImageFeatures features_of(const TensorFile *st, const char *name)
{
    const TensorView *view = golden_view(st, name);
    return (ImageFeatures){.count = view->dim[0], .width = view->dim[1], .global = golden_floats(st, name)};
}

static void run_probe(Probe *p, const char *options)
{
    Error err = {0};
    *p = (Probe){.st = golden_open("tests/golden/methods_linear_probe.safetensors")};
    p->train = features_of(p->st, "train");
    p->test = features_of(p->st, "test");
    p->classes = golden_view(p->st, "labels")->dim[1];
    int64_t *labels = golden_integers(p->st, "labels");
    p->labels = xmalloc(p->train.count * p->classes);
    for (size_t i = 0; i < p->train.count * p->classes; i++) p->labels[i] = (int8_t)labels[i];
    free(labels);
    const Method *m = method_find("linear_probe");
    JsonFile *file = json_parse("test", options, strlen(options), &err);
    assert_true(options_read(&p->options, m->options, json_root(file), &err));
    json_free(file);
    p->run = (Run){.method = m,
                   .options = &p->options,
                   .classes = p->classes,
                   .width = p->train.width,
                   .images = {&p->train, p->labels}};
    if (!m->train(&p->run, &err) || !m->score(&p->run, &p->test, &p->scores, &err)) fail_msg("%s", err.text);
}

static void free_probe(Probe *p)
{
    tensor_file_close(p->st);
    free(p->train.global);
    free(p->test.global);
    free(p->labels);
    options_free(&p->options);
    run_free(&p->run);
    scores_free(&p->scores);
}

static void assert_scores_equal_sklearn(const char *options, const char *golden, double tolerance)
{
    Probe p;
    run_probe(&p, options);
    float *expected = golden_floats(p.st, golden);
    for (size_t i = 0; i < p.test.count * p.classes; i++)
        if (!(fabs((double)p.scores.combined[i] - (double)expected[i]) < tolerance))
            fail_msg("%s score %zu is %g, %g expected", golden, i, (double)p.scores.combined[i], (double)expected[i]);
    free(expected);
    free_probe(&p);
}

/* Scores are up to 6 (C = 0.1) and 26 (C = 10) in size; unknown labels and a class without positives are among them. */
static void scores_equal_sklearn(void **state)
{
    (void)state;
    assert_scores_equal_sklearn("{}", "c0.1", 1e-4);
    assert_scores_equal_sklearn("{\"C\": 10}", "c10", 1e-3);
}

static void same_data_give_the_same_bits(void **state)
{
    (void)state;
    Probe a, b;
    run_probe(&a, "{}");
    run_probe(&b, "{}");
    assert_memory_equal(a.scores.combined, b.scores.combined, a.test.count * a.classes * sizeof(float));
    free_probe(&a);
    free_probe(&b);
}

/* Class 0's part of a problem in which seven labels of ten are unknown, against a fit on its known examples alone. The minimum is
 * unique; both stop at a gradient 2e-7 of the first one. */
static void unknown_labels_are_left_out_class_by_class(void **state)
{
    (void)state;
    enum { COUNT = 80, WIDTH = 6, CLASSES = 3 };
    Error err = {0};
    Random random;
    random_seed(&random, 2);
    float x[COUNT * WIDTH], known_x[COUNT * WIDTH], weight[CLASSES * WIDTH], bias[CLASSES], alone[WIDTH], alone_bias;
    float draws[COUNT * CLASSES];
    int8_t labels[COUNT * CLASSES], known_labels[COUNT];
    size_t known = 0, skipped = 0;
    random_normal(&random, x, COUNT * WIDTH);
    random_uniform(&random, draws, COUNT * CLASSES);
    for (size_t i = 0; i < COUNT * CLASSES; i++)
        labels[i] = (int8_t)(draws[i] < 0.7f ? 0 : x[i / CLASSES * WIDTH + i % CLASSES] > 0.4f ? 1 : -1);
    for (size_t n = 0; n < COUNT; n++)
        if (labels[n * CLASSES]) {
            memcpy(known_x + known * WIDTH, x + n * WIDTH, WIDTH * sizeof *x);
            known_labels[known++] = labels[n * CLASSES];
        }
    const LogisticProblem all = {COUNT, WIDTH, CLASSES, x, labels, 2},
                          one = {known, WIDTH, 1, known_x, known_labels, 2};
    assert_true(logistic_fit(&all, weight, bias, &skipped, &err) && skipped == 0);
    assert_true(known < COUNT / 2 && logistic_fit(&one, alone, &alone_bias, &skipped, &err) && skipped == 0);
    for (size_t i = 0; i < WIDTH; i++) assert_true(fabs((double)weight[i] - (double)alone[i]) < 1e-4);
    assert_true(fabs((double)bias[0] - (double)alone_bias) < 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_sklearn),
        cmocka_unit_test(same_data_give_the_same_bits),
        cmocka_unit_test(unknown_labels_are_left_out_class_by_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
