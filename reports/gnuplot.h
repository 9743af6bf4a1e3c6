/* Plots by gnuplot, run as a program: a script with its data inside is kept beside every figure, so that a reader can restyle it.
 *
 * Texts that come from files (labels, names of classes and methods) reach gnuplot in one form, a string in single quotes: nothing in
 * such a string is a command, a macro, a format or an escape. Data blocks hold numbers only. gnuplot writes no file: it is handed
 * the script and gives the pictures back in memory, so that a folder's name never stands in a script, and a figure is
 * whole or not there. */
#pragma once

#include "harness/base/text.h"

/* Okabe and Ito's palette, told apart with any colour vision, and a wine red of Tol's as the eighth. */
enum { GNUPLOT_COLOURS = 8 };
extern const char *const gnuplot_colours[GNUPLOT_COLOURS];
/* Grey axes without a box, plain text: what every plot's body begins with. */
extern const char *const gnuplot_axes;

/* Is there a gnuplot on the PATH? */
bool gnuplot_available(void);
/* The same plot twice: FOLDER/NAME.svg for the page, NAME.png for slides; the script stays as NAME.gp and draws both anew where it lies.
 * `body` uses $data and sets everything but the terminal; width, height in pixels. Fails when gnuplot does, with what it said. */
bool gnuplot_draw(const char *folder, const char *name, int width, int height, const char *data, const char *body,
                  Error *err);
/* A legend above a plot `width` pixels wide, of `entries` texts of at most `longest` bytes, in as many columns as surely fit:
 * gnuplot's own guess of a text's width is too small for some fonts. Returns its lines. */
int gnuplot_legend(size_t longest, size_t entries, int width, Text *body);
/* A text as a string of gnuplot's: shown (harness/base/shown.h), at most GNUPLOT_LETTERS characters of it. */
enum { GNUPLOT_LETTERS = 160 };
void gnuplot_quoted(const char *text, Text *out);
/* "title 'TEXT'" of a line in the legend, which gnuplot leaves out when its longest text does not fit. */
void gnuplot_title(const char *text, Text *out);
/* "'TEXT' AT" of a list of tics, `set ytics ('a' 0, 'b' 1)`: there gnuplot takes % for a format, and has room for 49
 * bytes of a text with one. */
void gnuplot_tic(const char *text, double at, Text *out);
