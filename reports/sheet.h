/* A sheet of test images with what a method saw in them: the classes with the highest scores, right ones marked. Drawn by cairo. */
#pragma once

#include "harness/io/image.h"
#include "reports/report.h"

/* Writes FOLDER/NAME.svg and FOLDER/NAME.png from one result's scores. */
bool sheet_of_examples(const ReportOptions *options, const StoredResult *result, const char *label, const char *folder,
                       const char *name, Error *err);
/* The test picture of a row of a result; options->picture must not be NULL. Free with image_free. */
/* Whether there is something to show of it. */
bool report_has_pictures(const ReportOptions *options, const StoredResult *result);
bool report_picture(const ReportOptions *options, const StoredResult *result, size_t image, Image *picture, Error *err);
