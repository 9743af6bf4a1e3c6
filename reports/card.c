/* A function a part of the page; JSON that results carry (options, protocol, provenance) becomes tables of two columns. */
#include "reports/card.h"

#include "harness/base/memory.h"
#include "harness/io/json.h"
#include "reports/escape.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void fact(const char *what, const char *value, Text *out)
{
    if (!value || !*value) return;
    text_addf(out, "| %s | ", what);
    markdown_escaped(value, out);
    text_add(out, " |\n");
}

static void object_rows(const char *json, Text *out)
{
    cJSON *object = cJSON_Parse(json), *item;
    cJSON_ArrayForEach(item, object)
    {
        char *value = cJSON_IsString(item) ? NULL : json_canonical(item);
        text_add(out, "| ");
        markdown_escaped(item->string ? item->string : "", out);
        text_add(out, " | ");
        markdown_escaped(value ? value : item->valuestring, out);
        text_add(out, " |\n");
        free(value);
    }
    cJSON_Delete(object);
}

static void object_table(const char *title, const char *json, Text *out)
{
    if (!json) return;
    text_addf(out, "\n## %s\n\n| | |\n| --- | --- |\n", title);
    object_rows(json, out);
}

static void what_it_is(const StoredResult *r, Text *out)
{
    char number[64];
    text_add(out, "# ");
    markdown_escaped(r->experiment, out);
    text_add(out, "\n\n| | |\n| --- | --- |\n");
    fact("method", r->method, out);
    fact("note", r->note, out);
    fact("setting", r->setting, out);
    fact("data set", r->dataset, out);
    fact("kind of data set", r->kind, out);
    snprintf(number, sizeof number, "%zu images, %zu classes", r->images, r->classes);
    fact("judged on", number, out);
    fact("protocol", r->protocol, out);
    fact("model", r->model, out);
    fact("CLIP", r->clip, out);
}

static void numbers(const StoredResult *const *results, size_t count, Text *out)
{
    double *maps = xcalloc(count, sizeof *maps);
    for (size_t i = 0; i < count; i++) maps[i] = results[i]->map;
    const Spread s = spread_of(maps, count);
    text_add(out, "\n## Numbers\n\nmAP in percent, the mean over classes of non-interpolated average precision.\n\n| "
                  "seed | mAP | "
                  "file |\n| ---: | ---: | --- |\n");
    for (size_t i = 0; i < count; i++) {
        text_addf(out, "| %lld | %.4f | ", (long long)results[i]->seed, results[i]->map);
        markdown_escaped(results[i]->file, out);
        text_add(out, " |\n");
    }
    text_addf(out, "| **mean** | **%.4f** | ", s.mean);
    if (count > 1) text_addf(out, "standard deviation over seeds %.4f", s.std);
    text_add(out, " |\n");
    free(maps);
}

static void beside_map(const ResultMeasures *measures, size_t count, Text *out)
{
    text_add(out, "\n## Beside mAP\n\nMean over seeds, percent; results/README.md of palbench says what each is.\n\n| "
                  "| |\n| --- | "
                  "---: |\n");
    for (size_t k = 0; k < MEASURE_COLUMNS; k++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) sum += measures[i].values[k];
        if (isfinite(sum)) text_addf(out, "| %s | %.2f |\n", measure_columns[k].title, sum / (double)count);
    }
}

static void per_class(const StoredResult *const *results, size_t count, Text *out)
{
    text_add(out, "\n## Average precision per class\n\n| class | AP |\n| --- | ---: |\n");
    for (size_t c = 0; c < results[0]->classes; c++) {
        double sum = 0;
        for (size_t i = 0; i < count; i++) sum += results[i]->ap[c];
        text_add(out, "| ");
        markdown_escaped(results[0]->class_names[c], out);
        text_addf(out, isnan(sum) ? " | - |\n" : " | %.2f |\n", sum / (double)count);
    }
}

/* As a shell takes it: in single quotes, a quote inside closed, escaped and opened again. */
static void command(const char *experiment, Text *out)
{
    text_add(out, "\n## Command\n\n    palbench run '");
    for (const char *c = experiment; *c; c++) text_add_bytes(out, *c == '\'' ? "'\\''" : c, *c == '\'' ? 4 : 1);
    text_add(out, "'\n");
}

void card_markdown(const StoredResult *const *results, const ResultMeasures *measures, size_t count, Text *out)
{
    const StoredResult *first = results[0];
    what_it_is(first, out);
    numbers(results, count, out);
    beside_map(measures, count, out);
    per_class(results, count, out);
    object_table("Options", first->options, out);
    object_table("Protocol as it was run", first->as_run, out);
    object_table("Provenance of the first seed", first->provenance, out);
    command(first->experiment, out);
}
