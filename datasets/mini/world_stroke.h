/* Outlines that are the same picture whatever cairo is installed. */
#pragma once

#include <cairo.h>

/* Draws the current path of `cairo` as a line `width` wide (in units of the current frame) with round joins and round ends, in
 * the current colour, as cairo_stroke of cairo 1.16 does, and leaves no path. Newer cairo bevels joins of nearly straight
 * lines (from 1.17.6 on), which is another picture: so the outline is made here, and cairo fills it.
 *
 * `cairo` draws on an image of 32-bit pixels, without a clip of its own, by the nonzero rule. */
void world_stroke(cairo_t *cairo, double width);
