/* Inside the reader of single files. */
#pragma once

#include "harness/diffusion/single_file.h"
#include "harness/diffusion/single_names.h"
#include "harness/io/yaml.h"

struct SingleFile {
    char *path, *folder; /* folder: where it lies */
    TensorFile *tensors;
    YamlFile *yaml; /* NULL: none beside the file */
    const char *unet_prefix, *vae_prefix, *text_prefix;
    const char *layout;
    bool openclip; /* the text tower has OpenCLIP's names: Stable Diffusion 2 */
    SingleShape unet_shape, vae_shape;
    const char *prediction;              /* "epsilon" or "v_prediction" */
    bool guessed;                        /* nothing said so */
    char *unet, *vae, *scheduler, *text; /* texts of config.json; text NULL: from shapes */
};

/* single_config.c: the configurations of diffusers that fit the tensors. Caller frees; NULL with a sentence. */
char *single_unet_config(SingleFile *f, Error *err); /* fills unet_shape.layers too */
char *single_vae_config(SingleFile *f, Error *err);  /* fills vae_shape.levels too */
char *single_scheduler_config(const SingleFile *f);
