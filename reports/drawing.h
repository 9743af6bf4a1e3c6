/* What the sheets of pictures are drawn with, by cairo: texts, pictures, and one drawing in two files. */
#pragma once

#include "harness/io/image.h"

#include <cairo.h>

/* One line, shown (harness/base/shown.h), its baseline at y; colour "rrggbb". */
void drawing_text(cairo_t *c, double x, double y, double size, const char *colour, const char *text);
/* Is the text no wider, in the font that is set? */
bool drawing_fits(cairo_t *c, const char *text, double width);
/* Words broken into lines of at most `width`; what does not fit into `lines` ends with an ellipsis. Returns the lines drawn. */
size_t drawing_wrapped(cairo_t *c, double x, double y, double width, double size, size_t lines, const char *colour,
                       const char *text);
/* The picture in the middle of a square of side x side, its shape kept; small ones are enlarged pixel by pixel, not smoothed. */
void drawing_image(cairo_t *c, const Image *image, double x, double y, double side);

/* Draws on a white page twice: FOLDER/NAME.svg and FOLDER/NAME.png. */
bool drawing_save(const char *folder, const char *name, int width, int height,
                  bool (*draw)(cairo_t *c, const void *context, Error *err), const void *context, Error *err);
