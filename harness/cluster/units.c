/* One pass over the plan: inputs stand before their users there, so a unit's needs are units already. What a stage's
 * users need of it is its last unit, the whole one. */
#include "harness/cluster/units.h"

#include <math.h>
#include <stdlib.h>

/* Reading and joining so many shards, and the report, take no more than this; nothing depends on it but estimates. */
static const double seconds_a_joined_shard = 0.05, report_seconds = 10;

static size_t add_unit(Units *all, Unit unit)
{
    if (all->count == all->capacity) {
        all->capacity = all->capacity ? 2 * all->capacity : 64;
        all->items = xrealloc(all->items, all->capacity * sizeof *all->items);
    }
    all->items[all->count] = unit;
    return all->count++;
}

static void add_need(Unit *unit, size_t need)
{
    for (size_t i = 0; i < unit->need_count; i++)
        if (unit->needs[i] == need) return;
    unit->needs = xrealloc(unit->needs, (unit->need_count + 1) * sizeof *unit->needs);
    unit->needs[unit->need_count++] = need;
}

/* The unit that makes the whole of a stage; SIZE_MAX when none does. */
static size_t whole_of(const Units *all, const Stage *stage)
{
    for (size_t i = all->count; i-- > 0;)
        if (all->items[i].stage == stage && !all->items[i].shards.count) return i;
    return SIZE_MAX;
}

static void need_inputs(const Units *all, Unit *unit)
{
    for (size_t i = 0; i < unit->stage->input_count; i++) {
        const size_t input = whole_of(all, unit->stage->inputs[i].stage);
        if (input != SIZE_MAX) add_need(unit, input);
    }
}

/* Stages of one kind before it, for shards that they make are its own too. */
static void need_sharers(const Units *all, Unit *unit)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].stage != unit->stage && all->items[i].stage->kind == unit->stage->kind) add_need(unit, i);
}

static size_t shards_in(const Stage *s, size_t units)
{
    return units ? s->kind->shards->count(s, units) : 0;
}

/* The shards of a stage in groups, as equal as can be; *last gets how many there are in all. Returns the first group's
 * unit, SIZE_MAX when one unit makes the stage. */
static size_t add_groups(Units *all, const Stage *s, double task_seconds, size_t *groups)
{
    *groups = 0;
    if (!s->kind->shards) return SIZE_MAX;
    const size_t before = shards_in(s, s->before), count = shards_in(s, s->units);
    if (count < 2 || before >= count) return SIZE_MAX;
    const size_t own = count - before;
    const double each = s->expected.seconds / (double)own, least = ceil(task_seconds / fmax(each, 1e-9));
    if (!(least * 2 <= (double)own)) return SIZE_MAX;
    *groups = own / (size_t)fmax(least, 1);
    const size_t first = all->count;
    for (size_t i = 0; i < *groups; i++) {
        const size_t from = own * i / *groups, to = own * (i + 1) / *groups;
        Unit unit = {.stage = s, .shards = {before + from, to - from}, .seconds = each * (double)(to - from)};
        need_inputs(all, &unit);
        add_unit(all, unit);
    }
    return first;
}

static void add_stage(Units *all, const Stage *s, double task_seconds)
{
    size_t groups;
    const size_t first = add_groups(all, s, task_seconds, &groups);
    Unit whole = {.stage = s, .seconds = s->expected.seconds};
    if (groups) whole.seconds = seconds_a_joined_shard * (double)shards_in(s, s->units);
    need_inputs(all, &whole);
    for (size_t i = 0; i < groups; i++) add_need(&whole, first + i);
    if (s->before) need_sharers(all, &whole);
    add_unit(all, whole);
}

void units_of_plan(const Plan *plan, double task_seconds, bool report, Units *units)
{
    *units = (Units){0};
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i]->wanted) add_stage(units, plan->stages[i], task_seconds);
    if (!report) return;
    Unit last = {.seconds = report_seconds};
    for (size_t i = 0; i < units->count; i++)
        if (!units->items[i].shards.count) add_need(&last, i);
    add_unit(units, last);
}

void units_free(Units *units)
{
    for (size_t i = 0; i < units->count; i++) free(units->items[i].needs);
    free(units->items);
    *units = (Units){0};
}
