/* JSON results on stdout. */
#pragma once

#include <cjson/cJSON.h>

/* A number, or null where it is not finite (JSON has no NaN). */
void json_out_number(cJSON *object, const char *name, double value);
/* Prints the value and a newline, and deletes it. */
void json_out_print(cJSON *value);
/* The same for files that people read and compare: an object or list that fits into 120 columns stands on one line. */
void json_out_wrapped(cJSON *value);
/* The same on one line. */
void json_out_line(cJSON *value);
