/* A path that ends as the place of an embedded model does is one: experiments.json may lie in another folder, an installed one say. */
#include "harness/stages/missing_model.h"

#include <string.h>

static bool lies_at(const char *path, const char *place)
{
    const size_t length = strlen(path), tail = strlen(place);
    return length >= tail && strcmp(path + length - tail, place) == 0 &&
           (length == tail || path[length - tail - 1] == '/');
}

bool fail_without_clip(const Model *model, Error *err)
{
    if (lies_at(model->clip, EMBEDDED_CLIP))
        return fail(err, "%s: model %s is not there; make it with: palbench pretrain clip --out %s", model->clip,
                    model->name, model->clip);
    return fail(err, "%s: model %s is not there; put the checkpoint there or name its place in paths.json", model->clip,
                model->name);
}

bool fail_without_diffusion(const Model *model, Error *err)
{
    if (lies_at(model->diffusion, EMBEDDED_DIFFUSION))
        return fail(err,
                    "%s: the diffusion model of %s is not there; make it with: palbench pretrain diffusion --out %s",
                    model->diffusion, model->name, model->diffusion);
    return fail(err,
                "%s: the diffusion model of %s is not there; put the diffusers folder there or name its place in "
                "paths.json",
                model->diffusion, model->name);
}
