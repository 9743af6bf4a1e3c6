/* Letters for what cannot be told apart: against scikit-learn and scipy (tests/golden/grouping.json, made by make_grouping.py), and
 * against what the definition says of every pair. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/results/grouping.h"
#include "harness/results/letters.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static double *numbers(const cJSON *array)
{
    double *values = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *values), *next = values;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) *next++ = item->valuedouble;
    return values;
}

static double member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItem(object, name)->valuedouble;
}

static Entrant entrant_from(const cJSON *seeds, const int8_t *labels, size_t images, size_t classes)
{
    Error err;
    Entrant e = {.name = xstrdup("x"), .sheet = {.images = images, .classes = classes}};
    e.rankings = xcalloc((size_t)cJSON_GetArraySize(seeds), sizeof *e.rankings);
    double sum = 0, *ap = xcalloc(classes, sizeof *ap);
    const cJSON *item;
    cJSON_ArrayForEach(item, seeds)
    {
        double *scores = numbers(item);
        assert_true(ranking_make(&e.rankings[e.seeds], scores, labels, images, classes, DIFFICULT_NEGATIVE, &err));
        ranking_ap(&e.rankings[e.seeds++], ap);
        sum += mean_ap(ap, classes);
        free(scores);
    }
    e.spread = (Spread){sum / (double)e.seeds, 0, e.seeds};
    free(ap);
    return e;
}

static void groups_equal_those_of_scikit_learn_and_scipy(void **state)
{
    (void)state;
    enum { MOST = 8 };
    Error err;
    char *text;
    size_t length;
    if (!read_file("tests/golden/grouping.json", 1 << 24, &text, &length, &err)) fail_msg("%s", err.text);
    cJSON *root = cJSON_Parse(text);
    const size_t images = (size_t)member(root, "images"), classes = (size_t)member(root, "classes");
    double *given = numbers(cJSON_GetObjectItem(root, "labels")), *means = numbers(cJSON_GetObjectItem(root, "means"));
    int8_t *labels = xmalloc(images * classes);
    for (size_t i = 0; i < images * classes; i++) labels[i] = (int8_t)given[i];
    Entrant entrants[MOST];
    size_t count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "entrants")) entrants[count++] =
        entrant_from(item, labels, images, classes);
    Grouping g;
    if (!grouping_make(&g, entrants, count, (size_t)member(root, "resamples"), NULL, &err)) fail_msg("%s", err.text);
    for (size_t e = 0; e < count; e++) {
        assert_true(fabs(entrants[e].spread.mean - means[e]) < 1e-9);
        assert_string_equal(g.letters[e],
                            cJSON_GetArrayItem(cJSON_GetObjectItem(root, "letters"), (int)e)->valuestring);
        assert_int_equal(g.top[e], strchr(g.letters[e], 'a') != NULL);
        entrant_free(&entrants[e]);
    }
    assert_true(fabs(g.error - member(root, "error")) < 1e-9);
    assert_true(fabs(images_for_one_map(g.error, images) - member(root, "images_for_one")) < 1e-6);
    grouping_free(&g);
    free(given), free(means), free(labels), free(text);
    cJSON_Delete(root);
}

static void check_letters(const double *means, const bool *apart, size_t count)
{
    char *letters[12];
    letters_make(means, apart, count, letters);
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++)
            if (a != b) assert_int_equal(strpbrk(letters[a], letters[b]) == NULL, apart[a * count + b]);
    for (size_t e = 0; e < count; e++) free(letters[e]);
}

static void who_shares_a_letter_is_never_told_apart_and_who_shares_none_always(void **state)
{
    (void)state;
    enum { COUNT = 9 };
    uint32_t r = 3;
    for (int round = 0; round < 200; round++) {
        double means[COUNT];
        bool apart[COUNT * COUNT] = {false};
        for (size_t a = 0; a < COUNT; a++) {
            r = r * 1664525u + 1013904223u;
            means[a] = (double)(r >> 24);
            for (size_t b = 0; b < a; b++) {
                r = r * 1664525u + 1013904223u;
                apart[a * COUNT + b] = apart[b * COUNT + a] = (int)(r >> 28) < round % 16;
            }
        }
        check_letters(means, apart, COUNT);
    }
}

static void the_middle_of_a_chain_has_both_letters(void **state)
{
    (void)state;
    const double means[] = {50, 70, 60};
    const bool apart[9] = {[0 * 3 + 1] = true, [1 * 3 + 0] = true};
    char *letters[3];
    letters_make(means, apart, 3, letters);
    assert_string_equal(letters[1], "a");
    assert_string_equal(letters[2], "ab");
    assert_string_equal(letters[0], "b");
    for (int i = 0; i < 3; i++) free(letters[i]);
}

static void the_top_is_a_group_and_not_a_number(void **state)
{
    (void)state;
    const double means[] = {60, 60.1, 50};
    const bool apart[9] = {[0 * 3 + 2] = true, [2 * 3 + 0] = true, [1 * 3 + 2] = true, [2 * 3 + 1] = true};
    Grouping g;
    grouping_of(&g, means, apart, 3);
    assert_true(g.top[0] && g.top[1] && !g.top[2]);
    grouping_free(&g);
}

static void a_p_is_the_normal_tail(void **state)
{
    (void)state;
    assert_true(fabs(normal_p(1.959963984540054, 1) - 0.05) < 1e-12);
    assert_true(fabs(normal_p(-3, 1.5) - normal_p(2, 1)) < 1e-15);
    assert_true(normal_p(0, 0) >= 1 && normal_p(1, 0) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_equal_those_of_scikit_learn_and_scipy),
        cmocka_unit_test(who_shares_a_letter_is_never_told_apart_and_who_shares_none_always),
        cmocka_unit_test(the_middle_of_a_chain_has_both_letters),
        cmocka_unit_test(the_top_is_a_group_and_not_a_number),
        cmocka_unit_test(a_p_is_the_normal_tail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
