/* The table of the formats, and what their writers share. */
#include "harness/cluster/export.h"

#include "harness/base/version.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const ExportFormat *const formats[] = {&export_slurm, &export_snakemake, &export_make};
enum { FORMATS = sizeof formats / sizeof *formats };

const ExportFormat *export_find(const char *name)
{
    for (size_t i = 0; i < FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0) return formats[i];
    return NULL;
}

const char *const *export_names(void)
{
    static const char *names[FORMATS + 1];
    for (size_t i = 0; i < FORMATS; i++) names[i] = formats[i]->name;
    return names;
}

void export_shell_word(Text *text, const char *word)
{
    text_add(text, "'");
    for (const char *c = word; *c; c++) text_add(text, *c == '\'' ? "'\\''" : (const char[]){*c, '\0'});
    text_add(text, "'");
}

void export_head(Text *text, const char *about)
{
    text_addf(text, "# Written by palbench %s, plan --export. %s\n", PALBENCH_VERSION, about);
}

size_t export_minutes(double seconds)
{
    return (size_t)ceil(3 * seconds / 60) + 10;
}

size_t export_megabytes(double bytes)
{
    return (size_t)ceil(bytes / (1 << 20));
}

bool export_file(const Export *e, const char *name, Text *text, Error *err)
{
    char *path = path_join(e->folder, name);
    const bool good = write_file(path, text->data, text->length, err);
    free(path);
    text_free(text);
    return good;
}
