/* Two readers of HTML's character references over one table: each goes from & to &, takes the longest reference that its rule
 * allows there, and copies what is none. */
#include "harness/clip/html_entities.h"

#include "harness/clip/mojibake.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 32, STRICT_MOST = 24 };

static int by_name(const void *key, const void *entity)
{
    return strcmp(key, ((const HtmlEntity *)entity)->name);
}

static const HtmlEntity *find(const HtmlEntity *table, size_t count, const char *name)
{
    return bsearch(name, table, count, sizeof *table, by_name);
}

static bool is_digit(uint32_t c, bool hexadecimal)
{
    return (c >= '0' && c <= '9') || (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
}

/* The character of a number, by HTML5's table of replacements. */
static void add_number(Points *out, uint32_t number)
{
    if (number == 0 || (number >= 0xD800 && number < 0xE000) || number > 0x10FFFF)
        points_add(out, 0xFFFD);
    else if (number >= 0x80 && number < 0xA0)
        points_add(out, windows_1252_character(number));
    else if (number == '\t' || number == '\n' || number == '\f' || number == '\r' ||
             (number >= 0x20 && number != 0x7F && !(number >= 0xFDD0 && number < 0xFDF0) &&
              (number & 0xFFFE) != 0xFFFE))
        points_add(out, number);
}

/* "#233;", "#xE9" at text: appends the character and returns the length, or 0 where it is no number. */
static size_t take_number(const uint32_t *text, size_t left, bool strict, Points *out)
{
    const bool hexadecimal = left > 1 && (text[1] == 'x' || text[1] == 'X');
    const size_t begin = hexadecimal ? 2 : 1;
    size_t end = begin;
    uint32_t number = 0;
    for (; end < left && is_digit(text[end], hexadecimal); end++) {
        const uint32_t c = text[end], digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        number = number > 0x10FFFF ? number : number * (hexadecimal ? 16 : 10) + digit;
    }
    const bool ended = end < left && text[end] == ';';
    if (end == begin || (strict && (!ended || number == ';'))) return 0;
    add_number(out, number);
    return end + ended;
}

/* Copies up to `most` characters that a name may have; beyond ASCII no name goes on, but HTML's word does. */
static size_t take_name(const uint32_t *text, size_t left, size_t most, bool (*may)(uint32_t), char *name)
{
    size_t n = 0;
    for (; n < left && n < most && may(text[n]); n++) name[n] = text[n] < 0x80 ? (char)text[n] : '\x7f';
    name[n] = 0;
    return n;
}

static bool in_word(uint32_t c)
{
    return c && (c >= 0x80 || !strchr("\t\n\f <&#;", (int)c));
}

static bool in_strict_name(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t take_loose(const uint32_t *text, size_t left, Points *out)
{
    char name[NAME_MOST + 1];
    if (left && *text == '#') return take_number(text, left, false, out);
    const size_t length = take_name(text, left, NAME_MOST, in_word, name);
    const bool ended = length < left && text[length] == ';';
    for (size_t n = length; n > 1; n--) {
        name[n] = 0;
        const HtmlEntity *e = find(html_entities, html_entities_count, name);
        if (!e || !(e->bare || (ended && n == length))) continue;
        points_add_utf8(out, e->value, strlen(e->value));
        return n + (ended && n == length);
    }
    return 0;
}

static size_t take_strict(const uint32_t *text, size_t left, Points *out)
{
    char name[STRICT_MOST + 1];
    if (left && *text == '#') {
        const size_t length = take_name(text + 1, left - 1, STRICT_MOST, in_strict_name, name);
        return length + 1 < left && text[length + 1] == ';' ? take_number(text, length + 2, true, out) : 0;
    }
    const size_t length = take_name(text, left, STRICT_MOST, in_strict_name, name);
    if (length == left || text[length] != ';') return 0;
    const HtmlEntity *e = find(html_entities, html_entities_count, name);
    if (!e) e = find(html_capitals, html_capitals_count, name);
    if (!e) return 0;
    points_add_utf8(out, e->value, strlen(e->value));
    return length + 1;
}

typedef size_t Take(const uint32_t *text, size_t left, Points *out);

static void unescape(const uint32_t *text, size_t count, Take *take, Points *out)
{
    for (size_t i = 0; i < count;) {
        const size_t taken = text[i] == '&' ? take(text + i + 1, count - i - 1, out) : 0;
        if (!taken) points_add(out, text[i]);
        i += 1 + taken;
    }
}

void html_unescape(const uint32_t *text, size_t count, Points *out)
{
    unescape(text, count, take_loose, out);
}

void html_unescape_strict(const uint32_t *text, size_t count, Points *out)
{
    unescape(text, count, take_strict, out);
}
