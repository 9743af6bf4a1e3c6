/* JSON-lines files: one JSON object a line, as in captions.jsonl. */
#pragma once

#include "harness/base/error.h"
#include "harness/io/json.h"

/* Calls `line` for every object in the file's order and stops at its first false. Blank lines are passed over. The object
 * and its strings live only during the call: copy what is kept. Errors name FILE:LINE, also those that `line` writes.
 * Fails on: unreadable file, what is no list of texts (harness/base/lines.h), a line that is not a JSON
 * object. */
bool jsonl_read(const char *path, bool (*line)(void *context, Json object, Error *err), void *context, Error *err);
