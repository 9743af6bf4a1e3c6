/* palbench store: what is done to a store as a whole, and to two. */
#include "harness/base/names.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cluster/store_tools.h"

#include <stdlib.h>

typedef enum Action { CHECK, MERGE, EXPORT, IMPORT, PRUNE } Action;

static const char *const *actions(void)
{
    static const char *const words[] = {"check", "merge", "export", "import", "prune", NULL};
    return words;
}

static bool need_arguments(const Cli *cli, size_t low, size_t high, const char *what, Error *err)
{
    const size_t count = cli->argument_count - 1;
    return (count >= low && count <= high) || cli_misuse(cli, err, "%s %s", cli->arguments[0], what);
}

static bool act(const Cli *cli, Action action, StoreOutcome *o, Error *err)
{
    char *const *given = cli->arguments + 1;
    switch (action) {
    case CHECK:
        if (!need_arguments(cli, 0, 0, "takes no argument; --store names the store", err)) return false;
        if (!path_is_folder(cli->store)) return fail(err, "%s: is no store: there is no such folder", cli->store);
        store_check(cli->store, cli->progress, o);
        return true;
    case MERGE:
        return need_arguments(cli, 1, 1, "needs the store to take from", err) &&
               store_merge(cli->store, given[0], cli->progress, o, err);
    case EXPORT:
        return need_arguments(cli, 2, SIZE_MAX, "needs an archive to write and experiments", err) &&
               store_export(cli->store, given[0], (const char *const *)given + 1, o, err);
    case IMPORT:
        return need_arguments(cli, 1, 1, "needs the archive to take from", err) &&
               store_import(cli->store, given[0], cli->progress, o, err);
    default:
        return need_arguments(cli, 0, 0, "takes no argument; --store names the store", err) &&
               store_prune(cli->store, cli_has(cli, "dry-run"), o, err);
    }
}

static void print_json(const StoreOutcome *o)
{
    cJSON *root = cJSON_CreateObject(), *faults, *files;
    cJSON_AddNumberToObject(root, "files", (double)o->done);
    cJSON_AddNumberToObject(root, "left", (double)o->left);
    cJSON_AddNumberToObject(root, "bytes", o->bytes);
    faults = cJSON_AddArrayToObject(root, "faults");
    files = cJSON_AddArrayToObject(root, "names");
    for (size_t i = 0; i < o->faults.count; i++) cJSON_AddItemToArray(faults, cJSON_CreateString(o->faults.items[i]));
    for (size_t i = 0; i < o->files.count; i++) cJSON_AddItemToArray(files, cJSON_CreateString(o->files.items[i]));
    json_out_print(root);
}

static void print_text(const Cli *cli, Action action, const StoreOutcome *o)
{
    static const char *const done[] = {"whole", "taken over", "written", "taken over", "removed"};
    const bool dry = action == PRUNE && cli_has(cli, "dry-run");
    for (size_t i = 0; action == PRUNE && i < o->files.count; i++) print_line("%s", o->files.items[i]);
    print_line("%zu files %s (%.1f MB)", o->done, dry ? "would be removed" : done[action], o->bytes / 1e6);
    if (o->left) print_line("%zu were there already", o->left);
}

static bool run(Cli *cli, Error *err)
{
    const size_t action = cli->argument_count ? names_find(actions(), cli->arguments[0]) : NAMES_NONE;
    if (action == NAMES_NONE) return cli_misuse(cli, err, "one of check, merge, export, import, prune is needed");
    StoreOutcome o = {0};
    bool good = act(cli, (Action)action, &o, err);
    if (good && cli->json)
        print_json(&o);
    else if (good)
        print_text(cli, (Action)action, &o);
    for (size_t i = 0; i < o.faults.count; i++) print_sentence(o.faults.items[i]);
    if (good && o.faults.count && action != EXPORT)
        good = fail(err, "%s: %zu file%s damaged or not whole, see above",
                    action == IMPORT ? cli->arguments[1] : cli->store, o.faults.count,
                    o.faults.count == 1 ? " is" : "s are");
    store_outcome_free(&o);
    return good;
}

static const CliOption options[] = {
    {"dry-run", NULL, "prune: list what would be removed, and remove nothing"},
    {NULL, NULL, NULL},
};

const Command command_store = {
    .name = "store",
    .arguments = "%s [FROM | FILE.tar [EXPERIMENT...]]",
    .words = actions,
    .summary = "check, join, move and tidy stores of artifacts",
    .details =
        "check reads every file to its last byte and names the damaged. merge FROM takes over what another store "
        "has and this one\n"
        "lacks. export OUT.tar EXPERIMENT... writes results with all that they were made from; import IN.tar "
        "takes such a file over.\n"
        "prune removes what no stored result was made from, and what other hosts left behind, when it is a day "
        "old. What stands\n"
        "whole in a store is never overwritten.",
    .example = "palbench store check\n"
               "  palbench store export mine.tar mini-t2ipal mini-tai-dpt\n"
               "  palbench store merge /elsewhere/results/store",
    .takes = TAKES_STORE | TAKES_JSON,
    .options = options,
    .run = run,
    .kept = "what was taken over or removed stays so; the same command goes on from there",
};
