/* The detour over bytes: characters back to the bytes of a one-byte encoding, what got lost there put back by short patterns of byte
 * sets, and the bytes read as UTF-8, strictly. */
#include "harness/clip/mojibake_internal.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>

static void add_bytes(Bytes *b, const void *bytes, size_t count)
{
    if (b->capacity - b->count < count) {
        b->capacity = 2 * (b->count + count) + 16;
        b->at = xrealloc(b->at, b->capacity);
    }
    memcpy(b->at + b->count, bytes, count);
    b->count += count;
}

/* ---- characters to bytes ---- */

static int by_character(const void *key, const void *entry)
{
    const uint32_t a = *(const uint32_t *)key, b = ((const MojibakeByte *)entry)->character;
    return a < b ? -1 : a > b;
}

bool mojibake_encode(const MojibakeEncoding *e, const Points *text, Bytes *bytes)
{
    bytes->count = 0;
    for (size_t i = 0; i < text->count; i++) {
        const uint32_t c = text->at[i];
        uint8_t byte = (uint8_t)c;
        if (e->sloppy && c == 0x1A) return false;
        if (e->sloppy && c == 0xFFFD) {
            byte = 0x1A;
        } else if (c >= 0x80) {
            const MojibakeByte *found = bsearch(&c, e->bytes, 128, sizeof *e->bytes, by_character);
            if (!found) return false;
            byte = found->byte;
        }
        add_bytes(bytes, &byte, 1);
    }
    return true;
}

/* ---- what got lost ---- */

/* Sets of bytes, each with a letter, for the patterns below. */
static bool in_set(char set, uint8_t b)
{
    const bool later = b >= 0x80 && b <= 0xBF;
    switch (set) {
    case ' ': /* a blank in place of A0 */
        return b == ' ';
    case 'k':
        return later;
    case 'm': /* with A0, or 85, it would be a rare script or an ellipsis */
        return later && b != 0x85 && b != 0xA0;
    case 'A': /* the first bytes that make a likely letter with A0 */
        return b && strchr("\xC2\xC3\xC5\xCE\xD0\xD9", b);
    case 'B':
        return b == 0xE2 || b == 0xE3;
    case 'C':
        return b >= 0xE0 && b <= 0xE3;
    case 'F':
        return b == 0xF0;
    case '2': /* first bytes by length */
        return b >= 0xC2 && b <= 0xDF;
    case '3':
        return b >= 0xE0 && b <= 0xEF;
    case '4':
        return b >= 0xF0 && b <= 0xF4;
    case 'a':
        return b == 0xC2 || b == 0xC3;
    case 'e': /* ED, high and low: halves of a surrogate pair */
        return b == 0xED;
    case 'h':
        return b >= 0xA0 && b <= 0xAF;
    case 'l':
        return b >= 0xB0 && b <= 0xBF;
    case 's': /* lost: 1A, or a question mark where the rest is plain enough */
        return b == 0x1A;
    case 'q':
        return b == '?';
    case 'x':
        return b == 0x1A || b == '?';
    case 'c':
        return b == 0x1A || later;
    default: /* y */
        return b == 0x1A || b == '?' || later;
    }
}

static const char *const blank_patterns[] = {"A ", "B m", "Cm ", "F kk", "Fk k", "Fkk ", NULL};
static const char *const lost_patterns[] = {"2s",   "aq",   "ehxely", "ehyelx", "3xc", "3cx",
                                            "4xcc", "4cxc", "4ccx",   "s",      NULL};

/* Length of the first pattern that stands at `at`, or 0. */
static size_t match(const char *const *patterns, const uint8_t *at, size_t left)
{
    for (; *patterns; patterns++) {
        const size_t length = strlen(*patterns);
        size_t i = 0;
        while (i < length && i < left && in_set((*patterns)[i], at[i])) i++;
        if (i == length) return length;
    }
    return 0;
}

/* "à" as a word of its own lost its A0 and kept the blank behind it: "Ã la" is "à la". In à, àquele, àquela, àquilo, às of Portuguese
 * and before another blank nothing was lost but the A0. */
static bool is_word_a_grave(const uint8_t *at, size_t left)
{
    static const char *const goes_on[] = {" ", "quele", "quela", "quilo", "s "};
    if (left < 2 || at[0] != 0xC3 || at[1] != ' ') return false;
    for (size_t i = 0; i < sizeof goes_on / sizeof *goes_on; i++) {
        const size_t length = strlen(goes_on[i]);
        if (left - 2 >= length && memcmp(at + 2, goes_on[i], length) == 0) return false;
    }
    return true;
}

void mojibake_restore(const MojibakeEncoding *e, Bytes *bytes)
{
    Bytes out = {0};
    const bool blanks = strcmp(e->name, "macroman") != 0; /* its first bytes and a blank are a dash and a blank */
    for (size_t i = 0, n; blanks && i < bytes->count; i += n) {
        const uint8_t *at = bytes->at + i;
        const size_t left = bytes->count - i, length = match(blank_patterns, at, left);
        n = length ? length : 1;
        if (is_word_a_grave(at, left)) {
            add_bytes(&out, "\xC3\xA0 ", 3);
            continue;
        }
        for (size_t k = 0; k < n; k++) add_bytes(&out, length && at[k] == ' ' ? (const uint8_t *)"\xA0" : at + k, 1);
    }
    if (blanks) free(bytes->at), *bytes = out, out = (Bytes){0};
    for (size_t i = 0, n; e->sloppy && i < bytes->count; i += n) {
        n = match(lost_patterns, bytes->at + i, bytes->count - i);
        if (n)
            add_bytes(&out, "\xEF\xBF\xBD", 3); /* U+FFFD */
        else
            add_bytes(&out, bytes->at + i, n = 1);
    }
    if (e->sloppy) free(bytes->at), *bytes = out;
}

/* ---- bytes to characters ---- */

static bool is_later(const uint8_t *at, size_t left, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (i >= left || (at[i] & 0xC0) != 0x80) return false;
    return true;
}

/* One character; returns the bytes it took, 0 where there is none. */
static size_t decode_one(const uint8_t *at, size_t left, uint32_t *c)
{
    if (at[0] < 0x80) return *c = at[0], 1;
    if (left > 1 && at[0] == 0xC0 && at[1] == 0x80) return *c = 0, 2;
    if (in_set('2', at[0]) && is_later(at, left, 1, 1)) return *c = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu), 2;
    if (in_set('3', at[0]) && is_later(at, left, 1, 2)) {
        *c = (at[0] & 0xFu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
        if (*c >= 0xD800 && *c < 0xDC00 && left >= 6 && at[3] == 0xED && in_set('l', at[4]) && is_later(at, left, 5, 1))
            return *c = 0x10000 + ((*c & 0x3FF) << 10) + ((at[4] & 0xFu) << 6 | (at[5] & 0x3Fu)), 6;
        return *c >= 0x800 && (*c < 0xD800 || *c >= 0xE000) ? 3 : 0;
    }
    if (in_set('4', at[0]) && is_later(at, left, 1, 3)) {
        *c = (at[0] & 7u) << 18 | (at[1] & 0x3Fu) << 12 | (at[2] & 0x3Fu) << 6 | (at[3] & 0x3Fu);
        return *c >= 0x10000 && *c <= 0x10FFFF ? 4 : 0;
    }
    return 0;
}

bool mojibake_decode(const Bytes *bytes, Points *text)
{
    text->count = 0;
    for (size_t i = 0, n; i < bytes->count; i += n) {
        uint32_t c = 0;
        n = decode_one(bytes->at + i, bytes->count - i, &c);
        if (!n) return false;
        points_add(text, c);
    }
    return true;
}
