/* Recursive descent over the text, without memory of its own and to a fixed depth. Line and column are counted only
 * when something is wrong. */
#include "harness/io/json_grammar.h"

#include <stdint.h>
#include <string.h>

enum { NUMBER_LENGTH_MAX = 63 };

typedef struct Scan {
    const char *name, *text;
    size_t length, at;
    int depth;
    Error *err;
} Scan;

/* The column counts characters, not bytes. */
static bool wrong(const Scan *s, const char *sentence)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < s->at; i++) {
        if (s->text[i] == '\n')
            line++, column = 1;
        else if (((unsigned char)s->text[i] & 0xc0) != 0x80)
            column++;
    }
    if (line == 1 && !memchr(s->text, '\n', s->length))
        return fail_usage(s->err, "%s: not valid JSON at column %zu: %s", s->name, column, sentence);
    return fail_usage(s->err, "%s: not valid JSON at line %zu, column %zu: %s", s->name, line, column, sentence);
}

static int peek(const Scan *s)
{
    return s->at < s->length ? (unsigned char)s->text[s->at] : -1;
}

static bool take(Scan *s, char c)
{
    if (peek(s) != c) return false;
    s->at++;
    return true;
}

static void blanks(Scan *s)
{
    while (take(s, ' ') || take(s, '\t') || take(s, '\n') || take(s, '\r')) continue;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool digits(Scan *s)
{
    if (!is_digit(peek(s))) return wrong(s, "a digit is needed");
    while (is_digit(peek(s))) s->at++;
    return true;
}

static bool number(Scan *s)
{
    const size_t start = s->at;
    take(s, '-');
    if (take(s, '0')) {
        if (is_digit(peek(s))) return wrong(s, "a number must not begin with 0");
    } else if (!digits(s)) {
        return false;
    }
    if (take(s, '.') && !digits(s)) return false;
    if (take(s, 'e') || take(s, 'E')) {
        if (!take(s, '+')) take(s, '-');
        if (!digits(s)) return false;
    }
    return s->at - start <= NUMBER_LENGTH_MAX || wrong(s, "a number of more than 63 characters");
}

/* Four hexadecimal digits; -1 when they are not. */
static int hex4(Scan *s)
{
    int value = 0;
    for (int i = 0; i < 4; i++, s->at++) {
        const int c = peek(s);
        if (is_digit(c))
            value = value * 16 + c - '0';
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + c - 'a' + 10;
        else if (c >= 'A' && c <= 'F')
            value = value * 16 + c - 'A' + 10;
        else
            return -1;
    }
    return value;
}

/* After "\u". Characters beyond 16 bits are a pair, high surrogate first. */
static bool unicode_escape(Scan *s)
{
    const int unit = hex4(s);
    if (unit < 0) return wrong(s, "\\u needs four hexadecimal digits");
    if (unit == 0) return wrong(s, "\\u0000 is not allowed in a string");
    if (unit >= 0xdc00 && unit <= 0xdfff) return wrong(s, "the second half of a surrogate pair without its first");
    if (unit < 0xd800 || unit > 0xdbff) return true;
    if (take(s, '\\') && take(s, 'u')) {
        const int low = hex4(s);
        if (low >= 0xdc00 && low <= 0xdfff) return true;
    }
    return wrong(s, "the first half of a surrogate pair without its second");
}

/* One character beyond ASCII: RFC 3629, without overlong forms, surrogates and values beyond U+10FFFF. */
static bool utf8_character(Scan *s)
{
    const unsigned char *c = (const unsigned char *)s->text + s->at;
    const size_t left = s->length - s->at;
    const size_t bytes = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || left < bytes) return wrong(s, "not UTF-8");
    uint32_t code = c[0] & (0xffU >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if ((c[i] & 0xc0) != 0x80) return wrong(s, "not UTF-8");
        code = code << 6 | (c[i] & 0x3f);
    }
    const uint32_t least = bytes == 4 ? 0x10000 : bytes == 3 ? 0x800 : 0x80;
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return wrong(s, "not UTF-8");
    s->at += bytes;
    return true;
}

static bool string(Scan *s)
{
    const size_t start = s->at;
    if (!take(s, '"')) return wrong(s, "a string in double quotes is needed");
    for (;;) {
        const int c = peek(s);
        if (c == -1 || c == '\n') {
            s->at = start;
            return wrong(s, "this string has no closing quote");
        }
        if (c < 0x20) return wrong(s, "a control character in a string; write it as \\u00..");
        if (c >= 0x80) {
            if (!utf8_character(s)) return false;
            continue;
        }
        s->at++;
        if (c == '"') return true;
        if (c != '\\') continue;
        if (take(s, 'u')) {
            if (!unicode_escape(s)) return false;
        } else if (peek(s) == -1 || !strchr("\"\\/bfnrt", peek(s)) || !peek(s)) {
            return wrong(s, "an unknown escape after \\");
        } else {
            s->at++;
        }
    }
}

static bool literal(Scan *s, const char *word)
{
    const size_t length = strlen(word);
    if (s->length - s->at < length || memcmp(s->text + s->at, word, length) != 0)
        return wrong(s, "a value is needed: a string, a number, an object, an array, true, false or null");
    s->at += length;
    return true;
}

static bool value(Scan *s);

static bool member(Scan *s)
{
    if (!string(s)) return false;
    blanks(s);
    if (!take(s, ':')) return wrong(s, "a colon is needed after the key");
    return value(s);
}

/* After the opening bracket, up to and with the closing one. */
static bool list(Scan *s, bool (*item)(Scan *), char close, const char *sentence)
{
    if (++s->depth > JSON_DEPTH_MAX) return wrong(s, "nested deeper than 200 levels");
    blanks(s);
    if (!take(s, close)) {
        do {
            blanks(s);
            if (!item(s)) return false;
            blanks(s);
        } while (take(s, ','));
        if (!take(s, close)) return wrong(s, sentence);
    }
    s->depth--;
    return true;
}

static bool value(Scan *s)
{
    blanks(s);
    const int c = peek(s);
    if (c == '-' || is_digit(c)) return number(s);
    switch (c) {
    case '"':
        return string(s);
    case '{':
        s->at++;
        return list(s, member, '}', "a comma or } is needed");
    case '[':
        s->at++;
        return list(s, value, ']', "a comma or ] is needed");
    case 't':
        return literal(s, "true");
    case 'f':
        return literal(s, "false");
    default:
        return literal(s, "null");
    }
}

bool json_check_grammar(const char *name, const char *text, size_t length, Error *err)
{
    Scan s = {.name = name, .text = text, .length = length, .err = err};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) s.at = 3; /* a byte order mark; cJSON skips it too */
    if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return wrong(&s, "this is UTF-16 text, UTF-8 is needed; save it as UTF-8");
    if (!value(&s)) return false;
    blanks(&s);
    return s.at == length || wrong(&s, "something follows after the end of the JSON text");
}
