/* palbench bench: how fast the parts are, against the machine's own rate of matrix products. */
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "harness/speed/clip_bench.h"
#include "harness/speed/diffusion_bench.h"
#include "harness/speed/kernel_bench.h"
#include "harness/speed/prompt_bench.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"name", "batch", "seconds", "gflops", "share", "peak_bytes"}: what every entry has. */
static cJSON *add_entry(cJSON *list, const BenchRow *row)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "name", row->name);
    cJSON_AddNumberToObject(entry, "batch", (double)row->batch);
    cJSON_AddNumberToObject(entry, "seconds", row->seconds);
    cJSON_AddNumberToObject(entry, "gflops", row->gflops);
    cJSON_AddNumberToObject(entry, "share", row->share);
    cJSON_AddNumberToObject(entry, "peak_bytes", (double)row->peak_bytes);
    cJSON_AddItemToArray(list, entry);
    return entry;
}

/* `rate`: GFLOP/s of the machine's matrix products. */
static BenchRow row_of(const char *name, size_t batch, double seconds, double flop, double rate, size_t peak_bytes)
{
    BenchRow row = {.batch = batch, .seconds = seconds, .gflops = flop / seconds / 1e9, .peak_bytes = peak_bytes};
    row.share = row.gflops / rate;
    snprintf(row.name, sizeof row.name, "%s", name);
    return row;
}

static bool bench_prompts(const Cli *cli, cJSON *list, Error *err)
{
    PromptBenchOptions o = {.arch = cli_value(cli, "arch"), .print_operators = cli_has(cli, "operators")};
    PromptBenchEntry entries[PROMPT_BENCH_ENTRIES];
    if (!cli_size(cli, "classes", 0, 1, 100000, &o.classes, err) ||
        !cli_size(cli, "batch", 0, 1, 1 << 20, &o.batch, err) ||
        !cli_size(cli, "repeats", 0, 1, 1000, &o.repeats, err) || !prompt_bench(o, entries, cli->progress, err))
        return false;
    double rate;
    if (!bench_product_rate(&rate, err)) return false;
    for (size_t i = 0; i < PROMPT_BENCH_ENTRIES; i++) {
        const PromptBenchEntry *e = &entries[i];
        const BenchRow row = row_of(e->name, e->batch, e->seconds, e->flop, rate, e->peak_bytes);
        cJSON *entry = add_entry(list, &row);
        cJSON_AddNumberToObject(entry, "times_shared", e->seconds / entries[0].seconds);
        cJSON_AddNumberToObject(entry, "gradient_error", e->gradient_error);
    }
    return true;
}

static bool bench_clip(const Cli *cli, cJSON *list, Error *err)
{
    const char *archs[] = {"RN50", "ViT-B-16"}, *path = cli_value(cli, "model"), *arch = cli_value(cli, "arch");
    const size_t count = path || arch ? 1 : 2;
    ClipBenchOptions o = {.path = path,
                          .local = cli_has(cli, "local"),
                          .arithmetic = cli->arithmetic,
                          .print_operators = cli_has(cli, "operators")};
    if (!cli_size(cli, "batch", 0, 1, 4096, &o.batch, err) || !cli_size(cli, "size", 0, 8, 4096, &o.size, err) ||
        !cli_size(cli, "repeats", 0, 1, 1000, &o.repeats, err))
        return false;
    double rate;
    if (!bench_product_rate(&rate, err)) return false;
    for (size_t i = 0; i < count; i++) {
        ClipBenchResult r;
        o.arch = arch ? arch : archs[i];
        if (!clip_bench(o, &r, cli->progress, err)) return false;
        const BenchRow row = row_of(path ? path : o.arch, r.batch, r.seconds, r.flop, rate, r.peak_bytes);
        cJSON *entry = add_entry(list, &row);
        cJSON_AddNumberToObject(entry, "size", (double)r.size);
        cJSON_AddNumberToObject(entry, "images_per_second", (double)r.batch / r.seconds);
    }
    return true;
}

static void add_operators(cJSON *entry, const DiffusionBenchResult *r)
{
    cJSON *times = cJSON_AddObjectToObject(entry, "operators");
    for (size_t k = 0; k < r->kinds; k++)
        cJSON_AddNumberToObject(times, r->operators[k].name, r->operators[k].seconds[0]);
}

static bool bench_diffusion(const Cli *cli, cJSON *list, bool vae, Error *err)
{
    DiffusionBenchOptions o = {
        .path = cli_value(cli, "model"), .arch = cli_value(cli, "arch"), .graph = {.arithmetic = cli->arithmetic}};
    if (!o.arch) o.arch = "sd15";
    if (!cli_size(cli, "batch", 0, 1, 1024, &o.batch, err) || !cli_size(cli, "size", 0, 8, 8192, &o.size, err) ||
        !cli_size(cli, "repeats", 0, 1, 1000, &o.repeats, err))
        return false;
    DiffusionBenchResult r;
    double rate;
    if (!bench_product_rate(&rate, err) ||
        !(vae ? vae_bench(o, &r, cli->progress, err) : unet_bench(o, &r, cli->progress, err)))
        return false;
    char *name = xformat("%s %s", vae ? "vae" : "unet", o.path ? o.path : o.arch);
    const BenchRow row = row_of(name, r.batch, r.seconds, r.flop, rate, r.peak_bytes);
    cJSON *entry = add_entry(list, &row);
    cJSON_AddNumberToObject(entry, "size", (double)r.size);
    add_operators(entry, &r);
    free(name);
    free(r.operators);
    return true;
}

static bool bench_unet(const Cli *cli, cJSON *list, Error *err)
{
    return bench_diffusion(cli, list, false, err);
}

static bool bench_vae(const Cli *cli, cJSON *list, Error *err)
{
    return bench_diffusion(cli, list, true, err);
}

static bool add_rows(BenchRow *rows, size_t count, cJSON *list)
{
    for (size_t i = 0; i < count; i++) cJSON_AddStringToObject(add_entry(list, &rows[i]), "remark", rows[i].remark);
    free(rows);
    return true;
}

static bool bench_convolutions(const Cli *cli, cJSON *list, Error *err)
{
    (void)cli;
    BenchRow *rows;
    size_t count;
    return bench_conv(&rows, &count, err) && add_rows(rows, count, list);
}

static bool bench_products(const Cli *cli, cJSON *list, Error *err)
{
    (void)cli;
    BenchRow *rows;
    size_t count;
    return bench_matmul(&rows, &count, err) && add_rows(rows, count, list);
}

static bool bench_attentions(const Cli *cli, cJSON *list, Error *err)
{
    (void)cli;
    BenchRow *rows;
    size_t count;
    return bench_attention(&rows, &count, err) && add_rows(rows, count, list);
}

static void value_cell(Table *t, const cJSON *value)
{
    if (cJSON_IsString(value))
        table_cell(t, "%s", value->valuestring);
    else if (strcmp(value->string, "peak_bytes") == 0)
        table_cell(t, "%.1f", value->valuedouble / 1e6);
    else if (strcmp(value->string, "share") == 0)
        table_cell(t, "%.0f %%", 100 * value->valuedouble);
    else
        table_cell(t, "%.5g", value->valuedouble);
}

/* Seconds by kind of operator, where an entry has them. */
static void print_operators(const cJSON *entry)
{
    const cJSON *times = cJSON_GetObjectItem(entry, "operators"), *value;
    if (!times) return;
    Table t = {0};
    double total = 0;
    cJSON_ArrayForEach(value, times) total += value->valuedouble;
    table_head(&t, (const char *const[]){"operator", "seconds", "part", NULL});
    cJSON_ArrayForEach(value, times)
    {
        table_cell(&t, "%s", value->string);
        table_cell(&t, "%.4f", value->valuedouble);
        table_cell(&t, "%.1f %%", total > 0 ? 100 * value->valuedouble / total : 0.0);
    }
    puts("");
    table_print(&t, stdout);
    table_free(&t);
}

static void print_table(const cJSON *list)
{
    Table t = {0};
    const cJSON *entry, *value;
    cJSON_ArrayForEach(value, list->child)
    {
        if (cJSON_IsObject(value)) continue;
        table_cell(&t, "%s", strcmp(value->string, "peak_bytes") == 0 ? "peak MB" : value->string);
        t.columns++;
    }
    cJSON_ArrayForEach(entry, list) cJSON_ArrayForEach(value, entry) if (!cJSON_IsObject(value)) value_cell(&t, value);
    table_print(&t, stdout);
    cJSON_ArrayForEach(entry, list) print_operators(entry);
    table_free(&t);
    printf("\nshare: of the machine's own float32 matrix-product rate, %d thread%s.\n", omp_get_max_threads(),
           omp_get_max_threads() > 1 ? "s" : "");
}

static const struct {
    const char *name;
    bool (*run)(const Cli *cli, cJSON *list, Error *err);
} benches[] = {
    {"prompts", bench_prompts},   {"clip", bench_clip},       {"unet", bench_unet},           {"vae", bench_vae},
    {"conv", bench_convolutions}, {"matmul", bench_products}, {"attention", bench_attentions}};
enum { BENCHES = sizeof benches / sizeof *benches };

static const char *const *bench_names(void)
{
    static const char *names[BENCHES + 1];
    for (size_t i = 0; i < BENCHES; i++) names[i] = benches[i].name;
    return names;
}

static bool run(Cli *cli, Error *err)
{
    size_t which;
    if (!cli_word(cli, &which, err)) return false;
    cJSON *list = cJSON_CreateArray();
    const bool good = benches[which].run(cli, list, err);
    if (good && !cli->json) print_table(list);
    if (good && cli->json)
        json_out_print(list);
    else
        cJSON_Delete(list);
    return good;
}

static const CliOption options[] = {
    {"model", "DIR", "clip, unet, vae: a checkpoint instead of random weights"},
    {"arch", "NAME",
     "random weights of RN50, RN101, ViT-B-16, ... (clip: RN50 and ViT-B-16 when none is named; prompts: RN50), of "
     "sd15, sd21, "
     "sd-turbo (unet, vae: sd15), taesd (vae)"},
    {"batch", "B", "pictures or captions a step (default: clip 8, prompts 512, unet 2: a guided step, vae 1)"},
    {"size", "S", "clip, unet, vae: pixels a side of the picture (default: the model's own)"},
    {"classes", "N", "prompts: classes (default: 80)"},
    {"repeats", "R", "the best of so many counts"},
    {"local", NULL, "clip: local features too, not the global one alone"},
    {"operators", NULL, "clip, prompts: seconds by operator on stderr too"},
    {NULL, NULL, NULL},
};

const Command command_bench = {
    .name = "bench",
    .words = bench_names,
    .arguments = "%s [--model DIR | --arch NAME] [--batch B] [--size S]",
    .summary = "speed of the parts, and their share of the machine's own rate",
    .details =
        "prompts: a TaI-DPT training step, both prompt sets, with the shared prefix and in the plain form.  "
        "clip: the image tower.\n"
        "unet: one call, a noise prediction.  vae: decoding one batch.  Both with seconds by operator and the peak "
        "memory of the process.\n"
        "conv: 3x3 convolutions, Winograd and direct.  matmul: matrix products.  attention: by tiles, and as is "
        "chosen.",
    .example = "palbench bench clip --arch RN50 --batch 8 --threads 2",
    .takes = TAKES_EXACT | TAKES_JSON,
    .options = options,
    .run = run,
};
