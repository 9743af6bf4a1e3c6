/* What a prompt is to a U-Net: hidden states of CLIP's text tower after the last layer norm, at all positions of the context.
 *
 *     PromptTokenizer *t = prompt_tokenizer_open("sd15/tokenizer", clip->config.context, err);
 *     TextTower *tower = text_tower_new(clip, prompt_tokenizer_length(t), err);
 *     prompt_tokens(t, "a cat", tokens);
 *     text_tower_hidden(tower, tokens, hidden, err);
 *
 * Which layer a pipeline uses stands in its text_encoder/config.json: Stable Diffusion 2 takes the last but one of OpenCLIP's
 * tower and has therefore 23 of its 24 layers in the folder. */
#pragma once

#include "harness/clip/clip.h"

typedef struct PromptTokenizer PromptTokenizer;
/* `folder`: vocabulary files, and tokenizer_config.json or special_tokens_map.json for the padding token (absent: the end
 * token, as in Stable Diffusion 1) and the length (absent: `context`; never longer). Fails (NULL) on: nothing of the kind
 * there, malformed files, a padding token that the vocabulary lacks. */
PromptTokenizer *prompt_tokenizer_open(const char *folder, size_t context, Error *err);
void prompt_tokenizer_free(PromptTokenizer *t);
/* For a model that came without its own tokenizer folder, whose settings then are another's: pads with the end token, or (`first`) with
 * the vocabulary's first one, "!". */
void prompt_tokenizer_pad_with(PromptTokenizer *t, bool first);
size_t prompt_tokenizer_length(const PromptTokenizer *t);
const Tokenizer *prompt_tokenizer_base(const PromptTokenizer *t);
int32_t prompt_tokenizer_padding(const PromptTokenizer *t);
/* The vocabulary, to which tokens may be added (tokenizer_add). */
Tokenizer *prompt_tokenizer_vocabulary(PromptTokenizer *t);
/* Appends start, the prompt, cut where it is too long (the list says so), end. */
void prompt_tokens_list(const PromptTokenizer *t, const char *prompt, TokenList *list);
/* The prompt as diffusers' maybe_convert_prompt makes it: behind each added token that it has, "<cat-toy>", in order of appearance, stand
 * those that go with it, "<cat-toy>_1", ... Caller frees. */
char *prompt_convert(const Tokenizer *t, const char *prompt);
/* Does a word of several vectors bring all of them? In diffusers one with capitals does not: it looks the word up in small letters. */
bool prompt_word_expands(const AddedToken *token);
/* tokens [length]: start, the prompt, cut where it is too long, end, padding. */
void prompt_tokens(const PromptTokenizer *t, const char *prompt, int32_t *tokens);

typedef struct TextTower TextTower;
/* Sequences of `length` tokens through the tower of `clip`, which must outlive it. Fails (NULL) on: a model without text
 * tower, a length that is 0 or more than its context, memory. */
TextTower *text_tower_new(const Clip *clip, size_t length, Error *err);
void text_tower_free(TextTower *tower);
/* tokens [length] -> hidden [length, text_width]. Fails on: a token that the model does not know, values that are not
 * finite. */
bool text_tower_hidden(TextTower *tower, const int32_t *tokens, float *hidden, Error *err);
