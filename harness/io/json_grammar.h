/* The grammar of JSON (RFC 8259), checked before cJSON builds the tree: cJSON accepts raw control characters, "01", cuts
 * strings at \u0000 and tells an error only by a position near it. Inside harness/io only. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

enum { JSON_DEPTH_MAX = 200 };

/* Fails (exit status 2) with line and column, the column alone when the text is one line: a breach of the grammar, text that
 * is not UTF-8, a number of more than 63 characters (cJSON's buffer), nesting deeper than JSON_DEPTH_MAX. */
bool json_check_grammar(const char *name, const char *text, size_t length, Error *err);
