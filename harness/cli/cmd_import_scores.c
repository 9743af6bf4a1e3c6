/* palbench import-scores: scores of another program become a result of the store. */
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/results/import_scores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file's name without folder and ending: what it is called when --as does not say. */
static char *stem_of(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return dot && dot > name ? xformat("%.*s", (int)(dot - name), name) : xstrdup(name);
}

static void print(const Cli *cli, const char *name, const Imported *m)
{
    if (!cli->json) {
        print_line("%s: %zu images, %zu classes, %zu score set%s, mAP %.4f", name, m->images, m->classes, m->sets,
                   m->sets == 1 ? "" : "s", m->map);
        print_line("%s", m->path);
        return;
    }
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "experiment", name);
    cJSON_AddNumberToObject(item, "images", (double)m->images);
    cJSON_AddNumberToObject(item, "classes", (double)m->classes);
    cJSON_AddNumberToObject(item, "sets", (double)m->sets);
    json_out_number(item, "map", m->map);
    cJSON_AddStringToObject(item, "file", m->path);
    json_out_print(item);
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count != 1) return cli_misuse(cli, err, "one file of scores is needed");
    size_t seed;
    if (!cli_size(cli, "seed", 1, 0, 1u << 30, &seed, err)) return false;
    char *name = cli_value(cli, "as") ? xstrdup(cli_value(cli, "as")) : stem_of(cli->arguments[0]);
    const bool has_book = cli_has(cli, "experiments") || path_exists(cli->experiments);
    const ImportRequest request = {
        .file = cli->arguments[0],
        .name = name,
        .dataset = cli_value(cli, "dataset"),
        .protocol = cli_value(cli, "protocol"),
        .labels = cli_value(cli, "labels"),
        .seed = (int64_t)seed,
        .experiments = has_book ? cli->experiments : NULL,
        .paths = cli->paths,
        .store = cli->store,
        .progress = cli->progress,
    };
    Imported imported = {0};
    bool good = *name || cli_misuse(cli, err, "--as needs a name");
    good = good && import_scores(&request, &imported, err);
    if (good) print(cli, name, &imported);
    free(imported.path);
    free(name);
    return good;
}

static const CliOption options[] = {
    {"as", "NAME", "name of the experiment that it becomes (default: the file's name without ending)"},
    {"dataset", "D", "data set that the scores are of (default: unnamed, or as a result of ours says)"},
    {"protocol", "P", "protocol that they were made under (default: default, or as a result of ours says)"},
    {"labels", "FILE.csv", "labels, where FILE has none: 1, -1, 0 (difficult); or 1 and 0"},
    {"seed", "N", "seed of the run, when there are several (default: 1)"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "dataset", .list = "datasets"},
    {.option = "protocol", .list = "protocols"},
    {0},
};

const Command command_import_scores = {
    .name = "import-scores",
    .arguments = "FILE.h5|FILE.csv --as NAME",
    .summary = "scores of another program, for results, compare and report",
    .details =
        "HDF5: score sets [images, classes] of any names, `labels` [images, classes] (1 positive, -1 negative, 0 "
        "difficult; or\n"
        "1 and 0), `classes` and `files` where there are such; a set named `scores`, else the first, is what the "
        "result "
        "is judged by,\n"
        "the others are kept: compare NAME:SET. CSV: a first line \"file,CLASS,CLASS,...\", then a line an image: its "
        "file and a score\n"
        "a class. Where FILE has no labels, they come from --labels, a CSV of the same form, or from the split of "
        "--dataset that\n"
        "the protocol tests on, as experiments.json has it; images and classes are found by their names, in any order. "
        "The\n"
        "result has the method \"imported\" and lies in STORE/imported.",
    .example = "palbench import-scores theirs.csv --as theirs --dataset mini --protocol mini",
    .takes = TAKES_JSON | TAKES_EXPERIMENTS | TAKES_STORE,
    .options = options,
    .choices = choices,
    .run = run,
};
