/* Sections of the report: principal components, the modality gap, the ablation's differences and curves, and pages of a store made
 * here with generated images, judged objects and heat maps. */
#include "harness/base/memory.h"
#include "harness/io/artifact.h"
#include "harness/io/image.h"
#include "reports/ablation_curves.h"
#include "reports/gnuplot.h"
#include "reports/modality_gap.h"
#include "reports/pca.h"
#include "tests/golden_arrays.h"
#include "tests/report_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>
/* cmocka.h needs the four standard headers above. */
#include <cmocka.h>

enum { IMAGES = 4, CLASSES = 2, DRAWN = 30, SIDE = 8, WIDTH = 5, JUDGED = 6 };

static char store[] = "/tmp/palbench-sections-XXXXXX";
static const char *const classes[] = {"cat & co", "<dog>"};

/* ---- principal components and gaps ---- */

static void pca_finds_what_numpy_does(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/reports_pca.safetensors");
    float *rows = golden_floats(st, "rows"), *axes = golden_floats(st, "axes"), *mean = golden_floats(st, "mean");
    float *variance = golden_floats(st, "variance"), *total = golden_floats(st, "total");
    Pca pca;
    pca_fit(&pca, rows, 90, 24, 3);
    assert_true(fabs(pca.total - (double)total[0]) < 1e-5 * pca.total); /* the golden values are floats */
    for (size_t d = 0; d < 24; d++) assert_true(fabs(pca.mean[d] - (double)mean[d]) < 1e-6);
    for (size_t k = 0; k < 3; k++) {
        assert_true(fabs(pca.variance[k] - (double)variance[k]) < 1e-6 * pca.total);
        for (size_t d = 0; d < 24; d++) assert_true(fabs(pca.axes[k * 24 + d] - (double)axes[k * 24 + d]) < 2e-6);
    }
    pca_free(&pca);
    free(rows), free(axes), free(mean), free(variance), free(total);
    tensor_file_close(st);
}

static void pca_of_points_on_a_line_has_one_component(void **state)
{
    (void)state;
    float rows[5][3];
    for (int i = 0; i < 5; i++) rows[i][0] = 3.0f * (float)i, rows[i][1] = 7, rows[i][2] = -4.0f * (float)i;
    Pca pca;
    double at[2];
    pca_fit(&pca, rows[0], 5, 3, 2);
    assert_true(fabs(pca.variance[0] - 62.5) < 1e-9 && pca.variance[1] < 1e-9); /* 25 var(0..4) */
    assert_true(fabs(pca.axes[2] - 0.8) < 1e-12 && fabs(pca.axes[0] + 0.6) < 1e-12);
    pca_project(&pca, rows[4], at);
    assert_true(fabs(at[0] + 10) < 1e-9);
    pca_free(&pca);
}

static void gap_is_of_unit_length_features(void **state)
{
    (void)state;
    const float a[4] = {2, 0, 0, 3}, b[4] = {0, -1, -5, 0};
    FeatureSet x = {.count = 2, .width = 2, .rows = xmalloc(sizeof a)}, y = {.count = 2, .width = 2};
    y.rows = xmalloc(sizeof b);
    memcpy(x.rows, a, sizeof a), memcpy(y.rows, b, sizeof b);
    feature_set_measure(&x), feature_set_measure(&y); /* means (.5, .5) and (-.5, -.5) */
    assert_true(fabs(gap_distance(&x, &y) - sqrt(2)) < 1e-12);
    assert_true(fabs(gap_cosine_of_means(&x, &y) + 1) < 1e-12);
    assert_true(fabs(gap_mean_cosine(&x, &y) + 0.5) < 1e-12);
    assert_true(fabs(gap_mean_cosine(&x, &x)) < 1e-12); /* its two rows are at right angles */
    feature_set_free(&x), feature_set_free(&y);
}

/* ---- a store ---- */

/* 64 hex digits, the word's letters in hexadecimal first. */
static char *hash_of(const char *word)
{
    char *hash = xformat("%064d", 0);
    for (size_t i = 0; word[i] && i < 32; i++) {
        hash[2 * i] = "0123456789abcdef"[word[i] >> 4 & 15];
        hash[2 * i + 1] = "0123456789abcdef"[word[i] & 15];
    }
    return hash;
}

/* Begins STORE/STAGE/WORD-HASH.h5; `inputs` lists stage, word, stage, word, ..., NULL. */
static ArtifactWriter *begin(const char *stage, const char *word, const char *const *inputs)
{
    Error err;
    char *hash = hash_of(word), *folder = xformat("%s/%s", store, stage);
    char *path = xformat("%s/%s-%.16s.h5", folder, word, hash);
    Text config = {0};
    text_addf(&config, "{\"config\":{\"protocol_fields\":{\"resize\":\"crop\"}},\"hash\":\"%s\",\"inputs\":{", hash);
    for (size_t i = 0; inputs && inputs[i]; i += 2) {
        char *input = hash_of(inputs[i + 1]);
        text_addf(&config, "%s\"%s\":\"%s\"", i ? "," : "", inputs[i], input);
        free(input);
    }
    text_add(&config, "}}");
    assert_true(make_folders(folder, &err));
    ArtifactWriter *w = artifact_create(path, config.data, &err);
    assert_non_null(w);
    text_free(&config);
    free(hash), free(folder), free(path);
    return w;
}

static void commit(ArtifactWriter *w)
{
    Error err;
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
}

static void generator_attributes(ArtifactWriter *w, int steps)
{
    artifact_attribute_text(w, "model_hash", "abc");
    artifact_attribute_text(w, "scheduler", "ddim");
    artifact_attribute_integer(w, "steps", steps);
    artifact_attribute_number(w, "guidance", 4);
    artifact_attribute_text(w, "size", "8x8");
}

static void generated_images(const char *word, int steps)
{
    uint8_t pixels[DRAWN * SIDE * SIDE * 3];
    int8_t labels[DRAWN * CLASSES];
    const char *captions[DRAWN];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * 7);
    for (int i = 0; i < DRAWN; i++)
        captions[i] = "a cat and a dog on a very long sofa that does not end before the line";
    for (int i = 0; i < DRAWN * CLASSES; i++) labels[i] = i % 3 ? 1 : -1;
    ArtifactWriter *w = begin("generate", word, NULL);
    artifact_write_bytes(w, "images", 4, (size_t[]){DRAWN, SIDE, SIDE, 3}, pixels);
    artifact_write_texts(w, "captions", DRAWN, captions);
    artifact_write_int8(w, "labels", 2, (size_t[]){DRAWN, CLASSES}, labels);
    artifact_write_texts(w, "classes", CLASSES, classes);
    generator_attributes(w, steps);
    commit(w);
}

static void image_features(const char *word, const char *const *inputs, float shift)
{
    float rows[IMAGES][WIDTH];
    for (int i = 0; i < IMAGES; i++)
        for (int d = 0; d < WIDTH; d++) rows[i][d] = shift + (float)((5 * i + d) % 7) + (float)i;
    ArtifactWriter *w = begin("encode-image", word, inputs);
    artifact_write_floats(w, "global", 2, (size_t[]){IMAGES, WIDTH}, rows[0]);
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, (int32_t[]){2, 3});
    commit(w);
}

static void text_features(void)
{
    const float rows[3][WIDTH] = {{1, 2, 0, 0, 1}, {0, 1, 3, 0, 1}, {1, 1, 0, 2, 1}};
    ArtifactWriter *w = begin("encode-text", "texts", NULL);
    artifact_write_floats(w, "global", 2, (size_t[]){3, WIDTH}, rows[0]);
    artifact_write_int64(w, "offsets", 1, (size_t[]){4}, (int64_t[]){0, 1, 2, 3});
    artifact_write_int32(w, "tokens", 1, (size_t[]){3}, (int32_t[]){1, 2, 3});
    commit(w);
}

static void judged_objects(void)
{
    uint8_t pixels[JUDGED * SIDE * SIDE * 3];
    const char *captions[JUDGED] = {"a", "b", "c", "d", "e", "f"};
    memset(pixels, 99, sizeof pixels);
    ArtifactWriter *w = begin("judge", "judge", NULL);
    artifact_write_bytes(w, "images", 4, (size_t[]){JUDGED, SIDE, SIDE, 3}, pixels);
    artifact_write_texts(w, "captions", JUDGED, captions);
    artifact_write_int32(w, "classes_asked", 1, (size_t[]){JUDGED}, (int32_t[]){0, 1, 0, 1, 0, 1});
    artifact_write_int32(w, "classes_seen", 1, (size_t[]){JUDGED}, (int32_t[]){0, 0, 0, 1, 0, 1});
    artifact_write_texts(w, "classes", CLASSES, classes);
    generator_attributes(w, 12);
    commit(w);
}

static void one_result(const char *experiment, int seed, double map, const char *options, const char *train)
{
    char *word = xformat("%s-%d", experiment, seed);
    const float scores[IMAGES][CLASSES] = {{0.9f, 0.1f}, {0.2f, 0.8f}, {0.7f, 0.6f}, {0.1f, 0.3f}};
    const int8_t labels[IMAGES][CLASSES] = {{1, -1}, {-1, 1}, {1, 1}, {-1, -1}};
    float maps[2 * CLASSES * 6];
    for (int i = 0; i < 2 * CLASSES * 6; i++) maps[i] = (float)(i % 6) / 6;
    ArtifactWriter *w = begin("score", word, (const char *[]){"encode-image", "test", "train", train, NULL});
    artifact_write_floats(w, "scores", 2, (size_t[]){IMAGES, CLASSES}, scores[0]);
    artifact_write_int8(w, "labels", 2, (size_t[]){IMAGES, CLASSES}, labels[0]);
    artifact_write_texts(w, "classes", CLASSES, classes);
    artifact_write_texts(w, "files", IMAGES, (const char *[]){"a", "b", "c", "d"});
    artifact_write_doubles(w, "ap", 1, (size_t[]){CLASSES}, (double[]){map + 1, map - 1});
    artifact_write_floats(w, "heat_maps", 3, (size_t[]){2, CLASSES, 6}, maps);
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, (int32_t[]){2, 3});
    const char *const texts[][2] = {
        {"experiment", experiment}, {"method", "t2i_pal"}, {"dataset", "tiny"},  {"model", "m"},
        {"protocol", "p"},          {"options", options},  {"provenance", "{}"}, {"note", "only the abstract"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) artifact_attribute_text(w, texts[i][0], texts[i][1]);
    artifact_attribute_integer(w, "seed", seed);
    artifact_attribute_number(w, "map", map);
    commit(w);
    free(word);
}

static int make_store(void **state)
{
    (void)state;
    if (!mkdtemp(store)) return -1;
    generated_images("drawn", 12), generated_images("quick", 3);
    image_features("test", NULL, 0);
    image_features("of-drawn", (const char *[]){"generate", "drawn", NULL}, 1);
    image_features("by-quick", (const char *[]){"generate", "quick", NULL}, 2);
    text_features();
    judged_objects();
    commit(begin("train", "learned", (const char *[]){"encode-image", "of-drawn", "encode-text", "texts", NULL}));
    commit(begin("train", "hurried", (const char *[]){"encode-image", "by-quick", "encode-text", "texts", NULL}));
    one_result("full", 1, 60, "{\"adapter\":true,\"alpha\":1}", "learned");
    one_result("full", 2, 62, "{\"adapter\":true,\"alpha\":1}", "learned");
    one_result("plain", 1, 57, "{\"adapter\":false,\"alpha\":1}", "learned");
    one_result("plain", 2, 58, "{\"adapter\":false,\"alpha\":1}", "learned");
    one_result("soft", 1, 61, "{\"adapter\":true,\"alpha\":0.5}", "learned");
    one_result("fast", 1, 50, "{\"adapter\":true,\"alpha\":1}", "hurried");
    return 0;
}

static int remove_store(void **state)
{
    (void)state;
    return remove_folder(store);
}

static const char *const main_names[] = {"full", NULL};
static const char *const ablate_names[] = {"full", "plain", "soft", "fast", "not-run", NULL};
static const AblationSuite ablate = {"ablate_tiny", ablate_names, ablate_names};

/* ---- what a result was made from, and the ablation ---- */

static void inputs_are_found_by_their_hashes(void **state)
{
    (void)state;
    StoredFiles files = {0};
    InputFiles inputs = {0};
    ResultList results = {0};
    Error err;
    store_list(store, &files);
    assert_true(results_load(store, (const char *[]){"fast", NULL}, &results, NULL, &err));
    assert_true(inputs_find(&files, results.items[0].file, &inputs, &err));
    assert_int_equal(inputs.count, 5); /* test, train, features, texts, images */
    assert_non_null(strstr(inputs_get(&inputs, "encode-image", NULL)->path, "/test-"));
    assert_non_null(strstr(inputs_get(&inputs, "encode-image", "generate")->path, "/by-quick-"));
    assert_non_null(strstr(inputs_get(&inputs, "generate", NULL)->path, "/quick-"));
    assert_null(inputs_get(&inputs, "judge", NULL));
    inputs_free(&inputs);
    results_free(&results);
    stored_files_free(&files);
}

static void ablations_stand_on_pages_of_their_full_method(void **state)
{
    (void)state;
    Error err;
    ResultList results = {0};
    const char *const whole[] = {"full", "plain", "soft", "fast", NULL}, *const others[] = {"plain", "soft", NULL};
    const char *const not_run[] = {"full", "not-run", NULL};
    assert_true(results_load(store, NULL, &results, NULL, &err));
    assert_true(ablation_belongs(&ablate, main_names, &results));
    assert_false(ablation_belongs(&ablate, others, &results)); /* the full method is not on that page */
    assert_false(ablation_belongs(&ablate, whole, &results));  /* the page has all of it */
    assert_false(ablation_belongs(&(AblationSuite){"a", not_run, not_run}, main_names, &results));
    results_free(&results);
}

static void differences_are_taken_seed_by_seed(void **state)
{
    (void)state;
    Error err;
    ResultList results = {0};
    Ablation a;
    assert_true(results_load(store, NULL, &results, NULL, &err));
    ablation_make(&a, &ablate, &results);
    assert_int_equal(a.count, 4); /* what was not run is left out */
    assert_int_equal(a.rows[0].difference.count, 0);
    assert_true(fabs(a.rows[1].difference.mean + 3.5) < 1e-9);
    assert_true(fabs(a.rows[1].difference.std - sqrt(0.5)) < 1e-9);
    assert_int_equal(a.rows[2].difference.count, 1); /* seed 1 alone */
    assert_true(fabs(a.rows[2].difference.mean - 1) < 1e-9);
    ablation_free(&a);
    results_free(&results);
}

static void curves_join_what_differs_in_one_number(void **state)
{
    (void)state;
    Error err;
    ResultList results = {0};
    StoredFiles files = {0};
    Ablation a;
    CurveSource sources[4];
    CurveSets sets;
    store_list(store, &files);
    assert_true(results_load(store, NULL, &results, NULL, &err));
    ablation_make(&a, &ablate, &results);
    for (size_t i = 0; i < 4; i++) {
        sources[i].row = &a.rows[i];
        assert_true(settings_of(a.rows[i].results[0], &files, &sources[i].settings, &err));
    }
    curves_find(&sets, sources, 4);
    assert_int_equal(sets.count, 2); /* adapter is no number */
    assert_string_equal(sets.items[0].key, "alpha");
    assert_int_equal(sets.items[0].count, 1);
    assert_int_equal(sets.items[0].curves[0].count, 2);
    assert_ptr_equal(sets.items[0].curves[0].points[0], &sources[2]); /* 0.5 before 1 */
    assert_string_equal(sets.items[1].key, "generate.steps");
    assert_ptr_equal(sets.items[1].curves[0].points[0], &sources[3]);
    curves_free(&sets);
    for (size_t i = 0; i < 4; i++) settings_free(&sources[i].settings);
    ablation_free(&a);
    stored_files_free(&files);
    results_free(&results);
}

static void curves_run_over_shots_and_over_shares_known(void **state)
{
    (void)state;
    static char *const settings[] = {"few-shot 4", "few-shot 1", "partial 0.5", "full", "partial 0.1", "partial m.txt"};
    StoredResult results[6];
    AblationRow rows[6];
    CurveSource sources[6];
    CurveSets sets;
    const StoredFiles nothing = {0};
    Error err;
    for (size_t i = 0; i < 6; i++) {
        results[i] =
            (StoredResult){.dataset = "tiny", .protocol = "p", .model = "m", .method = "coop", .options = "{}"};
        results[i].config = "{}", results[i].file = "none.h5", results[i].setting = settings[i];
        rows[i] = (AblationRow){.map = {.mean = 50}};
        sources[i].row = &rows[i];
        assert_true(settings_of(&results[i], &nothing, &sources[i].settings, &err));
    }
    curves_find(&sets, sources, 6);
    assert_int_equal(sets.count, 2);
    assert_string_equal(sets.items[0].key, "setting.few_shot");
    assert_int_equal(sets.items[0].curves[0].count, 2);
    assert_ptr_equal(sets.items[0].curves[0].points[0], &sources[1]);
    assert_string_equal(sets.items[1].key, "setting.partial");
    assert_int_equal(sets.items[1].curves[0].count, 2); /* the list of a file is no number */
    assert_ptr_equal(sets.items[1].curves[0].points[1], &sources[2]);
    curves_free(&sets);
    for (size_t i = 0; i < 6; i++) settings_free(&sources[i].settings);
}

/* ---- pages ---- */

static bool grey_picture(void *context, const StoredResult *r, size_t image, uint8_t **png, size_t *bytes, Error *err)
{
    (void)context, (void)r, (void)image;
    uint8_t pixels[8 * 6 * 3];
    memset(pixels, 128, sizeof pixels);
    return image_encode_png(&(Image){8, 6, pixels}, png, bytes, err);
}

/* The pictures from `*context` on are gone. */
static bool lost_picture(void *context, const StoredResult *r, size_t image, uint8_t **png, size_t *bytes, Error *err)
{
    if (image >= *(const size_t *)context) return (fail)(err, "pictures/%zu.jpg: cannot open", image);
    return grey_picture(context, r, image, png, bytes, err);
}

/* A report of which so many pictures are there. */
static void report_after_loss(size_t left, const char *out)
{
    Error err = {0};
    TextList noted = {0};
    const ReportOptions options = {.title = "tiny",
                                   .experiments = main_names,
                                   .labels = main_names,
                                   .store = store,
                                   .out = out,
                                   .picture = lost_picture,
                                   .picture_context = &left,
                                   .noted = &noted};
    if (!report_of_store(options, &err)) fail_msg("%s", err.text);
    assert_int_equal(noted.count, 1); /* by the sheet of examples; not again by the heat maps */
    text_list_free(&noted);
}

static void pictures_that_are_gone_stop_no_report(void **state)
{
    (void)state;
    for (size_t left = 0; left < 2; left++) {
        char *out = xformat("%s/lost-%zu", store, left), *sheet = xformat("%s/figures/examples.svg", out),
             *maps = xformat("%s/figures/heat_maps.svg", out);
        report_after_loss(left, out);
        char *page = contents(out, "index.html"),
             *sentence = strstr(page, "Pictures of tiny cannot be shown: pictures/");
        assert_non_null(sentence);
        assert_null(strstr(sentence + 1, "Pictures of tiny"));
        assert_int_equal(path_exists(sheet), left > 0); /* one of them is there: a sheet with grey squares */
        assert_int_equal(path_exists(maps), left > 0);
        free(page), free(out), free(sheet), free(maps);
    }
}

static bool try_report(const char *out, Error *err)
{
    const ReportOptions options = {.title = "tiny",
                                   .experiments = main_names,
                                   .labels = main_names,
                                   .ablations = &ablate,
                                   .ablation_count = 1,
                                   .store = store,
                                   .out = out,
                                   .picture = grey_picture};
    return report_of_store(options, err);
}

static void check_report(const char *out, bool plots)
{
    Error err = {0};
    if (!try_report(out, &err)) fail_msg("%s", err.text);
    char *page = contents(out, "index.html"), *markdown = contents(out, "report.md"),
         *latex = contents(out, "report.tex");
    assert_non_null(strstr(page, "names 5 of 6 generated single objects (83.3 %; ddim, 12 steps, guidance 4, 8x8)"));
    assert_non_null(strstr(page, "24 of 30 images that the text-to-image model drew"));
    assert_non_null(strstr(page, "each of the 2 x 3 positions"));
    assert_non_null(strstr(page, "3 captions, 4 generated images and 4 test images of tiny"));
    assert_non_null(strstr(page, "<sup>1</sup> <b>t2i_pal</b>: only the abstract"));
    assert_non_null(strstr(markdown, "| plain | **57.5 ± 0.7** <sup>a</sup> | -3.5 ± 0.7 | 2 |"));
    assert_non_null(strstr(markdown, "| \\<dog\\> | 3 | 2 | 67 | cat \\& co |"));
    assert_non_null(strstr(latex, "plain & \\textbf{57.5 $\\pm$ 0.7}$^{a}$ & -3.5 $\\pm$ 0.7 & 2"));
    assert_non_null(strstr(latex, "$^{1}$ t2i\\_pal: only the abstract"));
    assert_int_equal(strstr(page, "mAP against generate.steps") != NULL, plots);
    assert_int_equal(strstr(page, "first two principal components") != NULL, plots);
    assert_int_equal(strstr(page, "Reliability: of all pairs") != NULL, plots);
    assert_non_null(strstr(page, "<th>F1@5</th>"));
    assert_non_null(strstr(markdown, "| head | medium |"));
    assert_non_null(strstr(latex, " & ECE & ACE & MCE"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "http://"));
    free(page), free(markdown), free(latex);
    free(contents(out, "figures/generated.png")), free(contents(out, "figures/judged.png"));
    free(contents(out, "figures/heat_maps.png"));
}

static void report_has_every_section_that_is_stored(void **state)
{
    (void)state;
    if (!gnuplot_available()) skip();
    char *out = xformat("%s/report", store);
    check_report(out, true);
    free(out);
}

static void sections_without_gnuplot_lack_plots_alone(void **state)
{
    (void)state;
    char *path = xstrdup(getenv("PATH")), *out = xformat("%s/plain", store);
    setenv("PATH", "/nonexistent", 1);
    check_report(out, false);
    setenv("PATH", path, 1);
    free(path), free(out);
}

static void flip_byte_in_the_middle(const char *path)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    const long middle = ftell(f) / 2;
    assert_int_equal(fseek(f, middle, SEEK_SET), 0);
    const int byte = fgetc(f);
    assert_int_equal(fseek(f, middle, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, f), byte ^ 1);
    assert_int_equal(fclose(f), 0);
}

static void what_a_section_cannot_read_is_told_and_not_left_out(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"generate", "drawn"},    {"encode-image", "of-drawn"},
                                           {"encode-image", "test"}, {"encode-text", "texts"},
                                           {"train", "learned"},     {"judge", "judge"}};
    char *out = xformat("%s/unread", store);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        Error err = {0};
        char *hash = hash_of(files[i][1]);
        char *path = xformat("%s/%s/%s-%.16s.h5", store, files[i][0], files[i][1], hash);
        flip_byte_in_the_middle(path);
        assert_false(try_report(out, &err));
        assert_non_null(strstr(err.text, path));
        assert_non_null(strstr(err.text, "delete it"));
        flip_byte_in_the_middle(path);
        free(path), free(hash);
    }
    Error err = {0};
    assert_true(try_report(out, &err));
    free(out);
}

static void judged_class_out_of_range_is_refused(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t pixels[SIDE * SIDE * 3] = {0};
    char *out = xformat("%s/broken", store);
    ArtifactWriter *w = begin("judge", "judge", NULL); /* in place of the good one */
    artifact_write_bytes(w, "images", 4, (size_t[]){1, SIDE, SIDE, 3}, pixels);
    artifact_write_int32(w, "classes_asked", 1, (size_t[]){1}, (int32_t[]){2});
    artifact_write_int32(w, "classes_seen", 1, (size_t[]){1}, (int32_t[]){0});
    artifact_write_texts(w, "classes", CLASSES, classes);
    commit(w);
    assert_false(try_report(out, &err));
    assert_non_null(strstr(err.text, "object 0: there are 2 classes"));
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pca_finds_what_numpy_does),
        cmocka_unit_test(pca_of_points_on_a_line_has_one_component),
        cmocka_unit_test(gap_is_of_unit_length_features),
        cmocka_unit_test(inputs_are_found_by_their_hashes),
        cmocka_unit_test(ablations_stand_on_pages_of_their_full_method),
        cmocka_unit_test(differences_are_taken_seed_by_seed),
        cmocka_unit_test(curves_join_what_differs_in_one_number),
        cmocka_unit_test(curves_run_over_shots_and_over_shares_known),
        cmocka_unit_test(pictures_that_are_gone_stop_no_report),
        cmocka_unit_test(report_has_every_section_that_is_stored),
        cmocka_unit_test(sections_without_gnuplot_lack_plots_alone),
        cmocka_unit_test(what_a_section_cannot_read_is_told_and_not_left_out),
        cmocka_unit_test(judged_class_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, make_store, remove_store);
}
