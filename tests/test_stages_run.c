/* An experiment from experiments.json to its stored result, on a folder data set and a tiny CLIP of random weights, against the
 * same thing written in PyTorch (tests/golden/tiny_world/, made by make_tiny_world.py). */
#include "harness/plan/plan.h"
#include "harness/results/results.h"
#include "tests/golden_arrays.h"
#include "tests/scratch_store.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>

/* Plans and runs the suite "tiny" of an experiments file; returns how many stages were to do. */
static size_t run_book(const char *experiments, const char *where, const char *set)
{
    Error err;
    Session session;
    Plan plan;
    ExperimentList list = {0};
    TextList sets = {0};
    if (set) text_list_add(&sets, set);
    const SessionOptions options = {.experiments = experiments, .store = where};
    if (!session_open(&session, &options, &err) ||
        !book_select(session.book, &(Selection){.suite = "tiny", .sets = &sets}, &list, &err) ||
        !plan_make(&plan, &session, &list, &err) || !plan_work(&plan, &session, &err))
        fail_msg("%s", err.text);
    const size_t wanted = plan.wanted;
    plan_free(&plan);
    experiments_free(&list);
    session_close(&session);
    text_list_free(&sets);
    return wanted;
}

/* The suite of the golden folder. */
static size_t run_suite_in(const char *where, const char *set)
{
    return run_book("tests/golden/tiny_world/experiments.json", where, set);
}

static size_t run_suite(const char *set)
{
    return run_suite_in(scratch_store, set);
}

static StoredResult *find(ResultList *list, const char *experiment)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].experiment, experiment) == 0) return &list->items[i];
    fail_msg("no result of %s", experiment);
    return NULL;
}

/* Within 1e-4 of the largest value: what float32 owes over sixty steps. */
static void near(const char *name, const float *ours, const float *theirs, size_t count)
{
    float largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(theirs[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(ours[i] - theirs[i]) <= 1e-4f * largest))
            fail_msg("%s[%zu]: %g, expected %g", name, i, (double)ours[i], (double)theirs[i]);
}

static void near_golden(const char *path, const char *ours, const TensorFile *st, const char *theirs, int rank)
{
    Error err;
    ArtifactReader *r = artifact_open(path, &err);
    if (!r) fail_msg("%s", err.text);
    size_t dim[2] = {0, 0};
    float *values, *expected = golden_floats(st, theirs);
    if (!artifact_read_floats(r, ours, rank, dim, &values, &err)) fail_msg("%s", err.text);
    const size_t count = dim[0] * (rank == 2 ? dim[1] : 1);
    assert_int_equal(count, golden_view(st, theirs)->count);
    near(theirs, values, expected, count);
    artifact_close(r);
    free(values);
    free(expected);
}

static void training_curve_and_scores_equal_pytorchs(void **state)
{
    (void)state;
    Error err;
    run_suite(NULL);
    ResultList list = {0};
    if (!results_load(scratch_store, NULL, &list, NULL, &err)) fail_msg("%s", err.text);
    TensorFile *st = golden_open("tests/golden/tiny_world/expected.safetensors");
    const StoredResult *tai = find(&list, "tai-dpt");
    assert_true(tai->steps >= 50);
    near_golden(tai->file, "loss", st, "loss", 1);
    near_golden(tai->file, "scores_global", st, "scores_global", 2);
    near_golden(tai->file, "scores_local", st, "scores_local", 2);
    near_golden(tai->file, "scores", st, "scores", 2);
    near_golden(find(&list, "zs")->file, "scores", st, "zs.scores", 2);
    tensor_file_close(st);
    results_free(&list);
}

static void a_result_with_a_local_branch_carries_heat_maps(void **state)
{
    (void)state;
    Error err;
    run_suite(NULL);
    ResultList list = {0};
    if (!results_load(scratch_store, NULL, &list, NULL, &err)) fail_msg("%s", err.text);
    ArtifactReader *with = artifact_open(find(&list, "tai-dpt")->file, &err);
    ArtifactReader *without = artifact_open(find(&list, "zs")->file, &err);
    assert_true(with && without);
    ArtifactShape scores, maps;
    size_t two = 2;
    int32_t *grid;
    assert_true(artifact_shape(with, "scores", &scores, &err) && artifact_shape(with, "heat_maps", &maps, &err));
    assert_true(artifact_read_int32(with, "grid", 1, &two, &grid, &err));
    assert_int_equal(maps.rank, 3);
    assert_int_equal(maps.dim[0], scores.dim[0] < 12 ? scores.dim[0] : 12);
    assert_int_equal(maps.dim[1], scores.dim[1]);
    assert_int_equal(maps.dim[2], grid[0] * grid[1]);
    assert_false(artifact_has(without, "heat_maps"));
    free(grid);
    artifact_close(with);
    artifact_close(without);
    results_free(&list);
}

static void a_second_run_has_nothing_to_do(void **state)
{
    (void)state;
    run_suite(NULL);
    assert_int_equal(run_suite(NULL), 0);
}

static void an_option_of_the_test_trains_nothing_again(void **state)
{
    (void)state;
    run_suite(NULL);
    StoredFiles before = {0}, after = {0};
    store_list(scratch_store, &before);
    assert_int_equal(run_suite("options.normalise=softmax"), 2); /* both experiments' scores, nothing else */
    store_list(scratch_store, &after);
    assert_int_equal(after.count, before.count + 2);
    stored_files_free(&before);
    stored_files_free(&after);
}

static void a_missing_intermediate_is_not_made_again_unless_it_is_needed(void **state)
{
    (void)state;
    run_suite(NULL);
    StoredFiles files = {0};
    store_list(scratch_store, &files);
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.items[i].stage, "encode-text") == 0) assert_int_equal(unlink(files.items[i].path), 0);
    stored_files_free(&files);
    assert_int_equal(run_suite(NULL), 0);
}

static void same_bits(const char *one, const char *other, const char *name, int rank)
{
    Error err;
    const char *const paths[] = {one, other};
    float *values[2];
    size_t dim[2][3] = {{0}};
    for (int i = 0; i < 2; i++) {
        ArtifactReader *r = artifact_open(paths[i], &err);
        if (!r || !artifact_read_floats(r, name, rank, dim[i], &values[i], &err)) fail_msg("%s", err.text);
        artifact_close(r);
    }
    size_t count = 1;
    for (int k = 0; k < rank; k++) {
        assert_int_equal(dim[0][k], dim[1][k]);
        count *= dim[0][k];
    }
    assert_memory_equal(values[0], values[1], count * sizeof(float));
    free(values[0]);
    free(values[1]);
}

static void a_run_killed_again_and_again_ends_with_the_same_bits(void **state)
{
    (void)state;
    char killed[96];
    snprintf(killed, sizeof killed, "%s/killed", scratch_folder);
    run_suite(NULL);
    for (useconds_t moment = 5000; moment < 400000; moment = moment * 3 / 2) {
        const pid_t child = fork();
        if (child == 0) {
            run_suite_in(killed, NULL);
            _exit(0);
        }
        usleep(moment);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    run_suite_in(killed, NULL);

    StoredFiles whole = {0}, resumed = {0};
    store_list(scratch_store, &whole);
    store_list(killed, &resumed);
    size_t compared = 0;
    for (size_t i = 0; i < resumed.count; i++) {
        const char *stage = resumed.items[i].stage, *name = strrchr(resumed.items[i].path, '/');
        for (size_t k = 0; k < whole.count; k++) {
            if (strcmp(strrchr(whole.items[k].path, '/'), name) != 0 || strcmp(whole.items[k].stage, stage) != 0)
                continue;
            if (strcmp(stage, "score") == 0) same_bits(whole.items[k].path, resumed.items[i].path, "scores", 2);
            if (strcmp(stage, "train") == 0) same_bits(whole.items[k].path, resumed.items[i].path, "context_local", 2);
            if (strcmp(stage, "encode-image") == 0) same_bits(whole.items[k].path, resumed.items[i].path, "local", 3);
            compared++;
        }
    }
    assert_int_equal(compared, resumed.count); /* the same names: hashes do not depend on what happened */
    assert_true(compared >= 6);
    stored_files_free(&whole);
    stored_files_free(&resumed);
}

/* ---- what is hashed ---- */

/* Every one of these parameters is another stage. */
static void assert_told_apart(const StageKind *kind, const Experiment *e, const void *all, size_t count)
{
    char(*hashes)[65] = xcalloc(count, sizeof *hashes);
    for (size_t i = 0; i < count; i++) {
        Stage *s = stage_new(kind);
        s->experiment = e;
        memcpy(s->parameters, (const char *)all + i * kind->parameters, kind->parameters);
        s->words = xstrdup(kind->name);
        stage_seal(s, scratch_store);
        memcpy(hashes[i], s->hash, sizeof *hashes);
        if (s->kind->release) memset(s->parameters, 0, kind->parameters); /* what they own is ours */
        stage_free(s);
        for (size_t k = 0; k < i; k++)
            if (strcmp(hashes[i], hashes[k]) == 0) fail_msg("%s: parameters %zu and %zu hash alike", kind->name, k, i);
    }
    free(hashes);
}
#define ASSERT_TOLD_APART(kind, e, all) assert_told_apart(kind, e, all, sizeof(all) / sizeof *(all))

/* Parameters and what is described of them cannot drift apart unseen. */
static void no_parameter_is_left_out_of_the_hash(void **state)
{
    (void)state;
    Error err;
    Session session;
    ExperimentList list = {0};
    const SessionOptions options = {.experiments = "tests/golden/tiny_world/experiments.json", .store = scratch_store};
    if (!session_open(&session, &options, &err) ||
        !book_select(session.book, &(Selection){.suite = "tiny"}, &list, &err))
        fail_msg("%s", err.text);
    const Experiment *e = &list.items[0];
    Dataset *d = session_dataset(&session, "tiny", NULL, 0, &err);
    const OpenModel *m = session_model(&session, "tiny", &err);
    const Captions *c = d ? dataset_captions(d, &err) : NULL;
    const Split *t = c ? dataset_split(d, SPLIT_TEST, &err) : NULL;
    if (!m || !t) fail_msg("%s", err.text);
    Captions sentences = *c, others = *c;
    Split split = *t;
    sentences.origin = "a model";
    others.fingerprint[0] = split.fingerprint[0] = 'x';

    const CaptionsParameters captions[] = {{d, c, "published", NULL},        {d, &sentences, "published", NULL},
                                           {d, &others, "published", NULL},  {d, c, "plural", NULL},
                                           {d, c, "published", "published"}, {d, c, "published", "mini9"}};
    ASSERT_TOLD_APART(&stage_captions, e, captions);
    const ChooseParameters choose[] = {{5, 1}, {6, 1}, {5, 2}};
    ASSERT_TOLD_APART(&stage_choose, e, choose);

    Generator g = {.fingerprint = "a", .scheduler = "ddim", .negative = "", .steps = 4, .width = 64, .height = 64};
    Generator variants[9];
    for (size_t i = 0; i < 9; i++) variants[i] = g;
    variants[1].fingerprint[0] = 'b', variants[2].scheduler = "euler", variants[3].negative = "n",
    variants[4].steps = 5;
    variants[5].width = 72, variants[6].height = 72, variants[7].batch = 3, variants[8].guidance = 3;
    GenerateParameters generate[11];
    JudgeParameters judge[11];
    for (size_t i = 0; i < 9; i++) {
        generate[i] = (GenerateParameters){variants[i], 1};
        judge[i] = (JudgeParameters){variants[i], "j", 10};
    }
    generate[9] = (GenerateParameters){g, 2};
    g.seed = 1;
    generate[10] = (GenerateParameters){g, 1};
    judge[9] = (JudgeParameters){variants[0], "k", 10}, judge[10] = (JudgeParameters){variants[0], "j", 11};
    ASSERT_TOLD_APART(&stage_generate, e, generate);
    ASSERT_TOLD_APART(&stage_judge, e, judge);

    const EncodeOptions plain = {.size = 32, .position = POOL_POSITION_ON};
    EncodeOptions encode[4] = {plain, plain, plain, plain};
    encode[0].size = 64, encode[1].position = POOL_POSITION_OFF, encode[2].want_local = true;
    encode[3].resize = RESIZE_STRETCH;
    EncodeImageParameters images[] = {
        {m, d, plain, NULL, 0, NULL, {0}, false},        {m, d, plain, t, SPLIT_TEST, NULL, {0}, false},
        {m, d, plain, t, SPLIT_TRAIN, NULL, {0}, false}, {m, d, plain, &split, SPLIT_TEST, NULL, {0}, false},
        {m, d, plain, NULL, 0, c, {0}, false},           {m, d, plain, NULL, 0, &others, {0}, false},
        {m, d, encode[0], NULL, 0, NULL, {0}, false},    {m, d, encode[1], NULL, 0, NULL, {0}, false},
        {m, d, encode[2], NULL, 0, NULL, {0}, false},    {m, d, encode[3], NULL, 0, NULL, {0}, false},
        {m, d, encode[2], NULL, 0, NULL, {0}, true},     {m, d, plain, NULL, 0, NULL, {0}, false}};
    enum { IMAGES = sizeof images / sizeof *images };
    for (size_t i = 0; i < IMAGES; i++)
        if (!clip_preprocessing(m->clip, &images[i].encode, &images[i].pictures, &err)) fail_msg("%s", err.text);
    images[IMAGES - 1].pictures.filter = FILTER_BILINEAR; /* as a checkpoint's own configuration may say */
    ASSERT_TOLD_APART(&stage_encode_image, e, images);
    const SelectParameters select[] = {{d, t, ""}, {d, &split, ""}, {d, t, "m"}, {d, t, "n"}};
    ASSERT_TOLD_APART(&stage_select, e, select);
    char one[] = "full", other[] = "zero-shot";
    const RescoreParameters ensembles[] = {{d, one}, {d, other}};
    ASSERT_TOLD_APART(&stage_rescore, e, ensembles);

    OpenModel models[3] = {*m, *m, *m};
    Clip clip = *m->clip;
    clip.fingerprint[0] = 'x';
    models[1].clip = &clip;
    const EncodeTextParameters texts[] = {{&models[0], false}, {&models[1], false}, {&models[0], true}};
    ASSERT_TOLD_APART(&stage_encode_text, e, texts);
    const MethodParameters methods[] = {{&models[0], d}, {&models[1], d}};
    ASSERT_TOLD_APART(&stage_train, e, methods);
    ASSERT_TOLD_APART(&stage_score, e, methods);
    experiments_free(&list);
    session_close(&session);
}

/* ---- shards ---- */

enum { MANY = 501 }; /* one more than a shard holds */

/* A data set of many pictures, links to those of the golden folder, and an experiment that scores them. */
static void write_many(void)
{
    Error err;
    Text list = {0}, book = {0};
    char golden[PATH_MAX], link[192], aim[PATH_MAX + 64];
    assert_non_null(realpath("tests/golden/tiny_world", golden));
    assert_true(make_folders(scratch("many/images"), &err));
    for (size_t i = 0; i < MANY; i++) {
        snprintf(link, sizeof link, "%s/many/images/%zu.png", scratch_folder, i);
        snprintf(aim, sizeof aim, "%s/images/%zu.png", golden, i % 10);
        assert_int_equal(symlink(aim, link), 0);
        text_addf(&list, "{\"file\": \"%zu.png\", \"labels\": [\"%s\"]}\n", i, i % 3 ? "cat" : "dog");
    }
    text_addf(&book,
              "{\"models\": {\"tiny\": {\"clip\": \"%s/clip\"}}, \"datasets\": {\"many\": {\"kind\": \"folder\", "
              "\"classes\": [\"cat\", \"dog\"], \"test\": \"test.jsonl\", \"images\": \"images/\"}}, "
              "\"suites\": {\"tiny\": [\"zs\"]}, \"experiments\": {\"zs\": "
              "{\"dataset\": \"many\", \"model\": \"tiny\", \"method\": \"zsclip\"}}}",
              golden);
    put_file(scratch("many/test.jsonl"), list.data, list.length);
    put_file(scratch("many/experiments.json"), book.data, book.length);
    text_free(&list);
    text_free(&book);
}

/* The only stored file of a stage. Caller frees. */
static char *stored_of(const char *where, const char *stage)
{
    StoredFiles files = {0};
    char *path = NULL;
    store_list(where, &files);
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.items[i].stage, stage) == 0) path = xstrdup(files.items[i].path);
    stored_files_free(&files);
    assert_non_null(path);
    return path;
}

/* The global features of a file, MANY of them or as many as a shard holds. Caller frees. */
static float *globals_of(const char *path, size_t *count)
{
    Error err;
    size_t dim[2] = {0};
    float *values = NULL;
    ArtifactReader *r = artifact_open(path, &err);
    if (!r || !artifact_read_floats(r, "global", 2, dim, &values, &err)) fail_msg("%s", err.text);
    artifact_close(r);
    *count = dim[0] * dim[1];
    return values;
}

/* What a full disk, a copy or a file system after a power failure leaves: shorter, empty, another's. */
static void a_shard_that_is_not_whole_is_made_again(void **state)
{
    (void)state;
    write_many();
    run_book(scratch("many/experiments.json"), scratch("many/store"), NULL);
    char *joined = stored_of(scratch("many/store"), "encode-image"),
         *result = stored_of(scratch("many/store"), "score");
    char *shards = xformat("%.*s", (int)strlen(joined) - 3, joined), *first = path_join(shards, "00000.h5"),
         *second = path_join(shards, "00001.h5");
    size_t expected, count, length;
    float *before = globals_of(joined, &expected);
    free(get_file(first, &length));
    assert_int_equal(files_in(shards), 2);
    for (int way = 0; way < 3; way++) {
        assert_int_equal(unlink(joined), 0);
        assert_int_equal(unlink(result), 0);
        if (way == 2)
            assert_int_equal(rename(second, first), 0);
        else
            assert_int_equal(truncate(first, way == 0 ? (off_t)(length - 100) : 0), 0);
        run_book(scratch("many/experiments.json"), scratch("many/store"), NULL);
        float *after = globals_of(joined, &count);
        assert_int_equal(count, expected);
        assert_memory_equal(after, before, count * sizeof *after);
        free(after);
    }
    free(before), free(joined), free(result), free(shards), free(first), free(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_curve_and_scores_equal_pytorchs),
        cmocka_unit_test(a_result_with_a_local_branch_carries_heat_maps),
        cmocka_unit_test(a_run_killed_again_and_again_ends_with_the_same_bits),
        cmocka_unit_test(a_second_run_has_nothing_to_do),
        cmocka_unit_test(an_option_of_the_test_trains_nothing_again),
        cmocka_unit_test(a_missing_intermediate_is_not_made_again_unless_it_is_needed),
        cmocka_unit_test(no_parameter_is_left_out_of_the_hash),
        cmocka_unit_test(a_shard_that_is_not_whole_is_made_again),
    };
    return cmocka_run_group_tests(tests, scratch_store_make, scratch_remove);
}
