/* palbench data: what of a data set is here, and where its originals are. */
#include "datasets/survey.h"
#include "harness/base/memory.h"
#include "harness/base/names.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cli/table.h"
#include "harness/experiments/experiments.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10 };

static const char *const *actions(void)
{
    static const char *const words[] = {"check", "get", NULL};
    return words;
}

/* ---- get ---- */

static bool get(const Cli *cli, const char *name, Error *err)
{
    const DatasetKind *kind = NULL, *const *kinds = dataset_kinds();
    for (size_t i = 0; kinds[i]; i++)
        if (strcmp(kinds[i]->name, name) == 0 && kinds[i]->originals) kind = kinds[i];
    if (!kind) return cli_misuse(cli, err, "%s is no public data set; palbench ls datasets has them", name);
    print_line("%s", kind->summary);
    print_line("It is to be had from %s; nothing is fetched by this program.", kind->source);
    Table t = {0};
    table_head(&t, (const char *const[]){"what", "size", "how", NULL});
    for (const DatasetOriginal *o = kind->originals; o->name; o++) {
        table_cell(&t, "%s", o->name);
        table_cell(&t, "%s", o->size);
        table_cell(&t, "%s", o->unpack);
    }
    table_print(&t, stdout);
    table_free(&t);
    print_line("Then: palbench data check %s --root DIR, where DIR is the folder that all this was unpacked in.",
               kind->name);
    return true;
}

/* ---- check ---- */

typedef struct Check {
    Book *book; /* NULL: there is no experiments file */
    Dataset *dataset;
    const char *test_set; /* as it was asked for, or NULL */
    SplitSurvey splits[SPLIT_COUNT];
    size_t published[SPLIT_COUNT]; /* of the split as others have it; 0: as ours, or not known */
} Check;

static bool open_checked(const Cli *cli, Check *c, const char *name, Error *err)
{
    DatasetSource source = {.name = name};
    char *root = NULL;
    if (path_exists(cli->experiments) || cli_has(cli, "experiments")) {
        c->book = book_open(cli->experiments, cli->paths, err);
        if (!c->book || !book_dataset_source(c->book, name, &source, &root, err)) return false;
    }
    if (cli_has(cli, "root")) source.root = cli_value(cli, "root");
    source.test_set = c->test_set;
    source.survey = true;
    c->dataset = dataset_open(&source, err);
    free(root);
    return c->dataset != NULL;
}

/* Numbers by this protocol are of the pictures that it means elsewhere. */
static bool is_comparable(const Check *c, const Protocol *p)
{
    const SplitSurvey *s = &c->splits[p->split];
    const DatasetKind *kind = dataset_kind_of(c->dataset);
    const char *const *sets = kind->test_sets;
    const char *ours = c->test_set ? c->test_set
                       : sets      ? sets[0]
                                   : "",
               *theirs = p->test_set ? p->test_set
                         : sets      ? sets[0]
                                     : "";
    const bool of_mini = strncmp(p->name, "mini", strlen("mini")) == 0;
    return s->has && !s->unusable && !c->published[p->split] && strcmp(ours, theirs) == 0 &&
           of_mini == (strcmp(kind->name, "mini") == 0);
}

static void add_protocols(const Check *c, TextList *names)
{
    size_t count;
    const Protocol *all = protocol_built_ins(&count);
    for (size_t i = 0; i < count; i++)
        if (is_comparable(c, &all[i])) text_list_add(names, all[i].name);
    for (size_t i = 0; c->book && i < c->book->protocol_count; i++)
        if (is_comparable(c, &c->book->protocols[i])) text_list_add(names, c->book->protocols[i].name);
}

static cJSON *texts_json(const char *const *texts, size_t count)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
    return list;
}

static cJSON *split_json(const Check *c, SplitName name)
{
    const SplitSurvey *s = &c->splits[name];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "images", (double)s->images);
    cJSON_AddItemToObject(object, "missing", texts_json(s->missing.files, s->missing.count));
    cJSON_AddItemToObject(object, "damaged", texts_json(s->damaged.files, s->damaged.count));
    cJSON_AddNumberToObject(object, "positives", (double)s->positives);
    cJSON_AddNumberToObject(object, "unlabelled", (double)s->unlabelled);
    if (c->published[name]) cJSON_AddNumberToObject(object, "published", (double)c->published[name]);
    if (s->unusable) cJSON_AddStringToObject(object, "unusable", s->unusable);
    return object;
}

static void print_json(const Check *c, const TextList *protocols)
{
    cJSON *root = cJSON_CreateObject(), *splits;
    cJSON_AddStringToObject(root, "dataset", dataset_name(c->dataset));
    splits = cJSON_AddObjectToObject(root, "splits");
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (c->splits[s].has) cJSON_AddItemToObject(splits, split_word((SplitName)s), split_json(c, (SplitName)s));
    cJSON_AddItemToObject(root, "protocols", texts_json((const char *const *)protocols->items, protocols->count));
    json_out_print(root);
}

static void print_some(const char *what, const char *const *sentences, size_t count)
{
    for (size_t i = 0; i < count && i < SHOWN; i++) print_line("  %s: %s", what, sentences[i]);
    if (count > SHOWN) print_line("  and %zu more that are %s; --json names them all", count - SHOWN, what);
}

static void print_split(const Check *c, SplitName name)
{
    const SplitSurvey *s = &c->splits[name];
    if (!s->has) return;
    if (s->images)
        print_line("%s: %zu images, %zu positive labels, %zu images without one; %zu missing, %zu damaged",
                   split_word(name), s->images, s->positives, s->unlabelled, s->missing.count, s->damaged.count);
    print_some("missing", s->missing.reasons, s->missing.count);
    print_some("damaged", s->damaged.reasons, s->damaged.count);
    if (c->published[name])
        print_line("  Published numbers are of %zu images: these here are comparable with none of them.",
                   c->published[name]);
    if (s->unusable) print_line("%s cannot be used: %s", split_word(name), s->unusable);
}

static void print_text(const Check *c, const TextList *protocols)
{
    print_line("%s, %zu classes", dataset_name(c->dataset), dataset_classes(c->dataset));
    for (int s = 0; s < SPLIT_COUNT; s++) print_split(c, (SplitName)s);
    char *names = text_list_some(protocols, 100);
    print_line("Numbers are comparable with others' of the protocols: %s", names);
    free(names);
}

static bool survey_all(const Cli *cli, Check *c, Error *err)
{
    bool usable = true;
    for (int s = 0; s < SPLIT_COUNT; s++) {
        dataset_survey(c->dataset, (SplitName)s, cli->progress, &c->splits[s]);
        if (survey_is_published(c->dataset, (SplitName)s, &c->splits[s], &c->published[s])) c->published[s] = 0;
        usable = usable && !c->splits[s].unusable;
    }
    TextList protocols = {0};
    add_protocols(c, &protocols);
    if (cli->json)
        print_json(c, &protocols);
    else
        print_text(c, &protocols);
    text_list_free(&protocols);
    return usable || fail(err, "data set %s: a split of it cannot be used, see above", dataset_name(c->dataset));
}

static bool check(const Cli *cli, const char *name, Error *err)
{
    Check c = {.test_set = cli_value(cli, "test-set")};
    const bool good = open_checked(cli, &c, name, err) && survey_all(cli, &c, err);
    for (int s = 0; s < SPLIT_COUNT; s++) survey_free(&c.splits[s]);
    dataset_free(c.dataset);
    book_free(c.book);
    return good;
}

static bool run(Cli *cli, Error *err)
{
    const size_t action = cli->argument_count ? names_find(actions(), cli->arguments[0]) : NAMES_NONE;
    if (action == NAMES_NONE || cli->argument_count != 2)
        return cli_misuse(cli, err, "check or get, and the name of a data set, are needed");
    const char *name = cli->arguments[1];
    return action == 0 ? check(cli, name, err) : get(cli, name, err);
}

static const CliOption options[] = {
    {"root", "DIR", "where it was unpacked (default: what paths.json says)"},
    {"test-set", "NAME", "of a data set that has several: %s"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "test-set", .names = dataset_test_sets},
    {0},
};

const Command command_data = {
    .name = "data",
    .arguments = "%s NAME",
    .words = actions,
    .summary = "what of a data set is here, or where its originals are",
    .details =
        "check counts the splits, looks for every picture and decodes it, and says with which protocols' numbers ours "
        "will be\n"
        "comparable; exit status 1 where a split cannot be used. get prints where the originals are and how they are\n"
        "unpacked; it fetches nothing. NAME is a public data set or one of experiments.json.",
    .example = "palbench data check voc2007 --root DIR\npalbench data get coco2014",
    .takes = TAKES_JSON | TAKES_EXPERIMENTS,
    .options = options,
    .choices = choices,
    .run = run,
};
