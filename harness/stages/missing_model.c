/* A path that ends as the place of an embedded model does is one: experiments.json may lie in another folder, an installed one say. */
#include "harness/stages/missing_model.h"

#include "harness/base/text.h"

bool fail_without_clip(const Model *model, Error *err)
{
    if (text_ends_part(model->clip, EMBEDDED_CLIP, '/'))
        return fail(err, "%s: model %s is not there; make it with: palbench pretrain clip --out %s", model->clip,
                    model->name, model->clip);
    return fail(err, "%s: model %s is not there; put the checkpoint there or name its place in paths.json", model->clip,
                model->name);
}

bool fail_without_diffusion(const Model *model, Error *err)
{
    if (text_ends_part(model->diffusion, EMBEDDED_DIFFUSION, '/'))
        return fail(err,
                    "%s: the diffusion model of %s is not there; make it with: palbench pretrain diffusion --out %s",
                    model->diffusion, model->name, model->diffusion);
    return fail(err,
                "%s: the diffusion model of %s is not there; put the diffusers folder there or name its place in "
                "paths.json",
                model->diffusion, model->name);
}
