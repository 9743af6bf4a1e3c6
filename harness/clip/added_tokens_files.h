/* Where transformers keeps the tokens that were added to a vocabulary, beside vocab.json or tokenizer.json:
 *
 *     tokenizer_config.json    added_tokens_decoder {"49408": {"content": "<cat-toy>", "lstrip": false, ...}}, and the special tokens
 *                              ("pad_token": "!", ..., "extra_special_tokens": [...])
 *     tokenizer.json           added_tokens [{"id": 49408, "content": ..., ...}]
 *     added_tokens.json        {"<cat-toy>": 49408}
 *     special_tokens_map.json  {"pad_token": "!" or {"content": "!", "lstrip": ..., ...}}; neither of the last two where there is an
 *                              added_tokens_decoder
 *
 * What stands in several of them is what the first says. A special token whose id no file says must be one of the vocabulary; no model
 * has a row for another, and it is passed over (transformers would give it the next id). */
#pragma once

#include "harness/base/error.h"
#include "harness/clip/added_tokens.h"

/* Appends all of a folder. Ids are -1 where no file says them. Fails on malformed files. */
bool added_tokens_read(const char *folder, AddedTokens *list, Error *err);
