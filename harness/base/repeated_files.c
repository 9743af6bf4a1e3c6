/* The paths in their plain form, sorted with their rows; equal ones are then neighbours. */
#include "harness/base/repeated_files.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

typedef struct Place {
    char *path;
    size_t row;
} Place;

/* Without "." and, where that is a matter of the text alone, "..": "./a//x/../b.png" is "a/b.png". Caller frees. */
static char *plain_path(const char *path)
{
    Text out = {0};
    text_add(&out, *path == '/' ? "/" : "");
    const size_t root = out.length;
    for (const char *part = path; *part;) {
        const size_t length = strcspn(part, "/");
        const char *last = out.length > root ? strrchr(out.data, '/') : NULL;
        const size_t parent = last && last >= out.data + root ? (size_t)(last - out.data) : root;
        if (length == 2 && !strncmp(part, "..", 2) && out.length > root && strcmp(out.data + parent, "..") != 0 &&
            strcmp(out.data + parent, "/..") != 0) {
            out.length = parent;
            out.data[parent] = 0;
        } else if (length > 0 && !(length == 1 && *part == '.')) {
            if (out.length > root) text_add(&out, "/");
            text_add_bytes(&out, part, length);
        }
        part += length + (part[length] == '/');
    }
    return out.data;
}

static int by_path(const void *a, const void *b)
{
    const Place *left = a, *right = b;
    const int order = strcmp(left->path, right->path);
    return order ? order : left->row < right->row ? -1 : left->row > right->row;
}

Repeated repeated_files(const char *const *files, size_t count, SameRow *same, const void *context)
{
    Place *places = xcalloc(count + 1, sizeof *places);
    for (size_t i = 0; i < count; i++) places[i] = (Place){plain_path(files[i]), i};
    if (count) qsort(places, count, sizeof *places, by_path);
    Repeated found = {0};
    for (size_t i = 1, first = 0; i < count; i++) {
        if (strcmp(places[i].path, places[first].path) != 0) {
            first = i;
            continue;
        }
        const bool differ = !same(context, places[first].row, places[i].row);
        const bool better =
            found.count == 0 || (differ && !found.differ) || (differ == found.differ && places[i].row < found.again);
        if (better) found.first = places[first].row, found.again = places[i].row, found.differ = differ;
        found.count++;
    }
    for (size_t i = 0; i < count; i++) free(places[i].path);
    free(places);
    return found;
}
