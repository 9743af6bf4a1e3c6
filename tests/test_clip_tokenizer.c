/* Tokens against transformers' CLIPTokenizer (tests/golden/make_tokens.py), vocabularies in all their file forms, and broken
 * ones. What needs the shared test data is skipped without it. */
#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/clip/tokenizer.h"
#include "harness/io/json.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char *shared_path(const char *name)
{
    const char *root = getenv("PALBENCH_SHARED");
    return xformat("%s/data/%s", root ? root : "../shared", name);
}

static Tokenizer *shared_tokenizer(void)
{
    char *path = shared_path("clip-tokenizer");
    if (!path_exists(path)) {
        print_message("skipped: %s is not there; set PALBENCH_SHARED to the folder with the shared test data\n", path);
        free(path);
        skip();
    }
    Error err = {0};
    Tokenizer *t = tokenizer_open(path, &err);
    if (!t) fail_msg("%s", err.text);
    free(path);
    return t;
}

static JsonFile *open_json(const char *path)
{
    Error err = {0};
    JsonFile *file = json_read(path, &err);
    if (!file) fail_msg("%s", err.text);
    return file;
}

static uint64_t fold(const int32_t *ids, size_t count)
{
    uint64_t value = 0xcbf29ce484222325u;
    for (size_t i = 0; i < count; i++)
        for (int shift = 0; shift < 32; shift += 8)
            value = (value ^ ((uint32_t)ids[i] >> shift & 255)) * 0x100000001b3u;
    return value;
}

static void all_captions_have_the_tokens_of_the_reference(void **state)
{
    (void)state;
    Tokenizer *t = shared_tokenizer();
    char *path = shared_path("coco_captions_sample.json");
    JsonFile *captions = open_json(path), *golden = open_json("tests/golden/tokens.json");
    const cJSON *want = json_get(json_root(golden), "captions").node->child, *have = json_root(captions).node->child;
    TokenList list = {0};
    size_t count = 0;
    for (; want && have; want = want->next, have = have->next, count++) {
        const cJSON *inner = cJSON_GetObjectItem(have, "caption");
        tokenizer_encode(t, inner ? inner->valuestring : have->valuestring, 0, &list);
        char hex[17];
        snprintf(
            hex, sizeof hex, "%016llx",
            (unsigned long long)fold(list.tokens + list.offsets[count], list.offsets[count + 1] - list.offsets[count]));
        assert_string_equal(hex, want->valuestring);
    }
    assert_int_equal(count, 1000);
    token_list_free(&list);
    json_free(captions);
    json_free(golden);
    free(path);
    tokenizer_free(t);
}

static void expect_ids(const TokenList *list, const cJSON *ids, const char *text)
{
    const size_t start = list->offsets[list->count - 1], count = list->offsets[list->count] - start;
    if (count != (size_t)cJSON_GetArraySize(ids)) fail_msg("\"%s\" has %zu tokens", text, count);
    const cJSON *id = ids->child;
    for (size_t i = 0; i < count; i++, id = id->next)
        if (list->tokens[start + i] != id->valueint) fail_msg("\"%s\": token %zu differs", text, i);
}

static void hard_unicode_strings_have_the_tokens_of_the_reference(void **state)
{
    (void)state;
    Tokenizer *t = shared_tokenizer();
    JsonFile *golden = open_json("tests/golden/tokens.json");
    TokenList list = {0};
    for (const cJSON *item = json_get(json_root(golden), "hard").node->child; item; item = item->next) {
        const char *text = cJSON_GetObjectItem(item, "text")->valuestring;
        tokenizer_encode(t, text, 0, &list);
        expect_ids(&list, cJSON_GetObjectItem(item, "ids"), text);
        tokenizer_encode(t, text, 9, &list);
        expect_ids(&list, cJSON_GetObjectItem(item, "cut"), text);
    }
    token_list_free(&list);
    json_free(golden);
    tokenizer_free(t);
}

/* ---- a small vocabulary of our own ---- */

static const char small_vocab[] =
    "{\"a\":0,\"b\":1,\"a</w>\":2,\"b</w>\":3,\"ab</w>\":4,\"ab\":5,\"<|startoftext|>\":6,\"<|endoftext|>\":7}";

static void write_text(const char *path, const char *text)
{
    Error err = {0};
    if (!write_file(path, text, strlen(text), &err)) fail_msg("%s", err.text);
}

static char *new_folder(void)
{
    char *folder = xstrdup("/tmp/palbench-tokenizer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void put(const char *folder, const char *name, const char *text)
{
    char *path = path_join(folder, name);
    write_text(path, text);
    free(path);
}

static void remove_folder(char *folder)
{
    static const char *const names[] = {"vocab.json", "merges.txt", "tokenizer.json", "bpe_simple_vocab_16e6.txt.gz"};
    for (size_t i = 0; i < 4; i++) {
        char *path = path_join(folder, names[i]);
        remove(path);
        free(path);
    }
    remove(folder);
    free(folder);
}

static Tokenizer *open_good(const char *path)
{
    Error err = {0};
    Tokenizer *t = tokenizer_open(path, &err);
    if (!t) fail_msg("%s", err.text);
    return t;
}

static void expect_tokens(const Tokenizer *t, const char *text, size_t limit, const int32_t *want, size_t count)
{
    TokenList list = {0};
    tokenizer_encode(t, text, limit, &list);
    assert_int_equal(list.offsets[1], count);
    assert_memory_equal(list.tokens, want, count * sizeof *want);
    token_list_free(&list);
}

static void both_forms_of_tokenizer_json_equal_vocab_and_merges(void **state)
{
    (void)state;
    static const char *const merges[] = {"[\"a b</w>\", \"a b\"]", "[[\"a\", \"b</w>\"], [\"a\", \"b\"]]"};
    char *folder = new_folder();
    put(folder, "vocab.json", small_vocab);
    put(folder, "merges.txt", "#version: 0.2\na b</w>\na b\n");
    Tokenizer *plain = open_good(folder);
    expect_tokens(plain, "Ab aba", 0, (int32_t[]){6, 4, 5, 2, 7}, 5);
    remove_folder(folder);
    for (size_t i = 0; i < 2; i++) {
        folder = new_folder();
        char *json = xformat(
            "{\"added_tokens\": [{\"id\": 7, \"content\": \"<|endoftext|>\"}], \"model\": {\"type\": \"BPE\", "
            "\"end_of_word_suffix\": \"</w>\", \"vocab\": {\"a\":0,\"b\":1,\"a</w>\":2,\"b</w>\":3,\"ab</w>\":4,"
            "\"ab\":5,\"<|startoftext|>\":6}, \"merges\": %s}}",
            merges[i]);
        put(folder, "tokenizer.json", json);
        Tokenizer *t = open_good(folder);
        expect_tokens(t, "Ab aba", 0, (int32_t[]){6, 4, 5, 2, 7}, 5);
        assert_string_equal(tokenizer_fingerprint(t), tokenizer_fingerprint(plain));
        tokenizer_free(t);
        free(json);
        remove_folder(folder);
    }
    tokenizer_free(plain);
}

static void openai_vocabulary_follows_from_its_merges(void **state)
{
    (void)state;
    char *folder = new_folder(), *path = path_join(folder, "bpe_simple_vocab_16e6.txt.gz");
    gzFile file = gzopen(path, "wb");
    gzputs(file, "\"a heading\nc a\nca t</w>\n");
    gzclose(file);
    Tokenizer *t = open_good(folder);
    assert_int_equal(tokenizer_size(t), 512 + 2 + 2);
    expect_tokens(t, "CAT!", 0, (int32_t[]){514, 513, 256, 515}, 4); /* "!" is the first of bytes_to_unicode */
    tokenizer_free(t);
    free(path);
    remove_folder(folder);
}

static void openai_order_is_that_of_the_published_vocabulary(void **state)
{
    (void)state;
    Tokenizer *t = shared_tokenizer();
    char *folder = new_folder(), *path = path_join(folder, "bpe_simple_vocab_16e6.txt.gz");
    char *merges = shared_path("clip-tokenizer/merges.txt");
    TextList lines = {0};
    Error err = {0};
    assert_true(read_lines(merges, 1 << 24, &lines, &err));
    gzFile file = gzopen(path, "wb");
    for (size_t i = 0; i < lines.count; i++) gzprintf(file, "%s\n", lines.items[i]);
    gzprintf(file, "beyond the_end\n");
    gzclose(file);
    Tokenizer *simple = open_good(folder);
    TokenList list = {0};
    tokenizer_encode(simple, "a photo of two CATS, it's 12 o'clock", 0, &list);
    tokenizer_encode(t, "a photo of two CATS, it's 12 o'clock", 0, &list);
    assert_int_equal(list.offsets[2], 2 * list.offsets[1]);
    assert_memory_equal(list.tokens, list.tokens + list.offsets[1], list.offsets[1] * sizeof *list.tokens);
    token_list_free(&list);
    /* The same tokens of the same words, but another cleaning of texts. */
    assert_int_equal(tokenizer_size(simple), tokenizer_size(t));
    assert_string_not_equal(tokenizer_fingerprint(simple), tokenizer_fingerprint(t));
    text_list_free(&lines);
    tokenizer_free(simple);
    tokenizer_free(t);
    free(merges);
    free(path);
    remove_folder(folder);
}

static void cutting_keeps_the_end_token_last(void **state)
{
    (void)state;
    char *folder = new_folder();
    put(folder, "vocab.json", small_vocab);
    put(folder, "merges.txt", "");
    Tokenizer *t = open_good(folder);
    expect_tokens(t, "ab ab", 4, (int32_t[]){6, 0, 3, 7}, 4);
    expect_tokens(t, "ab ab", 6, (int32_t[]){6, 0, 3, 0, 3, 7}, 6);
    expect_tokens(t, "", 4, (int32_t[]){6, 7}, 2);
    TokenList bare = {0};
    tokenizer_encode_bare(t, "b a", &bare);
    tokenizer_encode_bare(t, "", &bare);
    assert_int_equal(bare.offsets[1], 2);
    assert_int_equal(bare.offsets[2], 2);
    token_list_free(&bare);
    tokenizer_free(t);
    remove_folder(folder);
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    (void)state;
    Tokenizer *t = shared_tokenizer();
    /* Python: bytes.decode("utf-8", "replace") */
    static const char *const pairs[][2] = {{"a\xff"
                                            "b",
                                            "a\xef\xbf\xbd"
                                            "b"},
                                           {"\xe2\x82", "\xef\xbf\xbd"},
                                           {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
                                           {"\xf0\x9f\x98x", "\xef\xbf\xbdx"},
                                           {"\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        TokenList list = {0};
        tokenizer_encode(t, pairs[i][0], 0, &list);
        tokenizer_encode(t, pairs[i][1], 0, &list);
        assert_int_equal(list.offsets[1], list.offsets[2] - list.offsets[1]);
        assert_memory_equal(list.tokens, list.tokens + list.offsets[1], list.offsets[1] * sizeof(int32_t));
        token_list_free(&list);
    }
    tokenizer_free(t);
}

static void broken_vocabularies_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *vocab, *merges, *sentence;
    } cases[] = {{"{\"a\":0,\"b\":0}", "", "the same id"},
                 {"{\"a\":0,\"b\":5}", "", "whole number"},
                 {"{\"a\":0,\"b\":-1}", "", "whole number"},
                 {"{\"a\":0,\"b\":0.5}", "", "whole number"},
                 {"[1]", "", "object"},
                 {"{}", "", "tokens"},
                 {"{\"a\":0", "", "not valid JSON"},
                 {"{\"a\":0}", "", "<|startoftext|>"},
                 {small_vocab, "a c\n", "lacks"},
                 {small_vocab, "ab\n", "two symbols"},
                 {small_vocab, "a b c\n", "two symbols"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = new_folder();
        put(folder, "vocab.json", cases[i].vocab);
        put(folder, "merges.txt", cases[i].merges);
        Error err = {0};
        assert_null(tokenizer_open(folder, &err));
        if (!strstr(err.text, cases[i].sentence) || !strstr(err.text, folder)) fail_msg("case %zu: %s", i, err.text);
        remove_folder(folder);
    }
    Error err = {0};
    assert_null(tokenizer_open("/nonexistent", &err));
    assert_non_null(strstr(err.text, "/nonexistent"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_captions_have_the_tokens_of_the_reference),
        cmocka_unit_test(hard_unicode_strings_have_the_tokens_of_the_reference),
        cmocka_unit_test(both_forms_of_tokenizer_json_equal_vocab_and_merges),
        cmocka_unit_test(openai_vocabulary_follows_from_its_merges),
        cmocka_unit_test(openai_order_is_that_of_the_published_vocabulary),
        cmocka_unit_test(cutting_keeps_the_end_token_last),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(broken_vocabularies_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
