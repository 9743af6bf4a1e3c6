/* Test pictures that figures show. Results outlive them: a data set may be gone from the disk, or a picture from it, and the report is
 * written all the same. */
#pragma once

#include "harness/io/image.h"
#include "reports/report.h"

/* Whether the result's data set has pictures at all, and the report a way to them. */
bool report_has_pictures(const ReportOptions *options, const StoredResult *result);

/* The test pictures of these rows of a result -> images [count]; those that cannot be read are a grey square, and `remarks` says so, once
 * a data set. False when there is none of them. Free with report_pictures_free either way. */
bool report_pictures_read(const ReportOptions *options, const StoredResult *result, const size_t *rows, size_t count,
                          Image *images, TextList *remarks);
void report_pictures_free(Image *images, size_t count);
