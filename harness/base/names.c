/* Lists of names: a plain walk, they are short. */
#include "harness/base/names.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <string.h>

size_t names_find(const char *const *names, const char *name)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0) return i;
    return NAMES_NONE;
}

char *names_join(const char *const *names, const char *between, char quote)
{
    const char mark[] = {quote, 0};
    Text text = {0};
    for (size_t i = 0; names[i]; i++) text_addf(&text, "%s%s%s%s", i ? between : "", mark, names[i], mark);
    return text.data ? text.data : xstrdup("none");
}
