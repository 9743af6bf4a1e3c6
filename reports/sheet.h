/* A sheet of test images with what a method saw in them: the classes with the highest scores, right ones marked. Drawn by cairo. */
#pragma once

#include "reports/report.h"

/* Writes FOLDER/NAME.svg and FOLDER/NAME.png from one result's scores. */
bool sheet_of_examples(const ReportOptions *options, const StoredResult *result, const char *label, const char *folder,
                       const char *name, Error *err);
