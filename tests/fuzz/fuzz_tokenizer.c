/* Vocabularies: the first byte says which file of a tokenizer's folder the rest is. What opens encodes a text. */
#include "harness/clip/tokenizer.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_link("tests/golden/tiny_world/clip", "tokenizer");
    unlink(fuzz_path("tokenizer/open_clip_model.safetensors"));
    unlink(fuzz_path("tokenizer/open_clip_config.json"));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    static const char *const files[] = {"merges.txt",
                                        "vocab.json",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "added_tokens.json",
                                        "special_tokens_map.json",
                                        "bpe_simple_vocab_16e6.txt.gz"};
    if (!count) return 0;
    Error err;
    char *name = xformat("tokenizer/%s", files[*bytes % (sizeof files / sizeof *files)]);
    char *kept = xformat("%s.kept", fuzz_path(name));
    const bool had = rename(fuzz_path(name), kept) == 0;
    fuzz_put(name, bytes + 1, count - 1);
    Tokenizer *t = tokenizer_open(fuzz_path("tokenizer"), &err);
    if (t) {
        TokenList list = {0};
        tokenizer_encode(t, "A photo of 2 caf\xc3\xa9s, <|endoftext|> \xff it's", 77, &list);
        for (size_t i = 0; i < list.offsets[1]; i++)
            if (list.tokens[i] < 0 || (size_t)list.tokens[i] >= tokenizer_size(t)) abort();
        token_list_free(&list);
    }
    tokenizer_free(t);
    unlink(fuzz_path(name));
    if (had && rename(kept, fuzz_path(name)) != 0) abort();
    free(name), free(kept);
    return 0;
}
