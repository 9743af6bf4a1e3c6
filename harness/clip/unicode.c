/* UTF-8 is decoded by hand: a broken sequence becomes one U+FFFD, and reading goes on at the byte that breaks it. Classes
 * and lower case are binary searches in sorted tables; composing (NFC) is libunistring's. */
#include "harness/clip/unicode.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

static bool in_ranges(const UnicodeRange *ranges, size_t count, uint32_t c)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && c >= ranges[low].first;
}

CharClass unicode_class(uint32_t c)
{
    if (in_ranges(unicode_spaces, unicode_spaces_count, c)) return CHAR_SPACE;
    if (in_ranges(unicode_letters, unicode_letters_count, c)) return CHAR_LETTER;
    if (in_ranges(unicode_numbers, unicode_numbers_count, c)) return CHAR_NUMBER;
    return CHAR_OTHER;
}

CharClass unicode_class_openai(uint32_t c)
{
    enum { YPOGEGRAMMENI = 0x345 };
    if (c == YPOGEGRAMMENI) return CHAR_SPACE;
    const CharClass class = unicode_class(c);
    if (class != CHAR_OTHER) return class;
    if (in_ranges(unicode_openai_letters, unicode_openai_letters_count, c)) return CHAR_LETTER;
    return in_ranges(unicode_openai_numbers, unicode_openai_numbers_count, c) ? CHAR_NUMBER : CHAR_OTHER;
}

uint32_t unicode_lower(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    size_t low = 0, high = unicode_lower_runs_count;
    while (low < high) { /* the last run that begins at or before c */
        const size_t middle = low + (high - low) / 2;
        if (unicode_lower_runs[middle].first <= c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return c;
    const UnicodeLower *run = &unicode_lower_runs[low - 1];
    if (c > run->last || (c - run->first) % run->step) return c;
    return (uint32_t)((int32_t)c + run->delta);
}

/* What may follow a first byte: how many bytes in all, and the range of the second (RFC 3629: no surrogates, nothing
 * overlong, nothing above U+10FFFF). Length 0: not a first byte. */
typedef struct Lead {
    size_t length;
    uint8_t second_low, second_high;
} Lead;

static Lead lead_of(uint8_t b)
{
    if (b >= 0xC2 && b <= 0xDF) return (Lead){2, 0x80, 0xBF};
    if (b == 0xE0) return (Lead){3, 0xA0, 0xBF};
    if (b == 0xED) return (Lead){3, 0x80, 0x9F};
    if (b >= 0xE1 && b <= 0xEF) return (Lead){3, 0x80, 0xBF};
    if (b == 0xF0) return (Lead){4, 0x90, 0xBF};
    if (b >= 0xF1 && b <= 0xF3) return (Lead){4, 0x80, 0xBF};
    if (b == 0xF4) return (Lead){4, 0x80, 0x8F};
    return (Lead){0, 0, 0};
}

/* One character from the `left` (> 0) bytes at s; *used says how many it took. */
static uint32_t take(const uint8_t *s, size_t left, size_t *used)
{
    *used = 1;
    if (s[0] < 0x80) return s[0];
    const Lead lead = lead_of(s[0]);
    if (!lead.length) return 0xFFFD;
    uint32_t c = s[0] & (0x7Fu >> lead.length);
    for (size_t i = 1; i < lead.length; i++) {
        const uint8_t least = i == 1 ? lead.second_low : 0x80, most = i == 1 ? lead.second_high : 0xBF;
        if (i >= left || s[i] < least || s[i] > most) return 0xFFFD;
        c = c << 6 | (s[i] & 0x3Fu);
        *used = i + 1;
    }
    return c;
}

uint32_t *unicode_compose(uint32_t *points, size_t *count)
{
    uint32_t *out = NULL;
    size_t used = 0, capacity = 0;
    for (size_t i = 0, stretch; i < *count; i += stretch ? stretch : 1) {
        for (stretch = 0; i + stretch < *count; stretch++)
            if (!in_ranges(unicode_normalised, unicode_normalised_count, points[i + stretch])) break;
        size_t length = 1;
        uint32_t *composed = stretch ? u32_normalize(UNINORM_NFC, points + i, stretch, NULL, &length) : NULL;
        if (stretch && !composed) die("out of memory (%zu characters)", stretch);
        if (used + length > capacity) {
            capacity = 2 * (used + length) + *count;
            out = xrealloc(out, capacity * sizeof *out);
        }
        memcpy(out + used, composed ? composed : points + i, length * sizeof *out);
        used += length;
        free(composed);
    }
    free(points);
    *count = used;
    return out;
}

/* Lower case, one character by the other; only U+0130 becomes two: i and U+0307. */
static uint32_t *lower_all(uint32_t *points, size_t *count)
{
    enum { DOTTED_I = 0x130, DOT_ABOVE = 0x307 };
    uint32_t *out = xmalloc((2 * *count + 1) * sizeof *out);
    size_t n = 0;
    for (size_t i = 0; i < *count; i++) {
        out[n++] = points[i] == DOTTED_I ? 'i' : unicode_lower(points[i]);
        if (points[i] == DOTTED_I) out[n++] = DOT_ABOVE;
    }
    free(points);
    *count = n;
    return out;
}

uint32_t *unicode_read(const char *text, size_t bytes, size_t *count)
{
    uint32_t *points = xmalloc((bytes + 1) * sizeof *points);
    *count = 0;
    for (size_t i = 0, used; i < bytes; i += used)
        points[(*count)++] = take((const uint8_t *)text + i, bytes - i, &used);
    return points;
}

bool unicode_is_ascii(const uint32_t *points, size_t count)
{
    while (count && points[count - 1] < 0x80) count--;
    return count == 0;
}

uint32_t *unicode_clean(uint32_t *points, size_t *count)
{
    if (!unicode_is_ascii(points, *count)) points = unicode_compose(points, count);
    return lower_all(points, count);
}

size_t unicode_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    const size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> length) | c); /* 110xxxxx, 1110xxxx, 11110xxx */
    return length;
}
