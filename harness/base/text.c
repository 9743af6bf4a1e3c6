/* Strings and lists double when they are full. Files are read piece by piece until a limit is passed, without asking
 * for their size first, so that a pipe can be read as well; written ones take their name only when they are whole and
 * on the disk. */
#include "harness/base/text.h"

#include "harness/base/memory.h"
#include "harness/base/temporary.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void text_add_bytes(Text *text, const char *bytes, size_t count)
{
    if (text->capacity - text->length <= count || !text->data) {
        text->capacity = (text->length + count + 1) * 2;
        text->data = xrealloc(text->data, text->capacity);
    }
    if (count) memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void text_add(Text *text, const char *piece)
{
    text_add_bytes(text, piece, strlen(piece));
}

void text_addf(Text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *piece = xvformat(format, arguments);
    va_end(arguments);
    text_add(text, piece);
    free(piece);
}

void text_free(Text *text)
{
    free(text->data);
    *text = (Text){0};
}

bool text_begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool text_ends(const char *text, const char *end)
{
    const size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

bool text_ends_part(const char *text, const char *end, char between)
{
    const size_t length = strlen(text), tail = strlen(end);
    return text_ends(text, end) && (length == tail || text[length - tail - 1] == between);
}

void text_list_add_bytes(TextList *list, const char *item, size_t length)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    char *copy = xmalloc(length + 1);
    if (length) memcpy(copy, item, length);
    copy[length] = '\0';
    list->items[list->count++] = copy;
}

void text_list_add(TextList *list, const char *item)
{
    text_list_add_bytes(list, item, strlen(item));
}

bool text_list_has(const TextList *list, const char *item)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], item) == 0) return true;
    return false;
}

void text_list_add_once(TextList *list, const char *item)
{
    if (!text_list_has(list, item)) text_list_add(list, item);
}

void text_list_end(TextList *list)
{
    text_list_add(list, "");
    free(list->items[--list->count]);
    list->items[list->count] = NULL;
}

void text_list_free(TextList *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
    *list = (TextList){0};
}

char *text_list_some(const TextList *list, size_t most)
{
    Text text = {0};
    for (size_t i = 0; i < list->count && i < most; i++) text_addf(&text, "%s%s", i ? ", " : "", list->items[i]);
    if (list->count > most) text_addf(&text, " and %zu more", list->count - most);
    return text.data ? text.data : xstrdup("none");
}

bool read_file(const char *path, size_t limit, char **data, size_t *length, Error *err)
{
    if (path_is_folder(path)) return fail(err, "%s: is a folder, a file is needed", path);
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    Text text = {0};
    char buffer[1 << 16];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) {
        text_add_bytes(&text, buffer, got);
        if (text.length > limit) {
            fclose(file);
            text_free(&text);
            return fail(err, "%s: larger than the %zu bytes allowed for such a file", path, limit);
        }
    }
    const int reason = ferror(file) ? errno : 0;
    fclose(file);
    if (reason) {
        text_free(&text);
        return fail(err, "%s: cannot read: %s", path, strerror(reason));
    }
    text_add_bytes(&text, "", 0); /* an empty file has a terminator too */
    *data = text.data;
    *length = text.length;
    return true;
}

bool write_file(const char *path, const char *data, size_t length, Error *err)
{
    Temporary t;
    if (!temporary_open(&t, path, err)) return false;
    temporary_write(&t, data, length);
    return temporary_commit(&t, err);
}

char *path_join(const char *folder, const char *name)
{
    if (name[0] == '/' || !folder[0]) return xstrdup(name);
    const bool slash = folder[strlen(folder) - 1] == '/';
    return xformat("%s%s%s", folder, slash ? "" : "/", name);
}

char *path_first_in(const char *folder, const char *const *names)
{
    for (; path_is_folder(folder) && *names; names++) {
        char *path = path_join(folder, *names);
        if (path_exists(path)) return path;
        free(path);
    }
    return NULL;
}

char *path_before_equals(const char *what, const char **rest)
{
    const char *equals = path_exists(what) ? NULL : strrchr(what, '=');
    *rest = equals ? equals + 1 : NULL;
    return equals ? xformat("%.*s", (int)(equals - what), what) : xstrdup(what);
}

char *path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return xstrdup(".");
    if (slash == path) return xstrdup("/");
    return xformat("%.*s", (int)(slash - path), path);
}

bool path_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool path_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool path_is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

bool make_folders(const char *path, Error *err)
{
    char *partial = xstrdup(path);
    bool good = true;
    for (char *c = partial + 1; good; c++) {
        const char here = *c;
        if (here != '/' && here != '\0') continue;
        *c = '\0';
        const int reason = mkdir(partial, 0777) != 0 ? errno : 0;
        if (reason && !path_is_folder(partial))
            good = fail(err, "%s: cannot make this folder: %s; %s", partial, strerror(reason), write_advice(reason));
        *c = here;
        if (here == '\0') break;
    }
    free(partial);
    return good;
}
