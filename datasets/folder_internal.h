/* Inside the folder data set: what its configuration comes to, and its lists. */
#pragma once

#include "datasets/dataset_internal.h"

/* One line of a list. */
typedef struct FolderEntry {
    const char *file;    /* as the list says it; NULL: none */
    const char *path;    /* where it is */
    const char *caption; /* NULL: none */
    bool labelled;       /* the line has "labels" */
    size_t first_mark, mark_count;
} FolderEntry;

typedef struct FolderMark {
    uint32_t class;
    int8_t value; /* 1: in labels, 0: in difficult alone */
} FolderMark;

typedef enum FolderNeeds {
    NEEDS_FILE = 1,
    NEEDS_LABELS = 2,
    NEEDS_CAPTION = 4,
    NEEDS_SENTENCE = 8,
    UNSEEN = 16 /* no need, the opposite: a file may be missing */
} FolderNeeds;

/* A list in memory; strings live in the data set's arena. {.needs, .base} to begin with. */
typedef struct FolderList {
    Dataset *data;
    int needs; /* FolderNeeds: what every line must have; NEEDS_SENTENCE: the caption under either name, no file */
    const char *base; /* folder that `file` is relative to */
    FolderEntry *entries;
    size_t count, capacity;
    FolderMark *marks;
    size_t mark_count, mark_capacity;
} FolderList;

typedef struct Folder {
    const char *lists[SPLIT_COUNT]; /* paths of train, tune, test; NULL: not given */
    const char *captions;           /* path, or NULL */
    const char *sentences;          /* path, or NULL */
    const char *sentences_name;     /* as the configuration says it */
    const char *images;             /* folder of the images, NULL: each list's own folder */
    const char *generated;          /* path of the list of images drawn for captions, or NULL */
    FolderList inline_images;       /* the same list written into the configuration */
} Folder;

#define TEXTS "{\"type\": \"array\", \"items\": {\"type\": \"string\"}}"
#define SYNONYMS_KEY                                                                                                   \
    {                                                                                                                  \
        .name = "synonyms", .type = KEY_FORMS,                                                                         \
        .forms = "{\"anyOf\": [{\"type\": [\"string\", \"null\"]}, {\"type\": \"array\", \"items\": " TEXTS "}, "      \
                 "{\"type\": \"object\", \"additionalProperties\": " TEXTS "}]}",                                      \
        .help = "what else the classes may be called: a JSON file, a list a class in their order, or "                 \
                "{\"cat\": [\"kitty\"]}"                                                                               \
    }

/* folder_names.c: d->classes from "classes" and "synonyms". */
bool folder_read_names(Dataset *d, const DatasetSource *source, Error *err);
/* The "synonyms" alone, into d->classes, which are this data set's own. */
bool folder_read_synonyms(Dataset *d, const DatasetSource *source, Error *err);

/* folder_list.c */
bool folder_list_read(FolderList *list, const char *path, Error *err);
bool folder_list_add(void *list, Json object, Error *err); /* one line */
void folder_list_append(FolderList *list, FolderEntry entry);
void folder_list_free(FolderList *list);
/* folder_sentences.c */
bool folder_is_text(const char *path); /* one text a line, by its name: .txt */
/* {.needs = NEEDS_SENTENCE} to begin with. */
bool folder_sentences_read(FolderList *list, const char *path, Error *err);
/* SHA-256 of classes, lines and, where there are any, image files. */
bool folder_list_fingerprint(const FolderList *list, char hex[65], Error *err);
