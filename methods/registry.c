/* The registry: the methods of the tree, and behind them those that plugins bring. */
#include "methods/shared/method.h"

#include <stdlib.h>
#include <string.h>

/* A method is its file and its line here, in the order in which lists and sentences name them. */
#define METHODS(METHOD)                                                                                                \
    METHOD(zsclip)                                                                                                     \
    METHOD(random_context)                                                                                             \
    METHOD(linear_probe)                                                                                               \
    METHOD(tai)                                                                                                        \
    METHOD(tai_dpt)                                                                                                    \
    METHOD(t2i_pal)                                                                                                    \
    METHOD(pvp)                                                                                                        \
    METHOD(coop)                                                                                                       \
    METHOD(dualcoop)                                                                                                   \
    METHOD(positivecoop)                                                                                               \
    METHOD(clip_adapter)                                                                                               \
    METHOD(tip_adapter)                                                                                                \
    METHOD(tip_adapter_f)                                                                                              \
    METHOD(comc)                                                                                                       \
    METHOD(sparc)                                                                                                      \
    METHOD(class_concept)                                                                                              \
    METHOD(dualprompt)                                                                                                 \
    METHOD(sparc_norm)                                                                                                 \
    METHOD(bcp)                                                                                                        \
    METHOD(companions)                                                                                                 \
    METHOD(ensemble)

#define DECLARE(method) extern const Method method_##method;
METHODS(DECLARE)
#define ADDRESS(method) &method_##method,
static const Method *const built_in[] = {METHODS(ADDRESS) NULL};

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
