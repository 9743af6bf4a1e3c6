/* Sweeps: what experiments inherit, draw and expand to, what a failed one stops, the same bits from several processes, and how long it
 * is said to take. Runs on the folder data set and the tiny CLIP of tests/golden/tiny_world. */
#include "harness/base/memory.h"
#include "harness/graph/random.h"
#include "harness/plan/calibrate.h"
#include "harness/plan/plan_work.h"
#include "tests/scratch_store.h"

#include <math.h>

static char program[4096];

/* ---- expansion ---- */

static Book *open_with(const char *experiments, Error *err)
{
    char *path = xformat("%s/written.json", scratch_folder);
    char *text = xformat("{\"models\": {\"m\": {\"clip\": \"clip\"}}, \"experiments\": {\"e\": {\"dataset\": \"mini\", "
                         "\"model\": \"m\", \"method\": \"tai_dpt\", \"label\": \"E\"}, %s}}",
                         experiments);
    Error unused;
    assert_true(write_file(path, text, strlen(text), &unused));
    Book *book = book_open(path, NULL, err);
    free(text);
    free(path);
    return book;
}

static ExperimentList expanded(const char *experiments, const char *name, const TextList *sets)
{
    Error err;
    ExperimentList list = {0};
    Book *book = open_with(experiments, &err);
    if (!book || !book_select(book, &(Selection){.names = &name, .name_count = 1, .sets = sets}, &list, &err))
        fail_msg("%s", err.text);
    book_free(book); /* experiments have what they need */
    return list;
}

static void zips_run_in_step_and_grids_across_them(void **state)
{
    (void)state;
    static const char *const names[] = {"z[epochs=5,batch=8,lr=0.1]", "z[epochs=50,batch=8,lr=0.01]",
                                        "z[epochs=5,batch=16,lr=0.1]", "z[epochs=50,batch=16,lr=0.01]"};
    ExperimentList list = expanded("\"z\": {\"extends\": \"e\", \"options\": {\"epochs\": {\"zip\": [5, 50]}, "
                                   "\"batch\": {\"grid\": [8, 16]}, \"lr\": {\"zip\": [0.1, 0.01]}}}",
                                   "z", NULL);
    assert_int_equal(list.count, 4);
    for (size_t i = 0; i < 4; i++) { /* the zips stand first, so the grid runs faster */
        assert_string_equal(list.items[i].name, names[2 * (i % 2) + i / 2]);
    }
    experiments_free(&list);
}

static void draws_are_the_twisters_in_the_order_of_keys(void **state)
{
    (void)state;
    ExperimentList list = expanded("\"s\": {\"extends\": \"e\", \"samples\": 3, \"sample_seed\": 5, \"options\": {"
                                   "\"lr\": {\"loguniform\": [1e-4, 1e-2]}, \"batch\": {\"uniform\": [8, 32]}, "
                                   "\"optimiser\": {\"choice\": [\"sgd\", \"adam\"]}}}",
                                   "s", NULL);
    Random r;
    random_seed(&r, 5);
    assert_int_equal(list.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const double lr = 1e-4 * pow(100, random_double(&r)), batch = floor(8 + 25 * random_double(&r));
        const char *optimiser = random_double(&r) < 0.5 ? "sgd" : "adam";
        const Options *o = &list.items[i].options;
        assert_true(fabs(log(option_real(o, "lr") / lr)) < log(100) / 20000);
        assert_int_equal(option_int(o, "batch"), (int)batch);
        assert_string_equal(option_text(o, "optimiser"), optimiser);
    }
    experiments_free(&list);
}

static void a_drawn_name_is_short_and_reads_back_to_the_value(void **state)
{
    (void)state;
    ExperimentList list = expanded("\"s\": {\"extends\": \"e\", \"samples\": 200, \"options\": {"
                                   "\"lr\": {\"loguniform\": [1e-5, 1]}, \"margin\": {\"uniform\": [0, 3]}}}",
                                   "s", NULL);
    assert_int_equal(list.count, 200);
    for (size_t i = 0; i < list.count; i++) {
        const Experiment *e = &list.items[i];
        double lr, margin;
        assert_int_equal(sscanf(e->name, "s[lr=%lf,margin=%lf]", &lr, &margin), 2);
        assert_true(lr >= 1e-5 && lr <= 1 && margin >= 0 && margin <= 3);
        assert_true(!(lr < option_real(&e->options, "lr")) && !(lr > option_real(&e->options, "lr")));
        assert_true(!(margin < option_real(&e->options, "margin")) && !(margin > option_real(&e->options, "margin")));
        assert_true(strlen(e->name) <= strlen("s[lr=1.2345e-05,margin=2.34567]"));
        const char *name = e->name;
        if (i % 50) continue;
        Error err;
        ExperimentList one = {0};
        char *path = xformat("%s/written.json", scratch_folder);
        Book *book = book_open(path, NULL, &err);
        assert_true(book_select(book, &(Selection){.names = &name, .name_count = 1}, &one, &err));
        assert_int_equal(one.count, 1);
        experiments_free(&one);
        book_free(book);
        free(path);
    }
    experiments_free(&list);
}

static void whole_numbers_reach_both_ends_evenly(void **state)
{
    (void)state;
    ExperimentList list = expanded("\"s\": {\"extends\": \"e\", \"samples\": 1000, \"options\": {"
                                   "\"context\": {\"uniform\": [1, 4]}, \"epochs\": {\"loguniform\": [1, 3]}}}",
                                   "s", NULL);
    bool context[5] = {false}, epochs[4] = {false};
    assert_int_equal(list.count, 12); /* equal samples are one experiment */
    for (size_t i = 0; i < list.count; i++) {
        context[option_int(&list.items[i].options, "context")] = true;
        epochs[option_int(&list.items[i].options, "epochs")] = true;
    }
    assert_true(context[1] && context[4] && epochs[1] && epochs[3]);
    experiments_free(&list);
}

static void every_combination_of_grids_meets_the_same_samples(void **state)
{
    (void)state;
    ExperimentList list = expanded("\"s\": {\"extends\": \"e\", \"samples\": 3, \"protocol\": {\"grid\": [\"default\", "
                                   "\"mini\"]}, \"options\": {\"lr\": {\"uniform\": [0, 1]}, \"batch\": {\"grid\": [8, "
                                   "16]}}}",
                                   "s", NULL);
    assert_int_equal(list.count, 12);
    for (size_t i = 0; i < 12; i++) {
        const Options *o = &list.items[i].options, *first = &list.items[i % 3].options;
        assert_true(memcmp(&(double){option_real(o, "lr")}, &(double){option_real(first, "lr")}, sizeof(double)) == 0);
        assert_int_equal(option_int(o, "batch"), i / 3 % 2 ? 16 : 8);
        assert_string_equal(list.items[i].protocol.name, i / 6 ? "mini" : "default");
    }
    assert_non_null(strstr(list.items[0].name, "s[protocol=default,lr="));
    experiments_free(&list);
}

static void another_sample_seed_draws_other_values(void **state)
{
    (void)state;
    TextList sets = {0};
    const char *text = "\"s\": {\"extends\": \"e\", \"samples\": 2, \"options\": {\"lr\": {\"uniform\": [0, 1]}}}";
    ExperimentList a = expanded(text, "s", NULL), again = expanded(text, "s", NULL);
    text_list_add(&sets, "sample_seed=1");
    ExperimentList b = expanded(text, "s", &sets);
    assert_string_equal(a.items[0].name, again.items[0].name);
    assert_string_not_equal(a.items[0].name, b.items[0].name);
    experiments_free(&a), experiments_free(&again), experiments_free(&b);
    text_list_free(&sets);
}

static void a_child_takes_over_and_replaces_key_by_key(void **state)
{
    (void)state;
    const char *text =
        "\"a\": {\"extends\": \"e\", \"seeds\": [1, 2], \"options\": {\"lr\": {\"grid\": [0.1, 0.2]}, \"batch\": 8}}, "
        "\"b\": {\"extends\": \"a\", \"protocol\": \"mini\", \"options\": {\"lr\": 0.5, \"context\": 4, \"batch\": "
        "null}}";
    ExperimentList list = expanded(text, "b", NULL);
    const Options *o = &list.items[0].options;
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "b");
    assert_string_equal(list.items[0].label, "b"); /* labels are one's own */
    assert_string_equal(list.items[0].dataset, "mini");
    assert_int_equal(list.items[0].seed_count, 2);
    assert_true(fabs(option_real(o, "lr") - 0.5) < 1e-12);
    assert_int_equal(option_int(o, "context"), 4);
    assert_int_equal(option_int(o, "batch"), 512); /* null: the default again */
    assert_string_equal(list.items[0].protocol.name, "mini");
    experiments_free(&list);
    list = expanded(text, "a", NULL);
    assert_int_equal(list.count, 2);
    experiments_free(&list);
}

static void set_reaches_into_what_is_inherited(void **state)
{
    (void)state;
    TextList sets = {0};
    text_list_add(&sets, "options.lr={\"loguniform\": [0.001, 0.1]}");
    text_list_add(&sets, "samples=4");
    text_list_add(&sets, "options.batch=16");
    ExperimentList list = expanded("\"a\": {\"extends\": \"e\", \"options\": {\"batch\": 8}}", "a", &sets);
    assert_int_equal(list.count, 4);
    assert_non_null(strstr(list.items[0].name, "a[batch=16,lr=0.0"));
    experiments_free(&list);
    text_list_free(&sets);
}

/* ---- running ---- */

static void write_world(const char *sections)
{
    static const char *const dataset =
        "{\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\", \"bus\", \"person\", \"dining table\"], "
        "\"captions\": \"captions.jsonl\", \"test\": \"test.jsonl\", \"images\": \"%s\"}";
    char *good = xformat(dataset, "images/"), *bad = xformat(dataset, "broken/"),
         *path = xformat("%s/w.json", scratch_folder);
    char *text =
        xformat("{\"models\": {\"tiny\": {\"clip\": \"clip\"}, \"gone\": {\"clip\": \"nowhere\"}}, \"datasets\": "
                "{\"tiny\": %s, \"bad\": %s}, %s}",
                good, bad, sections);
    Error err;
    if (!write_file(path, text, strlen(text), &err)) fail_msg("%s", err.text);
    free(good), free(bad), free(path), free(text);
}

typedef struct World {
    Session session;
    ExperimentList experiments;
    Plan plan;
    char *path, *store;
} World;

static void open_world(World *w, const char *store, const char *name, const TextList *sets)
{
    Error err;
    *w = (World){.path = xformat("%s/w.json", scratch_folder), .store = xformat("%s/%s", scratch_folder, store)};
    const SessionOptions options = {.experiments = w->path, .store = w->store};
    if (!session_open(&w->session, &options, &err) ||
        !book_select(w->session.book, &(Selection){.names = &name, .name_count = name ? 1 : 0, .sets = sets},
                     &w->experiments, &err) ||
        !plan_make(&w->plan, &w->session, &w->experiments, &err))
        fail_msg("%s", err.text);
}

static void close_world(World *w)
{
    plan_free(&w->plan);
    experiments_free(&w->experiments);
    session_close(&w->session);
    free(w->path), free(w->store);
}

#define TINY  "\"dataset\": \"tiny\", \"model\": \"tiny\", \"method\": \"tai_dpt\""
#define SHORT "\"options\": {\"epochs\": 2, \"batch\": 32, \"lr\": 0.001, \"warmup_lr\": 0.0004}"

static void what_is_inherited_has_the_same_hash_as_what_is_written(void **state)
{
    (void)state;
    char *hashes[2];
    for (int i = 0; i < 2; i++) {
        World w;
        write_world(i ? "\"experiments\": {\"p\": {" TINY ", " SHORT "}, \"x\": {\"extends\": \"p\", \"options\": "
                        "{\"context\": 4}}}"
                      : "\"experiments\": {\"x\": {" TINY
                        ", \"options\": {\"context\": 4, \"epochs\": 2, \"batch\": 32, "
                        "\"warmup_lr\": 0.0004, \"lr\": 0.001}}}");
        open_world(&w, "inherit", "x", NULL);
        hashes[i] = xstrdup(w.plan.stages[w.plan.count - 1]->hash);
        close_world(&w);
    }
    assert_string_equal(hashes[0], hashes[1]);
    free(hashes[0]), free(hashes[1]);
}

static void a_failed_experiment_fails_alone_and_is_named(void **state)
{
    (void)state;
    Error err;
    World w;
    TextList failures = {0};
    write_world("\"experiments\": {\"nomodel\": {\"dataset\": \"tiny\", \"model\": \"gone\", \"method\": \"zsclip\"}, "
                "\"broken\": {\"dataset\": \"bad\", \"model\": \"tiny\", \"method\": \"zsclip\", \"seeds\": [1, 2]}, "
                "\"good\": {\"dataset\": \"tiny\", \"model\": \"tiny\", \"method\": \"zsclip\"}}");
    open_world(&w, "isolated", NULL, NULL);
    assert_int_equal(w.plan.failures.count, 1);
    assert_false(plan_work_here(&w.plan, &w.session, &failures, &err));
    assert_int_equal(err.exit_status, EXIT_WORK_FAILED);
    assert_string_equal(err.text, "2 of 3 experiments failed: nomodel, broken");
    assert_int_equal(failures.count, 2);
    assert_non_null(strstr(failures.items[0], "nomodel: "));
    assert_non_null(strstr(failures.items[0], "nowhere"));
    assert_non_null(strstr(failures.items[1], "broken: "));
    assert_non_null(strstr(failures.items[1], "broken/0.png"));
    close_world(&w);
    text_list_free(&failures);
    open_world(&w, "isolated", "good", NULL);
    assert_int_equal(w.plan.wanted, 0);
    close_world(&w);
}

static void what_needs_a_failed_stage_is_held_and_nothing_else(void **state)
{
    (void)state;
    World w;
    PlanWork r;
    Error err;
    TextList failures = {0};
    write_world("\"experiments\": {\"s\": {" TINY ", \"options\": {\"epochs\": 2, \"lr\": {\"grid\": [0.1, 0.2]}}}}");
    open_world(&w, "held", NULL, NULL);
    assert_true(plan_work_begin(&r, &w.plan, &w.session));
    size_t ran = 0;
    for (size_t i; (i = plan_work_next(&r)) != PLAN_NONE; ran++) {
        const Stage *s = w.plan.stages[i];
        for (size_t k = 0; k < s->input_count; k++) assert_int_equal(r.states[r.inputs[i][k]], STAGE_DONE);
        if (strstr(s->label, "train s[lr=0.1]"))
            plan_work_failed(&r, i, "bad luck");
        else
            plan_work_done(&r, i);
    }
    assert_int_equal(ran, w.plan.wanted - 1); /* all but the score of what was not trained */
    assert_false(plan_work_end(&r, &failures, &err));
    assert_string_equal(err.text, "1 of 2 experiments failed: s[lr=0.1]: bad luck");
    text_list_free(&failures);
    close_world(&w);
}

/* ---- times ---- */

static double of_provenance(const char *path, const char *key)
{
    Error err;
    char *text = NULL;
    ArtifactReader *r = artifact_open(path, &err);
    if (!r || !artifact_attribute_get_text(r, "provenance", &text, &err)) fail_msg("%s", err.text);
    cJSON *provenance = cJSON_Parse(text);
    const double value = cJSON_GetObjectItemCaseSensitive(provenance, key)->valuedouble;
    cJSON_Delete(provenance);
    free(text);
    artifact_close(r);
    return value;
}

static const Stage *stage_of_kind(const Plan *plan, const StageKind *kind)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i]->kind == kind) return plan->stages[i];
    fail_msg("no %s in the plan", kind->name);
    return NULL;
}

static void expected_times_are_the_measured_ones_scaled_by_work(void **state)
{
    (void)state;
    Error err;
    World w;
    TextList sets = {0};
    write_world("\"experiments\": {\"x\": {" TINY ", " SHORT "}}");
    open_world(&w, "times", NULL, NULL);
    plan_calibrate(&w.plan, w.store);
    const Stage *train = stage_of_kind(&w.plan, &stage_train);
    assert_int_equal(train->expected.samples, 0);
    assert_true(fabs(train->expected.seconds - train->seconds) < 1e-12);
    if (!plan_work(&w.plan, &w.session, &err)) fail_msg("%s", err.text);
    const double measured = of_provenance(train->path, "seconds"), foretold = train->seconds;
    close_world(&w);

    text_list_add(&sets, "options.epochs=9");
    open_world(&w, "times", NULL, &sets);
    plan_calibrate(&w.plan, w.store);
    train = stage_of_kind(&w.plan, &stage_train);
    assert_int_equal(train->expected.samples, 1);
    assert_true(train->seconds > foretold);
    assert_true(fabs(train->expected.seconds - measured * train->seconds / foretold) < 1e-9);
    assert_true(train->expected.bytes > 0);
    close_world(&w);
    text_list_free(&sets);
}

/* ---- the same bits ---- */

static void sweep(const char *store, int jobs)
{
    char *command = xformat("'%s' run sweep --experiments '%s/w.json' --store '%s/%s' --jobs %d --threads 2 --quiet "
                            "--no-table",
                            program, scratch_folder, scratch_folder, store, jobs);
    if (system(command) != 0) fail_msg("%s", command);
    free(command);
}

/* All numbers of a file, as doubles, which hold float32 and whole numbers exactly. */
static size_t compare_file(const char *one, const char *other)
{
    Error err;
    TextList names = {0};
    ArtifactReader *a = artifact_open(one, &err), *b = a ? artifact_open(other, &err) : NULL;
    if (!b || !artifact_names(a, &names)) fail_msg("%s", err.text);
    size_t compared = 0;
    for (size_t i = 0; i < names.count; i++) {
        ArtifactShape s, t;
        const char *name = names.items[i];
        assert_true(artifact_shape(a, name, &s, &err) && artifact_shape(b, name, &t, &err));
        assert_int_equal(s.count, t.count);
        if (s.type != ARTIFACT_FLOAT && s.type != ARTIFACT_INTEGER) continue;
        size_t dim[2][ARTIFACT_RANK_MAX];
        memcpy(dim[0], s.dim, sizeof s.dim), memcpy(dim[1], s.dim, sizeof s.dim);
        double *x = NULL, *y = NULL;
        if (!artifact_read_doubles(a, name, s.rank, dim[0], &x, &err) ||
            !artifact_read_doubles(b, name, s.rank, dim[1], &y, &err))
            fail_msg("%s", err.text);
        if (memcmp(x, y, s.count * sizeof *x) != 0) fail_msg("%s: %s differs", one, name);
        compared++;
        free(x), free(y);
    }
    text_list_free(&names);
    artifact_close(a), artifact_close(b);
    return compared;
}

static void two_processes_give_the_bits_of_one(void **state)
{
    (void)state;
    if (access(program, X_OK) != 0) skip();
    write_world("\"experiments\": {\"sweep\": {" TINY ", \"samples\": 6, \"options\": {\"epochs\": 2, \"context\": 4, "
                "\"lr\": {\"loguniform\": [1e-4, 1e-2]}, \"batch\": {\"uniform\": [8, 32]}, \"tau_test\": {\"grid\": "
                "[10, 40]}, \"optimiser\": {\"grid\": [\"sgd\", \"adam\"]}}}}");
    sweep("one", 1);
    sweep("two", 2);
    StoredFiles one = {0}, two = {0};
    char *a = xformat("%s/one", scratch_folder), *b = xformat("%s/two", scratch_folder);
    store_list(a, &one), store_list(b, &two);
    size_t results = 0, compared = 0;
    assert_int_equal(one.count, two.count);
    for (size_t i = 0; i < one.count; i++) {
        assert_string_equal(strrchr(one.items[i].path, '/'), strrchr(two.items[i].path, '/'));
        results += strcmp(one.items[i].stage, "score") == 0;
        assert_true(fabs(of_provenance(two.items[i].path, "threads") - 2) < 0.5); /* not divided among the processes */
        compared += compare_file(one.items[i].path, two.items[i].path);
    }
    assert_int_equal(results, 24);
    assert_true(compared > 24 * 5);
    stored_files_free(&one), stored_files_free(&two);
    free(a), free(b);
}

static int make_world(void **state)
{
    if (scratch_store_make(state) != 0) return -1;
    const char *named = getenv("PALBENCH");
    if (!realpath(named ? named : "build/palbench", program)) *program = 0;
    char *command = xformat("cp -r tests/golden/tiny_world/. '%s' && cp -r '%s/images' '%s/broken' && "
                            "head -c 60 '%s/images/0.png' >'%s/broken/0.png'",
                            scratch_folder, scratch_folder, scratch_folder, scratch_folder, scratch_folder);
    const int status = system(command);
    free(command);
    return status;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zips_run_in_step_and_grids_across_them),
        cmocka_unit_test(draws_are_the_twisters_in_the_order_of_keys),
        cmocka_unit_test(a_drawn_name_is_short_and_reads_back_to_the_value),
        cmocka_unit_test(whole_numbers_reach_both_ends_evenly),
        cmocka_unit_test(every_combination_of_grids_meets_the_same_samples),
        cmocka_unit_test(another_sample_seed_draws_other_values),
        cmocka_unit_test(a_child_takes_over_and_replaces_key_by_key),
        cmocka_unit_test(set_reaches_into_what_is_inherited),
        cmocka_unit_test(what_is_inherited_has_the_same_hash_as_what_is_written),
        cmocka_unit_test(a_failed_experiment_fails_alone_and_is_named),
        cmocka_unit_test(what_needs_a_failed_stage_is_held_and_nothing_else),
        cmocka_unit_test(expected_times_are_the_measured_ones_scaled_by_work),
        cmocka_unit_test(two_processes_give_the_bits_of_one),
    };
    return cmocka_run_group_tests(tests, make_world, scratch_remove);
}
