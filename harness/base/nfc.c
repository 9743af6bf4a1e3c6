/* libunistring's normalisation behind a look for the usual case, a text in ASCII. */
#include "harness/base/nfc.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <uninorm.h>

bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80) text++;
    return *text == 0;
}

char *nfc(const char *text)
{
    size_t length = 0;
    uint8_t *composed =
        is_ascii(text) ? NULL : u8_normalize(UNINORM_NFC, (const uint8_t *)text, strlen(text), NULL, &length);
    char *copy = composed ? xformat("%.*s", (int)length, (const char *)composed) : xstrdup(text);
    free(composed);
    return copy;
}

void text_list_nfc(TextList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        char *composed = nfc(list->items[i]);
        free(list->items[i]);
        list->items[i] = composed;
    }
}
