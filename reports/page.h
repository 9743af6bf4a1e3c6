/* The HTML page: self-contained (style and pictures inside), no scripts. */
#pragma once

#include "harness/base/text.h"
#include "reports/report.h"
#include "reports/section.h"
#include "reports/summary.h"

typedef struct Figure {
    const char *file;    /* path of an SVG, put into the page */
    const char *caption; /* one sentence */
} Figure;

typedef struct Page {
    const ReportOptions *options;
    const Summary *summary;
    const Figure *figures;
    size_t figure_count;
    const Section *sections;
    size_t section_count;
    const TextList *remarks; /* "gnuplot is not installed ...": shown at the top */
} Page;

/* The table of a column's rows that are (not) swept, a bar each. */
void page_methods_table(const Summary *summary, size_t column, bool swept, Text *out);
void page_column_heading(const Column *column, Text *out);
/* Appends the whole page. Fails when a figure cannot be read. */
bool page_write(const Page *page, Text *out, Error *err);
