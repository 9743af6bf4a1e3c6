/* Growing strings and lists of strings. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Text { /* {0} is an empty text */
    char *data;       /* always terminated once something was added; NULL while empty */
    size_t length, capacity;
} Text;

void text_add(Text *text, const char *piece);
void text_add_bytes(Text *text, const char *bytes, size_t count);
void text_addf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(Text *text);

bool text_begins(const char *text, const char *start);
bool text_ends(const char *text, const char *end);
bool text_ends_part(const char *text, const char *end, char between); /* whole, or behind a `between` */

typedef struct TextList { /* {0} is an empty list; the list owns its strings */
    char **items;
    size_t count, capacity;
} TextList;

void text_list_add(TextList *list, const char *item);      /* copies */
void text_list_add_once(TextList *list, const char *item); /* unless it is there */
void text_list_add_bytes(TextList *list, const char *item, size_t length);
void text_list_end(TextList *list); /* a NULL behind the last item, which is not counted */
void text_list_free(TextList *list);
bool text_list_has(const TextList *list, const char *item);
/* For a sentence: "a, b, c and 4 more", the first `most` of the list; "none" when it is empty. Caller frees. */
char *text_list_some(const TextList *list, size_t most);

/* The whole of a file, terminated by an extra zero byte; caller frees. Fails on: unreadable, larger than `limit` bytes. */
bool read_file(const char *path, size_t limit, char **data, size_t *length, Error *err);

/* Writes a whole file, which appears at once or not at all (temporary.h). */
bool write_file(const char *path, const char *data, size_t length, Error *err);

/* "folder/name"; `name` alone when it is absolute or folder is empty. Caller frees. */
char *path_join(const char *folder, const char *name);
/* The folder part of a path ("." when there is none). Caller frees. */
char *path_folder(const char *path);
/* Folder and name of the first of `names` (NULL ends them) that is in a folder; NULL when none is, or it is no folder. Caller frees. */
char *path_first_in(const char *folder, const char *const *names);
/* "FILE=REST" -> "FILE", and *rest behind the last '='; NULL in *rest when there is none, or when a file has just this name. Caller frees. */
char *path_before_equals(const char *what, const char **rest);
bool path_exists(const char *path);
bool path_is_folder(const char *path);
bool path_is_file(const char *path); /* not a folder, a device, a pipe */
/* Makes a folder and its parents. */
bool make_folders(const char *path, Error *err);
