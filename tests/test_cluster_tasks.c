/* A plan cut into tasks: nothing is lost, nothing comes before what it needs, and no task is short without need. The stages are made up. */
#include "harness/cluster/plan_file.h"
#include "harness/graph/random.h"
#include "tests/scratch_folder.h"

#include <math.h>

enum { STAGES = 400 };

static size_t by_hundreds(const Stage *s, size_t units)
{
    (void)s;
    return units > 100 ? (units + 99) / 100 : 1;
}

static const StageShards hundreds = {.count = by_hundreds};
static const StageKind draw = {.name = "draw", .shards = &hundreds}, encode = {.name = "encode", .shards = &hundreds},
                       other = {.name = "other"};

typedef struct World {
    Stage stages[STAGES];
    Stage *list[STAGES];
    Plan plan;
} World;

static Stage *add(World *w, const StageKind *kind, double seconds, size_t units)
{
    Stage *s = &w->stages[w->plan.count];
    *s = (Stage){.kind = kind, .wanted = true, .units = units, .label = (char *)(uintptr_t) "made up"};
    s->expected = (Expected){.seconds = seconds};
    snprintf(s->hash, sizeof s->hash, "%064zu", w->plan.count);
    s->path = (char *)(uintptr_t) "store/other/made-up.h5";
    w->list[w->plan.count++] = s;
    w->plan.stages = w->list;
    return s;
}

static size_t task_of(const Tasks *tasks, size_t unit)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < tasks->count; i++)
        for (size_t k = 0; k < tasks->items[i].count; k++)
            if (tasks->items[i].units[k] == unit) {
                assert_int_equal(found, SIZE_MAX); /* in one task only */
                found = i;
            }
    assert_int_not_equal(found, SIZE_MAX);
    return found;
}

static size_t place_in(const Task *t, size_t unit)
{
    size_t i = 0;
    while (i < t->count && t->units[i] != unit) i++;
    return i;
}

static bool has(const size_t *list, size_t count, size_t value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == value) return true;
    return false;
}

/* Every unit is in one task; what it needs is done before it, in the same task or in one that the task needs, and that
 * one's array is needed by the task's. */
static void assert_sound(const Tasks *tasks)
{
    for (size_t u = 0; u < tasks->units.count; u++) {
        const Unit *unit = &tasks->units.items[u];
        const size_t at = task_of(tasks, u);
        for (size_t k = 0; k < unit->need_count; k++) {
            const size_t need = task_of(tasks, unit->needs[k]);
            assert_true(unit->needs[k] < u);
            assert_true(need <= at);
            if (need == at)
                assert_true(place_in(&tasks->items[at], unit->needs[k]) < place_in(&tasks->items[at], u));
            else
                assert_true(has(tasks->items[at].needs, tasks->items[at].need_count, need));
        }
    }
    size_t covered = 0;
    for (size_t a = 0; a < tasks->array_count; a++) {
        const TaskArray *array = &tasks->arrays[a];
        assert_int_equal(array->first, covered);
        covered += array->count;
        for (size_t i = array->first; i < covered; i++) {
            assert_true(tasks->items[i].seconds <= array->seconds);
            for (size_t k = 0; k < tasks->items[i].need_count; k++) {
                size_t other_array = 0;
                while (tasks->arrays[other_array].first + tasks->arrays[other_array].count <= tasks->items[i].needs[k])
                    other_array++;
                size_t at = 0;
                while (at < array->need_count && array->needs[at].array != other_array) at++;
                assert_true(other_array < a && at < array->need_count);
                if (array->needs[at].each)
                    assert_int_equal(tasks->items[i].needs[k] - tasks->arrays[other_array].first, i - array->first);
            }
        }
    }
    assert_int_equal(covered, tasks->count);
}

/* captions -> 5000 pictures at 60 s each hundred -> their features -> 3 trainings of half an hour, each with its scores. */
static void make_world(World *w)
{
    *w = (World){0};
    Stage *captions = add(w, &other, 5, 0), *test = add(w, &other, 30, 0), *drawn = add(w, &draw, 3000 * 4, 5000);
    stage_add_input(drawn, ROLE_CHOSEN, captions);
    Stage *features = add(w, &encode, 600, 5000);
    stage_add_input(features, ROLE_DRAWN, drawn);
    for (int i = 0; i < 3; i++) {
        Stage *train = add(w, &other, 1800, 0), *score = add(w, &other, 20, 0);
        stage_add_input(train, ROLE_GENERATED, features);
        stage_add_input(score, ROLE_TRAINED, train);
        stage_add_input(score, ROLE_TEST_IMAGES, test);
    }
}

static void a_suite_becomes_tasks_of_twenty_minutes(void **state)
{
    (void)state;
    World w;
    Tasks tasks;
    make_world(&w);
    tasks_of_plan(&w.plan, 1200, true, &tasks);
    assert_sound(&tasks);
    for (size_t i = 0; i + 1 < tasks.count; i++) assert_true(tasks.items[i].seconds >= 1200);
    /* The first two stages go on with the first group of pictures; the other groups are an array. */
    assert_int_equal(tasks.items[0].count, 3);
    assert_int_equal(tasks.items[0].needs, NULL);
    assert_string_equal(tasks.arrays[1].name, "draw");
    assert_int_equal(tasks.arrays[1].count, 9);
    /* Joining and encoding lead on to the first training, and a training's scores follow it. */
    const Task *last = &tasks.items[tasks.count - 1];
    assert_null(tasks.units.items[last->units[last->count - 1]].stage); /* the report */
    assert_int_equal(tasks.count, 1 + 9 + 1 + 2 + 1);
    tasks_free(&tasks);
}

static void without_a_least_time_every_unit_is_a_task(void **state)
{
    (void)state;
    World w;
    Tasks tasks;
    make_world(&w);
    tasks_of_plan(&w.plan, 0, false, &tasks);
    assert_sound(&tasks);
    assert_int_equal(tasks.count, tasks.units.count);
    assert_int_equal(tasks.units.count, 2 + 50 + 1 + 50 + 1 + 6);
    bool each = false; /* scores of a training wait for that one alone */
    for (size_t a = 0; a < tasks.array_count; a++)
        for (size_t k = 0; k < tasks.arrays[a].need_count; k++) each = each || tasks.arrays[a].needs[k].each;
    assert_true(each);
    tasks_free(&tasks);
}

static void what_is_stored_is_no_task_and_nothing_is_no_plan(void **state)
{
    (void)state;
    World w;
    Tasks tasks;
    make_world(&w);
    for (size_t i = 0; i < w.plan.count; i++) w.plan.stages[i]->wanted = i + 1 == w.plan.count;
    tasks_of_plan(&w.plan, 1200, false, &tasks);
    assert_int_equal(tasks.count, 1);
    assert_int_equal(tasks.items[0].need_count, 0);
    tasks_free(&tasks);
    w.stages[w.plan.count - 1].wanted = false;
    tasks_of_plan(&w.plan, 1200, false, &tasks);
    assert_int_equal(tasks.count + tasks.array_count, 0);
    tasks_free(&tasks);
}

/* Generators that draw the same pictures, the one of more captions: it draws only what the other does not. */
static void shared_shards_are_made_once(void **state)
{
    (void)state;
    World w = {0};
    Tasks tasks;
    add(&w, &draw, 5000, 1000);
    add(&w, &draw, 5000, 2000)->before = 1000;
    tasks_of_plan(&w.plan, 100, false, &tasks);
    assert_sound(&tasks);
    bool drawn[2][20] = {{false}};
    for (size_t i = 0; i < tasks.units.count; i++) {
        const Unit *u = &tasks.units.items[i];
        for (size_t k = 0; k < u->shards.count; k++) {
            bool *one = &drawn[u->stage == &w.stages[1]][u->shards.first + k];
            assert_false(*one);
            *one = true;
        }
    }
    for (size_t i = 0; i < 20; i++) assert_true(drawn[0][i] == (i < 10) && drawn[1][i] == (i >= 10));
    assert_true(tasks.units.items[tasks.units.count - 1].need_count > 10); /* waits for the other's too */
    tasks_free(&tasks);
}

/* Random plans: sound whatever they look like, and short tasks only where the header says so. */
static void any_plan_is_cut_soundly(void **state)
{
    (void)state;
    static World w;
    Random r;
    random_seed(&r, 14);
    for (int trial = 0; trial < 60; trial++) {
        w = (World){0};
        const size_t count = 1 + (size_t)(random_double(&r) * 60);
        for (size_t i = 0; i < count; i++) {
            const bool cut = random_double(&r) < 0.3;
            Stage *s = add(&w, cut ? &draw : &other, pow(10, 4 * random_double(&r)),
                           cut ? 1 + (size_t)(random_double(&r) * 3000) : 0);
            for (int k = 0; i && k < 3; k++)
                stage_add_input(s, ROLE_TEXTS, w.list[(size_t)(random_double(&r) * (double)i)]);
        }
        Tasks tasks;
        tasks_of_plan(&w.plan, 300, trial % 2, &tasks);
        assert_sound(&tasks);
        tasks_free(&tasks);
    }
}

/* ---- the file ---- */

static void a_plan_file_reads_back(void **state)
{
    (void)state;
    World w;
    Tasks tasks;
    PlanFile file;
    Error err;
    TextList arguments = {0};
    make_world(&w);
    tasks_of_plan(&w.plan, 1200, true, &tasks);
    text_list_add(&arguments, "--suite=a b");
    const PlanFileFacts facts = {&arguments, "/somewhere else", 3};
    assert_true(plan_file_write(scratch("plan.json"), &tasks, &facts, &err));
    if (!plan_file_read(scratch("plan.json"), &file, &err)) fail_msg("%s", err.text);
    assert_string_equal(file.arguments.items[0], "--suite=a b");
    assert_string_equal(file.folder, "/somewhere else");
    assert_int_equal(file.threads, 3);
    assert_int_equal(file.count, tasks.count);
    for (size_t i = 0; i < file.count; i++) {
        assert_int_equal(file.tasks[i].count, tasks.items[i].count);
        assert_int_equal(file.tasks[i].need_count, tasks.items[i].need_count);
        for (size_t k = 0; k < file.tasks[i].count; k++) {
            const Unit *u = &tasks.units.items[tasks.items[i].units[k]];
            assert_int_equal(file.tasks[i].work[k].shards.count, u->shards.count);
            if (u->stage) assert_string_equal(file.tasks[i].work[k].hash, u->stage->hash);
        }
    }
    plan_file_free(&file);
    tasks_free(&tasks);
    text_list_free(&arguments);
}

static void a_strange_plan_file_is_refused(void **state)
{
    (void)state;
#define HEAD "{\"format\": 1, \"place\": \"/\", \"threads\": 1, \"arguments\": [], \"tasks\": "
#define TASK "{\"seconds\": 1, \"needs\": [], \"work\": []}"
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[]", "format"},
        {"{\"format\": 2}", "export the plan anew"},
        {"{\"format\": 1, \"place\": \"/\", \"threads\": 0}", "threads"},
        {HEAD "[{}]}", "seconds"},
        {HEAD "[{\"seconds\": 1, \"needs\": [0], \"work\": []}]}", "in front of this one"},
        {HEAD "[" TASK ", {\"seconds\": 1, \"needs\": [-1], \"work\": []}]}", "in front of this one"},
        {HEAD "[{\"seconds\": 1, \"needs\": [], \"work\": [{\"stage\": \"train\"}]}]}", "hash"},
        {HEAD "[{\"seconds\": 1, \"needs\": [], \"work\": [{\"stage\": \"t\", \"hash\": \"0\", \"what\": \"w\", "
              "\"first\": -1, \"shards\": 1}]}]}",
         "first"},
        {HEAD "[{\"seconds\": 1, \"needs\": [], \"work\": [{\"stage\": \"t\", \"hash\": \"0\", \"what\": \"w\", "
              "\"first\": 0, \"shards\": 1e300}]}]}",
         "shards"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        PlanFile file;
        Error err = {0};
        put_file(scratch("strange.json"), cases[i].text, strlen(cases[i].text));
        const bool read = plan_file_read(scratch("strange.json"), &file, &err);
        plan_file_free(&file);
        if (read || !strstr(err.text, cases[i].says)) fail_msg("%s: %s", cases[i].text, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suite_becomes_tasks_of_twenty_minutes),
        cmocka_unit_test(without_a_least_time_every_unit_is_a_task),
        cmocka_unit_test(what_is_stored_is_no_task_and_nothing_is_no_plan),
        cmocka_unit_test(shared_shards_are_made_once),
        cmocka_unit_test(any_plan_is_cut_soundly),
        cmocka_unit_test(a_plan_file_reads_back),
        cmocka_unit_test(a_strange_plan_file_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
