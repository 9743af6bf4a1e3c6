/* A scratch folder for the files that tests write. */
#pragma once

#include "harness/base/error.h" /* before cmocka, which has a macro fail(): (fail)(...) is ours */
#include "harness/base/memory.h"
#include "harness/base/text.h"

/* What cmocka wants in front of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_folder[64];

/* Group set-up and tear-down. */
static inline int scratch_make(void **state)
{
    (void)state;
    strcpy(scratch_folder, "/tmp/palbench-test-XXXXXX");
    return mkdtemp(scratch_folder) ? 0 : -1;
}

static inline void scratch_clear(const char *folder)
{
    DIR *directory = opendir(folder);
    if (!directory) return;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *path = path_join(folder, entry->d_name);
        if (unlink(path) != 0) scratch_clear(path), rmdir(path);
        free(path);
    }
    closedir(directory);
}

static inline int scratch_remove(void **state)
{
    (void)state;
    scratch_clear(scratch_folder);
    return rmdir(scratch_folder);
}

/* A path in the scratch folder; valid until the eighth next call. */
static inline const char *scratch(const char *name)
{
    static char paths[8][192];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
    return path;
}

static inline void put_file(const char *path, const void *bytes, size_t count)
{
    unlink(path); /* ext4 flushes a file that is truncated and written anew to the disk, which is slow */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    assert_int_equal(fclose(file), 0);
}

static inline char *get_file(const char *path, size_t *count)
{
    Error err;
    char *bytes;
    if (!read_file(path, (size_t)1 << 28, &bytes, count, &err)) fail_msg("%s", err.text);
    return bytes;
}

static inline size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}
