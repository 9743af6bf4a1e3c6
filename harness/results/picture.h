/* Test pictures of stored results, for the report's sheet of examples. */
#pragma once

#include "harness/results/results.h"
#include "harness/stages/session.h"

/* Whether its data set has pictures at all, and not features in their place. */
bool result_has_pictures(void *context, const StoredResult *result);

/* PNG bytes of picture `image` (a row of the result's scores), as ReportOptions.picture wants it; `context` is a Session. Caller
 * frees *png. Fails when the data set or the picture is not there any more. */
bool picture_of_result(void *context, const StoredResult *result, size_t image, uint8_t **png, size_t *bytes,
                       Error *err);
