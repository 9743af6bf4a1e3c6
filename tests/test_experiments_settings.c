/* Settings and ensembles: what is accepted, what is drawn, what reaches a method, and what runs again when one changes. */
#include "harness/experiments/mask_file.h"
#include "harness/plan/plan.h"
#include "harness/results/results.h"
#include "harness/stages/select.h"
#include "methods/ensemble/ensemble.h"
#include "tests/golden_arrays.h"
#include "tests/scratch_store.h"

#include <math.h>

enum { CLASSES = 5, TRAIN = 10 };

static void write_text(const char *name, const char *text)
{
    Error err;
    if (!write_file(scratch(name), text, strlen(text), &err)) fail_msg("%s", err.text);
}

/* Experiments on the ten pictures of tests/golden/tiny_world, which are training and test split at once. */
static void write_experiments(const char *experiments)
{
    char here[512];
    assert_non_null(getcwd(here, sizeof here));
    char *text = xformat("{\"models\": {\"tiny\": {\"clip\": \"%s/tests/golden/tiny_world/clip\"}},\n\"datasets\": "
                         "{\"tiny\": {\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\", \"bus\", \"person\", "
                         "\"dining table\"], \"train\": \"%s/tests/golden/tiny_world/test.jsonl\", \"test\": "
                         "\"%s/tests/golden/tiny_world/test.jsonl\", \"images\": "
                         "\"%s/tests/golden/tiny_world/images\"}},\n\"experiments\": {%s}}",
                         here, here, here, here, experiments);
    write_text("experiments.json", text);
    free(text);
}

#define ON_TINY "\"dataset\": \"tiny\", \"model\": \"tiny\""
#define PROBE   ON_TINY ", \"method\": \"linear_probe\""

static Book *book_of(const char *experiments)
{
    Error err;
    write_experiments(experiments);
    Book *book = book_open(scratch("experiments.json"), NULL, &err);
    if (!book) fail_msg("%s", err.text);
    return book;
}

static ExperimentList selected(const Book *book, const char *set)
{
    Error err;
    ExperimentList list = {0};
    TextList sets = {0};
    if (set) text_list_add(&sets, set);
    if (!book_select(book, &(Selection){.sets = &sets}, &list, &err)) fail_msg("%s", err.text);
    text_list_free(&sets);
    return list;
}

static void expect(const Book *book, const char *set, size_t count, const char *const *names,
                   const char *const *settings)
{
    ExperimentList list = selected(book, set);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        char *setting = experiment_setting(&list.items[i]);
        assert_string_equal(list.items[i].name, names[i]);
        assert_string_equal(setting, settings[i]);
        free(setting);
    }
    experiments_free(&list);
}

static void without_a_setting_it_is_zero_shot_or_full(void **state)
{
    (void)state;
    Book *book = book_of("\"e\": {" PROBE "}, \"z\": {" ON_TINY ", \"method\": \"zsclip\"}");
    expect(book, NULL, 2, (const char *[]){"e", "z"}, (const char *[]){"full", "zero-shot"});
    book_free(book);
}

static void settings_expand_in_grids_and_are_set_under_stable_names(void **state)
{
    (void)state;
    static const char *const shots[] = {"e[setting.few_shot=1]", "e[setting.few_shot=4]"};
    static const char *const shot_texts[] = {"few-shot 1", "few-shot 4"};
    Book *book = book_of("\"e\": {" PROBE ", \"setting\": {\"few_shot\": {\"grid\": [1, 4]}}}");
    expect(book, NULL, 2, shots, shot_texts);
    expect(book, "setting.few_shot=2", 1, (const char *[]){"e[setting.few_shot=2]"}, (const char *[]){"few-shot 2"});
    expect(book, "setting={\"few_shot\":2}", 1, (const char *[]){"e[setting.few_shot=2]"},
           (const char *[]){"few-shot 2"});
    expect(book, "setting.partial=0.1", 1, (const char *[]){"e[setting.partial=0.1]"}, (const char *[]){"partial 0.1"});
    expect(book, "setting=full", 1, (const char *[]){"e[setting=full]"}, (const char *[]){"full"});
    book_free(book);

    book = book_of("\"e\": {" PROBE ", \"setting\": {\"grid\": [\"full\", {\"partial\": 0.5}, {\"few_shot\": 4}]}}");
    expect(book, NULL, 3, (const char *[]){"e[setting=full]", "e[setting.partial=0.5]", "e[setting.few_shot=4]"},
           (const char *[]){"full", "partial 0.5", "few-shot 4"});
    expect(book, "setting.few_shot={\"grid\":[1,4]}", 2, shots, shot_texts);
    expect(book, "setting={\"few_shot\":{\"grid\":[1,4]}}", 2, shots, shot_texts);
    expect(book, "setting={\"grid\":[{\"few_shot\":1},{\"few_shot\":4}]}", 2, shots, shot_texts);
    book_free(book);
}

/* ---- draws ---- */

enum { MANY = 200 };

static void random_labels(int8_t *labels)
{
    uint32_t x = 7;
    for (size_t i = 0; i < MANY * CLASSES; i++) {
        x = x * 1664525 + 1013904223;
        labels[i] = x >> 30 == 0 ? 1 : -1;
    }
    for (size_t i = 0; i < MANY; i++) labels[i * CLASSES + 2] = i % 100 == 7 ? 1 : -1; /* two positives */
}

static bool is_in(const int32_t *rows, size_t count, int32_t row)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i] == row) return true;
    return false;
}

static void fewer_shots_are_among_more_of_the_same_seed(void **state)
{
    (void)state;
    int8_t labels[MANY * CLASSES];
    int32_t rows[5][MANY];
    size_t count[5], have[CLASSES];
    random_labels(labels);
    for (size_t k = 0; k < 5; k++) {
        count[k] = select_few_shot(labels, MANY, CLASSES, (size_t)1 << k, 3, rows[k], have);
        assert_true(count[k] <= (size_t)CLASSES << k && count[k] >= (k ? count[k - 1] : 1));
        for (size_t c = 0; c < CLASSES; c++) {
            size_t drawn = 0;
            for (size_t i = 0; i < count[k]; i++) drawn += labels[(size_t)rows[k][i] * CLASSES + c] == 1;
            assert_true(drawn >= (have[c] < (size_t)1 << k ? have[c] : (size_t)1 << k));
        }
        for (size_t i = 1; i < count[k]; i++) assert_true(rows[k][i] > rows[k][i - 1]);
        for (size_t i = 0; k && i < count[k - 1]; i++) assert_true(is_in(rows[k], count[k], rows[k - 1][i]));
    }
    assert_int_equal(have[2], 2);
    int32_t other[MANY];
    const size_t others = select_few_shot(labels, MANY, CLASSES, 4, 4, other, have);
    assert_false(others == count[2] && memcmp(other, rows[2], others * sizeof *other) == 0);
}

static void labels_known_at_ten_percent_are_known_at_twenty(void **state)
{
    (void)state;
    /* torch.manual_seed(5); [(torch.rand(200, 5) < k / 10).sum() for k in range(1, 11)] */
    static const size_t torchs[10] = {125, 250, 356, 452, 544, 636, 724, 815, 897, 1000};
    int8_t labels[MANY * CLASSES], known[10][MANY * CLASSES];
    random_labels(labels);
    for (size_t k = 0; k < 10; k++) {
        size_t count = 0;
        select_partial(labels, MANY, CLASSES, (double)(k + 1) / 10, 5, known[k]);
        for (size_t i = 0; i < MANY * CLASSES; i++) {
            count += known[k][i] != 0;
            assert_true(known[k][i] == 0 || known[k][i] == labels[i]);
            if (k && known[k - 1][i]) assert_int_equal(known[k][i], known[k - 1][i]);
        }
        assert_int_equal(count, torchs[k]);
    }
    assert_memory_equal(known[9], labels, sizeof labels);
}

/* (torch.rand(2, 5) < 0.5) after torch.manual_seed(5): 1 where known. */
static void the_mask_is_the_one_that_pytorch_draws(void **state)
{
    (void)state;
    static const int8_t all[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, expected[10] = {0, 1, 0, 0, 0, 1, 1, 0, 1, 0};
    int8_t known[10];
    select_partial(all, 2, 5, 0.5, 5, known);
    assert_memory_equal(known, expected, sizeof known);
}

/* torch.manual_seed(5); [torch.randint(n, (1,)).item() for n in (2, 3, 1, 5, 2)]: which of the images' positives; the third image has
 * none, and no draw. */
static void one_positive_of_each_image_is_shown_as_pytorch_draws_it(void **state)
{
    (void)state;
    static const int8_t labels[6 * 5] = {1, -1, 1, -1, -1, 1, 1, -1, 0, 1, -1, -1, 0,  -1, -1,
                                         0, -1, 1, -1, -1, 1, 1, 1,  1, 1, -1, 1,  -1, 1,  -1};
    static const int8_t drawn[6] = {2, 0, -1, 2, 0, 1};
    int8_t shown[6 * 5];
    select_single_positive(labels, 6, 5, 5, shown);
    for (size_t i = 0; i < 6; i++)
        for (size_t c = 0; c < 5; c++) assert_int_equal(shown[i * 5 + c], (int8_t)c == drawn[i] ? 1 : -1);
}

static void each_positive_is_shown_by_some_seed(void **state)
{
    (void)state;
    static const int8_t labels[4] = {1, -1, 1, 1};
    size_t found[4] = {0};
    for (uint64_t seed = 0; seed < 300; seed++) {
        int8_t shown[4];
        select_single_positive(labels, 1, 4, seed, shown);
        for (size_t c = 0; c < 4; c++) found[c] += shown[c] == 1;
    }
    assert_int_equal(found[0] + found[2] + found[3], 300);
    assert_true(found[0] > 60 && found[2] > 60 && found[3] > 60);
}

/* Of six images, per class torch.randperm of its positives, generator seeded with 5: rows of one shot. */
static void the_draw_is_the_one_that_pytorch_makes(void **state)
{
    (void)state;
    static const int8_t labels[6 * 2] = {1, -1, 1, 1, 1, 1, 1, 1, -1, 1, -1, 1};
    static const int32_t expected[] = {1, 3};
    int32_t rows[6];
    size_t have[2];
    const size_t count = select_few_shot(labels, 6, 2, 1, 5, rows, have);
    assert_int_equal(count, sizeof expected / sizeof *expected);
    assert_memory_equal(rows, expected, sizeof expected);
}

/* ---- mask files ---- */

static const int8_t three[3 * CLASSES] = {1, -1, -1, -1, 1, -1, 1, 0, -1, -1, -1, -1, 1, 1, -1};

static void mask_refused(const char *text, size_t count, const char *place)
{
    Error err;
    int8_t known[3 * CLASSES];
    write_text("mask.txt", text);
    if (mask_file_read(scratch("mask.txt"), three, count, CLASSES, false, known, &err)) fail_msg("accepted: %s", text);
    if (!strstr(err.text, place)) fail_msg("\"%s\" lacks \"%s\"", err.text, place);
}

static void a_mask_file_gives_the_known_labels(void **state)
{
    (void)state;
    Error err;
    int8_t known[3 * CLASSES];
    static const int8_t expected[] = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0, 0, -1, 0, 0, 0};
    write_text("mask.txt", "1,0,0,-1,0\r\n0, 0,1 ,0,0\n0,-1,0,0,0\n");
    if (!mask_file_read(scratch("mask.txt"), three, 3, CLASSES, false, known, &err)) fail_msg("%s", err.text);
    assert_memory_equal(known, expected, sizeof expected);
    write_text("mask.txt", "\xef\xbb\xbf"
                           "1,0,0,-1,0\r\n0,0,1,0,0\r\n0,-1,0,0,0\r\n\r\n \n"); /* as editors leave it */
    if (!mask_file_read(scratch("mask.txt"), three, 3, CLASSES, false, known, &err)) fail_msg("%s", err.text);
    assert_memory_equal(known, expected, sizeof expected);
    /* A split cut short by --limit takes the beginning. */
    assert_true(mask_file_read(scratch("mask.txt"), three, 2, CLASSES, true, known, &err));
    assert_memory_equal(known, expected, 2 * CLASSES);
}

static void a_wrong_mask_file_is_told_by_line(void **state)
{
    (void)state;
    mask_refused("0,0,0,0,0\n0,0,0,0,0\n", 3, "2 lines, the data set has 3");
    mask_refused("0,0,0,0,0\n0,0,0,0,0\n0,0,0,0,0\n0,0,0,0,0\n", 3, "4 lines");
    mask_refused("0,0,0,0,0\n0,0,0,0\n0,0,0,0,0\n", 3, "mask.txt:2: 4 columns");
    mask_refused("0,0,0,0,0\n0,0,0,0,0,0\n0,0,0,0,0\n", 3, "mask.txt:2: more than");
    mask_refused("0,0,0,0,0\n0,0,0,0,0\n0,0,2,0,0\n", 3, "mask.txt:3: column 3");
    mask_refused("0,0,0,0,0\n\n0,0,0,0,0\n", 3, "mask.txt:2: column 1");
    mask_refused("0,0,0,0,0\n0,0,0,0,0\n1,0,0,0,0\n", 3, "mask.txt:3: column 1 says 1");
}

/* ---- runs ---- */

typedef struct Ran {
    size_t wanted;
    size_t stages[3]; /* wanted of select, train, score */
} Ran;

static Ran run(const char *experiments)
{
    Error err;
    Session session;
    Plan plan;
    ExperimentList list = {0};
    write_experiments(experiments);
    const SessionOptions options = {.experiments = scratch("experiments.json"), .store = scratch_store};
    if (!session_open(&session, &options, &err) || !book_select(session.book, &(Selection){0}, &list, &err) ||
        !plan_make(&plan, &session, &list, &err))
        fail_msg("%s", err.text);
    Ran ran = {.wanted = plan.wanted};
    const StageKind *const kinds[] = {&stage_select, &stage_train, &stage_score};
    for (size_t i = 0; i < plan.count; i++)
        for (size_t k = 0; k < 3; k++) ran.stages[k] += plan.stages[i]->wanted && plan.stages[i]->kind == kinds[k];
    if (!plan_work(&plan, &session, &err)) fail_msg("%s", err.text);
    plan_free(&plan);
    experiments_free(&list);
    session_close(&session);
    return ran;
}

/* Scores [TRAIN, CLASSES] of a stored result. */
static float *scores_of(const char *experiment, int64_t seed, char **setting)
{
    Error err;
    ResultList list = {0};
    float *scores = NULL;
    int8_t *labels = NULL;
    if (!results_load(scratch_store, (const char *const[]){experiment, NULL}, &list, NULL, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < list.count; i++) {
        const StoredResult *r = &list.items[i];
        if (r->seed != seed || strcmp(r->experiment, experiment) != 0) continue;
        if (!result_scores(r, &scores, &labels, NULL, &err)) fail_msg("%s", err.text);
        if (setting) *setting = xstrdup(r->setting);
    }
    free(labels);
    results_free(&list);
    assert_non_null(scores);
    return scores;
}

/* A probe on a mask that knows everything is the full one; few-shot it is another; labels that are all hidden leave a class at 0. */
static void the_subset_reaches_the_method(void **state)
{
    (void)state;
    write_text("all.txt", "-1,1,-1,-1,-1\n1,-1,-1,-1,1\n-1,1,-1,-1,1\n-1,1,-1,1,1\n-1,-1,1,-1,1\n-1,-1,-1,1,1\n"
                          "-1,-1,-1,1,-1\n-1,1,1,1,-1\n1,1,-1,-1,-1\n-1,1,-1,1,-1\n");
    write_text("hidden.txt", "0,1,-1,-1,-1\n0,-1,-1,-1,1\n0,1,-1,-1,1\n0,1,-1,1,1\n0,-1,1,-1,1\n0,-1,-1,1,1\n"
                             "0,-1,-1,1,-1\n0,1,1,1,-1\n0,1,-1,-1,-1\n0,1,-1,1,-1\n");
    run("\"full\": {" PROBE "}, \"few\": {" PROBE ", \"setting\": {\"few_shot\": 2}}, "
        "\"all\": {" PROBE ", \"setting\": {\"partial\": \"all.txt\"}}, "
        "\"hidden\": {" PROBE ", \"setting\": {\"partial\": \"hidden.txt\"}}");
    char *setting;
    float *full = scores_of("full", 1, &setting);
    assert_string_equal(setting, "full");
    free(setting);
    float *all = scores_of("all", 1, &setting);
    assert_string_equal(setting, "partial all.txt");
    free(setting);
    float *few = scores_of("few", 1, &setting);
    assert_string_equal(setting, "few-shot 2");
    free(setting);
    float *hidden = scores_of("hidden", 1, NULL);
    assert_memory_equal(full, all, TRAIN * CLASSES * sizeof *full);
    assert_memory_not_equal(full, few, TRAIN * CLASSES * sizeof *full);
    for (size_t i = 0; i < TRAIN; i++) {
        assert_true(hidden[i * CLASSES] == 0);
        assert_memory_equal(hidden + i * CLASSES + 1, full + i * CLASSES + 1, (CLASSES - 1) * sizeof *full);
    }
    free(full), free(all), free(few), free(hidden);
}

static void a_mask_that_does_not_fit_is_refused_before_anything_runs(void **state)
{
    (void)state;
    Error err;
    Session session;
    Plan plan;
    ExperimentList list = {0};
    write_text("short.txt", "0,1,-1,-1,-1\n");
    write_experiments("\"e\": {" PROBE ", \"setting\": {\"partial\": \"short.txt\"}}");
    const SessionOptions options = {.experiments = scratch("experiments.json"), .store = scratch_store};
    assert_true(session_open(&session, &options, &err) && book_select(session.book, &(Selection){0}, &list, &err));
    assert_false(plan_make(&plan, &session, &list, &err));
    assert_non_null(strstr(err.text, "short.txt: 1 lines, the data set has 10"));
    experiments_free(&list);
    session_close(&session);
}

/* Two experiments share their draw; other options, other shots or another seed are as many runs as they must be. */
static void a_draw_is_made_once_and_only_what_hangs_on_it_runs_again(void **state)
{
    (void)state;
    Ran ran = run("\"a\": {" PROBE ", \"setting\": {\"few_shot\": 3}, \"seeds\": [1, 2]}, "
                  "\"b\": {" PROBE ", \"setting\": {\"few_shot\": 3}, \"seeds\": [1, 2], \"options\": {\"C\": 2}}");
    assert_int_equal(ran.stages[0], 2); /* a draw a seed, for both */
    assert_int_equal(ran.stages[1], 4);
    assert_int_equal(ran.stages[2], 4);
    ran = run("\"a\": {" PROBE ", \"setting\": {\"few_shot\": 4}, \"seeds\": [1, 2]}, "
              "\"b\": {" PROBE ", \"setting\": {\"few_shot\": 3}, \"seeds\": [1, 2], \"options\": {\"C\": 2}}");
    assert_int_equal(ran.wanted, 6); /* two draws, two trainings, two scores; no image is encoded again */
    ran = run("\"a\": {" PROBE ", \"setting\": {\"few_shot\": 4}, \"seeds\": [1, 2]}");
    assert_int_equal(ran.wanted, 0);
}

/* ---- ensembles ---- */

#define ZS(name, more) "\"" name "\": {" ON_TINY ", \"method\": \"zsclip\"" more "}"
#define BOTH(of, more) "\"both\": {\"method\": \"ensemble\", \"of\": " of more "}"

static void an_ensemble_mixes_normalised_scores_seed_by_seed(void **state)
{
    (void)state;
    static const char *const experiments =
        ZS("zs", "") ", \"few\": {" PROBE ", \"setting\": {\"few_shot\": 1}, \"seeds\": [3, 4]}, " BOTH(
            "[\"zs\", \"few\"]", ", \"options\": {\"ratio\": 0.6}");
    run(experiments);
    assert_int_equal(run(experiments).wanted, 0);
    for (int64_t seed = 3; seed < 5; seed++) {
        char *setting;
        float *a = scores_of("zs", 1, NULL), *b = scores_of("few", seed, NULL),
              *both = scores_of("both", seed, &setting);
        double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
        assert_string_equal(setting, "few-shot 1");
        for (size_t i = 0; i < TRAIN * CLASSES; i++) {
            low[0] = fmin(low[0], (double)a[i]), high[0] = fmax(high[0], (double)a[i]);
            low[1] = fmin(low[1], (double)b[i]), high[1] = fmax(high[1], (double)b[i]);
        }
        for (size_t i = 0; i < TRAIN * CLASSES; i++) {
            const double expected =
                0.4 * ((double)a[i] - low[0]) / (high[0] - low[0]) + 0.6 * ((double)b[i] - low[1]) / (high[1] - low[1]);
            assert_true(fabs((double)both[i] - expected) < 1e-6);
        }
        free(a), free(b), free(both), free(setting);
    }
}

static void an_ensemble_alone_runs_its_members_and_counts_one_result_a_seed(void **state)
{
    (void)state;
    Error err;
    Session session;
    Plan plan;
    ExperimentList list = {0};
    write_experiments(
        ZS("x", "") ", " ZS("y", ", \"options\": {\"normalise\": \"softmax\"}") ", " BOTH("[\"x\", \"y\"]", ""));
    const SessionOptions options = {.experiments = scratch("experiments.json"), .store = scratch_store};
    const char *const name = "both";
    if (!session_open(&session, &options, &err) ||
        !book_select(session.book, &(Selection){.names = &name, .name_count = 1}, &list, &err) ||
        !plan_make(&plan, &session, &list, &err))
        fail_msg("%s", err.text);
    assert_int_equal(plan.results, 1);
    assert_ptr_equal(plan.stages[plan.count - 1]->kind, &stage_rescore);
    assert_true(plan.stages[plan.count - 1]->wanted && plan.stages[plan.count - 2]->wanted);
    plan_free(&plan);
    experiments_free(&list);
    session_close(&session);
}

static void a_stored_result_can_be_a_member(void **state)
{
    (void)state;
    run("\"there\": {" PROBE ", \"setting\": {\"few_shot\": 2}, \"seeds\": [8]}");
    run(ZS("zs", "") ", " BOTH("[\"zs\", {\"stored\": \"there\"}]", ", \"options\": {\"ratio\": 1}, \"seeds\": [5]"));
    char *setting;
    float *both = scores_of("both", 5, &setting), *there = scores_of("there", 8, NULL);
    float *expected = xcalloc(TRAIN * CLASSES, sizeof *expected);
    ensemble_mix(there, there, TRAIN * CLASSES, 1, expected);
    assert_memory_equal(both, expected, TRAIN * CLASSES * sizeof *expected);
    assert_string_equal(setting, "few-shot 2");
    free(both), free(there), free(expected), free(setting);

    Error err;
    Session session;
    Plan plan;
    ExperimentList list = {0};
    const char *const name = "both";
    write_experiments(ZS("zs", "") ", " BOTH("[{\"stored\": \"gone\"}, \"zs\"]", ""));
    const SessionOptions options = {.experiments = scratch("experiments.json"), .store = scratch_store};
    assert_true(session_open(&session, &options, &err) &&
                book_select(session.book, &(Selection){.names = &name, .name_count = 1}, &list, &err));
    assert_false(plan_make(&plan, &session, &list, &err));
    assert_non_null(strstr(err.text, "no result of gone is stored"));
    experiments_free(&list);
    session_close(&session);
}

static void both_members_can_be_stored_results(void **state)
{
    (void)state;
    run(ZS("x", "") ", \"y\": {" PROBE ", \"setting\": {\"few_shot\": 1}, \"seeds\": [8, 9]}");
    run(BOTH("[{\"stored\": \"x\"}, {\"stored\": \"y\"}]",
             ", \"dataset\": \"tiny\", \"options\": {\"ratio\": 1}, \"seeds\": [9]"));
    char *setting;
    float *both = scores_of("both", 9, &setting), *y = scores_of("y", 9, NULL);
    float *expected = xcalloc(TRAIN * CLASSES, sizeof *expected);
    ensemble_mix(y, y, TRAIN * CLASSES, 1, expected);
    assert_memory_equal(both, expected, TRAIN * CLASSES * sizeof *expected);
    assert_string_equal(setting, "few-shot 1");
    free(both), free(y), free(expected), free(setting);
}

/* Rows made by tests/golden/make_ensemble.py with numpy. */
static void mixing_equals_numpys(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/ensemble.safetensors");
    float *a = golden_floats(st, "a"), *b = golden_floats(st, "b"), *expected = golden_floats(st, "mixed");
    const size_t count = golden_view(st, "a")->count;
    float *mixed = xcalloc(count, sizeof *mixed);
    ensemble_mix(a, b, count, 0.9, mixed);
    for (size_t i = 0; i < count; i++) assert_true(fabsf(mixed[i] - expected[i]) <= 1e-7f);
    ensemble_mix(a, b, count, 0, mixed);
    for (size_t i = 0; i < count; i++) assert_true(mixed[i] >= 0 && mixed[i] <= 1);
    for (size_t i = 0; i < count; i++) b[i] = 3; /* scores that say nothing change no order */
    ensemble_mix(a, b, count, 0.5, expected);
    for (size_t i = 0; i < count; i++) assert_true(fabsf(expected[i] - mixed[i] / 2) <= 1e-7f);
    free(a), free(b), free(expected), free(mixed);
    tensor_file_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_setting_it_is_zero_shot_or_full),
        cmocka_unit_test(settings_expand_in_grids_and_are_set_under_stable_names),
        cmocka_unit_test(fewer_shots_are_among_more_of_the_same_seed),
        cmocka_unit_test(labels_known_at_ten_percent_are_known_at_twenty),
        cmocka_unit_test(the_mask_is_the_one_that_pytorch_draws),
        cmocka_unit_test(the_draw_is_the_one_that_pytorch_makes),
        cmocka_unit_test(one_positive_of_each_image_is_shown_as_pytorch_draws_it),
        cmocka_unit_test(each_positive_is_shown_by_some_seed),
        cmocka_unit_test(a_mask_file_gives_the_known_labels),
        cmocka_unit_test(a_wrong_mask_file_is_told_by_line),
        cmocka_unit_test(the_subset_reaches_the_method),
        cmocka_unit_test(a_mask_that_does_not_fit_is_refused_before_anything_runs),
        cmocka_unit_test(a_draw_is_made_once_and_only_what_hangs_on_it_runs_again),
        cmocka_unit_test(an_ensemble_mixes_normalised_scores_seed_by_seed),
        cmocka_unit_test(an_ensemble_alone_runs_its_members_and_counts_one_result_a_seed),
        cmocka_unit_test(a_stored_result_can_be_a_member),
        cmocka_unit_test(both_members_can_be_stored_results),
        cmocka_unit_test(mixing_equals_numpys),
    };
    return cmocka_run_group_tests(tests, scratch_store_make, scratch_remove);
}
