/* Inside the schema's writers: values by key, and definitions that are made once and referred to. */
#pragma once

#include "harness/experiments/experiment_keys.h"

typedef struct Schema {
    cJSON *definitions; /* "$defs" */
} Schema;

cJSON *parsed_schema(const char *text); /* of JSON that stands in the program */
cJSON *reference(const char *format, ...) __attribute__((format(printf, 1, 2))); /* {"$ref": "#/$defs/NAME"} */
bool is_defined(const Schema *s, const char *name);
void define(Schema *s, const char *name, cJSON *schema);

/* What a key's value can be, alone: {"type": "integer", "minimum": 1, ...}. */
cJSON *value_schema(const Key *key);
/* The same value or null; what has forms says itself whether it can be null. */
cJSON *or_null(cJSON *value);
/* A reference to "the same, or a grid or a draw of it", with `or_null` also null; defined when it is the first of its name. `name` NULL:
 * after type and range; needed for what has forms. */
cJSON *swept_schema(Schema *s, const Key *key, const char *name, bool or_null);
/* Puts description and default beside what `property` says. */
cJSON *described(cJSON *property, const Key *key);
/* An object with the keys of the table and no others; null is allowed for those that are not needed. */
cJSON *object_schema(const Key *table);

/* schema_experiment.c: defines "experiment" and what it needs. */
void define_experiment(Schema *s);
