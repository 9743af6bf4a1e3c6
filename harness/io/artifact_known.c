/* Attributes of files that were opened before, by what makes a file that file: device, number, size, times of its content and its
 * inode. A store's files are asked for their attributes over and over (plan, report), and each first question costs a child. */
#include "harness/base/memory.h"
#include "harness/io/artifact_child_internal.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, BYTES_MOST = 64 << 20 };

typedef struct Known {
    struct stat info;
    TextList attributes;
    bool all;
    struct Known *next;
} Known;

static Known *known[BUCKETS];
static size_t known_bytes;

static Known **bucket_of(const struct stat *info)
{
    return &known[((size_t)info->st_ino * 31 + (size_t)info->st_dev) % BUCKETS];
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

static void copy_list(const TextList *from, TextList *to)
{
    for (size_t i = 0; i < from->count; i++) text_list_add(to, from->items[i]);
}

bool known_find(const struct stat *info, TextList *attributes, bool *all)
{
    for (const Known *k = *bucket_of(info); k; k = k->next) {
        if (!is_same(&k->info, info)) continue;
        copy_list(&k->attributes, attributes);
        *all = k->all;
        return true;
    }
    return false;
}

void known_keep(const struct stat *info, const TextList *attributes, bool all)
{
    size_t bytes = sizeof(Known);
    for (size_t i = 0; i < attributes->count; i++) bytes += strlen(attributes->items[i]) + 1;
    if (known_bytes + bytes > BYTES_MOST) return; /* the rest is asked for again */
    known_bytes += bytes;
    Known *k = xcalloc(1, sizeof *k), **bucket = bucket_of(info);
    *k = (Known){.info = *info, .all = all, .next = *bucket};
    copy_list(attributes, &k->attributes);
    *bucket = k;
}
