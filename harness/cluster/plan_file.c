/* Written with cJSON and read back with every number checked: who edits the file gets a sentence, not a strange task. */
#include "harness/cluster/plan_file.h"

#include "harness/base/version.h"

#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };
static const int64_t most = 1 << 30;

/* ---- writing ---- */

static cJSON *work_json(const Unit *u)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "stage", u->stage ? u->stage->kind->name : "report");
    if (!u->stage) return item;
    cJSON_AddStringToObject(item, "what", u->stage->label);
    cJSON_AddStringToObject(item, "hash", u->stage->hash);
    cJSON_AddStringToObject(item, "file", u->stage->path);
    if (u->shards.count) {
        cJSON_AddNumberToObject(item, "first", (double)u->shards.first);
        cJSON_AddNumberToObject(item, "shards", (double)u->shards.count);
    }
    return item;
}

static cJSON *task_json(const Tasks *all, const Task *t)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddNumberToObject(item, "seconds", t->seconds);
    cJSON_AddNumberToObject(item, "bytes", t->memory);
    cJSON *needs = cJSON_AddArrayToObject(item, "needs"), *work = cJSON_AddArrayToObject(item, "work");
    for (size_t i = 0; i < t->need_count; i++) cJSON_AddItemToArray(needs, cJSON_CreateNumber((double)t->needs[i]));
    for (size_t i = 0; i < t->count; i++) cJSON_AddItemToArray(work, work_json(&all->units.items[t->units[i]]));
    return item;
}

static cJSON *array_json(const TaskArray *a)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "name", a->name);
    cJSON_AddNumberToObject(item, "first", (double)a->first);
    cJSON_AddNumberToObject(item, "tasks", (double)a->count);
    cJSON_AddNumberToObject(item, "seconds", a->seconds);
    cJSON_AddNumberToObject(item, "bytes", a->memory);
    cJSON *needs = cJSON_AddArrayToObject(item, "needs");
    for (size_t i = 0; i < a->need_count; i++) {
        cJSON *need = cJSON_CreateObject();
        cJSON_AddNumberToObject(need, "array", (double)a->needs[i].array);
        cJSON_AddBoolToObject(need, "each", a->needs[i].each);
        cJSON_AddItemToArray(needs, need);
    }
    return item;
}

bool plan_file_write(const char *path, const Tasks *tasks, const PlanFileFacts *facts, Error *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "palbench", PALBENCH_VERSION);
    cJSON_AddNumberToObject(root, "format", FORMAT);
    cJSON *arguments = cJSON_AddArrayToObject(root, "arguments");
    for (size_t i = 0; i < facts->arguments->count; i++)
        cJSON_AddItemToArray(arguments, cJSON_CreateString(facts->arguments->items[i]));
    cJSON_AddStringToObject(root, "place", facts->folder);
    cJSON_AddNumberToObject(root, "threads", (double)facts->threads);
    cJSON *arrays = cJSON_AddArrayToObject(root, "arrays"), *list = cJSON_AddArrayToObject(root, "tasks");
    for (size_t i = 0; i < tasks->array_count; i++) cJSON_AddItemToArray(arrays, array_json(&tasks->arrays[i]));
    for (size_t i = 0; i < tasks->count; i++) cJSON_AddItemToArray(list, task_json(tasks, &tasks->items[i]));
    char *text = json_spread(root);
    cJSON_Delete(root);
    const bool good = write_file(path, text, strlen(text), err);
    free(text);
    return good;
}

/* ---- reading ---- */

static bool read_count(Json object, const char *key, int64_t low, size_t *value, Error *err)
{
    int64_t number;
    if (!json_integer(object, key, &number, err)) return false;
    if (number < low || number > most)
        return json_fail(json_get(object, key), err, "a whole number from %lld to %lld is needed", (long long)low,
                         (long long)most);
    *value = (size_t)number;
    return true;
}

static bool read_work(Json item, PlannedWork *work, Error *err)
{
    *work = (PlannedWork){0};
    if (!json_string(item, "stage", &work->stage, err)) return false;
    if (strcmp(work->stage, "report") == 0) return true;
    if (!json_string(item, "hash", &work->hash, err) || !json_string(item, "what", &work->what, err)) return false;
    if (!json_get(item, "shards").node) return true;
    return read_count(item, "first", 0, &work->shards.first, err) &&
           read_count(item, "shards", 1, &work->shards.count, err);
}

static bool read_needs(Json list, size_t before, PlannedTask *task, Error *err)
{
    task->needs = xcalloc(json_count(list) + 1, sizeof *task->needs);
    for (size_t i = 0; i < json_count(list); i++) {
        int64_t need;
        if (!json_as_integer(json_at(list, i), &need, err)) return false;
        if (need < 0 || need >= (int64_t)before)
            return json_fail(json_at(list, i), err, "a task in front of this one is needed");
        task->needs[task->need_count++] = (size_t)need;
    }
    return true;
}

static bool read_task(Json item, size_t before, PlannedTask *task, Error *err)
{
    Json needs, work;
    if (!json_number(item, "seconds", &task->seconds, err) || !json_array(item, "needs", &needs, err) ||
        !json_array(item, "work", &work, err) || !read_needs(needs, before, task, err))
        return false;
    task->work = xcalloc(json_count(work) + 1, sizeof *task->work);
    for (size_t i = 0; i < json_count(work); i++)
        if (!read_work(json_at(work, i), &task->work[task->count++], err)) return false;
    return true;
}

static bool read_head(Json root, PlanFile *plan, Error *err)
{
    int64_t format;
    Json arguments;
    if (!json_integer(root, "format", &format, err)) return false;
    if (format != FORMAT)
        return json_fail(json_get(root, "format"), err, "this program reads format %d; export the plan anew", FORMAT);
    if (!json_string(root, "place", &plan->folder, err) || !read_count(root, "threads", 1, &plan->threads, err) ||
        !json_array(root, "arguments", &arguments, err))
        return false;
    for (size_t i = 0; i < json_count(arguments); i++) {
        const char *argument;
        if (!json_as_string(json_at(arguments, i), &argument, err)) return false;
        text_list_add(&plan->arguments, argument);
    }
    return true;
}

bool plan_file_read(const char *path, PlanFile *plan, Error *err)
{
    *plan = (PlanFile){.path = xstrdup(path), .file = json_read(path, err)};
    Json tasks;
    if (!plan->file || !read_head(json_root(plan->file), plan, err) ||
        !json_array(json_root(plan->file), "tasks", &tasks, err))
        return false;
    plan->tasks = xcalloc(json_count(tasks) + 1, sizeof *plan->tasks);
    for (; plan->count < json_count(tasks); plan->count++)
        if (!read_task(json_at(tasks, plan->count), plan->count, &plan->tasks[plan->count], err)) {
            plan->count++; /* what was read of it is freed */
            return false;
        }
    return true;
}

void plan_file_free(PlanFile *plan)
{
    for (size_t i = 0; i < plan->count; i++) free(plan->tasks[i].needs), free(plan->tasks[i].work);
    free(plan->tasks);
    free(plan->path);
    text_list_free(&plan->arguments);
    if (plan->file) json_free(plan->file);
    *plan = (PlanFile){0};
}
