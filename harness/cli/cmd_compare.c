/* palbench compare: results against each other, by a paired bootstrap over the test images. */
#include "harness/base/memory.h"
#include "harness/base/temporary.h"
#include "harness/cli/command.h"
#include "harness/cli/compare_out.h"
#include "harness/cli/json_out.h"
#include "harness/experiments/protocol.h"
#include "harness/io/json.h"
#include "harness/results/reference.h"
#include "reports/comparison_report.h"
#include "reports/gnuplot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Request {
    CompareOptions options;
    DifficultRule difficult;
    bool latex; /* --format latex */
    int32_t *given;
    Entrant *entrants; /* [count] */
    size_t count;
} Request;

static bool read_options(const Cli *cli, Request *q, Error *err)
{
    size_t seed, difficult, format;
    if (!cli_size(cli, "resamples", 10000, 1, 10000000, &q->options.resamples, err) ||
        !cli_size(cli, "seed", 1, 0, UINT32_MAX, &seed, err) ||
        !cli_real(cli, "level", 95, 1, 99.999, &q->options.level, err) ||
        !cli_real(cli, "tie", 0.05, 0, 100, &q->options.tie, err) || !cli_choice(cli, "difficult", &difficult, err) ||
        !cli_choice(cli, "format", &format, err))
        return false;
    q->options.seed = seed;
    q->difficult = (DifficultRule)difficult;
    q->latex = format == 1;
    if (q->latex && cli->json) return cli_misuse(cli, err, "--json and --format latex are two formats; choose one");
    if (cli_has(cli, "resample-file") && (cli_has(cli, "resamples") || cli_has(cli, "seed")))
        return cli_misuse(cli, err, "--resample-file brings the resamples; leave out --resamples and --seed");
    return true;
}

static bool open_entrants(const Cli *cli, Request *q, const EntrantSources *sources, TextList *remarks, Error *err)
{
    q->entrants = xcalloc(cli->argument_count, sizeof *q->entrants);
    for (size_t i = 0; i < cli->argument_count; i++) {
        if (!entrant_open(&q->entrants[i], sources, cli->arguments[i], remarks, err)) return false;
        q->count++;
        for (size_t k = 0; k < i; k++)
            if (!entrants_agree(&q->entrants[k], &q->entrants[i], err)) return false;
    }
    return true;
}

/* Resamples that come from a file or go into one. */
static bool exchange_resamples(const Cli *cli, Request *q, Error *err)
{
    const char *in = cli_value(cli, "resample-file"), *out = cli_value(cli, "save-resamples");
    const size_t images = q->entrants[0].sheet.images;
    if (in && !resamples_read(in, images, &q->given, &q->options.resamples, err)) return false;
    q->options.given = q->given;
    if (in && out) return cli_misuse(cli, err, "--save-resamples would copy what --resample-file brings");
    return !out || resamples_write(out, &(Resampling){q->options.resamples, images, q->options.seed, NULL}, err);
}

static bool write_text(const char *folder, const char *name, const char *text, Error *err)
{
    char *path = path_join(folder, name);
    const bool good = write_file(path, text, strlen(text), err);
    free(path);
    return good;
}

/* OUT/comparison.json, comparison.tex and the figures. */
static bool write_folder(const Cli *cli, const Comparison *c, const char *latex, Error *err)
{
    const char *folder = cli_value(cli, "out");
    cJSON *root = comparison_json(c);
    char *json = json_spread(root);
    bool good = temporary_folder(folder, err) && write_text(folder, "comparison.json", json, err) &&
                write_text(folder, "comparison.tex", latex, err);
    free(json);
    cJSON_Delete(root);
    if (!gnuplot_available()) {
        progress_note(cli->progress, "%s: no figures, because there is no gnuplot; install gnuplot-nox", folder);
        return good;
    }
    good = good && figure_differences(c, folder, err);
    for (size_t i = 0; i < c->pair_count && good; i++) good = figure_class_differences(c, i, folder, err);
    return good;
}

static bool show(const Cli *cli, const Request *q, const Comparison *c, Error *err)
{
    Text latex = {0};
    comparison_latex(c, &latex);
    const char *file = cli_value(cli, "latex");
    const bool good = (!file || write_file(file, latex.data, latex.length, err)) &&
                      (!cli_has(cli, "out") || write_folder(cli, c, latex.data, err));
    if (good && cli->json) json_out_print(comparison_json(c));
    if (good && q->latex) fputs(latex.data, stdout);
    if (good && !cli->json && !q->latex) comparison_print(c, c->pair_count == 1 || cli_has(cli, "per-class"));
    text_free(&latex);
    return good;
}

static bool compare(Cli *cli, Request *q, const EntrantSources *sources, TextList *remarks, Error *err)
{
    Comparison c = {0};
    bool good = open_entrants(cli, q, sources, remarks, err);
    for (size_t i = 0; i < remarks->count; i++) progress_note(cli->progress, "%s", remarks->items[i]);
    good = good && exchange_resamples(cli, q, err) &&
           compare_entrants(&c, q->entrants, q->count, &q->options, cli->progress, err) && show(cli, q, &c, err);
    comparison_free(&c);
    return good;
}

static bool run(Cli *cli, Error *err)
{
    Request q = {0};
    EntrantSources sources;
    TextList remarks = {0};
    if (cli->argument_count < 2) return cli_misuse(cli, err, "two results or more are needed");
    if (!read_options(cli, &q, err)) return false;
    const char *reference = cli_value(cli, "reference-folder");
    bool good = entrant_sources_open(&sources, cli->store, reference ? reference : reference_folder, &remarks, err);
    sources.difficult = q.difficult;
    good = good && compare(cli, &q, &sources, &remarks, err);
    for (size_t i = 0; i < q.count; i++) entrant_free(&q.entrants[i]);
    free(q.entrants), free(q.given);
    text_list_free(&remarks);
    entrant_sources_close(&sources);
    return good;
}

static const CliOption options[] = {
    {"resamples", "N", "how often the test images are resampled (default: 10000)"},
    {"seed", "S", "of the resamples (default: 1)"},
    {"level", "L", "of the interval, percent (default: 95)"},
    {"tie", "D", "classes whose APs differ by no more are ties (default: 0.05)"},
    {"per-class", NULL, "the classes of every pair, not only of a single one"},
    {"difficult", "RULE", "label 0 in files that name no protocol: negative (default), ignore or positive"},
    {"reference-folder", "DIR", "stored reference results (default: results/reference)"},
    {"save-resamples", "F.h5", "write the resamples: indices [N, images]"},
    {"resample-file", "F.h5", "take the resamples from such a file"},
    {"latex", "FILE", "write LaTeX tables (booktabs) too"},
    {"format", "FORMAT", "text (default) or latex, on stdout"},
    {"out", "DIR", "write comparison.json, comparison.tex and figures (SVG, PNG) there"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "difficult", .words = difficult_words},
    {.option = "format", .words = (const char *const[]){"text", "latex", NULL}},
    {0},
};

const Command command_compare = {
    .name = "compare",
    .arguments = "A B...",
    .summary = "mAP differences with bootstrap intervals, p-values, seeds, classes",
    .details =
        "A, B, ...: an experiment (all its stored seeds), a reference result (reference:NAME where both are there), or "
        "a "
        "file; with\n"
        ":SET behind it one of its score sets, or a weighted sum NAME=W+NAME=W. Every pair is compared, in the order "
        "given. They must\n"
        "be of one data set and protocol, with the same images, classes and labels; settings may differ and are "
        "shown.\n"
        "Interval and p are of a paired bootstrap over the test images: each resample draws as many images as there "
        "are, "
        "with\n"
        "replacement, the same for all entrants and all their seeds; the difference is that of the means over seeds. "
        "Interval: the\n"
        "percentiles of the differences. p = min(1, 2 (1 + k) / (1 + N)), k the smaller number of resamples with a "
        "difference >= 0\n"
        "and <= 0. p Holm: corrected over all pairs (Holm 1979). A resample without positives of a class is judged by "
        "the others.\n"
        "The resamples are RandomState(S).randint(0, 2**32, (N, images), dtype=uint32) % images in numpy, "
        "torch.randint in PyTorch.",
    .example = "palbench compare mini-tai-dpt mini-tai mini-zsclip --out reports/out/tai\n"
               "  palbench compare voc:scores_global=0.5+scores_local=0.5 voc:scores_global",
    .takes = TAKES_JSON | TAKES_STORE,
    .options = options,
    .choices = choices,
    .run = run,
};
