/* What the fuzz targets share: a scratch folder for parsers that want files. A target is one function:
 *
 *     int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { ...; return 0; }
 *
 * It hands the bytes to a parser and uses what comes out as the program would. A fault is a crash, a report of a sanitizer, an abort
 * (die: a bug of ours), a time above run.sh's. */
#pragma once

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* The scratch folder, made at first use: in the folder FUZZ_SCRATCH, which run.sh makes and removes, or else in memory where that
 * is there. */
static inline const char *fuzz_folder(void)
{
    static char folder[160];
    if (folder[0]) return folder;
    const char *given = getenv("FUZZ_SCRATCH"), *parent = path_is_folder("/dev/shm") ? "/dev/shm" : "/tmp";
    const int length = snprintf(folder, sizeof folder, "%s/palbench-fuzz-XXXXXX", given ? given : parent);
    if (length >= (int)sizeof folder || !mkdtemp(folder)) abort();
    return folder;
}

/* A path in the scratch folder; valid until the fourth next call. */
static inline const char *fuzz_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", fuzz_folder(), name);
    return path;
}

static inline const char *fuzz_put(const char *name, const uint8_t *bytes, size_t count)
{
    const char *path = fuzz_path(name);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, bytes, count) != (ssize_t)count) abort();
    close(file);
    return path;
}

/* A folder of the golden files as scratch/NAME, by links, so that single files of it can be put in their place. */
static inline void fuzz_link(const char *golden, const char *name)
{
    char *from = realpath(golden, NULL);
    mkdir(fuzz_path(name), 0700);
    DIR *directory = from ? opendir(from) : NULL;
    if (!directory) abort(); /* run from the project's root */
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        char *source = path_join(from, entry->d_name), *place = xformat("%s/%s", name, entry->d_name);
        if (path_is_folder(source))
            fuzz_link(source, place);
        else if (symlink(source, fuzz_path(place)) != 0)
            abort();
        free(source), free(place);
    }
    closedir(directory);
    free(from);
}

/* The bytes in the place of a linked file. */
static inline void fuzz_replace(const char *name, const uint8_t *bytes, size_t count)
{
    unlink(fuzz_path(name));
    fuzz_put(name, bytes, count);
}
