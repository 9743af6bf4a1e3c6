/* palbench inspect: what a file or a folder is, and which command reads it. */
#include "harness/base/memory.h"
#include "harness/base/shown.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/inspect/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cJSON *list_of(const TextList *list)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++) cJSON_AddItemToArray(array, cJSON_CreateString(list->items[i]));
    return array;
}

static void add_text(cJSON *object, const char *key, const char *text)
{
    cJSON_AddItemToObject(object, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

static void print_json(const Inspection *i)
{
    cJSON *object = cJSON_CreateObject(), *types = cJSON_CreateObject();
    add_text(object, "kind", i->kind);
    add_text(object, "layout", i->layout);
    add_text(object, "architecture", i->architecture);
    cJSON_AddNumberToObject(object, "parameters", (double)i->parameters);
    for (size_t k = 0; k < INSPECT_TYPES; k++)
        if (i->elements[k]) cJSON_AddNumberToObject(types, tensor_type_name((TensorType)k), (double)i->elements[k]);
    cJSON_AddItemToObject(object, "dtypes", types);
    cJSON_AddItemToObject(object, "missing", list_of(&i->missing));
    cJSON_AddItemToObject(object, "unknown", list_of(&i->unknown));
    cJSON_AddItemToObject(object, "notes", list_of(&i->notes));
    cJSON_AddItemToObject(object, "use", list_of(&i->uses));
    add_text(object, "why_not", i->why);
    json_out_print(object);
}

/* ---- for people ---- */

static void print_line(const char *what, const char *text)
{
    char *safe = shown(text);
    printf("%-14s%s\n", what, safe);
    free(safe);
}

static void print_list(const char *what, const TextList *list)
{
    for (size_t i = 0; i < list->count; i++) print_line(i ? "" : what, list->items[i]);
}

static void print_names(const char *what, const TextList *list)
{
    enum { SOME = 8 };
    char *names = list->count ? text_list_some(list, SOME) : NULL;
    if (names) print_line(what, names);
    free(names);
}

static void print_numbers(const Inspection *i)
{
    Text text = {0};
    for (size_t k = 0; k < INSPECT_TYPES; k++)
        if (i->elements[k])
            text_addf(&text, "%s%s %zu", text.length ? ", " : "", tensor_type_name((TensorType)k), i->elements[k]);
    if (i->parameters) printf("%-14s%zu\n", "parameters", i->parameters);
    if (text.length) print_line("types", text.data);
    text_free(&text);
}

static void print_text(const Inspection *i)
{
    print_line("kind", i->kind);
    if (i->layout) print_line("layout", i->layout);
    if (i->architecture) print_line("architecture", i->architecture);
    print_numbers(i);
    print_list("holds", &i->notes);
    print_names("missing", &i->missing);
    print_names("unknown", &i->unknown);
    print_list("read by", &i->uses);
}

static bool run(Cli *cli, Error *err)
{
    Inspection i;
    if (cli->argument_count != 1) return cli_misuse(cli, err, "one file or folder is needed");
    if (!inspect(cli->arguments[0], &i, err)) return false;
    if (cli->json)
        print_json(&i);
    else
        print_text(&i);
    const char *path = cli->arguments[0];
    const bool named = i.why && strncmp(i.why, path, strlen(path)) == 0;
    const bool is_read = !i.why || (named ? fail(err, "%s", i.why) : fail(err, "%s: %s", path, i.why));
    inspection_free(&i);
    return is_read;
}

const Command command_inspect = {
    .name = "inspect",
    .arguments = "PATH",
    .summary = "what a file or folder is, and which command reads it",
    .details = "Checkpoints (CLIP, Stable Diffusion and its parts, LoRA, learned words), vocabularies, data sets, "
               "folders of pictures, results and\n"
               "other stored files are told by their content; headers and configurations are read, no weights. Exit "
               "status 1 where it\n"
               "is nothing that palbench reads, or is not whole: the reason stands on stderr, and under \"why_not\" of "
               "--json.",
    .example = "palbench inspect models/RN50.pt\n  palbench inspect style.safetensors --json",
    .takes = TAKES_JSON,
    .run = run,
};
