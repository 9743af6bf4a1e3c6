/* palbench ls: what there is. Every list is built once as JSON; the table shows its plain members. */
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/clip/checkpoint.h"
#include "harness/diffusion/scheduler.h"
#include "harness/experiments/book_plugins.h"
#include "harness/experiments/setting_read.h"
#include "harness/stages/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *add_entry(cJSON *list, const char *name)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "name", name);
    cJSON_AddItemToArray(list, entry);
    return entry;
}

static bool list_suites(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)cli;
    for (size_t i = 0; i < book->suite_count; i++) {
        const Suite *suite = &book->suites[i];
        ExperimentList chosen = {0};
        const bool good = book_select(book, &(Selection){.suite = suite->name}, &chosen, err);
        cJSON *entry = add_entry(list, suite->name), *names = cJSON_CreateArray();
        cJSON_AddNumberToObject(entry, "count", (double)chosen.count);
        for (size_t k = 0; k < chosen.count; k++) cJSON_AddItemToArray(names, cJSON_CreateString(chosen.items[k].name));
        cJSON_AddItemToObject(entry, "experiments", names);
        experiments_free(&chosen);
        if (!good) return false;
    }
    return true;
}

/* What "generate" says, without what it does not. */
static cJSON *generate_entry(GenerateSettings g)
{
    cJSON *entry = cJSON_CreateObject();
    if (g.steps) cJSON_AddNumberToObject(entry, "steps", (double)g.steps);
    if (g.guidance >= 0) cJSON_AddNumberToObject(entry, "guidance", g.guidance);
    if (g.scheduler) cJSON_AddStringToObject(entry, "scheduler", g.scheduler);
    char size[64];
    snprintf(size, sizeof size, "%zux%zu", g.width, g.height);
    if (g.width) cJSON_AddStringToObject(entry, "size", size);
    if (g.seed >= 0) cJSON_AddNumberToObject(entry, "seed", (double)g.seed);
    if (g.negative) cJSON_AddStringToObject(entry, "negative", g.negative);
    if (g.embedding) cJSON_AddItemToObject(entry, "embedding", cJSON_Duplicate(g.embedding, true));
    if (g.lora) cJSON_AddItemToObject(entry, "lora", cJSON_Duplicate(g.lora, true));
    return entry;
}

static bool list_experiments(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    ExperimentList all = {0};
    const bool good = book_select(book, &(Selection){0}, &all, err);
    if (good) book_remark_unloaded(book, cli->progress);
    for (size_t i = 0; good && i < all.count; i++) {
        const Experiment *e = &all.items[i];
        cJSON *entry = add_entry(list, e->name), *seeds = cJSON_CreateArray();
        cJSON_AddStringToObject(entry, "method", e->method->name);
        cJSON_AddStringToObject(entry, "dataset", e->dataset);
        cJSON_AddStringToObject(entry, "model", e->model);
        cJSON_AddStringToObject(entry, "protocol", e->protocol.name);
        char *setting = experiment_setting(e);
        cJSON_AddStringToObject(entry, "setting", e->unloaded ? "unknown" : setting);
        free(setting);
        cJSON_AddStringToObject(entry, "label", e->label);
        for (size_t k = 0; k < e->seed_count; k++) cJSON_AddItemToArray(seeds, cJSON_CreateNumber((double)e->seeds[k]));
        cJSON_AddItemToObject(entry, "seeds", seeds);
        char *options = options_json(&e->options, false);
        cJSON_AddItemToObject(entry, "options", e->unloaded ? cJSON_CreateNull() : cJSON_Parse(options));
        free(options);
        cJSON *generate = generate_entry(e->generate);
        if (generate->child)
            cJSON_AddItemToObject(entry, "generate", generate);
        else
            cJSON_Delete(generate);
    }
    experiments_free(&all);
    return good;
}

static cJSON *option_entry(const Option *o)
{
    static const char *const types[] = {"number", "integer", "bool", "choice", "text"};
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "name", o->name);
    cJSON_AddStringToObject(entry, "type", types[o->type]);
    if (o->type == OPTION_TYPE_BOOL)
        cJSON_AddBoolToObject(entry, "default", o->fallback != 0);
    else if (o->type == OPTION_TYPE_REAL || o->type == OPTION_TYPE_INT)
        cJSON_AddNumberToObject(entry, "default", o->fallback);
    else
        cJSON_AddStringToObject(entry, "default", o->fallback_text);
    if (o->type == OPTION_TYPE_REAL || o->type == OPTION_TYPE_INT) {
        cJSON_AddNumberToObject(entry, "low", o->low);
        cJSON_AddNumberToObject(entry, "high", o->high);
    }
    if (o->choices) {
        cJSON *choices = cJSON_AddArrayToObject(entry, "choices");
        for (size_t i = 0; o->choices[i]; i++) cJSON_AddItemToArray(choices, cJSON_CreateString(o->choices[i]));
    }
    cJSON_AddStringToObject(entry, "help", o->help);
    return entry;
}

static cJSON *plugin_entry(const Method *m)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "file", m->plugin);
    cJSON_AddStringToObject(entry, "sha256", m->plugin_hash);
    return entry;
}

static bool list_methods(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)book;
    if (path_exists(cli->experiments) && !plugins_remark_unloaded(cli->experiments, cli->progress, err)) return false;
    const Method *const *all = method_all();
    for (size_t i = 0; all[i]; i++) {
        cJSON *entry = add_entry(list, all[i]->name), *options = cJSON_CreateArray();
        cJSON_AddStringToObject(entry, "summary", all[i]->summary);
        cJSON_AddStringToObject(entry, "from", all[i]->plugin ? all[i]->plugin : "built in");
        if (all[i]->plugin) cJSON_AddItemToObject(entry, "plugin", plugin_entry(all[i]));
        char *settings = setting_words(all[i]->settings);
        cJSON_AddStringToObject(entry, "settings", settings);
        free(settings);
        if (all[i]->note) cJSON_AddStringToObject(entry, "note", all[i]->note);
        for (const Option *o = all[i]->options; o && o->name; o++) cJSON_AddItemToArray(options, option_entry(o));
        cJSON_AddItemToObject(entry, "options", options);
    }
    return true;
}

static bool list_datasets(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)err;
    const DatasetKind *const *kinds = dataset_kinds();
    for (size_t i = 0; kinds[i]; i++) {
        cJSON *entry = add_entry(list, kinds[i]->name);
        if (kinds[i]->classes) cJSON_AddNumberToObject(entry, "classes", (double)kinds[i]->class_count);
        cJSON_AddStringToObject(entry, "summary", kinds[i]->summary ? kinds[i]->summary : "");
        cJSON_AddStringToObject(entry, "source", kinds[i]->source ? kinds[i]->source : "");
    }
    TextList own = {0};
    if (book) book_dataset_names(book, &own);
    for (size_t i = 0; i < own.count; i++) {
        if (dataset_kind(own.items[i])) continue;
        cJSON *entry = add_entry(list, own.items[i]);
        cJSON_AddStringToObject(entry, "summary", "of the experiments file");
        cJSON_AddStringToObject(entry, "source", book->path);
    }
    text_list_free(&own);
    if (!book)
        progress_note(cli->progress, "%s is not there: data sets of one's own are listed with --experiments FILE",
                      cli->experiments);
    return true;
}

static bool list_models(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)cli, (void)err;
    for (size_t i = 0; i < book->model_count; i++) {
        cJSON *entry = add_entry(list, book->models[i].name);
        cJSON_AddStringToObject(entry, "clip", book->models[i].clip);
        cJSON_AddStringToObject(entry, "tokenizer", book->models[i].tokenizer);
        cJSON_AddBoolToObject(entry, "there", path_exists(book->models[i].clip));
        const Model *m = &book->models[i];
        if (!m->diffusion) continue;
        cJSON_AddStringToObject(entry, "diffusion", m->diffusion);
        cJSON_AddBoolToObject(entry, "diffusion_there", path_exists(m->diffusion));
        if (m->vae) cJSON_AddStringToObject(entry, "vae", m->vae);
        if (m->judge) cJSON_AddStringToObject(entry, "judge", m->judge);
        cJSON_AddItemToObject(entry, "generate", generate_entry(m->generate));
    }
    return true;
}

static void add_protocol(cJSON *list, const Protocol *p)
{
    cJSON *entry = add_entry(list, p->name), *fields = protocol_json(p), *field;
    while ((field = fields->child))
        cJSON_AddItemToObject(entry, field->string, cJSON_DetachItemViaPointer(fields, field));
    cJSON_Delete(fields);
    cJSON_AddStringToObject(entry, "summary", p->summary ? p->summary : "of the experiments file");
}

static bool list_protocols(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)err;
    size_t count;
    const Protocol *built_in = protocol_built_ins(&count);
    for (size_t i = 0; i < count; i++) add_protocol(list, &built_in[i]);
    for (size_t i = 0; book && i < book->protocol_count; i++) add_protocol(list, &book->protocols[i]);
    if (!book)
        progress_note(cli->progress, "%s is not there: protocols of one's own are listed with --experiments FILE",
                      cli->experiments);
    return true;
}

static bool list_artifacts(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)book, (void)err;
    StoredFiles files = {0};
    store_list(cli->store, &files);
    for (size_t i = 0; i < files.count; i++) {
        const char *name = strrchr(files.items[i].path, '/');
        cJSON *entry = add_entry(list, name ? name + 1 : files.items[i].path);
        cJSON_AddStringToObject(entry, "stage", files.items[i].stage);
        cJSON_AddNumberToObject(entry, "bytes", (double)files.items[i].bytes);
        cJSON_AddStringToObject(entry, "file", files.items[i].path);
    }
    stored_files_free(&files);
    return true;
}

static bool list_schedulers(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)cli, (void)book, (void)err;
    for (const char *const *name = scheduler_names(); *name; name++)
        cJSON_AddStringToObject(add_entry(list, *name), "summary", scheduler_summary(*name));
    return true;
}

static bool list_layouts(const Cli *cli, const Book *book, cJSON *list, Error *err)
{
    (void)cli, (void)book, (void)err;
    for (const CheckpointLayout *const *l = checkpoint_layouts(); *l; l++)
        cJSON_AddStringToObject(add_entry(list, (*l)->name), "summary", (*l)->summary);
    return true;
}

typedef enum BookNeed { NO_BOOK, IF_THERE, NEEDED } BookNeed; /* the experiments file */

static const struct {
    const char *name;
    bool (*list)(const Cli *cli, const Book *book, cJSON *list, Error *err); /* book NULL: none is there */
    BookNeed need;
} lists[] = {
    {"suites", list_suites, NEEDED},        {"experiments", list_experiments, NEEDED},
    {"methods", list_methods, NO_BOOK},     {"datasets", list_datasets, IF_THERE},
    {"models", list_models, NEEDED},        {"protocols", list_protocols, IF_THERE},
    {"artifacts", list_artifacts, NO_BOOK}, {"schedulers", list_schedulers, NO_BOOK},
    {"layouts", list_layouts, NO_BOOK},
};
enum { LISTS = sizeof lists / sizeof *lists };

static const char *const *list_names(void)
{
    static const char *names[LISTS + 1];
    for (size_t i = 0; i < LISTS; i++) names[i] = lists[i].name;
    return names;
}

static bool is_plain(const cJSON *value)
{
    return cJSON_IsString(value) || cJSON_IsNumber(value) || cJSON_IsBool(value);
}

static void value_cell(Table *t, const cJSON *value)
{
    if (cJSON_IsNumber(value))
        table_cell(t, "%.15g", value->valuedouble);
    else if (cJSON_IsBool(value))
        table_cell(t, "%s", cJSON_IsTrue(value) ? "yes" : "no");
    else
        table_cell(t, "%s", cJSON_IsString(value) ? value->valuestring : "");
}

/* Columns are the plain members that the entries have, in the order of their first appearance. */
static void print_table(const cJSON *list)
{
    TextList columns = {0};
    const cJSON *entry, *member;
    cJSON_ArrayForEach(entry, list) cJSON_ArrayForEach(member, entry)
    {
        if (is_plain(member)) text_list_add_once(&columns, member->string);
    }
    Table t = {.columns = columns.count};
    for (size_t i = 0; i < columns.count; i++) table_cell(&t, "%s", columns.items[i]);
    cJSON_ArrayForEach(entry, list) for (size_t i = 0; i < columns.count; i++)
        value_cell(&t, cJSON_GetObjectItemCaseSensitive(entry, columns.items[i]));
    table_print(&t, stdout);
    table_free(&t);
    text_list_free(&columns);
}

static bool run(Cli *cli, Error *err)
{
    size_t which;
    if (!cli_word(cli, &which, err)) return false;
    Book *book = NULL;
    const bool wanted = lists[which].need == NEEDED || cli_has(cli, "experiments") || path_exists(cli->experiments);
    if (lists[which].need != NO_BOOK && wanted && !(book = book_open(cli->experiments, cli->paths, err))) return false;
    cJSON *list = cJSON_CreateArray();
    const bool good = lists[which].list(cli, book, list, err);
    if (good && !cli->json) print_table(list);
    if (good && cli->json)
        json_out_print(list);
    else
        cJSON_Delete(list);
    book_free(book);
    return good;
}

const Command command_ls = {
    .name = "ls",
    .words = list_names,
    .arguments = "%s",
    .summary = "list what there is",
    .details = "With --json also a method's options with their defaults, ranges and help, and an experiment's values.",
    .example = "palbench ls methods --json",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_JSON,
    .run = run,
};
