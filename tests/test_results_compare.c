/* Comparing results: the bootstrap against sorting every resample anew and against numpy (tests/golden/bootstrap.json, made by
 * make_bootstrap.py), corrections, who may be compared with whom, scores from other programs, and reference results. */
#include "harness/base/memory.h"
#include "harness/results/comparison.h"
#include "harness/results/import_scores.h"
#include "harness/results/reference.h"
#include "tests/scratch_folder.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <omp.h>

static char *in_folder(const char *name)
{
    return path_join(scratch_folder, name);
}

static void near(double ours, double theirs, double tolerance)
{
    if (!(fabs(ours - theirs) <= tolerance)) fail_msg("%.15g differs from %.15g", ours, theirs);
}

/* ---- the bootstrap ---- */

static double *numbers(const cJSON *array)
{
    double *values = xcalloc((size_t)cJSON_GetArraySize(array) + 1, sizeof *values), *next = values;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) *next++ = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return values;
}

typedef struct Golden {
    cJSON *root;
    size_t images, classes, resamples;
    uint64_t seed;
    double level;
    int8_t *labels;
    double *scores[4]; /* a, seed 1; a, seed 2; b, ... */
} Golden;

static double member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItem(object, name)->valuedouble;
}

static Golden golden_open_case(void)
{
    Error err;
    Golden g = {0};
    char *text;
    size_t length;
    if (!read_file("tests/golden/bootstrap.json", 1 << 24, &text, &length, &err)) fail_msg("%s", err.text);
    g.root = cJSON_Parse(text);
    assert_non_null(g.root);
    free(text);
    g.images = (size_t)member(g.root, "images"), g.classes = (size_t)member(g.root, "classes");
    g.resamples = (size_t)member(g.root, "resamples"), g.seed = (uint64_t)member(g.root, "seed");
    g.level = member(g.root, "level");
    double *labels = numbers(cJSON_GetObjectItem(g.root, "labels"));
    g.labels = xmalloc(g.images * g.classes);
    for (size_t i = 0; i < g.images * g.classes; i++) g.labels[i] = (int8_t)labels[i];
    free(labels);
    for (int i = 0; i < 4; i++)
        g.scores[i] = numbers(cJSON_GetArrayItem(cJSON_GetObjectItem(g.root, i < 2 ? "a" : "b"), i % 2));
    return g;
}

static void golden_close(Golden *g)
{
    cJSON_Delete(g->root);
    free(g->labels);
    for (int i = 0; i < 4; i++) free(g->scores[i]);
}

/* [4, resamples, classes] under a rule; caller frees. */
static double *resampled(const Golden *g, DifficultRule rule, const int32_t *given)
{
    Error err;
    Ranking sets[4];
    double *ap;
    for (int i = 0; i < 4; i++)
        assert_true(ranking_make(&sets[i], g->scores[i], g->labels, g->images, g->classes, rule, &err));
    assert_true(bootstrap_ap(sets, 4, &(Resampling){g->resamples, g->images, g->seed, given}, NULL, &ap, &err));
    for (int i = 0; i < 4; i++) ranking_free(&sets[i]);
    return ap;
}

static int32_t *drawn(const Golden *g)
{
    int32_t *indices = xmalloc(g->resamples * g->images * sizeof *indices);
    resampling_indices(&(Resampling){g->resamples, g->images, g->seed, NULL}, indices);
    return indices;
}

static void draws_equal_torch_randint_and_numpy(void **state)
{
    (void)state;
    Golden g = golden_open_case();
    int32_t *indices = drawn(&g);
    double *first = numbers(cJSON_GetObjectItem(g.root, "first")), *last = numbers(cJSON_GetObjectItem(g.root, "last"));
    for (size_t i = 0; i < g.images; i++) {
        assert_int_equal(indices[i], (int)first[i]);
        assert_int_equal(indices[(g.resamples - 1) * g.images + i], (int)last[i]);
    }
    free(indices), free(first), free(last);
    golden_close(&g);
}

/* The resample written out image by image, and sorted from scratch: the same bits. */
static void weights_equal_sorting_every_resample_anew(void **state)
{
    (void)state;
    Golden g = golden_open_case();
    int32_t *indices = drawn(&g);
    double *scores = xmalloc(g.images * sizeof *scores);
    int8_t *labels = xmalloc(g.images);
    for (DifficultRule rule = DIFFICULT_NEGATIVE; rule <= DIFFICULT_IGNORE; rule++) {
        double *ap = resampled(&g, rule, NULL), *again = resampled(&g, rule, indices);
        for (size_t place = 0; place < 4 * g.resamples * g.classes; place++) {
            const size_t set = place / g.classes / g.resamples, r = place / g.classes % g.resamples,
                         c = place % g.classes;
            for (size_t i = 0; i < g.images; i++) {
                const size_t at = (size_t)indices[r * g.images + i] * g.classes + c;
                scores[i] = g.scores[set][at], labels[i] = g.labels[at];
            }
            const double plain = average_precision(scores, labels, g.images, 1, rule);
            assert_true(isnan(plain) == isnan(ap[place]));
            if (!isnan(plain)) assert_true(memcmp(&plain, &ap[place], sizeof plain) == 0);
        }
        assert_memory_equal(ap, again, 4 * g.resamples * g.classes * sizeof *ap);
        free(ap), free(again);
    }
    free(indices), free(scores), free(labels);
    golden_close(&g);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    Golden g = golden_open_case();
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    double *one = resampled(&g, DIFFICULT_NEGATIVE, NULL);
    omp_set_num_threads(3);
    double *three = resampled(&g, DIFFICULT_NEGATIVE, NULL);
    omp_set_num_threads(before);
    assert_memory_equal(one, three, 4 * g.resamples * g.classes * sizeof *one);
    free(one), free(three);
    golden_close(&g);
}

static void ranking_gives_the_ap_of_the_metrics(void **state)
{
    (void)state;
    Golden g = golden_open_case();
    Error err;
    Ranking r;
    double ap[8];
    assert_true(ranking_make(&r, g.scores[0], g.labels, g.images, g.classes, DIFFICULT_IGNORE, &err));
    ranking_ap(&r, ap);
    for (size_t c = 0; c < g.classes; c++) {
        const double plain = average_precision(g.scores[0] + c, g.labels + c, g.images, g.classes, DIFFICULT_IGNORE);
        assert_true(memcmp(&plain, &ap[c], sizeof plain) == 0);
    }
    ranking_free(&r);
    golden_close(&g);
}

/* Every resample's difference, the interval and p, from scikit-learn and numpy; the rare class is missing in a third of them. */
static void differences_intervals_and_p_equal_numpy(void **state)
{
    (void)state;
    Golden g = golden_open_case();
    for (DifficultRule rule = DIFFICULT_NEGATIVE; rule <= DIFFICULT_IGNORE; rule++) {
        const cJSON *theirs =
            cJSON_GetObjectItem(cJSON_GetObjectItem(g.root, "rules"), rule == DIFFICULT_IGNORE ? "ignore" : "negative");
        double *expected = numbers(cJSON_GetObjectItem(theirs, "values")), *ap = resampled(&g, rule, NULL);
        double *diff = xmalloc(g.resamples * sizeof *diff);
        const size_t each = g.resamples * g.classes;
        for (size_t r = 0; r < g.resamples; r++) {
            const double *at = ap + r * g.classes;
            diff[r] = (mean_ap(at, g.classes) + mean_ap(at + each, g.classes) - mean_ap(at + 2 * each, g.classes) -
                       mean_ap(at + 3 * each, g.classes)) /
                      2;
            near(diff[r], expected[r], 1e-10);
        }
        const Verdict v = verdict_of(diff, g.resamples, g.level);
        near(v.low, member(theirs, "low"), 1e-10);
        near(v.high, member(theirs, "high"), 1e-10);
        near(v.p, member(theirs, "p"), 1e-15);
        free(expected), free(ap), free(diff);
    }
    golden_close(&g);
}

static void nan_scores_are_refused_by_place(void **state)
{
    (void)state;
    Error err;
    Ranking r;
    assert_false(ranking_make(&r, (double[]){1, 2, NAN, 3}, (int8_t[]){1, -1, -1, 1}, 2, 2, DIFFICULT_NEGATIVE, &err));
    assert_non_null(strstr(err.text, "image 1, class 0"));
}

/* ---- verdicts ---- */

static void p_is_never_smaller_than_the_resamples_can_show(void **state)
{
    (void)state;
    near(verdict_of((double[]){1, 2, 3}, 3, 95).p, 2.0 / 4, 1e-15);
    near(verdict_of((double[]){-1, -2, -3}, 3, 95).p, 2.0 / 4, 1e-15);
    near(verdict_of((double[]){0, 0, 0}, 3, 95).p, 1, 0);
    near(verdict_of((double[]){-1, 2, 3, 4, 5, 6, 7}, 7, 95).p, 2 * 2.0 / 8, 1e-15);
}

static void percentiles_lie_linearly_between_values(void **state)
{
    (void)state;
    const Verdict v = verdict_of((double[]){4, NAN, 1, 3, 2, 5}, 6, 50); /* numpy.percentile([1..5], [25, 75]) */
    assert_int_equal(v.used, 5);
    near(v.low, 2, 0);
    near(v.high, 4, 0);
    near(verdict_of((double[]){1, 2}, 2, 50).low, 1.25, 1e-15);
}

static void holm_steps_down_and_keeps_order(void **state)
{
    (void)state;
    double corrected[4];
    holm((double[]){0.01, 0.04, 0.03, 0.005}, 4, corrected);
    const double expected[] = {0.03, 0.06, 0.06, 0.02};
    for (int i = 0; i < 4; i++) near(corrected[i], expected[i], 1e-15);
    holm((double[]){0.5, 0.6}, 2, corrected);
    near(corrected[0], 1, 0);
    near(corrected[1], 1, 0);
}

/* ---- entrants ---- */

enum { IMAGES = 30, CLASSES = 3 };

/* A result file; what stays NULL or 0 is the usual. */
typedef struct Fake {
    const char *name, *dataset, *protocol, *file_prefix;
    int64_t seed;
    size_t images;
    unsigned noise;
    bool turn_a_label, swap_classes;
} Fake;

static const char *const names[] = {"cat", "dog", "cow"}, *const swapped[] = {"dog", "cat", "cow"};

static void fill(const Fake *f, size_t images, float *scores, int8_t *labels)
{
    uint32_t r = 5, noise = 17 + f->noise;
    for (size_t i = 0; i < images * CLASSES; i++) {
        r = r * 1664525u + 1013904223u, noise = noise * 1664525u + 1013904223u;
        labels[i] = (r >> 28) < 5 ? 1 : -1;
        scores[i] = (float)((noise >> 20) & 255) / 256 + (labels[i] > 0 ? 0.4f : 0);
    }
    if (f->turn_a_label) labels[7] = (int8_t)-labels[7];
}

static char *write_fake(Fake f)
{
    Error err;
    const size_t images = f.images ? f.images : IMAGES, dim[2] = {images, CLASSES};
    float scores[2 * IMAGES * CLASSES];
    int8_t labels[2 * IMAGES * CLASSES];
    char *files[2 * IMAGES];
    fill(&f, images, scores, labels);
    for (size_t i = 0; i < images; i++) files[i] = xformat("%s/%zu.png", f.file_prefix ? f.file_prefix : "images", i);
    char *sub = in_folder("store/score"), *path = xformat("%s/%s-s%d.h5", sub, f.name, (int)f.seed);
    assert_true(make_folders(sub, &err));
    ArtifactWriter *w = artifact_create(path, "{\"config\":{\"setting\":\"zero-shot\"}}", &err);
    assert_non_null(w);
    artifact_write_floats(w, "scores", 2, dim, scores);
    artifact_write_int8(w, "labels", 2, dim, labels);
    artifact_write_texts(w, "classes", CLASSES, f.swap_classes ? swapped : names);
    artifact_write_texts(w, "files", images, (const char *const *)files);
    artifact_write_doubles(w, "ap", 1, (size_t[]){CLASSES}, (double[CLASSES]){0});
    const char *const words[][2] = {{"experiment", f.name}, {"method", "fake"},
                                    {"model", "fake"},      {"dataset", f.dataset ? f.dataset : "tiny"},
                                    {"options", "{}"},      {"protocol", f.protocol ? f.protocol : "default"},
                                    {"provenance", "{}"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) artifact_attribute_text(w, words[i][0], words[i][1]);
    artifact_attribute_integer(w, "seed", f.seed);
    artifact_attribute_number(w, "map", 0);
    assert_true(artifact_commit(w, &err));
    for (size_t i = 0; i < images; i++) free(files[i]);
    free(sub);
    return path;
}

static EntrantSources sources_of(const char *reference)
{
    Error err;
    EntrantSources s;
    static char store[128];
    snprintf(store, sizeof store, "%s/store", scratch_folder);
    if (!entrant_sources_open(&s, store, reference, NULL, &err)) fail_msg("%s", err.text);
    return s;
}

static Entrant opened(const EntrantSources *s, const char *name)
{
    Error err;
    Entrant e;
    if (!entrant_open(&e, s, name, NULL, &err)) fail_msg("%s", err.text);
    return e;
}

/* Compares a plain entrant with one that differs, and looks for words in the refusal. */
static void refuses(Fake other, const char *first, const char *second)
{
    Error err;
    free(write_fake((Fake){.name = "plain", .seed = 1}));
    other.name = "other", other.seed = 1;
    free(write_fake(other));
    EntrantSources s = sources_of("nowhere");
    Entrant a = opened(&s, "plain"), b = opened(&s, "other");
    assert_false(entrants_agree(&a, &b, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
    if (!strstr(err.text, first) || !strstr(err.text, second)) fail_msg("%s", err.text);
    entrant_free(&a), entrant_free(&b);
    entrant_sources_close(&s);
}

static void what_was_not_measured_alike_is_not_compared(void **state)
{
    (void)state;
    refuses((Fake){.dataset = "elsewhere"}, "data set tiny", "elsewhere");
    refuses((Fake){.protocol = "448-stretch"}, "protocol default", "448-stretch");
    refuses((Fake){.protocol = "voc-difficult-ignored"}, "protocol default", "voc-difficult-ignored");
    refuses((Fake){.images = 2 * IMAGES}, "30 images", "60");
    refuses((Fake){.turn_a_label = true}, "image 3, class 2", "labels");
    refuses((Fake){.swap_classes = true}, "class 1", "\"dog\"");
    refuses((Fake){.file_prefix = "pictures"}, "image 1", "pictures/0.png");
}

static void a_name_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    Error err;
    Entrant e;
    free(write_fake((Fake){.name = "plain", .seed = 1}));
    EntrantSources s = sources_of("nowhere");
    assert_false(entrant_open(&e, &s, "nobody", NULL, &err));
    assert_non_null(strstr(err.text, "nobody"));
    assert_false(entrant_open(&e, &s, "reference:plain", NULL, &err));
    assert_false(entrant_open(&e, &s, "plain:scores_local", NULL, &err));
    assert_non_null(strstr(err.text, "it has scores"));
    entrant_sources_close(&s);
}

static void seeds_are_averaged_and_paired(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 3; seed++) {
        free(write_fake((Fake){.name = "three", .seed = seed, .noise = seed}));
        free(write_fake((Fake){.name = "more", .seed = seed, .noise = 10 * seed}));
    }
    free(write_fake((Fake){.name = "single", .seed = 1, .noise = 77}));
    EntrantSources s = sources_of("nowhere");
    Entrant e[3] = {opened(&s, "three"), opened(&s, "more"), opened(&s, "single")};
    Error err;
    Comparison c;
    assert_true(compare_entrants(&c, e, 3, &(CompareOptions){.resamples = 200, .seed = 1, .level = 95}, NULL, &err));
    assert_int_equal(c.pair_count, 3);
    near(c.pairs[0].diff, (e[0].map[0] + e[0].map[1] + e[0].map[2] - e[1].map[0] - e[1].map[1] - e[1].map[2]) / 3,
         1e-12);
    assert_true(c.pairs[0].paired);
    double by_seed[3];
    for (int i = 0; i < 3; i++) by_seed[i] = e[0].map[i] - e[1].map[i];
    near(c.pairs[0].seed_diff.std, spread_of(by_seed, 3).std, 0);
    assert_false(c.pairs[1].paired);
    for (size_t i = 0; i < 3; i++) {
        const Pair *p = &c.pairs[i];
        assert_int_equal(p->wins + p->ties + p->losses, CLASSES);
        assert_true(p->low <= p->high && p->p <= p->p_holm);
        for (size_t k = 1; k < p->class_count; k++) assert_true(p->classes[k - 1].diff >= p->classes[k].diff);
    }
    comparison_free(&c);
    for (int i = 0; i < 3; i++) entrant_free(&e[i]);
    entrant_sources_close(&s);
}

/* ---- reference results ---- */

static void a_reference_result_compares_bit_for_bit_like_the_result(void **state)
{
    (void)state;
    Error err;
    char *reference = in_folder("reference");
    free(write_fake((Fake){.name = "mine[lr=0.1]", .seed = 1, .noise = 3}));
    free(write_fake((Fake){.name = "single", .seed = 1, .noise = 77}));
    EntrantSources s = sources_of(reference);
    assert_true(reference_export(&s.stored, reference, NULL, &err));
    entrant_sources_close(&s);
    s = sources_of(reference);
    assert_true(s.referenced.count == s.stored.count);
    Entrant plain[2] = {opened(&s, "mine[lr=0.1]"), opened(&s, "single")};
    Entrant kept[2] = {opened(&s, "reference:mine[lr=0.1]"), opened(&s, "reference:single")};
    assert_true(entrants_agree(&plain[0], &kept[0], &err));
    assert_string_equal(kept[0].setting, "zero-shot");
    assert_int_equal(kept[0].sheet.files.count, IMAGES);
    const CompareOptions options = {.resamples = 100, .seed = 1, .level = 95};
    Comparison a, b;
    assert_true(compare_entrants(&a, plain, 2, &options, NULL, &err));
    assert_true(compare_entrants(&b, kept, 2, &options, NULL, &err));
    assert_memory_equal(&a.pairs[0].diff, &b.pairs[0].diff, 5 * sizeof(double)); /* diff, low, high, p, p_holm */
    comparison_free(&a), comparison_free(&b);
    for (int i = 0; i < 2; i++) entrant_free(&plain[i]), entrant_free(&kept[i]);
    entrant_sources_close(&s);
    free(reference);
}

/* ---- resamples in files ---- */

static void resamples_go_through_a_file_and_are_checked(void **state)
{
    (void)state;
    Error err;
    char *path = in_folder("resamples.h5");
    int32_t *indices, drawn_ones[5 * IMAGES];
    size_t count;
    const Resampling how = {5, IMAGES, 3, NULL};
    resampling_indices(&how, drawn_ones);
    assert_true(resamples_write(path, &how, &err));
    assert_true(resamples_read(path, IMAGES, &indices, &count, &err));
    assert_int_equal(count, 5);
    assert_memory_equal(indices, drawn_ones, sizeof drawn_ones);
    free(indices);
    assert_false(resamples_read(path, IMAGES - 1, &indices, &count, &err));
    ArtifactWriter *w = artifact_create(path, NULL, &err);
    artifact_write_int32(w, "indices", 2, (size_t[]){1, 3}, (int32_t[]){0, 3, 1});
    assert_true(artifact_commit(w, &err));
    assert_false(resamples_read(path, 3, &indices, &count, &err));
    assert_non_null(strstr(err.text, "image 3"));
    free(path);
}

/* ---- scores of others ---- */

static bool import(const char *scores, const char *labels, Imported *imported, Error *err)
{
    char *file = in_folder("theirs.csv"), *label_file = in_folder("labels.csv"), *store = in_folder("imports");
    assert_true(write_file(file, scores, strlen(scores), err));
    if (labels) assert_true(write_file(label_file, labels, strlen(labels), err));
    const ImportRequest request = {
        .file = file, .name = "theirs", .labels = labels ? label_file : NULL, .seed = 1, .store = store};
    const bool good = import_scores(&request, imported, err);
    free(file), free(label_file), free(store);
    return good;
}

static void a_csv_finds_its_labels_by_name_in_any_order(void **state)
{
    (void)state;
    Error err;
    Imported imported;
    if (!import("file,dog,\"a \"\"cat\"\"\"\r\nb.png,0.1,0.9\r\n\"c,d.png\", 0.7,1e-3\r\na.png,-2,0.5\r\n",
                "file,\"a \"\"cat\"\"\",dog\na.png,1,0\nb.png,1,0\n\"c,d.png\",0,1\n", &imported, &err))
        fail_msg("%s", err.text);
    near(imported.map, 100, 0);
    ScoreFile f;
    AnswerSheet sheet;
    double *scores;
    assert_true(score_file_open(&f, imported.path, &err));
    assert_true(answer_sheet_read(&sheet, &f, &err));
    assert_true(score_file_set(&f, "scores", &scores, &err));
    assert_string_equal(sheet.class_names.items[0], "a \"cat\"");
    assert_string_equal(sheet.files.items[2], "c,d.png");
    near(scores[0], 0.5, 0); /* a.png, cat */
    near(scores[5], 0.7, 0); /* c,d.png, dog: kept in double */
    assert_int_equal(sheet.labels[1], -1);
    free(scores);
    answer_sheet_free(&sheet);
    score_file_close(&f);
    free(imported.path);
}

static void refuses_import(const char *scores, const char *labels, const char *word)
{
    Error err;
    Imported imported;
    assert_false(import(scores, labels, &imported, &err));
    if (!strstr(err.text, word)) fail_msg("%s", err.text);
}

static void broken_tables_are_refused_by_line(void **state)
{
    (void)state;
    const char *labels = "file,cat,dog\na,1,-1\nb,-1,1\n";
    refuses_import("file,cat,dog\na,1,2\nb,3\n", labels, "line 3 has 2 fields, the first line 3");
    refuses_import("file,cat,dog\na,1,nan\nb,3,4\n", labels, "line 2: dog: \"nan\"");
    refuses_import("file,cat,dog\na,1,2x\nb,3,4\n", labels, "line 2: dog: \"2x\"");
    refuses_import("file,cat,dog\na,1,\nb,3,4\n", labels, "line 2: dog: \"\"");
    refuses_import("file,cat,dog\na,1,2\n\na,3,4\n", labels, "line 4: the file a stands in line 2 already");
    refuses_import("file,cat,dog\na,1,2\n./a,1,3\nb,3,4\n", labels, "line 3: the file ./a stands in line 2 already");
    refuses_import("file;cat;dog\na;0,25;-1,5\nb;3;4\n", labels,
                   "line 2: cat: \"0,25\" is not a finite number; write a decimal point");
    refuses_import("file,cat,dog\na,0,25,-1,5\nb,3,4\n", labels,
                   "5 fields, the first line 3; a file and a number for every class are needed, commas between them "
                   "(numbers with decimal commas?");
    refuses_import("file\tcat\tdog\na\t1\nb\t3\t4\n", labels, "line 2 has 2 fields, the first line 3");
    refuses_import("file,cat,cat\na,1,2\nb,3,4\n", labels, "the class cat stands twice");
    refuses_import("image,cat,dog\na,1,2\n", labels, "line 1");
    refuses_import("file,cat,dog\n\"a,1,2\nb,3,4\n", labels, "line 2: a quoted field");
    refuses_import("file,cat,dog\n\"a\"x,1,2\nb,3,4\n", labels, "line 2: a quoted field");
    refuses_import("file,c\xC2t,dog\na,1,2\nb,3,4\n", labels, ":1: column 7: the byte 0xC2 is not UTF-8");
    refuses_import("", labels, "empty");
    refuses_import("file,cat,dog\n", labels, "no line but the first");
    refuses_import("file,cat,dog\na,1,2\n", labels, "the image b is missing");
    refuses_import("file,cat,dog\na,1,2\nb,3,4\nc,5,6\n", labels, "3 image names");
    refuses_import("file,cat,cow\na,1,2\nb,3,4\n", labels, "the class dog is missing");
    refuses_import("file,cat,dog\na,1,2\nb,3,4\n", "file,cat,dog\na,1,2\nb,-1,1\n", "line 2: dog: 2 is no label");
    refuses_import("file,cat,dog\na,1,2\nb,3,4\n", "file,cat,dog\na,-1,-1\nb,-1,-1\n", "no class has a positive label");
    refuses_import("file,cat,dog\na,1,2\nb,3,4\n", NULL, "--dataset");
}

static void an_imported_result_takes_no_name_of_ours(void **state)
{
    (void)state;
    Error err;
    Imported imported;
    char *path = write_fake((Fake){.name = "ours", .seed = 1}), *store = in_folder("store");
    ImportRequest request = {.file = path, .name = "ours", .seed = 1, .store = store};
    assert_false(import_scores(&request, &imported, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
    assert_non_null(strstr(err.text, "choose another"));
    request.name = "theirs";
    request.dataset = "voc2007";
    assert_false(import_scores(&request, &imported, &err));
    assert_non_null(strstr(err.text, "3 classes, voc2007 has 20"));
    request.dataset = NULL;
    assert_true(import_scores(&request, &imported, &err));
    free(imported.path);

    const char *asked[] = {"theirs", NULL};
    ResultList list = {0};
    assert_true(results_load(store, asked, &list, NULL, &err));
    assert_string_equal(list.items[0].method, "imported");
    assert_string_equal(list.items[0].dataset, "tiny"); /* a result of ours says what it is of */
    results_free(&list);
    free(path), free(store);
}

#define fresh(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_equal_torch_randint_and_numpy),
        cmocka_unit_test(weights_equal_sorting_every_resample_anew),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(ranking_gives_the_ap_of_the_metrics),
        cmocka_unit_test(differences_intervals_and_p_equal_numpy),
        cmocka_unit_test(nan_scores_are_refused_by_place),
        cmocka_unit_test(p_is_never_smaller_than_the_resamples_can_show),
        cmocka_unit_test(percentiles_lie_linearly_between_values),
        cmocka_unit_test(holm_steps_down_and_keeps_order),
        fresh(what_was_not_measured_alike_is_not_compared),
        fresh(a_name_that_nobody_knows_is_refused),
        fresh(seeds_are_averaged_and_paired),
        fresh(a_reference_result_compares_bit_for_bit_like_the_result),
        fresh(resamples_go_through_a_file_and_are_checked),
        fresh(a_csv_finds_its_labels_by_name_in_any_order),
        fresh(broken_tables_are_refused_by_line),
        fresh(an_imported_result_takes_no_name_of_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
