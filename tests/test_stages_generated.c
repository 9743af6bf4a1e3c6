/* T2I-PAL from captions to results: choosing, drawing in shards, encoding, one's own images instead, the judge; on the folder data
 * set and tiny CLIP of tests/golden/tiny_world and the tiny Stable Diffusion of tests/golden/pipeline. */
#include "harness/diffusion/generate.h"
#include "harness/plan/plan.h"
#include "harness/results/results.h"
#include "harness/stages/choose.h"
#include "harness/stages/generator.h"
#include "harness/stages/judge.h"
#include "tests/scratch_store.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char file[96];

/* ---- the world ---- */

/* 5 pictures a caption: 25 captions fill a shard of 125. */
#define PAL "\"dataset\": \"tiny\", \"model\": \"tiny\", \"method\": \"t2i_pal\""
#define OPTIONS                                                                                                        \
    "\"images_per_caption\": 5, \"epochs\": 1, \"context\": 2, \"batch\": 32, \"class_templates\": false, "            \
    "\"warmup_epochs\": 0"
static const char world[] =
    "{\"models\": {\"tiny\": {\"clip\": \"HERE/tiny_world/clip\", \"diffusion\": \"HERE/pipeline\",\n"
    "                       \"generate\": {\"steps\": 2, \"guidance\": 2, \"scheduler\": \"ddim\", \"seed\": 100}},\n"
    "            \"none\": {\"clip\": \"HERE/tiny_world/clip\"},\n"
    "            \"gone\": {\"clip\": \"HERE/tiny_world/clip\", \"diffusion\": \"nowhere\"},\n"
    "            \"judged\": {\"clip\": \"HERE/tiny_world/clip\", \"diffusion\": \"HERE/pipeline\", \"judge\": "
    "\"judge\",\n"
    "                         \"generate\": {\"steps\": 1, \"guidance\": 1, \"size\": 64, \"scheduler\": \"ddim\"}}},\n"
    " \"datasets\": {\"tiny\": {\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\", \"bus\", \"person\", \"dining "
    "table\"],\n"
    "                       \"captions\": \"HERE/tiny_world/captions.jsonl\", \"test\": "
    "\"HERE/tiny_world/test.jsonl\",\n"
    "                       \"images\": \"HERE/tiny_world/images/\"},\n"
    "              \"own\": {\"kind\": \"folder\", \"classes\": [\"cat\", \"dog\"], \"test\": \"own/test.jsonl\",\n"
    "                      \"images\": \"own/images.jsonl\"},\n"
    "              \"small\": {\"kind\": \"mini\"}},\n"
    " \"suites\": {\"tiny\": [\"pal\"], \"grid\": [\"grid\"], \"own\": [\"own\"], \"none\": [\"none\"], \"gone\": "
    "[\"gone\"], "
    "\"judged\": [\"judged\", \"other\"]},\n"
    " \"experiments\": {\n"
    "  \"pal\": {" PAL ", \"options\": {\"captions\": 25, " OPTIONS "}},\n"
    "  \"grid\": {" PAL ", \"generate\": {\"steps\": {\"grid\": [1, 2]}}, \"options\": {\"captions\": 5, " OPTIONS
    "}},\n"
    "  \"own\": {\"dataset\": \"own\", \"model\": \"none\", \"method\": \"t2i_pal\", \"options\": {\"captions\": "
    "1, " OPTIONS "}},\n"
    "  \"none\": {\"dataset\": \"tiny\", \"model\": \"none\", \"method\": \"t2i_pal\"},\n"
    "  \"gone\": {\"dataset\": \"tiny\", \"model\": \"gone\", \"method\": \"t2i_pal\"},\n"
    "  \"judged\": {\"dataset\": \"small\", \"model\": \"judged\", \"method\": \"t2i_pal\", \"options\": {" OPTIONS
    "}},\n"
    "  \"other\": {\"dataset\": \"small\", \"model\": \"judged\", \"method\": \"t2i_pal\", \"generate\": {\"seed\": "
    "1},\n"
    "            \"options\": {" OPTIONS "}}}}\n";

static void write_text(const char *name, const char *text)
{
    Error err;
    char *path = path_join(scratch_folder, name), *above = path_folder(path);
    if (!make_folders(above, &err) || !write_file(path, text, strlen(text), &err)) fail_msg("%s", err.text);
    free(above);
    free(path);
}

/* `text` with HERE replaced by the folder of golden data. Caller frees. */
static char *placed(const char *text)
{
    char here[4096];
    Text out = {0};
    if (!realpath("tests/golden", here)) fail_msg("run from the project's root");
    for (const char *next; (next = strstr(text, "HERE")); text = next + 4) {
        text_add_bytes(&out, text, (size_t)(next - text));
        text_add(&out, here);
    }
    text_add(&out, text);
    return out.data;
}

/* ---- running ---- */

typedef struct Notes {
    Progress base;
    Text said;
} Notes;

static void keep_note(Progress *p, const char *sentence)
{
    text_add(&((Notes *)p)->said, sentence);
    text_add(&((Notes *)p)->said, "\n");
}
typedef struct Ran {
    size_t wanted;
    char names[1024]; /* of the experiments, each with a blank behind it */
    char *notes;
} Ran;

static bool try_suite(const char *where, Selection selection, Ran *ran, Error *err)
{
    Session session = {0};
    Plan plan = {0};
    ExperimentList list = {0};
    Notes notes = {.base.note = keep_note};
    const SessionOptions options = {.experiments = file, .store = where, .progress = &notes.base};
    const bool good = session_open(&session, &options, err) && book_select(session.book, &selection, &list, err) &&
                      plan_make(&plan, &session, &list, err) && plan_work(&plan, &session, err);
    *ran = (Ran){.wanted = plan.wanted, .notes = notes.said.data};
    for (size_t i = 0; i < list.count; i++) strcat(strcat(ran->names, list.items[i].name), " ");
    plan_free(&plan);
    experiments_free(&list);
    session_close(&session);
    return good;
}

static size_t run_in(const char *where, const char *suite, const char *set, size_t limit)
{
    Error err;
    Ran ran;
    TextList sets = {0};
    if (set) text_list_add(&sets, set);
    if (!try_suite(where, (Selection){.suite = suite, .sets = &sets, .limit = limit}, &ran, &err))
        fail_msg("%s", err.text);
    free(ran.notes);
    text_list_free(&sets);
    return ran.wanted;
}

static size_t run_suite(const char *suite, const char *set)
{
    return run_in(scratch_store, suite, set, 0);
}

/* Fails as a suite must: with all of these words in its sentence. */
static void refused(const char *suite, const char *const *words)
{
    Error err;
    Ran ran;
    assert_false(try_suite(scratch_store, (Selection){.suite = suite}, &ran, &err));
    for (; *words; words++)
        if (!strstr(err.text, *words)) fail_msg("\"%s\" is not in: %s", *words, err.text);
    free(ran.notes);
}

/* The only artifact of a stage whose name has `part` in it; caller frees. */
static char *artifact_of(const char *where, const char *stage, const char *part)
{
    StoredFiles files = {0};
    char *path = NULL;
    store_list(where, &files);
    for (size_t i = 0; i < files.count; i++)
        if (strcmp(files.items[i].stage, stage) == 0 && strstr(files.items[i].path, part)) {
            assert_null(path);
            path = xstrdup(files.items[i].path);
        }
    stored_files_free(&files);
    if (!path) fail_msg("no %s with %s", stage, part);
    return path;
}

/* Names of the shards' folders. */
static void shards_of(const char *where, TextList *names)
{
    char *path = path_join(where, "generate/shards");
    DIR *dir = opendir(path);
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') text_list_add(names, entry->d_name);
    if (dir) closedir(dir);
    free(path);
}

typedef struct Drawn {
    size_t count, height, width, classes;
    uint8_t *images;
    uint64_t *seeds;
    int8_t *labels;
    TextList captions, names;
} Drawn;

static void read_drawn(const char *path, Drawn *d)
{
    Error err;
    size_t images[4] = {0}, one[1] = {0}, labels[2] = {0};
    ArtifactReader *r = artifact_open(path, &err);
    *d = (Drawn){0};
    if (!r || !artifact_read_bytes(r, "images", 4, images, &d->images, &err) ||
        !artifact_read_uint64(r, "seeds", 1, one, &d->seeds, &err) ||
        !artifact_read_int8(r, "labels", 2, labels, &d->labels, &err) ||
        !artifact_read_texts(r, "captions", &d->captions, &err) || !artifact_read_texts(r, "classes", &d->names, &err))
        fail_msg("%s", err.text);
    for (const char *const *name = (const char *const[]){"model_hash", "scheduler", "steps", "guidance", "size", NULL};
         *name; name++)
        assert_true(artifact_has_attribute(r, *name));
    artifact_close(r);
    d->count = images[0], d->height = images[1], d->width = images[2], d->classes = labels[1];
    assert_true(one[0] == d->count && labels[0] == d->count && d->captions.count == d->count);
}

static void drawn_free(Drawn *d)
{
    free(d->images), free(d->seeds), free(d->labels);
    text_list_free(&d->captions);
    text_list_free(&d->names);
}

/* ---- choosing ---- */

enum { CAPTIONS = 400, CLASSES = 7 };

/* One or two classes a caption, the later ones rarer; every tenth names none. */
static void make_labels(uint8_t *labels)
{
    memset(labels, 0, (size_t)CAPTIONS * CLASSES);
    for (size_t i = 0; i < CAPTIONS; i++) {
        if (i % 10 == 0) continue;
        labels[i * CLASSES + (i * i / 3) % CLASSES] = 1;
        if (i % 4 == 0) labels[i * CLASSES + i % 3] = 1;
    }
}

static void every_beginning_of_the_choice_is_balanced(void **state)
{
    (void)state;
    uint8_t labels[CAPTIONS * CLASSES];
    size_t order[CAPTIONS], left[CLASSES] = {0}, named[CLASSES] = {0}, largest_step = 0;
    bool taken[CAPTIONS] = {false};
    make_labels(labels);
    for (size_t i = 0; i < (size_t)CAPTIONS * CLASSES; i++) left[i % CLASSES] += labels[i];
    const size_t count = choose_balanced(labels, CAPTIONS, CLASSES, CAPTIONS, 3, order);
    assert_int_equal(count, CAPTIONS * 9 / 10); /* all that name a class */
    for (size_t i = 0; i < count; i++) {
        size_t least = SIZE_MAX; /* named, of the classes that have captions left */
        bool poorest = false;
        for (size_t c = 0; c < CLASSES; c++)
            if (left[c] && named[c] < least) least = named[c];
        assert_false(taken[order[i]]);
        taken[order[i]] = true;
        for (size_t c = 0; c < CLASSES; c++)
            if (labels[order[i] * CLASSES + c]) {
                poorest |= named[c] == least;
                named[c]++, left[c]--;
            }
        assert_true(poorest); /* every step is taken for the class that has least */
        largest_step = i;
    }
    assert_int_equal(largest_step, count - 1);
}

static void a_longer_choice_begins_with_the_shorter_one(void **state)
{
    (void)state;
    uint8_t labels[CAPTIONS * CLASSES];
    size_t longer[CAPTIONS], shorter[CAPTIONS], other[CAPTIONS];
    make_labels(labels);
    assert_int_equal(choose_balanced(labels, CAPTIONS, CLASSES, 200, 3, longer), 200);
    assert_int_equal(choose_balanced(labels, CAPTIONS, CLASSES, 77, 3, shorter), 77);
    assert_int_equal(choose_balanced(labels, CAPTIONS, CLASSES, 77, 4, other), 77);
    assert_memory_equal(longer, shorter, 77 * sizeof *shorter);
    assert_memory_not_equal(other, shorter, 77 * sizeof *shorter);
}

/* ---- drawing ---- */

static void pictures_carry_captions_seeds_and_labels(void **state)
{
    (void)state;
    run_suite("tiny", NULL);
    Drawn d;
    char *path = artifact_of(scratch_store, "generate", "25x5");
    read_drawn(path, &d);
    assert_int_equal(d.count, 125);
    assert_int_equal(d.classes, 5);
    for (size_t i = 0; i < d.count; i++) {
        size_t named = 0;
        assert_int_equal(d.seeds[i], 100 + i);
        assert_string_equal(d.captions.items[i], d.captions.items[i / 5 * 5]);
        for (size_t c = 0; c < d.classes; c++) {
            const int8_t label = d.labels[i * d.classes + c];
            assert_int_equal(label, strstr(d.captions.items[i], d.names.items[c]) ? 1 : -1);
            named += label == 1;
        }
        assert_true(named > 0);
    }
    drawn_free(&d);
    free(path);
}

static void a_picture_depends_on_its_caption_and_seed_alone(void **state)
{
    (void)state;
    Error err;
    run_suite("tiny", NULL);
    Drawn d;
    char *path = artifact_of(scratch_store, "generate", "25x5");
    read_drawn(path, &d);
    Pipeline *p = pipeline_open("tests/golden/pipeline", (PipelineParts){.scheduler = "ddim"}, &err);
    const DrawSettings settings = {.steps = 2, .guidance = 2, .batch = 25};
    const size_t bytes = 3 * d.width * d.height, which = 61;
    uint8_t *picture = xcalloc(1, bytes);
    const DrawRequest request = {1, (const char *const *)d.captions.items + which, d.seeds + which, NULL};
    if (!p || !pipeline_prepare(p, settings, &err) || !pipeline_draw(p, request, picture, NULL, &err))
        fail_msg("%s", err.text);
    assert_memory_equal(picture, d.images + which * bytes, bytes);
    pipeline_free(p);
    free(picture);
    drawn_free(&d);
    free(path);
}

static void a_second_run_has_nothing_to_do(void **state)
{
    (void)state;
    run_suite("tiny", NULL);
    assert_int_equal(run_suite("tiny", NULL), 0);
}

static void a_training_option_draws_nothing_again(void **state)
{
    (void)state;
    run_suite("tiny", NULL);
    assert_int_equal(run_suite("tiny", "options.lr=0.01"), 2); /* train and score */
    assert_int_equal(run_suite("tiny", "options.tau_test=9"), 1);
}

static void more_captions_draw_only_what_is_new(void **state)
{
    (void)state;
    char where[96];
    TextList before = {0}, after = {0};
    Drawn few, many;
    snprintf(where, sizeof where, "%s/more", scratch_folder);
    run_in(where, "tiny", NULL, 0);
    shards_of(where, &before);
    assert_int_equal(before.count, 1);
    char *shard = xformat("%s/generate/shards/%s/00000.h5", where, before.items[0]);
    struct stat first, second;
    assert_int_equal(stat(shard, &first), 0);
    run_in(where, "tiny", "options.captions=40", 0);
    assert_int_equal(stat(shard, &second), 0);
    assert_true(first.st_ino == second.st_ino); /* files are replaced by renaming */
    shards_of(where, &after);
    assert_int_equal(after.count, 2);

    char *a = artifact_of(where, "generate", "25x5"), *b = artifact_of(where, "generate", "40x5");
    read_drawn(a, &few);
    read_drawn(b, &many);
    assert_int_equal(many.count, 200);
    assert_memory_equal(few.images, many.images, few.count * few.height * few.width * 3);
    for (size_t i = 0; i < few.count; i++) assert_string_equal(few.captions.items[i], many.captions.items[i]);
    drawn_free(&few);
    drawn_free(&many);
    text_list_free(&before);
    text_list_free(&after);
    free(a), free(b), free(shard);
}

static void drawing_killed_again_and_again_ends_with_the_same_bits(void **state)
{
    (void)state;
    char killed[96], whole[96];
    snprintf(killed, sizeof killed, "%s/killed", scratch_folder);
    snprintf(whole, sizeof whole, "%s/whole", scratch_folder);
    run_in(whole, "tiny", "options.captions=40", 0);
    for (useconds_t moment = 10000; moment < 700000; moment = moment * 8 / 5) {
        const pid_t child = fork();
        if (child == 0) {
            run_in(killed, "tiny", "options.captions=40", 0);
            _exit(0);
        }
        usleep(moment);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    run_in(killed, "tiny", "options.captions=40", 0);

    Drawn one, other;
    char *a = artifact_of(whole, "generate", "40x5"), *b = artifact_of(killed, "generate", "40x5");
    assert_string_equal(strrchr(a, '/'), strrchr(b, '/'));
    read_drawn(a, &one);
    read_drawn(b, &other);
    assert_int_equal(one.count, other.count);
    assert_memory_equal(one.images, other.images, one.count * one.height * one.width * 3);
    drawn_free(&one);
    drawn_free(&other);
    free(a), free(b);
    ResultList results[2] = {{0}, {0}};
    Error err;
    for (int i = 0; i < 2; i++)
        if (!results_load(i ? killed : whole, NULL, &results[i], NULL, &err)) fail_msg("%s", err.text);
    assert_int_equal(results[0].count, 1);
    assert_memory_equal(&results[0].items[0].map, &results[1].items[0].map, sizeof(double));
    results_free(&results[0]);
    results_free(&results[1]);
}

/* ---- settings ---- */

static void a_grid_of_the_generator_goes_into_the_name(void **state)
{
    (void)state;
    Error err;
    Ran ran;
    if (!try_suite(scratch_store, (Selection){.suite = "grid"}, &ran, &err)) fail_msg("%s", err.text);
    assert_string_equal(ran.names, "grid[generate.steps=1] grid[generate.steps=2] ");
    free(ran.notes);
    TextList sets = {0};
    text_list_add(&sets, "generate.guidance=3");
    const char *const names[] = {"grid[generate.guidance=3,generate.steps=2]"};
    const Selection one = {.names = names, .name_count = 1, .sets = &sets};
    if (!try_suite(scratch_store, one, &ran, &err)) fail_msg("%s", err.text);
    assert_true(ran.wanted > 0);
    free(ran.notes);
    text_list_free(&sets);
}

/* Operations of a picture of the experiment "pal" with these settings; 0 where they are refused. */
static double cost_of(Session *session, const char *scheduler, const char *steps, Error *err)
{
    ExperimentList list = {0};
    TextList sets = {0};
    Generator g = {0};
    text_list_add(&sets, scheduler);
    text_list_add(&sets, steps);
    const Selection one = {.names = (const char *const[]){"pal"}, .name_count = 1, .sets = &sets};
    if (!book_select(session->book, &one, &list, err)) fail_msg("%s", err->text);
    const bool good = generator_of(session, &list.items[0], &g, err);
    experiments_free(&list);
    text_list_free(&sets);
    return good ? g.flop : 0;
}

static void a_plan_counts_the_calls_of_the_sampler_and_refuses_impossible_steps(void **state)
{
    (void)state;
    Error err;
    Session session;
    const SessionOptions options = {.experiments = file, .store = scratch_store};
    if (!session_open(&session, &options, &err)) fail_msg("%s", err.text);
    const double nineteen = cost_of(&session, "generate.scheduler=ddim", "generate.steps=19", &err);
    assert_true(nineteen > 0);
    assert_true(cost_of(&session, "generate.scheduler=heun", "generate.steps=10", &err) == nineteen);
    assert_true(cost_of(&session, "generate.scheduler=pndm", "generate.steps=18", &err) ==
                nineteen); /* which does its first step twice */
    assert_true(cost_of(&session, "generate.scheduler=euler", "generate.steps=10", &err) < nineteen);
    assert_true(cost_of(&session, "generate.scheduler=lcm", "generate.steps=60", &err) == 0);
    if (!strstr(err.text, "pal[") || !strstr(err.text, "original_inference_steps")) fail_msg("%s", err.text);
    session_close(&session);
}

static void suites_to_reproduce_are_those_of_the_file(void **state)
{
    (void)state;
    Error err;
    Book *book = book_open("experiments.json", NULL, &err), *plain = book_open(file, NULL, &err);
    if (!book || !plain) fail_msg("%s", err.text);
    assert_int_equal(book->reproduce_count, 5);
    assert_string_equal(book->reproduce[0], "mini");
    assert_string_equal(book->reproduce[1], "post");
    assert_string_equal(book->reproduce[4], "ablate-t2ipal");
    assert_int_equal(plain->reproduce_count, 1);
    assert_string_equal(plain->reproduce[0], "mini");
    book_free(book);
    book_free(plain);
    char *bad = path_join(scratch_folder, "bad.json");
    write_text("bad.json", "{\"reproduce\": [\"nothing\"]}");
    assert_null(book_open(bad, NULL, &err));
    assert_non_null(strstr(err.text, "reproduce[0]"));
    free(bad);
}

static void a_model_that_cannot_draw_is_refused(void **state)
{
    (void)state;
    refused("none", (const char *const[]){"models.none", "diffusion", "images", NULL});
    refused("gone", (const char *const[]){"nowhere", "not there", "paths.json", NULL});
}

/* ---- one's own images ---- */

static void images_of_ones_own_take_the_place_of_drawing(void **state)
{
    (void)state;
    Error err;
    Ran ran;
    char where[96];
    snprintf(where, sizeof where, "%s/own-store", scratch_folder);
    if (!try_suite(where, (Selection){.suite = "own"}, &ran, &err)) fail_msg("%s", err.text);
    assert_non_null(strstr(ran.notes, "all 4 images"));
    free(ran.notes);
    char *features = artifact_of(where, "encode-image", "own-own"), *captions = artifact_of(where, "captions", "");
    char *drawn = path_join(where, "generate");
    assert_false(path_exists(drawn));
    ArtifactReader *r = artifact_open(features, &err);
    TextList files = {0};
    assert_true(r && artifact_has(r, "local") && artifact_read_texts(r, "files", &files, &err));
    assert_int_equal(files.count, 3); /* one caption names no class */
    assert_non_null(strstr(files.items[2], "d.png"));
    artifact_close(r);
    text_list_free(&files);
    free(features), free(captions), free(drawn);

    assert_int_equal(run_in(where, "own", NULL, 0), 0);
    write_text("own/images.jsonl", "{\"file\": \"a.png\", \"caption\": \"one\", \"labels\": [\"dog\"]}\n"
                                   "{\"file\": \"b.png\", \"caption\": \"two\", \"labels\": [\"cat\", \"dog\"]}\n");
    assert_int_equal(run_in(where, "own", NULL, 0), 5); /* captions, texts, images, train, score */
}

/* ---- the judge ---- */

static void a_generator_is_judged_once_and_ablated_ones_are_not(void **state)
{
    (void)state;
    Error err;
    char *path = path_join(scratch_folder, "judge");
    Judge *judge = judge_new(5, &err), *folded = judge ? judge_fold(judge, &err) : NULL;
    if (!folded || !judge_save(folded, path, false, &err)) fail_msg("%s", err.text);
    judge_free(judge);
    judge_free(folded);
    free(path);

    run_in(scratch_store, "judged", "options.images_per_caption=1", 6);
    char *judged = artifact_of(scratch_store, "judge", "judged");
    ArtifactReader *r = artifact_open(judged, &err);
    size_t images[4] = {0, 64, 64, 3}, one[1] = {0};
    uint8_t *pixels;
    int32_t *asked, *seen;
    TextList captions = {0}, classes = {0};
    double accuracy, real, right = 0;
    if (!r || !artifact_read_bytes(r, "images", 4, images, &pixels, &err) ||
        !artifact_read_int32(r, "classes_asked", 1, one, &asked, &err) ||
        !artifact_read_int32(r, "classes_seen", 1, one, &seen, &err) ||
        !artifact_read_texts(r, "captions", &captions, &err) || !artifact_read_texts(r, "classes", &classes, &err) ||
        !artifact_attribute_get_number(r, "accuracy", &accuracy, &err) ||
        !artifact_attribute_get_number(r, "judge_accuracy_real", &real, &err))
        fail_msg("%s", err.text);
    assert_int_equal(images[0], 6);
    assert_int_equal(captions.count, 6);
    assert_int_equal(classes.count, 20);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(asked[i], i);
        assert_in_range(seen[i], 0, 19);
        right += asked[i] == seen[i];
    }
    assert_true(accuracy > 100 * right / 6 - 1e-9 && accuracy < 100 * right / 6 + 1e-9);
    artifact_close(r);
    free(pixels), free(asked), free(seen), free(judged);
    text_list_free(&captions);
    text_list_free(&classes);
}

/* ---- */

static void copy_picture(const char *to)
{
    Error err;
    Image image;
    char *path = path_join(scratch_folder, to);
    if (!image_read("tests/golden/resize_square.png", &image, &err) || !image_write_png(path, &image, NULL, &err))
        fail_msg("%s", err.text);
    image_free(&image);
    free(path);
}

static int make_world(void **state)
{
    if (scratch_store_make(state) != 0) return -1;
    snprintf(file, sizeof file, "%s/experiments.json", scratch_folder);
    char *text = placed(world);
    write_text("experiments.json", text);
    free(text);
    write_text("own/images.jsonl", "{\"file\": \"a.png\", \"caption\": \"a cat\"}\n"
                                   "{\"file\": \"b.png\", \"caption\": \"a dog and a cat\"}\n"
                                   "{\"file\": \"c.png\", \"caption\": \"nothing of the kind\"}\n"
                                   "{\"file\": \"d.png\", \"caption\": \"two dogs\"}\n");
    write_text("own/test.jsonl",
               "{\"file\": \"a.png\", \"labels\": [\"cat\"]}\n{\"file\": \"b.png\", \"labels\": [\"dog\"]}\n");
    for (const char *const *name = (const char *const[]){"own/a.png", "own/b.png", "own/c.png", "own/d.png", NULL};
         *name; name++)
        copy_picture(*name);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_beginning_of_the_choice_is_balanced),
        cmocka_unit_test(a_longer_choice_begins_with_the_shorter_one),
        cmocka_unit_test(pictures_carry_captions_seeds_and_labels),
        cmocka_unit_test(a_picture_depends_on_its_caption_and_seed_alone),
        cmocka_unit_test(a_second_run_has_nothing_to_do),
        cmocka_unit_test(a_training_option_draws_nothing_again),
        cmocka_unit_test(more_captions_draw_only_what_is_new),
        cmocka_unit_test(drawing_killed_again_and_again_ends_with_the_same_bits),
        cmocka_unit_test(a_grid_of_the_generator_goes_into_the_name),
        cmocka_unit_test(a_plan_counts_the_calls_of_the_sampler_and_refuses_impossible_steps),
        cmocka_unit_test(suites_to_reproduce_are_those_of_the_file),
        cmocka_unit_test(a_model_that_cannot_draw_is_refused),
        cmocka_unit_test(images_of_ones_own_take_the_place_of_drawing),
        cmocka_unit_test(a_generator_is_judged_once_and_ablated_ones_are_not),
    };
    return cmocka_run_group_tests(tests, make_world, scratch_remove);
}
