/* Character by character with libunistring; what it does not take for one is shown byte by byte. */
#include "harness/base/shown.h"

#include "harness/base/memory.h"

#include <string.h>
#include <unistr.h>

bool unshowable(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},   {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2066, 0x2069}, {0xfdd0, 0xfdef}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return (c & 0xfffe) == 0xfffe; /* the last two of every plane are no characters, and no XML */
}

static void add_escape(Text *out, uint32_t c)
{
    static const char letters[] = "\n\t\r", words[] = "ntr";
    const char *letter = c && c < 0x80 ? strchr(letters, (int)c) : NULL;
    if (letter)
        text_addf(out, "\\%c", words[letter - letters]);
    else
        text_addf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
}

/* Appends the first character or byte; returns the bytes it took. */
static size_t add_one(Text *out, const char *text, size_t left)
{
    ucs4_t c;
    const int used = u8_mbtoucr(&c, (const uint8_t *)text, left);
    if (used > 0 && !unshowable(c))
        text_add_bytes(out, text, (size_t)used);
    else if (used > 0)
        add_escape(out, c);
    else
        add_escape(out, (unsigned char)*text);
    return used > 0 ? (size_t)used : 1;
}

void text_add_shown(Text *out, const char *text)
{
    text_add_bytes(out, "", 0);
    for (size_t left = strlen(text); left;) {
        const size_t used = add_one(out, text, left);
        text += used, left -= used;
    }
}

char *shown(const char *text)
{
    Text out = {0};
    text_add_shown(&out, text);
    return out.data;
}

char *shown_short(const char *text, size_t most)
{
    Text out = {0};
    size_t left = strlen(text);
    text_add_bytes(&out, "", 0);
    for (size_t count = 0; left && count < most; count++) {
        const size_t used = add_one(&out, text, left);
        text += used, left -= used;
    }
    if (left) text_add(&out, "\xE2\x80\xA6");
    return out.data;
}
