/* palbench tokenize: one JSON array of token ids a line. */
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/clip/tokenizer.h"
#include "harness/diffusion/text_encoder.h"
#include "harness/diffusion/textual_inversion.h"

#include <stdio.h>
#include <stdlib.h>

static void print_tokens(const int32_t *tokens, size_t count)
{
    putchar('[');
    for (size_t i = 0; i < count; i++) printf("%s%d", i ? ", " : "", tokens[i]);
    puts("]");
}

static bool add_words(const Cli *cli, Tokenizer *tokenizer, Error *err)
{
    TextList files = {0};
    bool good = true;
    cli_values(cli, "embedding", &files);
    for (size_t i = 0; i < files.count && good; i++) {
        TextualInversion t;
        good = textual_inversion_open(&t, files.items[i], err);
        if (!good) break;
        int32_t *ids = xcalloc(t.vectors, sizeof *ids);
        good = textual_inversion_add(&t, tokenizer, ids, err);
        free(ids);
        textual_inversion_free(&t);
    }
    text_list_free(&files);
    return good;
}

/* With learned words as generate reads a prompt, else as it is. */
static void encode(const Cli *cli, const Tokenizer *tokenizer, const char *text, size_t limit, TokenList *list)
{
    char *prompt = cli_has(cli, "embedding") ? prompt_convert(tokenizer, text) : NULL;
    tokenizer_encode(tokenizer, prompt ? prompt : text, limit, list);
    free(prompt);
}

static bool run(Cli *cli, Error *err)
{
    const char *path;
    size_t limit;
    TextList texts = {0};
    if (!cli_required(cli, "tokenizer", &path, err) || !cli_size(cli, "limit", 0, 2, 1 << 20, &limit, err))
        return false;
    Tokenizer *tokenizer = tokenizer_open(path, err);
    if (!tokenizer) return false;
    const bool good = add_words(cli, tokenizer, err) && cli_texts(cli, &texts, err);
    TokenList list = {0};
    for (size_t i = 0; good && i < texts.count; i++) {
        encode(cli, tokenizer, texts.items[i], limit, &list);
        print_tokens(list.tokens + list.offsets[i], list.offsets[i + 1] - list.offsets[i]);
    }
    token_list_remarks(&list, (const char *const *)texts.items, "texts", limit, cli->progress);
    token_list_free(&list);
    text_list_free(&texts);
    tokenizer_free(tokenizer);
    return good;
}

static const CliOption options[] = {
    {"tokenizer", "DIR",
     "folder with vocab.json + merges.txt, tokenizer.json, or OpenAI's bpe_simple_vocab_16e6.txt.gz"},
    {"embedding", "FILE[=WORD]", "a word learned by textual inversion, as in generate; may be repeated"},
    {"file", "F", "a text a line; - is standard input"},
    {"limit", "N", "cut to N tokens, the end token being the last (default: not cut)"},
    {NULL, NULL, NULL},
};

const Command command_tokenize = {
    .name = "tokenize",
    .arguments = "--tokenizer DIR [--file F] [TEXT...]",
    .summary = "texts as CLIP's tokens, one JSON array a line",
    .details = "Start token, tokens, end token; no padding.",
    .example = "palbench tokenize --tokenizer models/RN50 \"a photo of a cat.\"",
    .options = options,
    .run = run,
};
