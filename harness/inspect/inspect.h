/* What a file or a folder is, from names, headers and configurations alone: no weight is read and no model is built.
 *
 *     Inspection i;
 *     if (!inspect("RN50.pt", &i, err)) ...
 *     printf("%s %s\n", i.kind, i.layout);
 *     inspection_free(&i);
 *
 * Things are told by their content, not by their names, in this order: folders with a diffusers pipeline or one of its parts, a LoRA, a
 * CLIP, a vocabulary, learned words, a data set, pictures; files with tensors, HDF5 files, configurations. */
#pragma once

#include "harness/base/text.h"
#include "harness/io/tensor.h"

enum { INSPECT_TYPES = TENSOR_BOOL + 1 };

typedef struct Inspection {
    const char *
        kind; /* clip, diffusion, unet, vae, lora, embedding, tokenizer, state-dict, dataset, images, result, artifact, scheduler,
                       * experiments, unknown */
    char *
        layout; /* openai-jit, openai-state-dict, huggingface, open_clip, diffusers, compvis, sgm, kohya, peft, ..; or NULL */
    char *architecture;             /* RN50, ViT-B-16, sd15, sd21, ..; or NULL */
    size_t parameters;              /* elements of tensors of floats */
    size_t elements[INSPECT_TYPES]; /* by type of tensor */
    TextList missing, unknown;      /* names of tensors and files that it lacks, of tensors that have no place in it */
    TextList notes;                 /* sentences and facts for people */
    TextList uses;                  /* commands that read it */
    char *why;                      /* why it is not read by palbench, a sentence; NULL: it is */
} Inspection;

/* Fails when there is nothing at `path`. What is recognised by nobody is of kind "unknown". */
bool inspect(const char *path, Inspection *i, Error *err);
void inspection_free(Inspection *i);
