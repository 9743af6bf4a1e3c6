/* Letters for the cells of every table: rows that stand beneath one another, and only they, are compared. A cohort is what
 * one column of one table shows: the rows that are not swept, or the swept ones of one value. */
#include "harness/base/memory.h"
#include "harness/results/grouping.h"
#include "reports/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_cohort(const Row *a, const Row *b)
{
    if (!a->swept || !b->swept) return a->swept == b->swept;
    return strcmp(a->axis, b->axis) == 0 && fabs(a->value - b->value) <= 0;
}

/* Rows of a row's cohort that have results in the column. Returns their number; rows [row_count]. */
static size_t cohort_of(const Summary *s, size_t column, size_t row, size_t *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < s->row_count; i++)
        if (summary_cell(s, i, column)->count && same_cohort(&s->rows[row], &s->rows[i])) rows[count++] = i;
    return count;
}

static Cell *cell_at(Summary *s, size_t row, size_t column)
{
    return &s->cells[row * s->column_count + column];
}

void summary_mark_top(Summary *s)
{
    size_t *rows = xcalloc(s->row_count + 1, sizeof *rows);
    for (size_t column = 0; column < s->column_count; column++)
        for (size_t row = 0; row < s->row_count; row++) {
            const size_t count = cohort_of(s, column, row, rows);
            Cell *own = cell_at(s, row, column);
            own->top = own->count > 0;
            for (size_t i = 0; i < count && own->top; i++) {
                const double other = cell_at(s, rows[i], column)->map.mean;
                own->top = !(other > own->map.mean || (other >= own->map.mean && rows[i] < row));
            }
        }
    free(rows);
}

static void take_letters(Summary *s, size_t column, const size_t *rows, const Grouping *g)
{
    Column *c = &s->columns[column];
    for (size_t i = 0; i < g->count; i++) {
        Cell *cell = cell_at(s, rows[i], column);
        cell->group = xstrdup(g->letters[i]);
        cell->top = g->top[i];
    }
    if (!c->resamples || !s->rows[rows[0]].swept) c->images = g->images, c->error = g->error;
    c->resamples = g->resamples;
}

static void group_cohort(Summary *s, size_t column, const size_t *rows, size_t count, Progress *progress,
                         TextList *remarks)
{
    const StoredResult ***results = xcalloc(count, sizeof *results);
    size_t *seeds = xcalloc(count, sizeof *seeds);
    Grouping g;
    Error why;
    for (size_t i = 0; i < count; i++) {
        const Cell *cell = summary_cell(s, rows[i], column);
        results[i] = cell->results, seeds[i] = cell->count;
    }
    if (grouping_of_results(&g, results, seeds, count, progress, &why)) {
        take_letters(s, column, rows, &g);
        grouping_free(&g);
    } else if (remarks) {
        char *remark = xformat("%s (%s): rows are not grouped by letters: %s", s->columns[column].dataset,
                               s->columns[column].protocol, why.text);
        text_list_add_once(remarks, remark);
        free(remark);
    }
    free(results), free(seeds);
}

void summary_group(Summary *s, Progress *progress, TextList *remarks)
{
    size_t *rows = xcalloc(s->row_count + 1, sizeof *rows);
    for (size_t column = 0; column < s->column_count; column++)
        for (size_t row = 0; row < s->row_count; row++) {
            const size_t count = cohort_of(s, column, row, rows);
            if (count > 1 && rows[0] == row) group_cohort(s, column, rows, count, progress, remarks);
        }
    free(rows);
}

bool summary_is_grouped(const Summary *s)
{
    for (size_t c = 0; c < s->column_count; c++)
        if (s->columns[c].resamples) return true;
    return false;
}

char *summary_groups_sentence(const Summary *s)
{
    Text out = {0};
    if (!summary_is_grouped(s)) return NULL;
    text_addf(
        &out,
        "Letters: rows beneath one another that share one cannot be told apart by a paired bootstrap over the test "
        "images (%d resamples, Holm over all pairs, 5 %%); bold is the group at the top.",
        GROUPING_RESAMPLES);
    for (size_t c = 0; c < s->column_count; c++) {
        const Column *k = &s->columns[c];
        if (k->resamples && isfinite(k->error))
            text_addf(
                &out,
                " On %s (%s), with %zu test images, the standard error of a difference is %.2f (the median pair); "
                "to see a difference of 1 mAP takes about %.0f images.",
                k->dataset, k->protocol, k->images, k->error, images_for_one_map(k->error, k->images));
    }
    return out.data;
}
