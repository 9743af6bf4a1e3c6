/* Unicode's classes from libunistring: letters, the marks that go with them, decimal digits. */
#include "harness/base/name.h"

#include <string.h>
#include <unictype.h>
#include <unistr.h>

const char name_rule[] =
    "a name is letters, digits, blanks and - _ . + ( ) @ & < > |, at most 100 bytes, and begins with a letter "
    "or a digit";

static bool is_word(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_Nd);
}

bool name_is_good(const char *name)
{
    const size_t bytes = strlen(name);
    ucs4_t c = 0;
    if (bytes == 0 || bytes > NAME_BYTES || name[bytes - 1] == ' ') return false;
    for (size_t at = 0; at < bytes;) {
        const int used = u8_mbtoucr(&c, (const uint8_t *)name + at, bytes - at);
        if (used <= 0) return false;
        const bool later =
            (c < 0x80 && strchr(" -_.+()@&<>|", (int)c)) || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_M);
        if (!is_word(c) && !(at && later)) return false;
        at += (size_t)used;
    }
    return true;
}
