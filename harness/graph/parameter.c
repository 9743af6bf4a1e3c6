/* A parameter that owns its arrays: value and gradient are there together or not at all. (Those whose values stay in a
 * file until a graph wants them are made by who knows the file, with `load`.) */
#include "harness/graph/graph.h"

#include <stdlib.h>

bool parameter_init(Parameter *p, const char *name, Shape s, Error *err)
{
    *p = (Parameter){.shape = s};
    const size_t size = shape_size(s);
    if (!big_alloc(&p->value, size, sizeof *p->value, name, err)) return false;
    if (!big_alloc(&p->gradient, size, sizeof *p->gradient, name, err)) {
        free(p->value);
        p->value = NULL;
        return false;
    }
    p->name = xstrdup(name);
    return true;
}

void parameter_free(Parameter *p)
{
    free(p->name);
    free(p->value);
    free(p->gradient);
    *p = (Parameter){0};
}
