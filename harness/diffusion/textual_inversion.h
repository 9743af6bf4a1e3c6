/* Textual inversion (Gal et al. 2023): words of a prompt whose vectors were learned, in files beside the model.
 *
 *     TextualInversion t;
 *     textual_inversion_open(&t, "learned_embeds.safetensors=<my-cat>", err);
 *     textual_inversion_free(&t);
 *
 * diffusers' form has one tensor under the word's name, [width] or [vectors, width]; automatic1111's has "emb_params" (safetensors) or
 * "string_to_param.*" (.pt), and the word is the file's name without its ending. */
#pragma once

#include "harness/clip/tokenizer.h"

typedef struct TextualInversion {
    char *file, *word;
    size_t vectors, width;
    float *values; /* [vectors, width] */
} TextualInversion;

/* FILE or FILE=WORD; FILE may be a folder that has learned_embeds.safetensors or learned_embeds.bin. Fails on: unreadable files,
 * several tensors (those of models with two text encoders), other shapes, values that are not finite. */
bool textual_inversion_open(TextualInversion *t, const char *what, Error *err);
/* Adds the word's tokens to a vocabulary: the first vector has its own name, the others WORD_1, WORD_2, ...; ids [vectors]. Fails where the
 * vocabulary has one of them. */
bool textual_inversion_add(const TextualInversion *t, Tokenizer *vocabulary, int32_t *ids, Error *err);
void textual_inversion_free(TextualInversion *t);
/* The file in a folder, as diffusers names it; NULL when there is none. Caller frees. */
char *textual_inversion_in(const char *folder);
