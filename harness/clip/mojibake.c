/* A class for every character, found in sorted ranges; a text is suspected by its pairs and triples of classes. A suspected text is tried
 * in one encoding after the other (mojibake_bytes.c), then in pieces, until nothing changes any more. */
#include "harness/clip/mojibake.h"

#include "harness/clip/mojibake_internal.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>

/* ---- suspicion ---- */

static const MojibakeRange *range_of(uint32_t c)
{
    size_t low = 0, high = mojibake_ranges_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c > mojibake_ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    const MojibakeRange *r = &mojibake_ranges[low];
    return low < mojibake_ranges_count && c >= r->first ? r : NULL;
}

static uint8_t class_of(uint32_t c)
{
    const MojibakeRange *r = range_of(c);
    if (r) return r->class;
    const CharClass kind = unicode_class(c);
    if (kind == CHAR_SPACE) return mojibake_defaults.blank;
    return kind == CHAR_OTHER ? mojibake_defaults.other : mojibake_defaults.word;
}

static bool in_set(const uint8_t set[MOJIBAKE_SET], uint8_t class)
{
    return set[class / 8] >> class % 8 & 1;
}

static int by_classes(const void *key, const void *triple)
{
    const uint8_t *classes = key;
    const MojibakeTriple *t = triple;
    return classes[0] != t->first ? classes[0] - t->first : classes[1] - t->second;
}

static bool bad_triple(const uint8_t classes[3])
{
    const MojibakeTriple *t =
        bsearch(classes, mojibake_triples, mojibake_triples_count, sizeof *mojibake_triples, by_classes);
    return t && in_set(t->third, classes[2]);
}

/* "Ã " or "Â " at the beginning, or behind a small letter and a blank: the word "à" that lost its second byte. */
static bool lone_letter(const uint32_t *text, size_t i)
{
    if (i == 0 || text[i] != ' ' || (text[i - 1] != 0xC2 && text[i - 1] != 0xC3)) return false;
    if (i == 1) return true;
    return i > 2 && unicode_class(text[i - 2]) == CHAR_SPACE && text[i - 3] >= 'a' && text[i - 3] <= 'z';
}

bool mojibake_suspected(const uint32_t *text, size_t count)
{
    size_t ascii = 0;
    while (ascii < count && text[ascii] < 0x80) ascii++;
    if (ascii == count) return false;
    uint8_t c[4] = {mojibake_defaults.other, mojibake_defaults.other, mojibake_defaults.other,
                    0}; /* of the last four */
    for (size_t i = 0; i < count; i++) {
        c[3] = class_of(text[i]);
        if (c[3] == 0 || in_set(mojibake_pairs[c[2]], c[3]) || bad_triple(c + 1) || lone_letter(text, i) ||
            (in_set(mojibake_doubled[c[0]], c[1]) && in_set(mojibake_doubled[c[2]], c[3])))
            return true;
        memmove(c, c + 1, 3);
    }
    return false;
}

/* ---- repair ---- */

static bool take_over(Points *text, Points *other)
{
    const bool changed = !points_equal(text, other);
    const Points old = *text;
    *text = *other;
    *other = old;
    return changed;
}

/* The whole text in the first encoding whose bytes are UTF-8. *found: there is one. */
static bool mend_whole(Points *text, bool *found, bool *latin1, const char **guess)
{
    Bytes bytes = {0};
    Points read = {0};
    bool changed = false;
    *found = *latin1 = false;
    for (size_t e = 0; e < mojibake_encodings_count && !*found; e++) {
        const MojibakeEncoding *encoding = &mojibake_encodings[e];
        if (!mojibake_encode(encoding, text, &bytes)) continue;
        *latin1 |= e == 0;
        mojibake_restore(encoding, &bytes);
        *found = mojibake_decode(&bytes, &read);
        changed = *found && take_over(text, &read);
        if (changed && e > 1) *guess = encoding->name;
    }
    free(bytes.at);
    points_free(&read);
    return changed;
}

static bool has_role(uint32_t c, uint8_t role)
{
    const MojibakeRange *r = range_of(c);
    return r && r->roles & role;
}

/* Length of what looks like UTF-8 at `at`, one character after the other. */
static size_t looks_like_utf8(const uint32_t *at, size_t left)
{
    static const uint8_t begins[] = {BEGINS_2, BEGINS_3, BEGINS_4};
    size_t length = 0;
    for (bool more = true; more;) {
        more = false;
        for (size_t k = 0; k < 3 && !more; k++) {
            size_t n = 1;
            if (length >= left || !has_role(at[length], begins[k])) continue;
            while (n < k + 2 && length + n < left && has_role(at[length + n], CONTINUES)) n++;
            more = n == k + 2;
            if (more) length += n;
        }
    }
    return length;
}

static bool mend_once(Points *text, const char **guess);

static bool mend_pieces(Points *text, const char **guess)
{
    Points out = {0};
    for (size_t i = 0; i < text->count;) {
        const bool inside = i > 0 && has_role(text->at[i - 1], CONTINUES_STRICTLY);
        const size_t length = inside ? 0 : looks_like_utf8(text->at + i, text->count - i), n = length ? length : 1;
        Points piece = {0};
        points_add_many(&piece, text->at + i, n);
        if (length && n < text->count)
            while (mend_once(&piece, guess)) continue;
        points_add_many(&out, piece.at, piece.count);
        points_free(&piece);
        i += n;
    }
    const bool changed = take_over(text, &out);
    points_free(&out);
    return changed;
}

static bool mend_controls(Points *text)
{
    bool changed = false;
    for (size_t i = 0; i < text->count; i++) {
        const uint32_t c = text->at[i];
        if (c >= 0x80 && c < 0xA0) text->at[i] = windows_1252_character(c);
        changed |= text->at[i] != c;
    }
    return changed;
}

static bool mend_once(Points *text, const char **guess)
{
    bool found, latin1;
    if (!mojibake_suspected(text->at, text->count)) return false;
    if (mend_whole(text, &found, &latin1, guess)) return true;
    if (found) return false;
    return mend_pieces(text, guess) || mend_controls(text);
}

void mojibake_mend(Points *text, const char **guess)
{
    while (mend_once(text, guess)) continue;
}

uint32_t windows_1252_character(uint32_t c)
{
    static const uint16_t characters[32] = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                            0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    return characters[c - 0x80];
}
