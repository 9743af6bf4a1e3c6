/* palbench eval: metrics of score sets in a file. */
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/experiments/protocol.h"
#include "harness/score/metrics.h"
#include "harness/score/score_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Evaluation {
    ScoreFile file;
    DifficultRule rule;
    bool best; /* the threshold is the best one of each set */
    double threshold;
    TextList sets;
    Metrics *metrics; /* [sets.count] */
} Evaluation;

static bool read_rule(const Cli *cli, Evaluation *e, Error *err)
{
    size_t choice;
    if (!cli_choice(cli, "difficult", &choice, err)) return false;
    e->rule = (DifficultRule)choice;
    const char *threshold = cli_value(cli, "threshold");
    e->best = !threshold || strcmp(threshold, "best") == 0;
    if (e->best) return true;
    char *end;
    e->threshold = strtod(threshold, &end);
    if (end == threshold || *end || !isfinite(e->threshold))
        return cli_misuse(cli, err, "--threshold %s: a number or \"best\" is needed", threshold);
    return true;
}

/* The comma-separated list of --scores, or every set of the file. */
static void choose_sets(const Cli *cli, Evaluation *e)
{
    const char *list = cli_value(cli, "scores");
    if (!list) {
        for (size_t i = 0; i < e->file.sets.count; i++) text_list_add(&e->sets, e->file.sets.items[i]);
        return;
    }
    while (*list) {
        const size_t length = strcspn(list, ",");
        if (length) text_list_add_bytes(&e->sets, list, length);
        list += length + (list[length] == ',');
    }
}

static bool evaluate(Evaluation *e, Error *err)
{
    const ScoreFile *f = &e->file;
    e->metrics = xcalloc(e->sets.count ? e->sets.count : 1, sizeof *e->metrics);
    for (size_t i = 0; i < e->sets.count; i++) {
        double *scores;
        if (!score_file_set(f, e->sets.items[i], &scores, err)) return false;
        const double t = e->best ? best_threshold(scores, f->labels, f->images, f->classes, e->rule) : e->threshold;
        const bool good = metrics_compute(&e->metrics[i], scores, f->labels, f->images, f->classes, e->rule, t, err);
        free(scores);
        if (!good) {
            char where[512];
            snprintf(where, sizeof where, "%s: %s", artifact_path(f->reader), e->sets.items[i]);
            return fail_in(err, where);
        }
    }
    return true;
}

static cJSON *set_as_json(const Evaluation *e, size_t i)
{
    const Metrics *m = &e->metrics[i];
    cJSON *set = cJSON_CreateObject();
    cJSON_AddStringToObject(set, "name", e->sets.items[i]);
    json_out_number(set, "map", m->map);
    cJSON *ap = cJSON_AddObjectToObject(set, "ap");
    for (size_t c = 0; c < m->classes; c++) json_out_number(ap, e->file.names.items[c], m->ap[c]);
    json_out_number(set, "threshold", m->threshold);
    cJSON_AddStringToObject(set, "threshold_rule", e->best ? "best" : "given");
    const struct {
        const char *name;
        double value;
    } rates[] = {{"cp", m->cp},         {"cr", m->cr},       {"cf1", m->cf1},     {"op", m->op},
                 {"or", m->or_},        {"of1", m->of1},     {"cp_top3", m->cp3}, {"cr_top3", m->cr3},
                 {"cf1_top3", m->cf13}, {"op_top3", m->op3}, {"or_top3", m->or3}, {"of1_top3", m->of13}};
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) json_out_number(set, rates[k].name, rates[k].value);
    return set;
}

static void print_json(const Evaluation *e)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "images", (double)e->file.images);
    cJSON_AddNumberToObject(root, "classes", (double)e->file.classes);
    cJSON_AddStringToObject(root, "difficult", difficult_word(e->rule));
    cJSON *sets = cJSON_AddArrayToObject(root, "sets");
    for (size_t i = 0; i < e->sets.count; i++) cJSON_AddItemToArray(sets, set_as_json(e, i));
    json_out_print(root);
}

static void print_tables(const Evaluation *e, bool per_class)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"scores", "mAP", "CP", "CR", "CF1", "OP", "OR", "OF1", "at", "CF1 top 3",
                                         "OF1 top 3", NULL});
    for (size_t i = 0; i < e->sets.count; i++) {
        const Metrics *m = &e->metrics[i];
        table_cell(&t, "%s", e->sets.items[i]);
        const double values[] = {m->map, m->cp, m->cr, m->cf1, m->op, m->or_, m->of1};
        table_cell(&t, "%.4f", values[0]);
        for (size_t k = 1; k < 7; k++) table_cell(&t, "%.2f", values[k]);
        table_cell(&t, "%.4g", m->threshold);
        table_cell(&t, "%.2f", m->cf13);
        table_cell(&t, "%.2f", m->of13);
    }
    table_print(&t, stdout);
    table_free(&t);
    printf("\n%zu images, %zu classes, difficult %s; CP to OF1 at %s.\n", e->file.images, e->file.classes,
           (const char *const[]){"counted as negative", "ignored", "counted as positive"}[e->rule],
           e->best ? "each set's best threshold for OF1 (an upper bound; --threshold T sets one)"
                   : "the given threshold");
    if (!per_class) return;

    table_cell(&t, "class");
    for (size_t i = 0; i < e->sets.count; i++) table_cell(&t, "%s", e->sets.items[i]);
    t.columns = e->sets.count + 1;
    for (size_t c = 0; c < e->file.classes; c++) {
        table_cell(&t, "%s", e->file.names.items[c]);
        for (size_t i = 0; i < e->sets.count; i++)
            if (isnan(e->metrics[i].ap[c]))
                table_cell(&t, "-");
            else
                table_cell(&t, "%.2f", e->metrics[i].ap[c]);
    }
    puts("");
    table_print(&t, stdout);
    table_free(&t);
}

static bool evaluate_file(Cli *cli, Evaluation *e, Error *err)
{
    if (e->rule != DIFFICULT_NEGATIVE && !e->file.has_negative)
        return fail(err,
                    "%s: labels has no -1, so 0 means negative here and nothing would be left to rank; leave out "
                    "--difficult %s",
                    cli->arguments[0], difficult_word(e->rule));
    choose_sets(cli, e);
    if (!evaluate(e, err)) return false;
    if (cli->json)
        print_json(e);
    else
        print_tables(e, cli_has(cli, "per-class"));
    return true;
}

static bool run(Cli *cli, Error *err)
{
    Evaluation e = {0};
    if (cli->argument_count != 1) return cli_misuse(cli, err, "one file is needed");
    if (!read_rule(cli, &e, err) || !score_file_open(&e.file, cli->arguments[0], err)) return false;
    const bool good = evaluate_file(cli, &e, err);
    for (size_t i = 0; e.metrics && i < e.sets.count; i++) metrics_free(&e.metrics[i]);
    free(e.metrics);
    text_list_free(&e.sets);
    score_file_close(&e.file);
    return good;
}

static const CliOption options[] = {
    {"scores", "SET,...", "score sets; a SET is a name or a weighted sum NAME=W+NAME=W (default: all)"},
    {"difficult", "RULE", "label 0: negative (default), ignore or positive"},
    {"threshold", "T", "a class is predicted above T, for CP to OF1: a number, or best (default)"},
    {"per-class", NULL, "the average precision of every class too"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "difficult", .words = difficult_words},
    {0},
};

const Command command_eval = {
    .name = "eval",
    .arguments = "FILE.h5",
    .summary = "mAP, precision, recall and F1 of stored scores",
    .details = "FILE holds `labels` [images, classes] (1 positive, -1 negative, 0 difficult) and score sets of the "
               "same shape; `classes`\n"
               "names the columns. mAP is the mean over classes of non-interpolated average precision; tied scores are "
               "one threshold.\n"
               "The top-3 rates predict each image's three best classes and need no threshold. CP to OF1 need one: "
               "cosine scores have\n"
               "none of their own, so `best` takes, set by set, the one with the highest OF1 on these very labels: an "
               "upper bound.\n"
               "Give --threshold 0.5 for probabilities, 0 for logits.",
    .example = "palbench eval scores.h5 --scores scores_global,scores_global=0.5+scores_local=0.5 --difficult ignore",
    .takes = TAKES_JSON,
    .options = options,
    .choices = choices,
    .run = run,
};
