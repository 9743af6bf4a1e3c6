/* Characters written as HTML writes them: &amp; &eacute; &#233; &#xE9;, resolved by two rules.
 *
 * html_unescape is Python's html.unescape (HTML5, section 13.2.5.72 and on): names with and without ";", the longest name that a longer
 * word begins with ("&notit;" is U+00AC and "it;"), numbers of Windows-1252, nothing for control characters.
 * html_unescape_strict is ftfy 6.3.1's: only what ends in ";", and names in capitals too (&NTILDE;). */
#pragma once

#include "harness/clip/points.h"

typedef struct HtmlEntity {
    const char *name, *value; /* without & and ; - UTF-8 */
    bool bare;                /* stands without ; too */
} HtmlEntity;

/* In the order of strcmp (html_entity_table.c). */
extern const HtmlEntity html_entities[], html_capitals[];
extern const size_t html_entities_count, html_capitals_count;

/* Both append the text to `out`. */
void html_unescape(const uint32_t *text, size_t count, Points *out);
void html_unescape_strict(const uint32_t *text, size_t count, Points *out);
