/* Pieces of the HTML page. */
#pragma once

#include "harness/base/text.h"

void html_escaped(const char *text, Text *out);
/* A name as part of a relative link: everything but letters, digits and "-._" percent-encoded. */
void html_link(const char *name, Text *out);
/* An SVG file, put into the page, with its caption. Fails when it cannot be read. */
bool html_figure(const char *svg, const char *caption, Text *out, Error *err);
