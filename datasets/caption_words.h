/* A caption's words for the noun filter, in NFC.
 *
 * Lower case (ASCII). Cut at blanks, at _ (a blank in class names of many lists: "traffic_light"), at ; @ # $ % & ? ! ( ) [ ] { } < > " ` , : and at typographic quotes and dashes;
 * full stops and apostrophes at a word's ends fall away, a possessive 's is cut off. This is what the Penn treebank
 * tokens of the original come to where nouns are concerned. A hyphen or slash stays inside a word there, so "teddy-bear" names
 * nothing under the published rule; with `cut_hyphens` it is cut like a blank. */
#pragma once

#include "datasets/inflection.h"

/* Calls `word` for every word of a caption or a name in order; words of WORD_MAX bytes and more are passed over. */
void caption_words(const char *text, bool cut_hyphens, void (*word)(void *context, const char *word), void *context);
