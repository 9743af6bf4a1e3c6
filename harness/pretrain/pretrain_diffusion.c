#include "harness/pretrain/pretrain_diffusion.h"

#include "harness/pretrain/pretrain_autoencoder.h"

bool pretrain_diffusion(const PretrainDiffusionOptions *o, Error *err)
{
    Vae *vae = NULL;
    bool done;
    return make_folders(o->run.work, err) && pretrain_autoencoder(&o->run, o->vae_images, &vae, &done, err);
}
