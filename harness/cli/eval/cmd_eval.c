/* palbench eval: metrics of score sets in a file. */
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/cli/eval/coverage_out.h"
#include "harness/cli/eval/measures_out.h"
#include "harness/cli/eval/subset_option.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/experiments/protocol.h"
#include "harness/score/measures.h"
#include "harness/score/score_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Evaluation {
    ScoreFile file;
    MeasureOptions options;
    SubsetList subsets;
    TextList sets;
    Measures *measures; /* [sets.count] */
} Evaluation;

static bool read_options(const Cli *cli, Evaluation *e, Error *err)
{
    size_t choice;
    if (!subset_option_check(cli, err) || !cli_choice(cli, "difficult", &choice, err) ||
        !cli_size(cli, "bins", CALIBRATION_BINS, 1, 10000, &e->options.bins, err))
        return false;
    e->options.rule = (DifficultRule)choice;
    const char *threshold = cli_value(cli, "threshold");
    e->options.best = !threshold || strcmp(threshold, "best") == 0;
    if (e->options.best) return true;
    char *end;
    e->options.threshold = strtod(threshold, &end);
    if (end == threshold || *end || !isfinite(e->options.threshold))
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

/* The thirds by frequency, the file's own seen and unseen classes, and --subset. */
static bool choose_subsets(const Cli *cli, Evaluation *e, Error *err)
{
    const ScoreFile *f = &e->file;
    if (!subset_option_read(cli, &f->names, &e->subsets, err)) return false;
    if (f->unseen) subset_add_unseen(&e->subsets, f->unseen, f->classes);
    subset_add_frequency(&e->subsets, f->labels, f->images, f->classes, e->options.rule);
    e->options.subsets = &e->subsets;
    e->options.ranks = f->ranks != NULL;
    return true;
}

static bool evaluate(Evaluation *e, Error *err)
{
    const ScoreFile *f = &e->file;
    e->measures = xcalloc(e->sets.count ? e->sets.count : 1, sizeof *e->measures);
    for (size_t i = 0; i < e->sets.count; i++) {
        double *scores;
        if (!score_file_set(f, e->sets.items[i], &scores, err)) return false;
        const bool good = measures_compute(&e->measures[i], scores, f->labels, f->images, f->classes, &e->options, err);
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
    const Metrics *m = &e->measures[i].metrics;
    cJSON *set = cJSON_CreateObject();
    cJSON_AddStringToObject(set, "name", e->sets.items[i]);
    json_out_number(set, "map", m->map);
    cJSON *ap = cJSON_AddObjectToObject(set, "ap");
    for (size_t c = 0; c < m->classes; c++) json_out_number(ap, e->file.names.items[c], m->ap[c]);
    json_out_number(set, "threshold", m->threshold);
    cJSON_AddStringToObject(set, "threshold_rule", e->options.best ? "best" : "given");
    measures_json(set, &e->measures[i], &e->subsets);
    return set;
}

static void print_json(const Evaluation *e)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "images", (double)e->file.images);
    cJSON_AddNumberToObject(root, "classes", (double)e->file.classes);
    cJSON_AddStringToObject(root, "difficult", difficult_word(e->options.rule));
    cJSON *sets = cJSON_AddArrayToObject(root, "sets");
    for (size_t i = 0; i < e->sets.count; i++) cJSON_AddItemToArray(sets, set_as_json(e, i));
    json_out_print(root);
}

static void number_cell(Table *t, const char *format, double value)
{
    char text[40];
    snprintf(text, sizeof text, format, value);
    table_cell(t, "%s", isnan(value) ? "-" : text);
}

static void print_sets(const Evaluation *e)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"scores", "mAP", "CP", "CR", "CF1", "OP", "OR", "OF1", "at", "CF1 top 3",
                                         "OF1 top 3", NULL});
    for (size_t i = 0; i < e->sets.count; i++) {
        const Metrics *m = &e->measures[i].metrics;
        const Rates *r = &m->above;
        const double values[] = {r->cp, r->cr, r->cf1, r->op, r->or_, r->of1};
        table_cell(&t, "%s", e->sets.items[i]);
        table_cell(&t, "%.4f", m->map);
        for (size_t k = 0; k < 6; k++) number_cell(&t, "%.2f", values[k]);
        number_cell(&t, "%.4g", m->threshold);
        number_cell(&t, "%.2f", m->top3.cf1);
        number_cell(&t, "%.2f", m->top3.of1);
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void print_classes(const Evaluation *e)
{
    Table t = {0};
    table_cell(&t, "class");
    for (size_t i = 0; i < e->sets.count; i++) table_cell(&t, "%s", e->sets.items[i]);
    t.columns = e->sets.count + 1;
    for (size_t c = 0; c < e->file.classes; c++) {
        table_cell(&t, "%s", e->file.names.items[c]);
        for (size_t i = 0; i < e->sets.count; i++) number_cell(&t, "%.2f", e->measures[i].metrics.ap[c]);
    }
    puts("");
    table_print(&t, stdout);
    table_free(&t);
}

static void print_tables(const Evaluation *e, bool per_class)
{
    print_sets(e);
    measures_print(&e->sets, e->measures, &e->subsets);
    printf("\n%zu images, %zu classes, difficult %s; CP to OF1 at %s.\nhead, medium, tail: thirds of the classes by "
           "positives here; calibration in %zu bins.\n",
           e->file.images, e->file.classes,
           (const char *const[]){"counted as negative", "ignored", "counted as positive"}[e->options.rule],
           e->options.best ? "each set's best threshold for OF1 (an upper bound; --threshold T sets one)"
                           : "the given threshold",
           e->options.bins);
    if (e->options.ranks) puts("These are ranks within each class: what needs the scores themselves is left out.");
    if (per_class) print_classes(e);
}

static bool evaluate_file(Cli *cli, Evaluation *e, Error *err)
{
    if (e->options.rule != DIFFICULT_NEGATIVE && !e->file.has_negative)
        return fail(err,
                    "%s: labels has no -1, so 0 means negative here and nothing would be left to rank; leave out "
                    "--difficult %s",
                    cli->arguments[0], difficult_word(e->options.rule));
    choose_sets(cli, e);
    if (!choose_subsets(cli, e, err) || !evaluate(e, err)) return false;
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
    if (cli_has(cli, "real")) return coverage_evaluate(cli, cli->arguments[0], cli_value(cli, "real"), err);
    if (!read_options(cli, &e, err) || !score_file_open(&e.file, cli->arguments[0], err)) return false;
    const bool good = evaluate_file(cli, &e, err);
    for (size_t i = 0; e.measures && i < e.sets.count; i++) measures_free(&e.measures[i]);
    free(e.measures);
    subsets_free(&e.subsets);
    text_list_free(&e.sets);
    score_file_close(&e.file);
    return good;
}

static const CliOption options[] = {
    {"scores", "SET,...", "score sets; a SET is a name or a weighted sum NAME=W+NAME=W (default: all)"},
    {"difficult", "RULE", "label 0: negative (default), ignore or positive"},
    {"threshold", "T", "a class is predicted above T, for CP to OF1: a number, or best (default)"},
    {"per-class", NULL, "the average precision of every class too"},
    {"subset", "NAME=LIST", "mAP of some classes: class,class or a file of names, one a line; several may be given"},
    {"bins", "B", "of the calibration (default: 15)"},
    {"real", "REAL.h5", "density and coverage: FILE.h5 and REAL.h5 are features of generated and real pictures"},
    {"nearest", "K", "neighbours that density and coverage look at (default: 5)"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "difficult", .words = difficult_words},
    {0},
};

const Command command_eval = {
    .name = "eval",
    .arguments = "FILE.h5",
    .summary = "mAP, precision, recall, F1 and calibration of stored scores",
    .details =
        "FILE holds `labels` [images, classes] (1 positive, -1 negative, 0 difficult) and score sets of the same "
        "shape; `classes`\n"
        "names the columns. mAP is the mean over classes of non-interpolated average precision; tied scores are "
        "one threshold.\n"
        "The top-3 rates predict each image's three best classes and need no threshold. CP to OF1 need one: "
        "cosine scores have\n"
        "none of their own, so `best` takes, set by set, the one with the highest OF1 on these very labels: an "
        "upper bound.\n"
        "Give --threshold 0.5 for probabilities, 0 for logits. P@k, R@k, F1@k: each image's k best classes, all "
        "entries pooled.\n"
        "ECE, MCE: mean and largest gap between confidence and share of positives in bins of equal width, ACE: "
        "of equal count,\n"
        "pooled over images and classes. Confidence is the score itself where all lie in [0, 1], else its "
        "sigmoid. With subsets\n"
        "of the names seen and unseen there is their harmonic mean. With --real, `global` [n, D] of two files of "
        "encode-image are\n"
        "compared: density, coverage (Naeem et al. 2020), precision, recall (Kynkaanniemi et al. 2019).",
    .example = "palbench eval scores.h5 --scores scores_global,scores_global=0.5+scores_local=0.5 --difficult ignore\n"
               "  palbench eval generated.h5 --real test.h5",
    .takes = TAKES_JSON,
    .options = options,
    .choices = choices,
    .run = run,
};
