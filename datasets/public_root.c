/* People unpack a data set under one folder for all, or name its own folder; both are tried, by a file that only this data set
 * has. */
#include "datasets/public_root.h"

#include <stdlib.h>
#include <string.h>

static bool read_root(Dataset *d, const DatasetSource *source, PublicRoot *root, Error *err)
{
    const char *own, *captions;
    int64_t each;
    if (!json_string_or(source->config, "root", NULL, &own, err) ||
        !json_string_or(source->config, "captions", NULL, &captions, err) ||
        !json_integer_or(source->config, "captions_per_image", 1, &each, err) ||
        !json_bool_or(source->config, "skip_damaged", false, &d->skip_damaged, err))
        return false;
    char *path = own ? path_join(source->folder, own) : NULL,
         *texts = captions ? path_join(source->folder, captions) : NULL;
    root->captions_per_image = (size_t)each;
    root->root = path ? arena_strdup(&d->arena, path) : source->root ? arena_strdup(&d->arena, source->root) : NULL;
    if (texts) root->captions = arena_strdup(&d->arena, texts);
    free(path);
    free(texts);
    return true;
}

static bool nowhere(const Dataset *d, const PublicRoot *root, Error *err)
{
    Text places = {0};
    for (const char *const *p = d->kind->places; *p; p++)
        text_addf(&places, "%s%s%s%s", places.length ? ", " : "", *p, **p ? "/" : "", d->kind->sign);
    if (root->root)
        fail(err,
             "data set %s: it is not in %s, which has none of %s; unpack it there (palbench data get %s), or name "
             "another folder",
             d->name, root->root, places.data, d->kind->name);
    else
        fail_usage(
            err,
            "data set %s: nobody said where it lies; name the folder with DATA=DIR or --root DIR, in paths.json, "
            "or as \"root\" of its entry (palbench data get %s tells where it is to be had)",
            d->name, d->kind->name);
    text_free(&places);
    err->absent = true; /* another data set may be there */
    return false;
}

bool public_root_open(Dataset *d, const DatasetSource *source, PublicRoot *root, Error *err)
{
    *root = (PublicRoot){.captions_per_image = 1};
    if (source->config.node ? !read_root(d, source, root, err) : false) return false;
    if (!source->config.node && source->root) root->root = arena_strdup(&d->arena, source->root);
    if (d->unseen) return true;
    if (root->root) root->folder = dataset_kind_folder(d->kind, root->root, &d->arena);
    return root->folder || nowhere(d, root, err);
}

const char *public_root_find(Dataset *d, const PublicRoot *root, const char *const *names)
{
    const char *folders[] = {root->root, root->folder, NULL};
    for (const char *const *folder = folders; *folder; folder++)
        for (const char *const *name = names; *name; name++) {
            char *path = path_join(*folder, *name), *kept = NULL;
            if (path_exists(path)) kept = arena_strdup(&d->arena, path);
            free(path);
            if (kept) return kept;
        }
    return NULL;
}
