/* Pieces of the HTML page. */
#pragma once

#include "harness/base/text.h"

/* An SVG file, put into the page, with its caption. Fails when it cannot be read. */
bool html_figure(const char *svg, const char *caption, Text *out, Error *err);
