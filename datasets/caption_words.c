/* One walk over the caption's bytes, from separator to separator; each word is trimmed and lower-cased into a buffer
 * on the stack and handed to the caller's function. A word longer than WORD_MAX is passed over: no class
 * name has such a one. */
#include "datasets/caption_words.h"

#include "harness/base/nfc.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of a separator at `p`, 0 when there is none. U+2010 ... U+203F, typographic dashes and quotes, are E2 80 90 ... BF. */
static size_t separator(const char *p, bool cut_hyphens)
{
    if (strchr(" \t\r\n\f\v_;@#$%&?!()[]{}<>\"`,:", *p) != NULL) return 1;
    if (cut_hyphens && (*p == '-' || *p == '/')) return 1;
    if (p[0] == '-' && p[1] == '-') return 2;
    const unsigned char *u = (const unsigned char *)p;
    return u[0] == 0xe2 && u[1] == 0x80 && u[2] >= 0x90 ? 3 : 0;
}

static bool at_edge(char c)
{
    return c == '.' || c == '\'';
}

/* Lower case, without what hangs on the ends; false when nothing is left or it is too long. */
static bool trim(const char *start, size_t length, char word[WORD_MAX])
{
    while (length > 0 && at_edge(*start)) start++, length--;
    while (length > 0 && at_edge(start[length - 1])) length--;
    if (length > 2 && start[length - 2] == '\'' && (start[length - 1] == 's' || start[length - 1] == 'S')) length -= 2;
    if (length == 0 || length >= WORD_MAX) return false;
    for (size_t i = 0; i < length; i++)
        word[i] = (char)(start[i] >= 'A' && start[i] <= 'Z' ? start[i] - 'A' + 'a' : start[i]);
    word[length] = 0;
    return true;
}

void caption_words(const char *text, bool cut_hyphens, void (*word)(void *context, const char *word), void *context)
{
    char *composed = is_ascii(text) ? NULL : nfc(text);
    for (const char *p = composed ? composed : text; *p != 0;) {
        const size_t gap = separator(p, cut_hyphens);
        if (gap > 0) {
            p += gap;
            continue;
        }
        const char *start = p;
        while (*p != 0 && separator(p, cut_hyphens) == 0) p++;
        char clean[WORD_MAX];
        if (trim(start, (size_t)(p - start), clean)) word(context, clean);
    }
    free(composed);
}
