/* "classes" of an entry: names in place, or a file with them. Inside this room only. */
#pragma once

#include "datasets/dataset_internal.h"

/* What "classes" may be, for a table of keys. */
#define CLASSES_KEY(must)                                                                                              \
    {                                                                                                                  \
        .name = "classes", .type = KEY_FORMS,                                                                          \
        .forms = "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"array\", \"minItems\": 1, \"maxItems\": 100000, "  \
                 "\"uniqueItems\": true, \"items\": {\"type\": \"string\", \"minLength\": 1}}]}",                      \
        .needed = must,                                                                                                \
        .help = "the names of the classes, or a file of them: one a line, a JSON list, or HDF5 with `classes`"         \
    }

/* d->classes from "classes" and "synonyms" of the entry. Of a file, when d->unseen is set, one nameless class stands for all. Fails on:
 * unreadable file, no names, a name that stands twice. */
bool classes_read(Dataset *d, const DatasetSource *source, Error *err);
/* The same from a file. */
bool classes_read_file(Dataset *d, const char *path, Error *err);
/* The place of a class by its name, NFC or not; class_count when there is none. */
size_t class_find(const Dataset *d, const char *name);
