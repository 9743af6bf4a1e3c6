/* Wave after wave, by first fit: a wave's long units are tasks, its short ones fill tasks in the order of the plan, what
 * is left over is led on, and then short units that one task alone makes ready follow it. Arrays and needs are read off
 * in the end. */
#include "harness/cluster/tasks.h"

#include "harness/plan/estimate_memory.h"

#include <stdlib.h>
#include <string.h>

enum { NOWHERE = -1, WAIT_MOST = 3 };

typedef struct Packing {
    Tasks *tasks;
    double least; /* seconds of a task */
    size_t *task; /* [units.count] where a unit is; SIZE_MAX: nowhere yet */
    size_t wave;  /* the first task of this wave */
} Packing;

static const Unit *unit_at(const Packing *p, size_t i)
{
    return &p->tasks->units.items[i];
}

/* ---- where units can go ---- */

/* Whether everything that unit i needs is made by former waves. */
static bool is_ready(const Packing *p, size_t i)
{
    const Unit *u = unit_at(p, i);
    for (size_t k = 0; k < u->need_count; k++)
        if (p->task[u->needs[k]] >= p->wave) return false;
    return p->task[i] == SIZE_MAX;
}

/* The one task of this wave that makes unit i ready, with former waves; SIZE_MAX: there is none, or several. */
static size_t task_before(const Packing *p, size_t i)
{
    const Unit *u = unit_at(p, i);
    size_t found = SIZE_MAX;
    if (p->task[i] != SIZE_MAX) return SIZE_MAX;
    for (size_t k = 0; k < u->need_count; k++) {
        const size_t task = p->task[u->needs[k]];
        if (task == SIZE_MAX || (task >= p->wave && found != SIZE_MAX && task != found)) return SIZE_MAX;
        if (task >= p->wave) found = task;
    }
    return found;
}

static void put(Packing *p, size_t unit, size_t task)
{
    Task *t = &p->tasks->items[task];
    t->units = xrealloc(t->units, (t->count + 1) * sizeof *t->units);
    t->units[t->count++] = unit;
    t->seconds += unit_at(p, unit)->seconds;
    p->task[unit] = task;
}

static size_t new_task(Packing *p)
{
    Tasks *all = p->tasks;
    all->items = xrealloc(all->items, (all->count + 1) * sizeof *all->items);
    all->items[all->count] = (Task){0};
    return all->count++;
}

static bool is_short(const Packing *p, size_t i)
{
    return unit_at(p, i)->seconds < p->least && !unit_at(p, i)->shards.count;
}

/* ---- a wave ---- */

/* Tasks of shards first, a stage after the other, so that they can be arrays; then the other long ones. */
static void put_long(Packing *p, const bool *ready)
{
    for (int shards = 1; shards >= 0; shards--)
        for (size_t i = 0; i < p->tasks->units.count; i++)
            if (ready[i] && !is_short(p, i) && (unit_at(p, i)->shards.count > 0) == (shards > 0))
                put(p, i, new_task(p));
}

/* Returns the task that is still too short; SIZE_MAX when there is none. */
static size_t put_short(Packing *p, const bool *ready)
{
    size_t open = SIZE_MAX;
    for (size_t i = 0; i < p->tasks->units.count; i++) {
        if (!ready[i] || !is_short(p, i)) continue;
        if (open == SIZE_MAX) open = new_task(p);
        put(p, i, open);
        if (p->tasks->items[open].seconds >= p->least) open = SIZE_MAX;
    }
    return open;
}

/* The shortest unit that the task makes ready. */
static size_t shortest_next(const Packing *p, size_t task)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < p->tasks->units.count; i++) {
        if (task_before(p, i) != task || unit_at(p, i)->seconds > WAIT_MOST * p->least) continue;
        if (best == SIZE_MAX || unit_at(p, i)->seconds < unit_at(p, best)->seconds) best = i;
    }
    return best;
}

static void lead_on(Packing *p, size_t task)
{
    for (size_t next; p->tasks->items[task].seconds < p->least && (next = shortest_next(p, task)) != SIZE_MAX;)
        put(p, next, task);
}

/* Puts the units of the wave's last task, if it is too short, in front of the shortest other one's, unless what waits for
 * them would wait long. */
static void merge(Packing *p, size_t task)
{
    Tasks *all = p->tasks;
    Task *last = &all->items[task], *best = NULL;
    if (last->seconds >= p->least || task + 1 != all->count) return;
    for (size_t i = p->wave; i < task; i++)
        if (!best || all->items[i].seconds < best->seconds) best = &all->items[i];
    if (!best || best->seconds > WAIT_MOST * p->least) return;
    last->units = xrealloc(last->units, (last->count + best->count) * sizeof *last->units);
    memcpy(last->units + last->count, best->units, best->count * sizeof *last->units);
    last->count += best->count, last->seconds += best->seconds;
    free(best->units);
    *best = *last;
    all->count--;
    for (size_t i = 0; i < best->count; i++) p->task[best->units[i]] = (size_t)(best - all->items);
}

/* Short units behind the task that makes them ready, at most as long as a task altogether. */
static void follow(Packing *p)
{
    double *added = xcalloc(p->tasks->count + 1, sizeof *added);
    for (size_t i = 0; i < p->tasks->units.count; i++) {
        const size_t task = is_short(p, i) ? task_before(p, i) : SIZE_MAX;
        if (task == SIZE_MAX || added[task] + unit_at(p, i)->seconds > p->least) continue;
        added[task] += unit_at(p, i)->seconds;
        put(p, i, task);
    }
    free(added);
}

static bool pack_wave(Packing *p)
{
    const size_t count = p->tasks->units.count;
    bool *ready = xcalloc(count + 1, sizeof *ready);
    p->wave = p->tasks->count;
    for (size_t i = 0; i < count; i++) ready[i] = is_ready(p, i);
    put_long(p, ready);
    const size_t open = put_short(p, ready);
    free(ready);
    if (open != SIZE_MAX) lead_on(p, open), merge(p, open);
    follow(p);
    return p->tasks->count > p->wave;
}

/* ---- needs, memory, arrays ---- */

static void add_task_need(Task *t, size_t need)
{
    for (size_t i = 0; i < t->need_count; i++)
        if (t->needs[i] == need) return;
    t->needs = xrealloc(t->needs, (t->need_count + 1) * sizeof *t->needs);
    t->needs[t->need_count++] = need;
}

static void finish_task(const Packing *p, size_t at)
{
    Task *t = &p->tasks->items[at];
    for (size_t i = 0; i < t->count; i++) {
        const Unit *u = unit_at(p, t->units[i]);
        const double memory = estimate_memory(u->stage, u->shards.count > 0);
        if (memory > t->memory) t->memory = memory;
        for (size_t k = 0; k < u->need_count; k++)
            if (p->task[u->needs[k]] != at) add_task_need(t, p->task[u->needs[k]]);
    }
}

/* The stage whose shards a task makes; NULL of another. */
static const Stage *sharded_of(const Packing *p, const Task *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (unit_at(p, t->units[i])->shards.count) return unit_at(p, t->units[i])->stage;
    return NULL;
}

static void add_to_arrays(const Packing *p, size_t at, bool begins)
{
    Tasks *all = p->tasks;
    const Task *t = &all->items[at];
    const Stage *stage = sharded_of(p, t);
    if (begins || sharded_of(p, t - 1) != stage) {
        all->arrays = xrealloc(all->arrays, (all->array_count + 1) * sizeof *all->arrays);
        all->arrays[all->array_count++] = (TaskArray){.name = xstrdup(stage ? stage->kind->name : "work"), .first = at};
    }
    TaskArray *array = &all->arrays[all->array_count - 1];
    array->count++;
    if (t->seconds > array->seconds) array->seconds = t->seconds;
    if (t->memory > array->memory) array->memory = t->memory;
}

static size_t array_of(const Tasks *all, size_t task)
{
    size_t i = 0;
    while (task >= all->arrays[i].first + all->arrays[i].count) i++;
    return i;
}

static void add_array_needs(Tasks *all, TaskArray *array)
{
    for (size_t i = 0; i < array->count; i++) {
        const Task *t = &all->items[array->first + i];
        for (size_t k = 0; k < t->need_count; k++) {
            const size_t other = array_of(all, t->needs[k]);
            const bool same = t->needs[k] - all->arrays[other].first == i && all->arrays[other].count == array->count;
            size_t at = 0;
            while (at < array->need_count && array->needs[at].array != other) at++;
            if (at == array->need_count) {
                array->needs = xrealloc(array->needs, (at + 1) * sizeof *array->needs);
                array->needs[array->need_count++] = (ArrayNeed){other, true};
            }
            array->needs[at].each = array->needs[at].each && same;
        }
    }
}

void tasks_of_plan(const Plan *plan, double task_seconds, bool report, Tasks *tasks)
{
    *tasks = (Tasks){0};
    units_of_plan(plan, task_seconds, report, &tasks->units);
    const size_t count = tasks->units.count;
    Packing p = {.tasks = tasks, .least = task_seconds, .task = xcalloc(count + 1, sizeof *p.task)};
    bool *begins = xcalloc(count + 1, sizeof *begins); /* a wave */
    for (size_t i = 0; i < count; i++) p.task[i] = SIZE_MAX;
    while (pack_wave(&p)) begins[p.wave] = true;
    for (size_t i = 0; i < tasks->count; i++) finish_task(&p, i), add_to_arrays(&p, i, begins[i]);
    for (size_t i = 0; i < tasks->array_count; i++) add_array_needs(tasks, &tasks->arrays[i]);
    free(begins);
    free(p.task);
}

void tasks_free(Tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++) free(tasks->items[i].units), free(tasks->items[i].needs);
    for (size_t i = 0; i < tasks->array_count; i++) free(tasks->arrays[i].name), free(tasks->arrays[i].needs);
    free(tasks->items), free(tasks->arrays);
    units_free(&tasks->units);
    *tasks = (Tasks){0};
}
