#include "methods/shared/method.h"

#include <stdlib.h>
#include <string.h>

/* The registry: a new method is its file and one line in each of these two lists. */
extern const Method method_zsclip, method_random_context, method_linear_probe, method_tai, method_tai_dpt,
    method_t2i_pal, method_pvp, method_coop, method_dualcoop, method_clip_adapter, method_tip_adapter,
    method_tip_adapter_f, method_comc, method_sparc, method_ensemble;

static const Method *const built_in[] = {
    &method_zsclip,   &method_random_context, &method_linear_probe, &method_tai,
    &method_tai_dpt,  &method_t2i_pal,        &method_pvp,          &method_coop,
    &method_dualcoop, &method_clip_adapter,   &method_tip_adapter,  &method_tip_adapter_f,
    &method_comc,     &method_sparc,          &method_ensemble,     NULL,
};

/* What plugins added, behind the built-in ones; NULL while there is none. */
static const Method **extended;

const Method *const *method_all(void)
{
    return extended ? extended : built_in;
}

const Method *method_find(const char *name)
{
    const Method *const *all = method_all();
    for (size_t i = 0; all[i]; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

void method_register(const Method *method, const char *plugin, const char *plugin_hash)
{
    if (method_find(method->name)) die("two methods are called %s", method->name);
    const Method *const *all = method_all();
    size_t count = 0;
    while (all[count]) count++;
    const Method **longer = xcalloc(count + 2, sizeof *longer);
    memcpy(longer, all, count * sizeof *longer);
    Method *copy = xmalloc(sizeof *copy);
    *copy = *method;
    copy->plugin = xstrdup(plugin);
    copy->plugin_hash = xstrdup(plugin_hash);
    longer[count] = copy;
    free(extended);
    extended = longer;
}
