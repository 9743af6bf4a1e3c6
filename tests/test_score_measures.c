/* Calibration, subsets, label groups, density and coverage against torchmetrics, scikit-learn, numpy and prdc
 * (tests/golden/measures.json, made by make_measures.py), and against what the definitions imply. */
#include "harness/base/text.h"
#include "harness/score/coverage.h"
#include "harness/score/measures.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cJSON *golden(const char *part)
{
    Error err;
    char *text;
    size_t length;
    if (!read_file("tests/golden/measures.json", 1 << 24, &text, &length, &err)) fail_msg("%s", err.text);
    cJSON *root = cJSON_Parse(text), *found = cJSON_DetachItemFromObject(root, part);
    assert_non_null(found);
    cJSON_Delete(root);
    free(text);
    return found;
}

static double *numbers(const cJSON *array)
{
    double *values = calloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *values), *next = values;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) *next++ = cJSON_IsNull(item) ? NAN : item->valuedouble;
    return values;
}

static double number(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItem(object, name)->valuedouble;
}

/* torchmetrics adds up in single precision. */
static void near_by(double ours, double theirs, double tolerance)
{
    if (isnan(ours) && isnan(theirs)) return;
    if (!(fabs(ours - theirs) < tolerance)) fail_msg("%.15g differs from %.15g", ours, theirs);
}

static void near_errors(const CalibrationErrors *e, const cJSON *theirs)
{
    double *values = numbers(theirs);
    const double ours[] = {e->ece, e->ace, e->mce, e->mce_weighted, e->brier};
    for (size_t i = 0; i < 5; i++) near_by(ours[i], values[i], i % 2 || i == 4 ? 1e-9 : 2e-5);
    free(values);
}

typedef struct Case {
    size_t images, classes, bins;
    DifficultRule rule;
    double *scores;
    int8_t *labels;
} Case;

static Case case_of(const cJSON *item)
{
    Case c = {(size_t)number(item, "images"),
              (size_t)number(item, "classes"),
              (size_t)number(item, "bins"),
              DIFFICULT_NEGATIVE,
              numbers(cJSON_GetObjectItem(item, "scores")),
              NULL};
    if (strcmp(cJSON_GetObjectItem(item, "rule")->valuestring, "ignore") == 0) c.rule = DIFFICULT_IGNORE;
    double *given = numbers(cJSON_GetObjectItem(item, "labels"));
    c.labels = malloc(c.images * c.classes);
    for (size_t i = 0; i < c.images * c.classes; i++) c.labels[i] = (int8_t)given[i];
    free(given);
    return c;
}

static void case_free(Case *c)
{
    free(c->scores), free(c->labels);
}

static void check_case(const cJSON *item)
{
    Case c = case_of(item);
    SubsetList subsets = {0};
    Measures m;
    Error err;
    int8_t unseen[16] = {0};
    for (size_t k = 1; k < c.classes; k += 3) unseen[k] = 1;
    subset_add_unseen(&subsets, unseen, c.classes);
    subset_add_frequency(&subsets, c.labels, c.images, c.classes, c.rule);
    const MeasureOptions options = {.rule = c.rule, .best = true, .bins = c.bins, .subsets = &subsets};
    assert_true(measures_compute(&m, c.scores, c.labels, c.images, c.classes, &options, &err));
    assert_int_equal(m.calibration.sigmoid, cJSON_IsTrue(cJSON_GetObjectItem(item, "sigmoid")));
    near_errors(&m.calibration.pooled, cJSON_GetObjectItem(item, "pooled"));
    near_errors(&m.calibration.classwise, cJSON_GetObjectItem(item, "classwise"));
    for (int g = 0; g < LABEL_GROUPS; g++) {
        double *theirs = numbers(cJSON_GetArrayItem(cJSON_GetObjectItem(item, "groups"), g));
        assert_int_equal(m.groups[g].images, (size_t)theirs[0]);
        near_by(m.groups[g].map, theirs[1], 1e-9);
        free(theirs);
    }
    double *thirds = numbers(cJSON_GetObjectItem(item, "thirds"));
    near_by(m.subsets[0], number(item, "seen"), 1e-9);
    near_by(m.subsets[1], number(item, "unseen"), 1e-9);
    near_by(m.harmonic, number(item, "harmonic"), 1e-9);
    for (size_t i = 0; i < 3; i++) near_by(m.subsets[2 + i], thirds[i], 1e-9);
    free(thirds);
    measures_free(&m);
    subsets_free(&subsets);
    case_free(&c);
}

static void measures_equal_torchmetrics_scikit_learn_and_numpy(void **state)
{
    (void)state;
    cJSON *cases = golden("scores");
    const cJSON *item;
    cJSON_ArrayForEach(item, cases) check_case(item);
    cJSON_Delete(cases);
}

static void density_and_coverage_equal_the_authors(void **state)
{
    (void)state;
    cJSON *cases = golden("pictures");
    const cJSON *item;
    cJSON_ArrayForEach(item, cases)
    {
        const size_t width = (size_t)number(item, "width");
        const cJSON *sides[] = {cJSON_GetObjectItem(item, "real"), cJSON_GetObjectItem(item, "generated")};
        float *rows[2];
        size_t count[2];
        for (int s = 0; s < 2; s++) {
            double *values = numbers(sides[s]);
            const size_t all = (size_t)cJSON_GetArraySize(sides[s]);
            count[s] = all / width;
            rows[s] = malloc(all * sizeof **rows);
            for (size_t i = 0; i < all; i++) rows[s][i] = (float)values[i];
            free(values);
        }
        Coverage c;
        Error err;
        assert_true(
            coverage_compute(&c, rows[0], count[0], rows[1], count[1], width, (size_t)number(item, "nearest"), &err));
        near_by(c.density, number(item, "density"), 1e-9);
        near_by(c.coverage, number(item, "coverage"), 1e-9);
        near_by(c.precision, number(item, "precision"), 1e-9);
        near_by(c.recall, number(item, "recall"), 1e-9);
        free(rows[0]), free(rows[1]);
    }
    cJSON_Delete(cases);
}

static void too_few_pictures_have_no_coverage(void **state)
{
    (void)state;
    const float rows[5] = {0, 1, 2, 3, 4};
    Coverage c;
    Error err;
    assert_false(coverage_compute(&c, rows, 5, rows, 5, 1, 5, &err));
    assert_non_null(strstr(err.text, "5 nearest"));
}

/* A permutation of the images, ties among them, changes no number. */
static void order_of_images_does_not_matter(void **state)
{
    (void)state;
    cJSON *cases = golden("scores");
    Case c = case_of(cJSON_GetArrayItem(cases, 4)); /* tied */
    Measures a, b;
    Error err;
    const MeasureOptions options = {.rule = c.rule, .best = true, .bins = 7};
    assert_true(measures_compute(&a, c.scores, c.labels, c.images, c.classes, &options, &err));
    for (size_t i = 0; i < c.images / 2; i++)
        for (size_t k = 0; k < c.classes; k++) {
            const size_t x = i * c.classes + k, y = (c.images - 1 - i) * c.classes + k;
            const double score = c.scores[x];
            const int8_t label = c.labels[x];
            c.scores[x] = c.scores[y], c.labels[x] = c.labels[y];
            c.scores[y] = score, c.labels[y] = label;
        }
    assert_true(measures_compute(&b, c.scores, c.labels, c.images, c.classes, &options, &err));
    near_by(a.calibration.pooled.ace, b.calibration.pooled.ace, 1e-9);
    near_by(a.calibration.classwise.ace, b.calibration.classwise.ace, 1e-9);
    near_by(a.metrics.top5.of1, b.metrics.top5.of1, 1e-9);
    measures_free(&a);
    measures_free(&b);
    case_free(&c);
    cJSON_Delete(cases);
}

static void certainty_that_is_right_has_no_error_and_one_that_is_wrong_has_all(void **state)
{
    (void)state;
    const double scores[] = {1, 0, 0, 1, 1, 0};
    const int8_t right[] = {1, -1, -1, 1, 1, -1}, wrong[] = {-1, 1, 1, -1, -1, 1};
    Calibration c;
    Error err;
    assert_true(calibration_compute(&c, scores, right, 3, 2, DIFFICULT_NEGATIVE, 15, &err));
    near_by(c.pooled.ece, 0, 1e-12);
    assert_int_equal(c.reliability[14].count, 3);
    assert_int_equal(c.reliability[0].count, 3);
    assert_true(isnan(c.reliability[7].confidence));
    calibration_free(&c);
    assert_true(calibration_compute(&c, scores, wrong, 3, 2, DIFFICULT_NEGATIVE, 15, &err));
    near_by(c.pooled.ece, 100, 1e-12);
    near_by(c.pooled.mce, 100, 1e-12);
    near_by(c.pooled.mce_weighted, 50, 1e-12);
    near_by(c.pooled.brier, 100, 1e-12);
    calibration_free(&c);
}

/* One boundary in both directions: 0.2 is the double that 3 / 15 is. */
static void a_boundary_belongs_to_the_bin_above_it(void **state)
{
    (void)state;
    const double scores[] = {0.2, 0.19999999999999998};
    const int8_t labels[] = {1, -1};
    Calibration c;
    Error err;
    assert_true(calibration_compute(&c, scores, labels, 2, 1, DIFFICULT_NEGATIVE, 15, &err));
    assert_int_equal(c.reliability[3].count, 1);
    assert_int_equal(c.reliability[2].count, 1);
    calibration_free(&c);
}

static void ranks_say_nothing_of_calibration_or_of_best_classes(void **state)
{
    (void)state;
    const double ranks[] = {1, 0, 0, 1};
    const int8_t labels[] = {1, -1, -1, 1};
    const MeasureOptions options = {.best = true, .bins = 15, .ranks = true};
    Measures m;
    Error err;
    assert_true(measures_compute(&m, ranks, labels, 2, 2, &options, &err));
    near_by(m.metrics.map, 100, 1e-12);
    assert_true(isnan(m.metrics.top3.of1));
    assert_true(isnan(m.calibration.pooled.ece));
    assert_true(isnan(m.harmonic));
    measures_free(&m);
}

static void a_subset_names_what_it_does_not_find(void **state)
{
    (void)state;
    TextList names = {0}, members = {0};
    SubsetList subsets = {0};
    Error err;
    text_list_add(&names, "cat");
    text_list_add(&names, "dog");
    text_list_add(&members, "cow");
    assert_false(subset_add(&subsets, "animals", &members, &names, &err));
    assert_int_equal(err.exit_status, 2);
    assert_non_null(strstr(err.text, "\"cow\""));
    assert_non_null(strstr(err.text, "cat"));
    subsets_free(&subsets);
    text_list_free(&names);
    text_list_free(&members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_equal_torchmetrics_scikit_learn_and_numpy),
        cmocka_unit_test(density_and_coverage_equal_the_authors),
        cmocka_unit_test(too_few_pictures_have_no_coverage),
        cmocka_unit_test(order_of_images_does_not_matter),
        cmocka_unit_test(certainty_that_is_right_has_no_error_and_one_that_is_wrong_has_all),
        cmocka_unit_test(a_boundary_belongs_to_the_bin_above_it),
        cmocka_unit_test(ranks_say_nothing_of_calibration_or_of_best_classes),
        cmocka_unit_test(a_subset_names_what_it_does_not_find),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
