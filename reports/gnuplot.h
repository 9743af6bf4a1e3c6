/* Plots by gnuplot, run as a program: a script with its data inside is kept beside every figure, so that a reader can restyle it. */
#pragma once

#include "harness/base/text.h"

/* Okabe and Ito's palette, told apart with any colour vision, and a wine red of Tol's as the eighth. */
enum { GNUPLOT_COLOURS = 8 };
extern const char *const gnuplot_colours[GNUPLOT_COLOURS];
/* Grey axes without a box, plain text: what every plot's body begins with. */
extern const char *const gnuplot_axes;

/* Is there a gnuplot on the PATH? */
bool gnuplot_available(void);
/* The same plot twice: FOLDER/NAME.svg for the page, NAME.png for slides; the script stays as NAME.gp. `body` uses $data and sets
 * everything but the terminal; width, height in pixels. Fails when gnuplot does, with what it said. */
bool gnuplot_draw(const char *folder, const char *name, int width, int height, const char *data, const char *body,
                  Error *err);
/* A legend above a plot `width` pixels wide, of `entries` texts of at most `longest` bytes, in as many columns as surely fit:
 * gnuplot's own guess of a text's width is too small for some fonts. Returns its lines. */
int gnuplot_legend(size_t longest, size_t entries, int width, Text *body);
/* A string of gnuplot's, in double quotes inside data: quotes and backslashes have no place in it. */
void gnuplot_quoted(const char *text, Text *out);
