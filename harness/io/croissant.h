/* Croissant metadata (MLCommons, format 1.0, http://mlcommons.org/croissant/1.0): a JSON-LD file beside a folder of files and the list of
 * them, FOLDER/croissant.json, which data catalogues index and mlcroissant reads. */
#pragma once

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct CroissantField {
    const char *name;        /* the key in a line of the list */
    const char *type;        /* "sc:Text", "sc:Integer", ... */
    const char *description; /* one sentence */
    bool repeated;           /* the value is a list */
} CroissantField;

typedef struct CroissantFolder {
    const char *name, *description; /* of the data set */
    const char *list;               /* the list's name in the folder, JSON lines: "images.jsonl" */
    const char *files, *media;      /* the files, "*.png", and their media type, "image/png" */
    const CroissantField *fields;   /* of a line; ends with name NULL */
} CroissantFolder;

/* Writes the file; the list is there already, and its SHA-256 and size are put down. */
bool croissant_write(const char *folder, const CroissantFolder *what, Error *err);
