/* palbench label: which classes a caption names, one JSON array a line. */
#include "datasets/dataset.h"
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/experiments/experiments.h"

#include <stdlib.h>

static void print_labels(const Labeller *labeller, const char *text, const char *const *names, size_t classes)
{
    uint8_t *labels = xcalloc(classes, 1);
    labeller_apply(labeller, text, labels);
    cJSON *array = cJSON_CreateArray();
    for (size_t c = 0; c < classes; c++)
        if (labels[c]) cJSON_AddItemToArray(array, cJSON_CreateString(names[c]));
    json_out_line(array);
    free(labels);
}

static bool label_texts(Cli *cli, const ClassNames *classes, size_t count, LabelRule rule, Error *err)
{
    TextList texts = {0};
    if (!cli_texts(cli, &texts, err)) return false;
    const char **names = xmalloc(count * sizeof *names);
    for (size_t c = 0; c < count; c++) names[c] = classes[c].names[0];
    Labeller *labeller = labeller_new(classes, count, rule);
    for (size_t i = 0; i < texts.count; i++) print_labels(labeller, texts.items[i], names, count);
    labeller_free(labeller);
    free(names);
    text_list_free(&texts);
    return true;
}

static bool run(Cli *cli, Error *err)
{
    const char *name;
    size_t rule;
    if (!cli_required(cli, "dataset", &name, err) || !cli_choice(cli, "rule", &rule, err)) return false;
    const LabelRule label_rule = rule ? LABEL_PUBLISHED : LABEL_PLURAL;
    /* A built-in list of classes needs neither experiments.json nor the data. */
    const DatasetKind *kind = dataset_kind(name);
    if (kind && kind->class_count) return label_texts(cli, kind->classes, kind->class_count, label_rule, err);

    Book *book = book_open(cli->experiments, cli->paths, err);
    Dataset *dataset = book ? book_dataset(book, name, NULL, 0, err) : NULL;
    const bool good = dataset && label_texts(cli, dataset_synonyms(dataset), dataset_classes(dataset), label_rule, err);
    dataset_free(dataset);
    book_free(book);
    return good;
}

static const CliOption options[] = {
    {"dataset", "NAME", "whose classes and synonyms: %s, or one of experiments.json"},
    {"file", "F", "a caption a line; - is standard input"},
    {"rule", "RULE",
     "plural (default: irregular plurals too) or published (the TaI-DPT authors': \"men\" is no person)"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "dataset", .names = dataset_names, .list = "datasets"},
    {.option = "rule", .words = (const char *const[]){"plural", "published", NULL}},
    {0},
};

const Command command_label = {
    .name = "label",
    .arguments = "--dataset NAME [--file F] [TEXT...]",
    .summary = "the classes that captions name, one JSON array a line",
    .example = "palbench label --dataset voc2007 \"two people and a dog on a sofa\"",
    .takes = TAKES_EXPERIMENTS,
    .options = options,
    .choices = choices,
    .run = run,
};
