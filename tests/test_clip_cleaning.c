/* OpenAI's cleaning of texts against ftfy, html and open_clip (tests/golden/make_cleaning.py). What needs the shared test data is
 * skipped without it. */
#include "tests/broken_files.h"

#include "harness/base/lines.h"
#include "harness/clip/mojibake.h"
#include "harness/clip/openai_cleaning.h"
#include "harness/clip/tokenizer.h"
#include "harness/clip/unicode.h"
#include "harness/io/json.h"
#include "harness/io/jsonl.h"

#include <zlib.h>

static char *shared_path(const char *name)
{
    const char *root = getenv("PALBENCH_SHARED");
    char *path = xformat("%s/data/%s", root ? root : "../shared", name);
    if (path_exists(path)) return path;
    print_message("skipped: %s is not there; set PALBENCH_SHARED to the folder with the shared test data\n", path);
    free(path);
    skip();
    return NULL;
}

static JsonFile *open_json(const char *path)
{
    Error err = {0};
    JsonFile *file = json_read(path, &err);
    if (!file) fail_msg("%s", err.text);
    return file;
}

static char *to_utf8(const Points *p)
{
    Text text = {0};
    text_add(&text, "");
    for (size_t i = 0; i < p->count; i++) {
        char bytes[4];
        text_add_bytes(&text, bytes, unicode_put(p->at[i], bytes));
    }
    return text.data;
}

static void cases_are_cleaned_as_the_reference_cleans_them(void **state)
{
    (void)state;
    JsonFile *golden = open_json("tests/golden/cleaning.json");
    const Json cases = json_get(json_root(golden), "cases");
    for (size_t i = 0; i < json_count(cases); i++) {
        const char *text, *expected, *guess = NULL;
        Error err;
        Points cleaned = {0};
        assert_true(json_string(json_at(cases, i), "text", &text, &err));
        assert_true(json_string(json_at(cases, i), "clean", &expected, &err));
        openai_clean(text, &cleaned, &guess);
        char *got = to_utf8(&cleaned);
        if (strcmp(got, expected) != 0) fail_msg("case %zu, \"%s\": \"%s\", not \"%s\"", i, text, got, expected);
        free(got);
        points_free(&cleaned);
    }
    assert_true(json_count(cases) > 75);
    json_free(golden);
}

/* ---- tokens, with OpenAI's vocabulary file put together from the merges ---- */

static Tokenizer *openai_tokenizer(void)
{
    char *merges = shared_path("clip-tokenizer/merges.txt");
    TextList lines = {0};
    Error err = {0};
    assert_true(read_lines(merges, 1 << 24, &lines, &err));
    gzFile file = gzopen(scratch("bpe_simple_vocab_16e6.txt.gz"), "wb1");
    for (size_t i = 0; i < lines.count; i++) gzprintf(file, "%s\n", lines.items[i]);
    gzclose(file);
    text_list_free(&lines);
    free(merges);
    Tokenizer *t = tokenizer_open(scratch("bpe_simple_vocab_16e6.txt.gz"), &err);
    if (!t) fail_msg("%s", err.text);
    return t;
}

static uint64_t fold_on(uint64_t value, uint32_t id)
{
    for (int shift = 0; shift < 32; shift += 8) value = (value ^ (id >> shift & 255)) * 0x100000001b3u;
    return value;
}

static const uint64_t fold_start = 0xcbf29ce484222325u;

static uint64_t tokens_of(const Tokenizer *t, const char *text)
{
    TokenList list = {0};
    uint64_t value = fold_start;
    tokenizer_encode(t, text, 0, &list);
    for (size_t i = 0; i < list.offsets[1]; i++) value = fold_on(value, (uint32_t)list.tokens[i]);
    token_list_free(&list);
    return value;
}

static bool is_golden(const Tokenizer *t, const char *text, const char *hex)
{
    return tokens_of(t, text) == strtoull(hex, NULL, 16);
}

typedef struct Against {
    const Tokenizer *tokenizer;
    const cJSON *next; /* expected numbers */
    size_t count, different;
    uint64_t all;
} Against;

static bool take_line(void *context, const Line *line, Error *err)
{
    (void)err;
    Against *a = context;
    assert_non_null(a->next);
    const bool same = is_golden(a->tokenizer, line->text, a->next->valuestring);
    if (!same) print_message("line %zu differs: %s\n", line->number, line->text);
    a->different += !same, a->count++, a->next = a->next->next;
    return true;
}

static void naughty_strings_have_the_tokens_of_the_reference(void **state)
{
    (void)state;
    char *path = shared_path("real/suites/blns.txt");
    Tokenizer *t = openai_tokenizer();
    JsonFile *golden = open_json("tests/golden/cleaning.json");
    Against a = {.tokenizer = t, .next = json_get(json_root(golden), "naughty").node->child};
    Error err;
    if (!lines_read(path, take_line, &a, &err)) fail_msg("%s", err.text);
    assert_int_equal(a.different, 0); /* 99.5 % are asked for */
    assert_true(a.count > 700 && !a.next);
    json_free(golden);
    tokenizer_free(t);
    free(path);
}

static void add_caption(Against *a, const char *caption)
{
    a->all = fold_on(a->all, (uint32_t)(tokens_of(a->tokenizer, caption) >> 32));
    a->count++;
}

static bool take_captions(void *context, Json object, Error *err)
{
    const Json captions = json_get(object, "captions");
    for (size_t i = 0; i < json_count(captions); i++) {
        const char *caption;
        if (!json_as_string(json_at(captions, i), &caption, err)) return false;
        add_caption(context, caption);
    }
    return true;
}

static void all_captions_have_the_tokens_of_the_reference(void **state)
{
    (void)state;
    char *sample = shared_path("coco_captions_sample.json"),
         *path = shared_path("real/coco2017_val_captions_labels.jsonl");
    Tokenizer *t = openai_tokenizer();
    JsonFile *captions = open_json(sample), *golden = open_json("tests/golden/cleaning.json");
    Against a = {.tokenizer = t, .all = fold_start};
    Error err;
    for (const cJSON *c = json_root(captions).node->child; c; c = c->next)
        add_caption(&a, cJSON_IsObject(c) ? cJSON_GetObjectItem(c, "caption")->valuestring : c->valuestring);
    if (!jsonl_read(path, take_captions, &a, &err)) fail_msg("%s", err.text);
    const char *hex;
    assert_true(json_string(json_root(golden), "captions", &hex, &err));
    assert_int_equal(a.count, 25774);
    assert_true(a.all == strtoull(hex, NULL, 16));
    json_free(golden), json_free(captions);
    tokenizer_free(t);
    free(path), free(sample);
}

/* ---- random texts, drawn as make_cleaning.py draws them ---- */

static void add_character(Text *text, uint32_t c)
{
    char bytes[4];
    text_add_bytes(text, bytes, unicode_put(c, bytes));
}

static uint32_t below(uint32_t *state, uint32_t n)
{
    return next_random(state) % n;
}

static void add_wrongly_read(Text *text, const char *utf8, bool as_1252)
{
    for (; *utf8; utf8++) {
        const uint32_t byte = (uint8_t)*utf8;
        add_character(text, as_1252 && byte >= 0x80 && byte < 0xA0 ? windows_1252_character(byte) : byte);
    }
}

static void add_piece(Text *text, uint32_t kind, Json pieces, uint32_t *state)
{
    const char *piece;
    Error err;
    assert_true(json_as_string(json_at(pieces, below(state, (uint32_t)json_count(pieces))), &piece, &err));
    const uint32_t wrong = kind == 3 ? below(state, 4) : 0;
    if (text->length) text_add(text, " ");
    if (wrong == 1 || wrong == 2)
        add_wrongly_read(text, piece, wrong == 2);
    else
        text_add(text, piece);
}

static void random_text(uint32_t *state, Json pieces, Text *text)
{
    static const uint32_t first[] = {32, 0xA0, 0x2010, 0xFF00, 0x400, 0xFB00},
                          span[] = {95, 0x1B0, 0x5A, 0xF0, 0x52, 7};
    const uint32_t kind = below(state, 5), length = 1 + below(state, 24);
    text->length = 0;
    text_add(text, "");
    for (uint32_t i = 0; i < (kind < 3 ? length : 1 + length % 6); i++) {
        if (kind < 2) {
            const uint32_t c = 32 + below(state, 224);
            add_character(text, kind == 1 && c >= 0x80 && c < 0xA0 ? windows_1252_character(c) : c);
        } else if (kind == 2) {
            const uint32_t which = below(state, 6);
            add_character(text, first[which] + below(state, span[which]));
        } else {
            add_piece(text, kind, pieces, state);
        }
    }
    if (kind == 4 && below(state, 2)) {
        Text wrong = {0};
        add_wrongly_read(&wrong, text->data, false);
        text_free(text);
        *text = wrong;
    }
}

static void random_texts_have_the_tokens_of_the_reference(void **state)
{
    (void)state;
    Tokenizer *t = openai_tokenizer();
    JsonFile *golden = open_json("tests/golden/cleaning.json");
    const Json pieces = json_get(json_root(golden), "pieces");
    uint32_t random = 2463534242;
    size_t different = 0;
    Text text = {0};
    for (const cJSON *hex = json_get(json_root(golden), "random").node->child; hex; hex = hex->next) {
        random_text(&random, pieces, &text);
        if (is_golden(t, text.data, hex->valuestring)) continue;
        print_message("differs: %s\n", text.data);
        different++;
    }
    assert_int_equal(different, 0); /* 99.5 % are asked for */
    text_free(&text);
    json_free(golden);
    tokenizer_free(t);
}

/* ---- what belongs to the layout ---- */

static void put_small_vocabulary(void)
{
    static const char vocab[] = "{\"a\":0,\"'\":1,\"a</w>\":2,\"'</w>\":3,\"<|startoftext|>\":4,\"<|endoftext|>\":5}";
    put_file(scratch("vocab.json"), vocab, sizeof vocab - 1);
    put_file(scratch("merges.txt"), "", 0);
}

static void quotes_stay_curly_where_the_vocabulary_is_transformers(void **state)
{
    (void)state;
    Error err;
    put_small_vocabulary();
    Tokenizer *t = tokenizer_open(scratch("vocab.json"), &err);
    assert_non_null(t);
    TokenList list = {0};
    tokenizer_encode_bare(t, "\u2018", &list); /* three bytes that the vocabulary lacks */
    assert_int_equal(list.offsets[1], 3);
    assert_int_equal(list.tokens[0], 5);
    assert_int_equal(list.guessed, 0);
    token_list_free(&list);
    tokenizer_free(t);
}

static char remark[512];

static void keep_note(Progress *progress, const char *sentence)
{
    (void)progress;
    snprintf(remark, sizeof remark, "%s", sentence);
}

static void a_guess_is_said_once_with_the_first_text(void **state)
{
    (void)state;
    Tokenizer *t = openai_tokenizer();
    const char *const texts[] = {"a cat", "cafÃ©", "РїСЂРёРІРµС‚", "├⌐"};
    TokenList list = {0};
    Progress progress = {.note = keep_note};
    for (size_t i = 0; i < 4; i++) tokenizer_encode(t, texts[i], 0, &list);
    assert_int_equal(list.guessed, 2); /* Latin-1 and Windows-1252 are no guess */
    token_list_remarks(&list, texts, "captions", 0, &progress);
    assert_non_null(strstr(remark, "2 of 4 captions"));
    assert_non_null(strstr(remark, "number 3, as windows-1251: \"РїСЂРёРІРµС‚\""));
    token_list_free(&list);
    tokenizer_free(t);
}

static void what_is_cut_is_said_with_the_first_text(void **state)
{
    (void)state;
    Error err;
    put_small_vocabulary();
    Tokenizer *t = tokenizer_open(scratch("vocab.json"), &err);
    assert_non_null(t);
    const char *const texts[] = {"a", "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a \u2019a a",
                                 "a a a a"};
    TokenList list = {0};
    Progress progress = {.note = keep_note};
    for (size_t i = 0; i < 3; i++) tokenizer_encode(t, texts[i], 5, &list);
    remark[0] = 0;
    token_list_remarks(&list, texts, "captions", 5, &progress);
    assert_non_null(strstr(remark, "2 of 3 captions have more than the 5 tokens that fit"));
    assert_non_null(strstr(remark, "number 2 with 37 tokens"));
    assert_non_null(strstr(remark, "a a \"") ? NULL : strstr(remark, "...\"")); /* cut between characters */
    token_list_free(&list);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_are_cleaned_as_the_reference_cleans_them),
        cmocka_unit_test(naughty_strings_have_the_tokens_of_the_reference),
        cmocka_unit_test(all_captions_have_the_tokens_of_the_reference),
        cmocka_unit_test(random_texts_have_the_tokens_of_the_reference),
        cmocka_unit_test(quotes_stay_curly_where_the_vocabulary_is_transformers),
        cmocka_unit_test(a_guess_is_said_once_with_the_first_text),
        cmocka_unit_test(what_is_cut_is_said_with_the_first_text),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
