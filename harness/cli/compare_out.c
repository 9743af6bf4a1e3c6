/* A function a table, then the same numbers as JSON; nothing is computed here (harness/results/comparison.c does). */
#include "harness/cli/compare_out.h"

#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cli/table.h"
#include "harness/experiments/protocol.h"

#include <math.h>
#include <string.h>

static const char *or_dash(const char *text)
{
    return *text ? text : "-";
}

static void print_entrants(const Comparison *c)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"entrant", "method", "dataset", "protocol", "setting", "seeds", "mAP", "sd",
                                         "group", NULL});
    for (size_t i = 0; i < c->entrant_count; i++) {
        const Entrant *e = &c->entrants[i];
        table_cell(&t, "%s", e->name);
        table_cell(&t, "%s", or_dash(e->method));
        table_cell(&t, "%s", or_dash(e->dataset));
        table_cell(&t, "%s", or_dash(e->protocol));
        table_cell(&t, "%s", or_dash(e->setting));
        table_cell(&t, "%zu", e->seeds);
        table_cell(&t, "%.3f", e->spread.mean);
        table_cell(&t, e->seeds > 1 ? "%.3f" : "-", e->spread.std);
        table_cell(&t, "%s", c->groups.letters[i]);
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void print_pairs(const Comparison *c)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"A", "B", "A - B", "low", "high", "p", "p Holm", "images", "sd of A - B",
                                         "win", "tie", "loss", NULL});
    for (size_t i = 0; i < c->pair_count; i++) {
        const Pair *p = &c->pairs[i];
        table_cell(&t, "%s", c->entrants[p->a].name);
        table_cell(&t, "%s", c->entrants[p->b].name);
        table_cell(&t, "%+.3f", p->diff);
        table_cell(&t, "%+.3f", p->low);
        table_cell(&t, "%+.3f", p->high);
        table_cell(&t, "%.4f", p->p);
        table_cell(&t, "%.4f", p->p_holm);
        table_cell(&t, "%.0f", p->images_for_one);
        table_cell(&t, p->paired ? "%.3f" : "-", p->seed_diff.std);
        table_cell(&t, "%zu", p->wins);
        table_cell(&t, "%zu", p->ties);
        table_cell(&t, "%zu", p->losses);
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void print_classes(const Comparison *c, const Pair *p)
{
    Table t = {0};
    char room[32];
    puts("");
    print_line("%s (A) minus %s (B), class by class", c->entrants[p->a].name, c->entrants[p->b].name);
    table_head(&t, (const char *const[]){"class", "AP A", "AP B", "A - B", "low", "high", NULL});
    for (size_t i = 0; i < p->class_count; i++) {
        const ClassDifference *d = &p->classes[i];
        table_cell(&t, "%s", answer_sheet_class(&c->entrants[p->a].sheet, d->class, room));
        table_cell(&t, "%.2f", d->a);
        table_cell(&t, "%.2f", d->b);
        table_cell(&t, "%+.2f", d->diff);
        table_cell(&t, "%+.2f", d->low);
        table_cell(&t, "%+.2f", d->high);
    }
    table_print(&t, stdout);
    table_free(&t);
}

void comparison_print(const Comparison *c, bool per_class)
{
    print_entrants(c);
    putchar('\n');
    print_pairs(c);
    char drawn[48];
    snprintf(drawn, sizeof drawn, "seed %llu", (unsigned long long)c->options.seed);
    printf(
        "\nmAP in percent; low, high: %g %% percentile interval of a paired bootstrap over %zu test images, %zu "
        "resamples (%s);\np: two-sided, of no difference; p Holm: corrected for the %zu comparison%s; sd: over seeds; "
        "win, tie, loss: classes, a tie within %g.\ngroup: who shares a letter cannot be told apart (p Holm not below "
        "%g); images: what a difference of 1 mAP takes to be seen, at 5 %% and four times in five.\n",
        c->options.level, c->entrants[0].sheet.images, c->options.resamples, c->options.given ? "given ones" : drawn,
        c->pair_count, c->pair_count == 1 ? "" : "s", c->options.tie, (100 - c->options.level) / 100);
    for (size_t i = 0; per_class && i < c->pair_count; i++) print_classes(c, &c->pairs[i]);
}

static cJSON *seeds_json(const Entrant *e)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t s = 0; s < e->seeds; s++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "seed", (double)e->seed[s]);
        json_out_number(item, "map", e->map[s]);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

static void add_side(cJSON *item, const char *side, const Comparison *c, size_t entrant)
{
    const Entrant *e = &c->entrants[entrant];
    cJSON *object = cJSON_AddObjectToObject(item, side);
    cJSON_AddStringToObject(object, "method", e->method);
    cJSON_AddStringToObject(object, "dataset", e->dataset);
    cJSON_AddStringToObject(object, "protocol", e->protocol);
    cJSON_AddStringToObject(object, "setting", e->setting);
    json_out_number(object, "map", e->spread.mean);
    json_out_number(object, "sd", e->seeds > 1 ? e->spread.std : NAN);
    cJSON_AddStringToObject(object, "group", c->groups.letters[entrant]);
    cJSON_AddItemToObject(object, "seeds", seeds_json(e));
}

static cJSON *classes_json(const Comparison *c, const Pair *p)
{
    char room[32];
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < p->class_count; i++) {
        const ClassDifference *d = &p->classes[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "class", answer_sheet_class(&c->entrants[p->a].sheet, d->class, room));
        json_out_number(item, "a", d->a);
        json_out_number(item, "b", d->b);
        json_out_number(item, "diff", d->diff);
        json_out_number(item, "low", d->low);
        json_out_number(item, "high", d->high);
        cJSON_AddItemToArray(list, item);
    }
    return list;
}

cJSON *comparison_json(const Comparison *c)
{
    cJSON *root = cJSON_CreateArray();
    for (size_t i = 0; i < c->pair_count; i++) {
        const Pair *p = &c->pairs[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "a", c->entrants[p->a].name);
        cJSON_AddStringToObject(item, "b", c->entrants[p->b].name);
        json_out_number(item, "diff", p->diff);
        json_out_number(item, "low", p->low);
        json_out_number(item, "high", p->high);
        json_out_number(item, "p", p->p);
        json_out_number(item, "p_holm", p->p_holm);
        json_out_number(item, "error", p->error);
        json_out_number(item, "images_for_1_map", p->images_for_one);
        cJSON_AddNumberToObject(item, "level", c->options.level);
        cJSON_AddNumberToObject(item, "resamples", (double)p->used);
        cJSON_AddNumberToObject(item, "images", (double)c->entrants[p->a].sheet.images);
        cJSON_AddStringToObject(item, "difficult", difficult_word(c->entrants[p->a].rule));
        json_out_number(item, "seed_diff_sd", p->paired ? p->seed_diff.std : NAN);
        add_side(item, "of_a", c, p->a);
        add_side(item, "of_b", c, p->b);
        cJSON_AddNumberToObject(item, "wins", (double)p->wins);
        cJSON_AddNumberToObject(item, "ties", (double)p->ties);
        cJSON_AddNumberToObject(item, "losses", (double)p->losses);
        cJSON_AddItemToObject(item, "classes", classes_json(c, p));
        cJSON_AddItemToArray(root, item);
    }
    return root;
}
