/* Every cell of the summary is held against every number; a number that found no cell of its protocol goes to the
 * others, with the reason of the cell that it came nearest to, or as a method that is not here. */
#include "reports/published_table.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>

static const char not_run[] = "not a row of this report";

static bool has_numbers(const PublishedNumbers *numbers, const StoredResult *r)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (r->kind && strcmp(numbers->items[i].dataset, r->kind) == 0) return true;
    return false;
}

/* What stands where nothing is published under this protocol. */
static const char *missing_text(const PublishedNumbers *numbers, const StoredResult *r)
{
    for (size_t i = 0; i < numbers->without.count; i++)
        if (strcmp(numbers->without.items[i], r->method) == 0) return numbers->why.items[i];
    return "none known under this protocol";
}

static void add_line(PublishedTable *t, PublishedLine line)
{
    t->lines = xrealloc(t->lines, (t->line_count + 1) * sizeof *t->lines);
    t->lines[t->line_count++] = line;
}

static void add_lines(PublishedTable *t, const PublishedNumbers *numbers, const Row *row, const Cell *cell)
{
    const StoredResult *r = cell->results[0];
    PublishedLine line = {.label = row->label, .result = r, .map = cell->map.mean};
    const size_t before = t->line_count;
    for (size_t i = 0; i < numbers->count; i++) {
        line.number = &numbers->items[i];
        if (published_fit(line.number, r, NULL) == PUBLISHED_SAME) add_line(t, line);
    }
    line.number = NULL, line.missing = missing_text(numbers, r);
    if (t->line_count == before) add_line(t, line);
}

static bool is_beside(const PublishedTable *t, const PublishedNumber *n)
{
    for (size_t i = 0; i < t->line_count; i++)
        if (t->lines[i].number == n) return true;
    return false;
}

/* Why no line has the number: the shortest reason that a cell gives, or that no cell is of its method. NULL: its data set is not
 * in the report. Caller frees. */
static char *reason(const PublishedNumber *n, const Summary *s)
{
    char *shortest = NULL;
    bool there = false;
    for (size_t i = 0; i < s->row_count * s->column_count; i++) {
        const Cell *cell = &s->cells[i];
        Text why = {0};
        if (!cell->count || !cell->results[0]->kind || strcmp(cell->results[0]->kind, n->dataset) != 0) continue;
        there = true;
        if (published_fit(n, cell->results[0], &why) == PUBLISHED_DIFFERS && why.data &&
            (!shortest || strlen(why.data) < strlen(shortest))) {
            free(shortest);
            shortest = xstrdup(why.data);
        }
        text_free(&why);
    }
    return shortest ? shortest : there ? xstrdup(n->method ? not_run : "a method that is not here") : NULL;
}

void published_table_make(PublishedTable *t, const PublishedNumbers *numbers, const Summary *s)
{
    *t = (PublishedTable){0};
    for (size_t column = 0; column < s->column_count; column++)
        for (size_t row = 0; row < s->row_count; row++) {
            const Cell *cell = summary_cell(s, row, column);
            if (cell->count && has_numbers(numbers, cell->results[0])) add_lines(t, numbers, &s->rows[row], cell);
        }
    for (size_t i = 0; i < numbers->count && t->line_count; i++) {
        char *why = is_beside(t, &numbers->items[i]) ? NULL : reason(&numbers->items[i], s);
        if (!why) continue;
        t->others = xrealloc(t->others, (t->other_count + 1) * sizeof *t->others);
        t->others[t->other_count++] = (PublishedOther){&numbers->items[i], why};
    }
}

void published_table_free(PublishedTable *t)
{
    for (size_t i = 0; i < t->other_count; i++) free(t->others[i].why);
    free(t->others);
    free(t->lines);
    *t = (PublishedTable){0};
}

void published_plain(const PublishedTable *t, Text *out)
{
    size_t width = strlen("beside published numbers"), dataset = 0;
    for (size_t i = 0; i < t->line_count; i++) {
        if (strlen(t->lines[i].label) > width) width = strlen(t->lines[i].label);
        if (strlen(t->lines[i].result->dataset) > dataset) dataset = strlen(t->lines[i].result->dataset);
    }
    if (t->line_count)
        text_addf(out, "%-*s  %-*s   ours  published  difference\n", (int)width, "beside published numbers",
                  (int)dataset, "");
    for (size_t i = 0; i < t->line_count; i++) {
        const PublishedLine *line = &t->lines[i];
        text_addf(out, "%-*s  %-*s  %5.1f", (int)width, line->label, (int)dataset, line->result->dataset, line->map);
        if (line->number)
            text_addf(out, "      %5.1f       %+5.1f  %s\n", line->number->map, line->map - line->number->map,
                      line->number->title);
        else
            text_addf(out, "          -           -  %s\n", line->missing);
    }
}
