/* Metrics against scikit-learn (tests/golden/metrics.json, made by make_metrics.py) and against what the definitions imply. */
#include "harness/base/text.h"
#include "harness/score/metrics.h"
#include "harness/score/score_file.h"

#include <cjson/cJSON.h>
#include <hdf5.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch_folder.h"

static cJSON *golden_cases(void)
{
    Error err;
    char *text;
    size_t length;
    if (!read_file("tests/golden/metrics.json", 1 << 24, &text, &length, &err)) fail_msg("%s", err.text);
    cJSON *cases = cJSON_Parse(text);
    assert_non_null(cases);
    free(text);
    return cases;
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

static void near(double ours, double theirs)
{
    if (isnan(ours) && isnan(theirs)) return;
    if (!(fabs(ours - theirs) < 1e-9)) fail_msg("%.15g differs from %.15g", ours, theirs);
}

static void near_rates(const Rates *r, const double theirs[6])
{
    const double ours[] = {r->cp, r->cr, r->cf1, r->op, r->or_, r->of1};
    for (size_t i = 0; i < 6; i++) near(ours[i], theirs[i]);
}

static void check_case(const cJSON *item)
{
    const size_t images = (size_t)number(item, "images"), classes = (size_t)number(item, "classes");
    double *scores = numbers(cJSON_GetObjectItem(item, "scores")),
           *given = numbers(cJSON_GetObjectItem(item, "labels"));
    double *ap = numbers(cJSON_GetObjectItem(item, "ap")), *rates = numbers(cJSON_GetObjectItem(item, "rates"));
    double *rates3 = numbers(cJSON_GetObjectItem(item, "rates3")),
           *rates5 = numbers(cJSON_GetObjectItem(item, "rates5"));
    int8_t *labels = malloc(images * classes);
    for (size_t i = 0; i < images * classes; i++) labels[i] = (int8_t)given[i];
    const char *rule = cJSON_GetObjectItem(item, "rule")->valuestring;

    Error err;
    Metrics m;
    assert_true(metrics_compute(&m, scores, labels, images, classes,
                                strcmp(rule, "ignore") == 0 ? DIFFICULT_IGNORE : DIFFICULT_NEGATIVE,
                                number(item, "threshold"), &err));
    for (size_t c = 0; c < classes; c++) near(m.ap[c], ap[c]);
    near(m.map, number(item, "map"));
    near_rates(&m.above, rates);
    near_rates(&m.top3, rates3);
    near_rates(&m.top5, rates5);
    metrics_free(&m);
    free(scores), free(given), free(ap), free(rates), free(rates3), free(rates5), free(labels);
}

static void metrics_equal_scikit_learn_ties_included(void **state)
{
    (void)state;
    cJSON *cases = golden_cases();
    const cJSON *item;
    cJSON_ArrayForEach(item, cases) check_case(item);
    cJSON_Delete(cases);
}

static void order_of_images_does_not_matter_when_scores_tie(void **state)
{
    (void)state;
    const double scores[] = {0.5, 0.5, 0.5, 0.1};
    const int8_t first[] = {1, -1, -1, 1}, last[] = {-1, -1, 1, 1};
    near(average_precision(scores, first, 4, 1, DIFFICULT_NEGATIVE),
         average_precision(scores, last, 4, 1, DIFFICULT_NEGATIVE));
    /* One threshold at 0.5 (precision 1/3, recall 1/2), one at 0.1 (1/2, all). */
    near(average_precision(scores, first, 4, 1, DIFFICULT_NEGATIVE), 100 * (0.5 / 3 + 0.5 * 0.5));
}

static void difficult_as_positive_is_the_same_as_positive_labels(void **state)
{
    (void)state;
    const double scores[] = {0.9, 0.3, 0.4, 0.8, 0.2, 0.1};
    const int8_t labels[] = {1, -1, 0, 0, -1, 1}, said[] = {1, -1, 1, 1, -1, 1};
    Error err;
    Metrics a, b;
    assert_true(metrics_compute(&a, scores, labels, 3, 2, DIFFICULT_POSITIVE, 0.35, &err));
    assert_true(metrics_compute(&b, scores, said, 3, 2, DIFFICULT_NEGATIVE, 0.35, &err));
    near(a.map, b.map);
    near(a.above.cf1, b.above.cf1);
    near(a.top3.of1, b.top3.of1);
    metrics_free(&a);
    metrics_free(&b);
}

static void a_class_without_positives_has_no_ap_and_leaves_map_alone(void **state)
{
    (void)state;
    const double scores[] = {0.9, 0.3, 0.1, 0.8};
    const int8_t labels[] = {1, -1, -1, -1};
    Error err;
    Metrics m;
    assert_true(metrics_compute(&m, scores, labels, 2, 2, DIFFICULT_NEGATIVE, 0.5, &err));
    assert_true(isnan(m.ap[1]));
    near(m.map, 100);
    assert_int_equal(m.classes_scored, 1);
    metrics_free(&m);
}

static void nan_scores_are_refused_by_place(void **state)
{
    (void)state;
    const double scores[] = {0.9, 0.3, NAN, 0.8};
    const int8_t labels[] = {1, -1, -1, -1};
    Error err;
    Metrics m;
    assert_false(metrics_compute(&m, scores, labels, 2, 2, DIFFICULT_NEGATIVE, 0.5, &err));
    assert_non_null(strstr(err.text, "image 1, class 0"));
}

static void no_other_threshold_has_a_higher_of1(void **state)
{
    (void)state;
    enum { IMAGES = 40, CLASSES = 5 };
    double scores[IMAGES * CLASSES];
    int8_t labels[IMAGES * CLASSES];
    uint32_t r = 5;
    for (size_t i = 0; i < IMAGES * CLASSES; i++) {
        r = r * 1664525u + 1013904223u;
        labels[i] = (r >> 28) < 4 ? 1 : -1;
        scores[i] = (double)((r >> 16) & 31) / 32 + (labels[i] > 0 ? 0.3 : 0);
    }
    Error err;
    Metrics at_best, at_other;
    const double best = best_threshold(scores, labels, IMAGES, CLASSES, DIFFICULT_NEGATIVE);
    assert_true(metrics_compute(&at_best, scores, labels, IMAGES, CLASSES, DIFFICULT_NEGATIVE, best, &err));
    for (double t = -0.1; t < 1.5; t += 0.01) {
        assert_true(metrics_compute(&at_other, scores, labels, IMAGES, CLASSES, DIFFICULT_NEGATIVE, t, &err));
        assert_true(at_other.above.of1 <= at_best.above.of1 + 1e-12);
        metrics_free(&at_other);
    }
    metrics_free(&at_best);
}

static void spread_has_n_minus_one(void **state)
{
    (void)state;
    const Spread three = spread_of((const double[]){1, 2, 4}, 3), one = spread_of((const double[]){5}, 1);
    near(three.mean, 7.0 / 3);
    near(three.std, sqrt(7.0 / 3));
    near(one.std, 0);
}

/* A type does not say what is labels and what is scores: the name and the values do. */
static void labels_may_be_floats_and_scores_whole_numbers(void **state)
{
    (void)state;
    Error err;
    ScoreFile f;
    double *scores;
    if (!score_file_open(&f, "tests/golden/io_artifact_integers.h5", &err)) fail_msg("%s", err.text);
    assert_int_equal(f.sets.count, 1);
    assert_string_equal(f.sets.items[0], "scores");
    assert_int_equal(f.labels[1], -1);
    assert_int_equal(f.labels[6], 0);
    assert_true(score_file_set(&f, "scores", &scores, &err));
    near(scores[3], 70);
    free(scores);
    score_file_close(&f);
}

/* A file of ten labels in this type of HDF5's, and scores. */
static void write_labels(hid_t type, const double *labels)
{
    const hsize_t dim[2] = {5, 2};
    const float scores[10] = {0.9f, 0.1f, 0.8f, 0.2f, 0.7f, 0.3f, 0.6f, 0.4f, 0.5f, 0.5f};
    const hid_t file = H5Fcreate(scratch("labels.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT),
                space = H5Screate_simple(2, dim, NULL);
    const hid_t ours = H5Dcreate2(file, "labels", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                theirs = H5Dcreate2(file, "scores", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Dwrite(ours, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
    assert_true(H5Dwrite(theirs, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, scores) >= 0);
    H5Dclose(ours), H5Dclose(theirs), H5Sclose(space), H5Fclose(file);
}

static void labels_of_any_numeric_type_are_labels(void **state)
{
    (void)state;
    const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
    H5Tset_fields(half, 15, 10, 5, 0, 10), H5Tset_size(half, 2), H5Tset_ebias(half, 15);
    const hid_t types[] = {half,          H5T_IEEE_F32LE, H5T_IEEE_F32BE, H5T_IEEE_F64LE, H5T_IEEE_F64BE, H5T_STD_I8LE,
                           H5T_STD_I16BE, H5T_STD_I32LE,  H5T_STD_I64BE,  H5T_STD_U8LE,   H5T_STD_U64LE};
    const double labels[10] = {1, 0, 1, 0, 0, 1, 0, 0, 1, 1}, wrong[10] = {1, 0, 0.5, 0, 0, 1, 0, 0, 1, 1},
                 two[10] = {1, 0, 2, 0, 0, 1, 0, 0, 1, 1};
    Error err;
    ScoreFile f;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        write_labels(types[i], labels);
        if (!score_file_open(&f, scratch("labels.h5"), &err)) fail_msg("type %zu: %s", i, err.text);
        assert_int_equal(f.sets.count, 1);
        for (size_t k = 0; k < 10; k++) assert_int_equal(f.labels[k], (int8_t)labels[k]);
        score_file_close(&f);
        write_labels(types[i], i < 5 ? wrong : two);
        assert_false(score_file_open(&f, scratch("labels.h5"), &err));
        assert_non_null(strstr(err.text, i < 5 ? "image 1, class 0 is 0.5; 1 (positive), 0 (difficult) and -1"
                                               : "image 1, class 0 is 2; 1 (positive), 0 (difficult) and -1"));
    }
    H5Tclose(half);
}

/* Two pictures, a class; data sets NAME..., and the attribute that version 0.1.0 wrote where it meant ranks. */
static void write_scores(const char *const *names, bool are_ranks)
{
    Error err;
    const size_t dim[2] = {2, 1};
    ArtifactWriter *w = artifact_create(scratch("s.h5"), "{}", &err);
    artifact_write_int8(w, "labels", 2, dim, (const int8_t[]){1, -1});
    for (float first = 3; *names; names++, first++) artifact_write_floats(w, *names, 2, dim, (const float[]){first, 0});
    if (are_ranks) artifact_attribute_text(w, "scores_are", "ranks");
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
}

static void assert_set(const ScoreFile *f, const char *name, double first)
{
    Error err;
    double *scores;
    if (!score_file_set(f, name, &scores, &err)) fail_msg("%s", err.text);
    near(scores[0], first);
    free(scores);
}

static void ranks_are_called_so_in_old_files_too_and_found_by_both_names(void **state)
{
    (void)state;
    Error err;
    ScoreFile f;
    for (int old = 0; old < 2; old++) {
        write_scores((const char *const[]){old ? "scores" : "ranks", "scores_global", NULL}, old);
        if (!score_file_open(&f, scratch("s.h5"), &err)) fail_msg("%s", err.text);
        assert_string_equal(f.sets.items[0], "ranks");
        assert_string_equal(score_file_usual(&f), "ranks");
        assert_set(&f, "ranks", 3);
        assert_set(&f, "scores", 3);
        assert_set(&f, "scores_global", 4);
        score_file_close(&f);
    }
    write_scores((const char *const[]){"scores", "ranks", NULL}, false); /* both are there: each is what it is called */
    if (!score_file_open(&f, scratch("s.h5"), &err)) fail_msg("%s", err.text);
    assert_string_equal(score_file_usual(&f), "scores");
    assert_set(&f, "scores", 3);
    assert_set(&f, "ranks", 4);
    score_file_close(&f);
}

static void a_set_is_found_by_its_name_whatever_signs_are_in_it(void **state)
{
    (void)state;
    Error err;
    ScoreFile f;
    double *scores;
    static const char *const odd[] = {"=x+1", "a", "a+b", "a=0.5", NULL};
    write_scores(odd, false);
    assert_true(score_file_open(&f, scratch("s.h5"), &err));
    for (size_t i = 0; odd[i]; i++) assert_set(&f, odd[i], 3 + (double)i);
    assert_set(&f, "a=2", 8); /* and a sum where no set is called so */
    assert_false(score_file_set(&f, "=y+1", &scores, &err));
    score_file_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_equal_scikit_learn_ties_included),
        cmocka_unit_test(order_of_images_does_not_matter_when_scores_tie),
        cmocka_unit_test(difficult_as_positive_is_the_same_as_positive_labels),
        cmocka_unit_test(a_class_without_positives_has_no_ap_and_leaves_map_alone),
        cmocka_unit_test(nan_scores_are_refused_by_place),
        cmocka_unit_test(no_other_threshold_has_a_higher_of1),
        cmocka_unit_test(spread_has_n_minus_one),
        cmocka_unit_test(labels_may_be_floats_and_scores_whole_numbers),
        cmocka_unit_test(labels_of_any_numeric_type_are_labels),
        cmocka_unit_test(a_set_is_found_by_its_name_whatever_signs_are_in_it),
        cmocka_unit_test(ranks_are_called_so_in_old_files_too_and_found_by_both_names),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
