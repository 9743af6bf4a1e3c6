#include "methods/method.h"

#include <string.h>

/* The registry: a new method is its file and one line in each of these two lists. */
extern const Method method_zsclip, method_random_context, method_linear_probe, method_tai, method_tai_dpt,
    method_t2i_pal, method_pvp;

static const Method *const methods[] = {
    &method_zsclip,  &method_random_context, &method_linear_probe, &method_tai,
    &method_tai_dpt, &method_t2i_pal,        &method_pvp,          NULL,
};

const Method *const *method_all(void)
{
    return methods;
}

const Method *method_find(const char *name)
{
    for (size_t i = 0; methods[i]; i++)
        if (!strcmp(methods[i]->name, name)) return methods[i];
    return NULL;
}
