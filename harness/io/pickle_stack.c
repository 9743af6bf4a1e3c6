/* The machine's memory: values, the stack with its marks, the memo. */
#include "harness/io/pickle_internal.h"

#include <string.h>

PickleValue *pickle_new(Pickle *p, PickleType type)
{
    if (p->values == PICKLE_VALUES_MAX) {
        pickle_fail(p, "more values than any checkpoint has; not opened");
        return NULL;
    }
    if (p->values++ % VALUES_A_PIECE == 0) p->piece = arena_alloc(p->arena, VALUES_A_PIECE * sizeof *p->piece);
    PickleValue *value = p->piece++;
    value->type = type;
    return value;
}

/* ---- the stack ---- */

bool pickle_push(Pickle *p, PickleValue *value)
{
    if (!value) return false;
    if (p->height == p->stack_capacity) {
        p->stack_capacity = p->stack_capacity ? 2 * p->stack_capacity : 1024;
        p->stack = xrealloc(p->stack, p->stack_capacity * sizeof *p->stack);
    }
    p->stack[p->height++] = value;
    return true;
}

/* NULL below the stack's last mark: an opcode may not reach through it. */
PickleValue *pickle_pop(Pickle *p)
{
    const size_t floor = p->mark_count ? p->marks[p->mark_count - 1] : 0;
    if (p->height > floor) return p->stack[--p->height];
    pickle_fail(p, "an opcode takes more from the stack than there is; damaged");
    return NULL;
}

PickleValue *pickle_top(Pickle *p)
{
    PickleValue *value = pickle_pop(p);
    if (value) p->height++;
    return value;
}

bool pickle_push_mark(Pickle *p)
{
    if (p->mark_count == p->mark_capacity) {
        p->mark_capacity = p->mark_capacity ? 2 * p->mark_capacity : 64;
        p->marks = xrealloc(p->marks, p->mark_capacity * sizeof *p->marks);
    }
    p->marks[p->mark_count++] = p->height;
    return true;
}

/* Takes what lies above the last mark: stack[*first .. *first + *count - 1], valid until the next push. */
bool pickle_pop_mark(Pickle *p, size_t *first, size_t *count)
{
    if (!p->mark_count) return pickle_fail(p, "an opcode looks for a mark that is not there; damaged");
    *first = p->marks[--p->mark_count];
    *count = p->height - *first;
    p->height = *first;
    return true;
}

bool pickle_append(Pickle *p, PickleValue *list, PickleValue *item)
{
    if (list->list.count == list->list.capacity) { /* the arena keeps the old ones: twice the items at most */
        const uint32_t capacity = list->list.capacity ? 2 * list->list.capacity : 4;
        PickleValue **items = arena_alloc(p->arena, capacity * sizeof *items);
        if (list->list.count) memcpy(items, list->list.items, list->list.count * sizeof *items);
        list->list.items = items;
        list->list.capacity = capacity;
    }
    list->list.items[list->list.count++] = item;
    return true;
}

/* ---- memo ---- */

bool pickle_put(Pickle *p, uint64_t place)
{
    PickleValue *value = pickle_top(p);
    if (!value) return false;
    if (place > 2 * (uint64_t)PICKLE_VALUES_MAX) return pickle_fail(p, "a memo of absurd size; damaged");
    if (place >= p->memo_capacity) {
        size_t capacity = p->memo_capacity ? p->memo_capacity : 1024;
        while (capacity <= place) capacity *= 2;
        p->memo = xrealloc(p->memo, capacity * sizeof *p->memo);
        memset(p->memo + p->memo_capacity, 0, (capacity - p->memo_capacity) * sizeof *p->memo);
        p->memo_capacity = capacity;
    }
    if (!p->memo[place]) p->memo_count++;
    p->memo[place] = value;
    return true;
}
