/* A stranger's text in the languages of a report. Labels, names of classes, data sets and files, attributes of HDF5 files: whatever
 * stands in a page or a table goes through one of these functions (or gnuplot_quoted, gnuplot.h), and is found there as the plain
 * text that it is. Control characters are shown as escapes in all of them (harness/base/shown.h). */
#pragma once

#include "harness/base/text.h"

/* Between tags and in an attribute in double or single quotes. */
void html_escaped(const char *text, Text *out);
/* A name as part of a relative link: everything but letters, digits and "-._" percent-encoded. */
void html_link(const char *name, Text *out);
/* In running text or a cell of a table, also as the first thing behind \\, where [ and * would be its arguments. */
void latex_escaped(const char *text, Text *out);
/* In running text, a heading or a cell of a table of GitHub's Markdown: no emphasis, link, picture, HTML, mathematics, cell. */
void markdown_escaped(const char *text, Text *out);
/* A cell of text (RFC 4180: quoted when it has a comma, a quote or a blank at an end). A spreadsheet takes what begins with = + - @ for a
 * formula: such a text gets an apostrophe in front, unless all of it is a number. Cells of numbers do not come this way. */
void csv_escaped(const char *text, Text *out);
