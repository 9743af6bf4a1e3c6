/* One look at the first character tells the kind of word; the short forms behind an apostrophe are tried before. */
#include "harness/clip/word_split.h"

#include "harness/clip/unicode.h"

#include <string.h>

bool word_is_blank(uint32_t c, bool openai)
{
    return (openai ? unicode_class_openai(c) : unicode_class(c)) == CHAR_SPACE;
}

bool word_stands_at(const uint32_t *points, size_t left, const char *ascii)
{
    size_t i = 0;
    for (; ascii[i]; i++)
        if (i >= left || points[i] != (uint32_t)ascii[i]) return false;
    return true;
}

/* Length of 's 't 're 've 'm 'll 'd at points, or 0. OpenAI's pattern, in which case does not count, has the long s too. */
static size_t contraction(const uint32_t *points, size_t left, bool openai)
{
    enum { LONG_S = 0x17F };
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    if (openai && left > 1 && points[0] == '\'' && points[1] == LONG_S) return 2;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (word_stands_at(points, left, endings[i])) return strlen(endings[i]);
    return 0;
}

size_t word_length(const uint32_t *points, size_t left, bool openai)
{
    CharClass (*const class_of)(uint32_t) = openai ? unicode_class_openai : unicode_class;
    const size_t short_form = contraction(points, left, openai);
    if (short_form) return short_form;
    const CharClass class = class_of(points[0]);
    size_t n = 1;
    while (class != CHAR_NUMBER && n < left && class_of(points[n]) == class) n++;
    return n;
}
