/* A sheet of test images with what a method saw in them: the classes with the highest scores, right ones marked. Drawn by cairo. */
#pragma once

#include "reports/report.h"

/* Writes FOLDER/NAME.svg and FOLDER/NAME.png from one result's scores; *drawn false: not, because its data set has no pictures, or none of
 * them is there any more (shown_pictures.h). */
bool sheet_of_examples(const ReportOptions *options, const StoredResult *result, const char *label, const char *folder,
                       const char *name, TextList *remarks, bool *drawn, Error *err);
