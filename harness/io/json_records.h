/* JSON files too large to be held: their records, one after the other, of each the few members that are asked for (yajl reads).
 *
 *     static const RecordKind kinds[] = {
 *         {.at = "images", .fields = {"id", "file_name"}, .take = take_image},
 *         {.at = "annotations", .fields = {"image_id", "category_id"}, .take = take_annotation},
 *         {0}};
 *     if (!json_records_read("instances_val2017.json", kinds, &reader, err)) return false;
 *
 * A record is an object that stands in the array, or as the one value, under the key `at` of the root ("" : the root is the
 * array). A field is a member of it, or of objects in it, by its keys: "objects.names"; arrays on the way are passed through, so that a
 * field can have any number of values; of "objects.names[0]" only the first of each array. All else is looked at for its grammar only. Memory does not grow with the file. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stdint.h>

enum { RECORD_FIELDS = 6 };

typedef struct RecordField {
    TextList values;   /* texts, and numbers as they are written */
    bool number, text; /* whether there are numbers among them, or texts; true, false and null are no values */
} RecordField;

typedef struct Record {
    const char *path; /* of the file, for sentences */
    const char *at;   /* of the kind */
    size_t number;    /* from 1, among those of its kind */
    const char *const *names;
    RecordField fields[RECORD_FIELDS];
} Record;

typedef struct RecordKind {
    const char *at; /* NULL ends a table */
    const char *fields[RECORD_FIELDS + 1];
    bool (*take)(void *context, const Record *record, Error *err); /* the record lives during the call */
} RecordKind;

/* Hands over all records in the file's order. Fails on: unreadable file, what is no JSON (with the byte), nesting deeper than 64, the
 * first false of a take. */
bool json_records_read(const char *path, const RecordKind *kinds, void *context, Error *err);

/* The one value of a field. Fail, with file, record and remedy, when there is none, more than one, or one of another type. */
bool record_whole(const Record *record, size_t field, int64_t *value, Error *err); /* a whole number within 2^53 */
bool record_text(const Record *record, size_t field, const char **value, Error *err);
/* "FILE: annotations, number 17: sentence"; returns false. */
bool record_fail(const Record *record, Error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
