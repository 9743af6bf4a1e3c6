/* A pipeline from one file: its parts come from single_file.h; the vocabulary, which no such file holds, is named or lies beside it. */
#include "harness/base/text.h"
#include "harness/diffusion/pipeline_internal.h"

#include <stdlib.h>

static bool open_tokenizer(Pipeline *p, const char *named, Error *err)
{
    char *beside = named ? NULL : single_file_tokenizer(p->single);
    const char *folder = named ? named : beside;
    if (folder)
        p->tokenizer = prompt_tokenizer_open(folder, p->clip->config.context, err);
    else
        fail_usage(err,
                   "%s: a checkpoint in one file has no vocabulary; name a folder with vocab.json and merges.txt "
                   "(--tokenizer; "
                   "tokenizer/ of any Stable Diffusion folder), or put it beside the file as tokenizer/",
                   p->folder);
    if (p->tokenizer && named) prompt_tokenizer_pad_with(p->tokenizer, single_file_pads_with_zero(p->single));
    free(beside);
    return p->tokenizer != NULL;
}

static Vae *open_vae(Pipeline *p, const char *named, Error *err)
{
    return named ? pipeline_open_vae(p, named, err) : single_file_vae(p->single, err);
}

/* What is written for the file itself needs no correction; a scheduler_config.json beside it may. */
static bool open_scheduler(Pipeline *p, const char *kind, Error *err)
{
    p->scheduler = single_file_scheduler(p->single, kind, err);
    if (!p->scheduler) return false;
    const char *class = scheduler_written_by(p->scheduler);
    pipeline_repair_scheduler(p, kind, class ? scheduler_of_class(class) : NULL);
    return true;
}

bool pipeline_open_single(Pipeline *p, PipelineParts parts, Error *err)
{
    return (p->single = single_file_open(p->folder, parts.prediction, err)) &&
           (p->clip = single_file_clip(p->single, err)) && open_tokenizer(p, parts.tokenizer, err) &&
           open_scheduler(p, parts.scheduler, err) && (p->vae = open_vae(p, parts.vae, err)) &&
           (p->unet = single_file_unet(p->single, err));
}
