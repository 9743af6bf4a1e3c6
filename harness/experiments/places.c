/* A name of a place is its variable of the environment and, in small letters, its key of paths.json. */
#include "harness/experiments/places.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *key, *what;
} places[] = {
    {"CLIP", "clip", "a CLIP checkpoint, or the folder of RN50.pt, RN101.pt, ViT-B-16.pt with their vocabulary"},
    {"SD", "sd", "a Stable Diffusion checkpoint"},
    {"DATA", "data", "the folder of VOCdevkit, COCO and NUS-WIDE"},
};
enum { PLACES = sizeof places / sizeof *places, DATA = 2 };

bool place_is(const char *path)
{
    return *path == '$';
}

/* What the environment or paths.json says; *value NULL: neither says anything. */
static bool said(size_t place, Json paths, const char *folder, char **value, Error *err)
{
    const char *own = getenv(places[place].name), *key = NULL;
    *value = own && *own ? xstrdup(own) : NULL;
    if (*value || !paths.node) return true;
    if (!json_string_or(paths, places[place].key, NULL, &key, err)) return false;
    if (key) *value = path_join(folder, key);
    return true;
}

bool place_data(Json paths, const char *folder, char **data, Error *err)
{
    return said(DATA, paths, folder, data, err);
}

/* FOLDER/NAME with one of the endings that checkpoints have; NULL when there is none. */
static char *checkpoint_in(const char *folder, const char *name)
{
    static const char *const endings[] = {".pt", ".pth", ".bin", ".safetensors", ""};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *path = xformat("%s/%s%s", folder, name, endings[i]);
        if (path_exists(path)) return path;
        free(path);
    }
    return NULL;
}

static bool is_checkpoint(const char *path)
{
    static const char *const signs[] = {"config.json", "open_clip_config.json"};
    bool found = path_exists(path) && !path_is_folder(path);
    for (size_t i = 0; i < sizeof signs / sizeof *signs && !found; i++) {
        char *sign = path_join(path, signs[i]);
        found = path_exists(sign);
        free(sign);
    }
    return found;
}

static size_t place_named(const char *path, size_t length)
{
    size_t i = 0;
    while (i < PLACES && (strlen(places[i].name) != length || strncmp(places[i].name, path, length) != 0)) i++;
    return i;
}

char *place_find(const char *path, Json paths, const char *folder, char **why, Error *err)
{
    const size_t length = strcspn(path + 1, ":"), place = place_named(path + 1, length);
    const char *name = path[1 + length] ? path + 2 + length : NULL;
    char *root;
    *why = NULL;
    if (place == PLACES) {
        fail_usage(err, "%s: there is no such place; there are $CLIP, $SD and $DATA", path);
        return NULL;
    }
    if (!said(place, paths, folder, &root, err)) return NULL;
    if (!root)
        *why =
            xformat("nobody says where %s lies: %s=PATH (of make, or of the environment) or \"%s\" in paths.json names "
                    "%s",
                    places[place].name, places[place].name, places[place].key, places[place].what);
    else if (!path_exists(root))
        *why = xformat("%s, which %s names, is not there", root, places[place].name);
    if (!root || *why || !name || is_checkpoint(root)) {
        if (*why) free(root), root = NULL;
        return root;
    }
    char *found = checkpoint_in(root, name);
    if (!found)
        *why = xformat("%s, which %s names, has no %s (%s.pt, .pth, .bin, .safetensors or a folder)", root,
                       places[place].name, name, name);
    free(root);
    return found;
}
