/* palbench encode-text: texts through a CLIP text tower into an HDF5 file. */
#include "harness/cli/command.h"
#include "harness/stages/features.h"

#include <stdlib.h>

static bool tokenize_all(const Tokenizer *tokenizer, const Clip *clip, const TextList *texts, TokenList *tokens,
                         Progress *progress, Error *err)
{
    if (tokenizer_size(tokenizer) > clip->config.vocabulary)
        return fail(err,
                    "%s: the tokenizer knows %zu tokens but the model %zu; give the model's own with --tokenizer DIR",
                    clip->path, tokenizer_size(tokenizer), clip->config.vocabulary);
    for (size_t i = 0; i < texts->count; i++)
        tokenizer_encode(tokenizer, texts->items[i], clip->config.context, tokens);
    token_list_remarks(tokens, (const char *const *)texts->items, "texts", clip->config.context, progress);
    return true;
}

static bool encode(Cli *cli, const Clip *clip, const Tokenizer *tokenizer, const TextList *texts, const char *out,
                   Error *err)
{
    TokenList tokens = {0};
    TextFeatures features = {0};
    const bool good =
        tokenize_all(tokenizer, clip, texts, &tokens, cli->progress, err) &&
        clip_encode_texts(clip, &tokens, true, cli->arithmetic, &features, cli->progress, err) &&
        text_features_write(out, clip, cli->arithmetic, &features, (const char *const *)texts->items, err);
    text_features_free(&features);
    token_list_free(&tokens);
    return good;
}

static bool run(Cli *cli, Error *err)
{
    const char *path, *out;
    TextList texts = {0};
    if (!cli_required(cli, "clip", &path, err) || !cli_required(cli, "out", &out, err) || !cli_texts(cli, &texts, err))
        return false;
    const char *tokenizer_path = cli_value(cli, "tokenizer");
    Clip *clip = clip_open(path, err);
    Tokenizer *tokenizer = clip ? tokenizer_open(tokenizer_path ? tokenizer_path : path, err) : NULL;
    bool good = tokenizer != NULL;
    if (good && !clip->config.has_text) good = fail(err, "%s: the model has no text tower", path);
    if (good && texts.count == 0) good = fail(err, "%s: holds no text", cli_value(cli, "file"));
    good = good && encode(cli, clip, tokenizer, &texts, out, err);
    tokenizer_free(tokenizer);
    clip_free(clip);
    text_list_free(&texts);
    return good;
}

static const CliOption options[] = {
    {"clip", "PATH", "a CLIP checkpoint: Hugging Face or open_clip folder, or safetensors with OpenAI's names"},
    {"tokenizer", "DIR", "where the vocabulary lies, when not beside the weights"},
    {"out", "F.h5", "global [n,D], local [T,D], offsets [n+1], tokens [T], texts [n]"},
    {"file", "F", "a text a line; - is standard input"},
    {NULL, NULL, NULL},
};

const Command command_encode_text = {
    .name = "encode-text",
    .arguments = "--clip PATH --out F.h5 [--tokenizer DIR] [--file F] [TEXT...]",
    .summary = "global and local text features of a frozen CLIP",
    .details = "Every feature has unit length; local ones are of all positions, start and end token included.",
    .example = "palbench encode-text --clip models/RN50 --out texts.h5 \"a cat\" \"two dogs on a street\"",
    .takes = 0,
    .options = options,
    .run = run,
};
