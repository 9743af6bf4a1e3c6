/* Tokens against transformers' CLIPTokenizer (tests/cases/tokens.txt, tests/golden/make_tokens.py), vocabularies in all their file
 * forms, and broken ones. What needs the shared test data is skipped without it. */
#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/clip/tokenizer.h"
#include "harness/io/json.h"
#include "tests/case_file.h"

#include <stdio.h>
#include <time.h>
#include <zlib.h>

static char *shared_path(const char *name)
{
    const char *root = getenv("PALBENCH_SHARED");
    return xformat("%s/data/%s", root ? root : "../shared", name);
}

static Tokenizer *open_good(const char *path)
{
    Error err = {0};
    Tokenizer *t = tokenizer_open(path, &err);
    if (!t) fail_msg("%s", err.text);
    return t;
}

static Tokenizer *shared_tokenizer(void)
{
    char *path = shared_path("clip-tokenizer");
    if (!path_exists(path)) {
        print_message("skipped: %s is not there; set PALBENCH_SHARED to the folder with the shared test data\n", path);
        free(path);
        skip();
    }
    Tokenizer *t = open_good(path);
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

/* ---- tests/cases/tokens.txt ---- */

static void check_cut(const Tokenizer *t, const char *text, const TokenList *whole)
{
    const size_t length = whole->offsets[1];
    for (size_t limit = 2; limit <= length; limit++) {
        TokenList cut = {0};
        tokenizer_encode(t, text, limit, &cut);
        assert_int_equal(cut.offsets[1], limit);
        assert_memory_equal(cut.tokens, whole->tokens, (limit - 1) * sizeof *cut.tokens);
        assert_int_equal(cut.tokens[limit - 1], tokenizer_end(t));
        token_list_free(&cut);
    }
}

static Tokenizer *vocabularies[2]; /* of the sections mini and clip, open once */

static void a_text_has_the_tokens_of_its_line(void **state)
{
    const CaseLine *one = *state;
    const bool mini = strcmp(one->section->verdict, "mini") == 0;
    if (!mini) assert_string_equal(one->section->verdict, "clip");
    if (!vocabularies[mini]) vocabularies[mini] = mini ? open_good("results/pretrained/mini-clip") : shared_tokenizer();
    const Tokenizer *t = vocabularies[mini];
    TokenList list = {0};
    Text got = {0};
    char *text, *ids;
    case_sides(one->line, &text, &ids);
    tokenizer_encode(t, text, 0, &list);
    for (size_t i = 0; i < list.offsets[1]; i++) text_addf(&got, "%s%d", i ? " " : "", (int)list.tokens[i]);
    assert_string_equal(got.data, ids);
    check_cut(t, text, &list);
    text_free(&got);
    token_list_free(&list);
    free(text), free(ids);
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

/* ---- tokens that were added ---- */

#define MINI "results/pretrained/mini-sd/tokenizer/"

static void copy_there(const char *folder, const char *from, const char *name)
{
    char *path = path_join(from, name), *bytes;
    size_t count;
    Error err;
    if (path_exists(path)) {
        if (!read_file(path, 1 << 24, &bytes, &count, &err)) fail_msg("%s", err.text);
        put(folder, name, bytes);
        free(bytes);
    }
    free(path);
}

/* The mini vocabulary as a tokenizer.json with these tokens added to start and end. */
static void put_tokenizer_json(const char *folder, const char *added)
{
    char *vocab;
    size_t count;
    TextList lines = {0};
    Error err;
    if (!read_file(MINI "vocab.json", 1 << 24, &vocab, &count, &err) ||
        !read_lines(MINI "merges.txt", 1 << 24, &lines, &err))
        fail_msg("%s", err.text);
    Text json = {0};
    text_addf(&json,
              "{\"added_tokens\": %s, \"model\": {\"end_of_word_suffix\": \"</w>\", \"vocab\": %s, \"merges\": [",
              added, vocab);
    for (size_t i = 1; i < lines.count; i++) {
        text_add(&json, i > 1 ? "," : "");
        json_quote(&json, lines.items[i]);
    }
    text_add(&json, "]}}");
    put(folder, "tokenizer.json", json.data);
    text_free(&json);
    text_list_free(&lines);
    free(vocab);
}

static const char *const side_files[] = {"added_tokens.json", "special_tokens_map.json", "tokenizer_config.json"};

static char *folder_of(Json files)
{
    char *folder = new_folder();
    const Json whole = json_get(files, "tokenizer.json");
    if (whole.node) {
        char *added = json_canonical(whole.node);
        put_tokenizer_json(folder, added);
        free(added);
    } else {
        copy_there(folder, MINI, "vocab.json");
        copy_there(folder, MINI, "merges.txt");
    }
    for (size_t i = 0; i < 3; i++) {
        const Json file = json_get(files, side_files[i]);
        if (!file.node) continue;
        char *text = json_canonical(file.node);
        put(folder, side_files[i], text);
        free(text);
    }
    return folder;
}

static void remove_folder_and_side_files(char *folder)
{
    for (size_t i = 0; i < 3; i++) {
        char *path = path_join(folder, side_files[i]);
        remove(path);
        free(path);
    }
    remove_folder(folder);
}

static void added_tokens_are_matched_as_the_reference_matches_them(void **state)
{
    (void)state;
    JsonFile *golden = open_json("tests/golden/added_tokens.json");
    const Json texts = json_get(json_root(golden), "texts"), cases = json_get(json_root(golden), "cases");
    for (size_t c = 0; c < json_count(cases); c++) {
        const Json one = json_at(cases, c), ids = json_get(one, "ids");
        char *folder = folder_of(json_get(one, "files"));
        Tokenizer *t = open_good(folder);
        TokenList list = {0};
        assert_int_equal(tokenizer_size(t), json_get(one, "size").node->valueint);
        for (size_t i = 0; i < json_count(texts); i++) {
            tokenizer_encode(t, json_at(texts, i).node->valuestring, 0, &list);
            expect_ids(&list, json_at(ids, i).node, json_at(texts, i).node->valuestring);
        }
        token_list_free(&list);
        tokenizer_free(t);
        remove_folder_and_side_files(folder);
    }
    json_free(golden);
}

static void the_tokenizers_of_real_pipelines_give_the_tokens_of_the_reference(void **state)
{
    (void)state;
    JsonFile *golden = open_json("tests/golden/added_tokens.json");
    tokenizer_free(shared_tokenizer()); /* skips where there are none */
    char *vocabulary = shared_path("clip-tokenizer"), *configs = shared_path("real/configs");
    const Json texts = json_get(json_root(golden), "real_texts"), real = json_get(json_root(golden), "real");
    for (size_t c = 0; c < json_count(real); c++) {
        char *folder = new_folder(), *source = path_join(configs, json_key(json_at(real, c)));
        copy_there(folder, vocabulary, "vocab.json"), copy_there(folder, vocabulary, "merges.txt");
        for (size_t i = 0; i < 3; i++) copy_there(folder, source, side_files[i]);
        Tokenizer *t = open_good(folder);
        TokenList list = {0};
        for (size_t i = 0; i < json_count(texts); i++) {
            tokenizer_encode(t, json_at(texts, i).node->valuestring, 0, &list);
            expect_ids(&list, json_at(json_at(real, c), i).node, source);
        }
        token_list_free(&list);
        tokenizer_free(t);
        free(source);
        remove_folder_and_side_files(folder);
    }
    free(vocabulary), free(configs);
    json_free(golden);
}

static void added_tokens_change_the_fingerprint_and_plain_folders_keep_theirs(void **state)
{
    (void)state;
    char *folder = new_folder();
    copy_there(folder, MINI, "vocab.json");
    copy_there(folder, MINI, "merges.txt");
    Tokenizer *bare = open_good(folder), *full = open_good(MINI);
    /* The side files of the mini models name start and end token alone. */
    assert_string_equal(tokenizer_fingerprint(bare), tokenizer_fingerprint(full));
    assert_string_equal(tokenizer_fingerprint(bare),
                        "48208d0c4a409c2a6bfc6fbd30b9b1ef05093e6f6c7a3728317ddc4746c35dfb");
    static const char *const files[] = {"{\"sks\": 825}", "{\"SKS\": 825}", "{\"a</w>\": 320}"};
    char hex[3][65];
    for (size_t i = 0; i < 3; i++) {
        put(folder, "added_tokens.json", files[i]);
        Tokenizer *t = open_good(folder);
        strcpy(hex[i], tokenizer_fingerprint(t));
        assert_string_not_equal(hex[i], tokenizer_fingerprint(bare));
        for (size_t k = 0; k < i; k++) assert_string_not_equal(hex[i], hex[k]);
        tokenizer_free(t);
    }
    tokenizer_free(bare);
    tokenizer_free(full);
    remove_folder_and_side_files(folder);
}

static void sixty_thousand_added_tokens_take_linear_time(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    char *folder = new_folder();
    copy_there(folder, MINI, "vocab.json");
    copy_there(folder, MINI, "merges.txt");
    Text json = {0}, text = {0};
    for (int i = 0; i < COUNT; i++) text_addf(&json, "%s\"<added-%d>\": %d", i ? "," : "{", i, 825 + i);
    text_add(&json, "}");
    put(folder, "added_tokens.json", json.data);
    for (int i = 0; i < 1000; i++) text_addf(&text, "<added-%d> a <added- ", 59 * i);
    const clock_t begin = clock();
    Tokenizer *t = open_good(folder);
    TokenList list = {0};
    tokenizer_encode_bare(t, text.data, &list);
    assert_int_equal(tokenizer_size(t), 825 + COUNT);
    assert_int_equal(list.tokens[0], 825);
    assert_in_range(clock() - begin, 0,
                    5 * CLOCKS_PER_SEC); /* 0.2 s; going through all of them each time took minutes */
    token_list_free(&list);
    tokenizer_free(t);
    text_free(&json);
    text_free(&text);
    remove_folder_and_side_files(folder);
}

static void broken_added_tokens_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *sentence;
    } cases[] = {
        {"added_tokens.json", "{\"sks\": 826}", "\"sks\" must be a whole number from 0 to 825"},
        {"added_tokens.json", "{\"sks\": 3}", "have the same id 3"},
        {"added_tokens.json", "{\"sks\": 825, \"tsk\": 825}", "have the same id 825"},
        {"added_tokens.json", "{\"a</w>\": 825}", "has the id 320 here and 825 as an added token"},
        {"added_tokens.json", "{\"sks\": -1}", "whole number"},
        {"added_tokens.json", "{\"sks\": \"1\"}", "number"},
        {"added_tokens.json", "[]", "object"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": [1]}", "added_tokens_decoder"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"sks\"}}}", "whole number"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"825\": {}}}", "content"},
        {"tokenizer_config.json", "{\"added_tokens_decoder\": {\"825\": {\"content\": \"x\", \"lstrip\": 1}}}",
         "lstrip"},
        {"tokenizer_config.json", "{\"pad_token\": {\"lstrip\": true}}", "content"},
        {"special_tokens_map.json", "{\"pad_token\": ", "not valid JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = new_folder();
        copy_there(folder, MINI, "vocab.json");
        copy_there(folder, MINI, "merges.txt");
        put(folder, cases[i].name, cases[i].text);
        Error err = {0};
        assert_null(tokenizer_open(folder, &err));
        if (!strstr(err.text, cases[i].sentence) || !strstr(err.text, folder)) fail_msg("case %zu: %s", i, err.text);
        remove_folder_and_side_files(folder);
    }
}

static void a_token_can_be_made_special_and_ordinary_again(void **state)
{
    (void)state;
    Tokenizer *t = open_good(MINI);
    TokenList list = {0};
    for (int round = 0; round < 3; round++) {
        tokenizer_make_special(t, "!", round == 1);
        tokenizer_encode_bare(t, "a!!", &list);
    }
    const size_t plain = list.offsets[1];
    assert_int_equal(list.offsets[2] - list.offsets[1], 3);
    assert_int_equal(list.tokens[list.offsets[1] + 2], 0);
    assert_int_equal(list.offsets[3] - list.offsets[2], plain);
    assert_memory_equal(list.tokens, list.tokens + list.offsets[2], plain * sizeof *list.tokens);
    assert_true(list.tokens[2] != 0); /* "!" at the end of a word */
    token_list_free(&list);
    tokenizer_free(t);
}

static void a_token_that_is_there_is_not_added_again(void **state)
{
    (void)state;
    Tokenizer *t = open_good(MINI);
    assert_int_equal(tokenizer_add(t, "<|endoftext|>"), -1);
    assert_int_equal(tokenizer_add(t, "a</w>"), -1);
    assert_int_equal(tokenizer_add(t, ""), -1);
    assert_int_equal(tokenizer_add(t, "Sks"), 825);
    assert_int_equal(tokenizer_add(t, "Sks"), -1);
    assert_int_equal(tokenizer_size(t), 826);
    assert_int_equal(tokenizer_id(t, "Sks"), 825);
    expect_tokens(t, "a sks", 0, (int32_t[]){823, 320, 825, 824}, 4);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_captions_have_the_tokens_of_the_reference),
        cmocka_unit_test(both_forms_of_tokenizer_json_equal_vocab_and_merges),
        cmocka_unit_test(openai_vocabulary_follows_from_its_merges),
        cmocka_unit_test(openai_order_is_that_of_the_published_vocabulary),
        cmocka_unit_test(cutting_keeps_the_end_token_last),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(broken_vocabularies_are_refused_with_a_sentence),
        cmocka_unit_test(added_tokens_are_matched_as_the_reference_matches_them),
        cmocka_unit_test(the_tokenizers_of_real_pipelines_give_the_tokens_of_the_reference),
        cmocka_unit_test(added_tokens_change_the_fingerprint_and_plain_folders_keep_theirs),
        cmocka_unit_test(sixty_thousand_added_tokens_take_linear_time),
        cmocka_unit_test(broken_added_tokens_are_refused_with_a_sentence),
        cmocka_unit_test(a_token_can_be_made_special_and_ordinary_again),
        cmocka_unit_test(a_token_that_is_there_is_not_added_again),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    const int lines = case_lines_run("tests/cases/tokens.txt", a_text_has_the_tokens_of_its_line, NULL, NULL);
    tokenizer_free(vocabularies[0]);
    tokenizer_free(vocabularies[1]);
    return failed + lines;
}
