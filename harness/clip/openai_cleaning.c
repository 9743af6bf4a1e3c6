/* ftfy's steps that look at single characters are one pass, those that look at sequences one function each; around them the loop over
 * lines. Values of characters come from the tables of html_entities.h, mojibake.h and unicode.h, and widths from libunistring (NFKC of
 * U+FF01 to U+FFEF, the same in every version of Unicode). */
#include "harness/clip/openai_cleaning.h"

#include "harness/base/memory.h"
#include "harness/clip/html_entities.h"
#include "harness/clip/mojibake.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>
#include <uninorm.h>

enum { SEGMENT_MOST = 1000000 }; /* ftfy's max_decode_length */

/* ---- single characters ---- */

/* Letters that stand for two or three; NULL for all others. */
static const char *letters_of(uint32_t c)
{
    static const char *const digraphs[] = {"D\u017D", "D\u017E", "d\u017E", "LJ", "Lj", "lj", "NJ", "Nj", "nj"};
    static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl", "\u017Ft", "st"};
    if (c >= 0x1C4 && c <= 0x1CC) return digraphs[c - 0x1C4];
    if (c >= 0xFB00 && c <= 0xFB06) return ligatures[c - 0xFB00];
    switch (c) {
    case 0x132:
        return "IJ";
    case 0x133:
        return "ij";
    case 0x149:
        return "'n"; /* U+02BC and n, of which the quote is made straight in the same pass */
    case 0x1F1:
        return "DZ";
    case 0x1F2:
        return "Dz";
    case 0x1F3:
        return "dz";
    default:
        return NULL;
    }
}

/* Half and full width forms as the usual ones. */
static void add_usual_width(uint32_t c, Points *out)
{
    size_t count = 0;
    uint32_t *usual = c >= 0xFF01 && c <= 0xFFEF ? u32_normalize(UNINORM_NFKC, &c, 1, NULL, &count) : NULL;
    if (usual)
        points_add_many(out, usual, count);
    else
        points_add(out, c == 0x3000 ? ' ' : c);
    free(usual);
}

static uint32_t straight(uint32_t c)
{
    if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) return '\'';
    if (c >= 0x201C && c <= 0x201F) return '"';
    return c == 0x2028 || c == 0x2029 || c == '\r' ? '\n' : c;
}

/* Control characters of Latin-1, ligatures, widths, quotes, line breaks. */
static void fix_characters(const Points *in, Points *out)
{
    for (size_t i = 0; i < in->count; i++) {
        uint32_t c = in->at[i];
        if (c == '\n' && i > 0 && in->at[i - 1] == '\r') continue;
        if (c >= 0x80 && c < 0xA0) c = windows_1252_character(c);
        const char *letters = letters_of(c);
        if (letters)
            points_add_utf8(out, letters, strlen(letters));
        else if (straight(c) != c)
            points_add(out, straight(c));
        else
            add_usual_width(c, out);
    }
}

/* ---- sequences ---- */

/* Length of an escape sequence of terminals at `at`, ESC [ digits and ; letter, or 0. */
static size_t terminal_escape(const uint32_t *at, size_t left)
{
    size_t n = 2;
    if (left < 3 || at[0] != 0x1B || at[1] != '[') return 0;
    while (n < left && (at[n] == ';' || uc_is_general_category(at[n], UC_DECIMAL_DIGIT_NUMBER))) n++;
    const bool letter = n < left && at[n] < 0x80 && (at[n] | 0x20) >= 'a' && (at[n] | 0x20) <= 'z';
    return letter ? n + 1 : 0;
}

static bool is_unwanted(uint32_t c)
{
    if (c < 0x20) return c != '\t' && c != '\n' && c != '\f' && c != '\r';
    return c == 0x7F || (c >= 0x206A && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

static void drop_controls(const Points *in, Points *out)
{
    for (size_t i = 0, n; i < in->count; i += n) {
        n = terminal_escape(in->at + i, in->count - i);
        if (n) continue;
        n = 1;
        if (!is_unwanted(in->at[i])) points_add(out, in->at[i]);
    }
}

static void compose(Points *p)
{
    if (unicode_is_ascii(p->at, p->count)) return;
    p->at = unicode_compose(p->at, &p->count);
    p->capacity = p->count;
}

/* One round; `text` is replaced. */
static void fix_once(Points *text, bool html, const char **guess)
{
    Points a = {0}, b = {0};
    if (html)
        html_unescape_strict(text->at, text->count, &a);
    else
        points_add_many(&a, text->at, text->count);
    mojibake_mend(&a, guess);
    fix_characters(&a, &b);
    a.count = 0;
    drop_controls(&b, &a);
    compose(&a);
    points_free(&b);
    points_free(text);
    *text = a;
}

static void fix_segment(const uint32_t *segment, size_t count, bool html, Points *out, const char **guess)
{
    Points text = {0};
    points_add_many(&text, segment, count);
    for (bool changed = true; changed;) {
        Points before = {0};
        points_add_many(&before, text.at, text.count);
        fix_once(&text, html, guess);
        changed = !points_equal(&before, &text);
        points_free(&before);
    }
    points_add_many(out, text.at, text.count);
    points_free(&text);
}

/* ftfy.fix_text: a segment ends with a newline; from the first with "<" on HTML is left as it is. */
static void fix_text(const Points *text, Points *out, const char **guess)
{
    bool html = true;
    for (size_t i = 0, n; i < text->count; i += n) {
        for (n = 0; i + n < text->count && n < SEGMENT_MOST;) {
            const uint32_t c = text->at[i + n++];
            html = html && c != '<';
            if (c == '\n') break;
        }
        fix_segment(text->at + i, n, html, out, guess);
    }
}

/* ---- blanks and small letters, as Python has them ---- */

static bool is_space(uint32_t c)
{
    return (c >= 9 && c <= 0xD) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static void collapse_spaces(Points *p)
{
    size_t used = 0;
    for (size_t i = 0; i < p->count; i++) {
        const bool space = is_space(p->at[i]);
        if (space && (used == 0 || p->at[used - 1] == ' ')) continue;
        p->at[used++] = space ? ' ' : p->at[i];
    }
    p->count = used - (used && p->at[used - 1] == ' ');
}

/* Is the sigma at i the last letter of a word? (Unicode, table 3-17, Final_Sigma) */
static bool is_final(const Points *p, size_t i)
{
    size_t before = i, after = i + 1;
    while (before > 0 && uc_is_property_case_ignorable(p->at[before - 1])) before--;
    if (before == 0 || !uc_is_property_cased(p->at[before - 1])) return false;
    while (after < p->count && uc_is_property_case_ignorable(p->at[after])) after++;
    return after == p->count || !uc_is_property_cased(p->at[after]);
}

static void add_lower(const Points *in, Points *out)
{
    enum { SIGMA = 0x3A3, FINAL_SIGMA = 0x3C2, DOTTED_I = 0x130, DOT_ABOVE = 0x307 };
    for (size_t i = 0; i < in->count; i++) {
        const uint32_t c = in->at[i];
        if (c == DOTTED_I)
            points_add(out, 'i'), points_add(out, DOT_ABOVE);
        else
            points_add(out, c == SIGMA && is_final(in, i) ? FINAL_SIGMA : unicode_lower(c));
    }
}

void openai_clean(const char *text, Points *out, const char **guess)
{
    Points read = {0}, fixed = {0}, once = {0};
    points_add_utf8(&read, text, strlen(text));
    fix_text(&read, &fixed, guess);
    html_unescape(fixed.at, fixed.count, &once);
    fixed.count = 0;
    html_unescape(once.at, once.count, &fixed);
    collapse_spaces(&fixed);
    add_lower(&fixed, out);
    points_free(&read);
    points_free(&fixed);
    points_free(&once);
}
