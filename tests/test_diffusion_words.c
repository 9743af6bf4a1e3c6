/* Words learned by textual inversion in the mini pipeline: tokens, hidden states and pictures of diffusers' load_textual_inversion
 * (tests/golden/make_textual_inversion.py), and files that are none. */
#include "harness/diffusion/pipeline_internal.h"
#include "harness/diffusion/textual_inversion.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>

#define FOLDER "tests/golden/textual_inversion/"
#define MODEL  "results/pretrained/mini-sd"

enum { LENGTH = 32, WIDTH = 128, PROMPTS = 4 };

static const char *const prompts[PROMPTS] = {
    "a <cat-toy> on a red bus", "dog-art, a blue dog", "a <CAT-TOY> and my-style, Dog-Art dog-art_1",
    "<cat-toy><cat-toy> dog-arts My-Style dog-art dog-art dog-art dog-art dog-art dog-art dog-art dog-art dog-art"};
static const char *const words[] = {FOLDER, FOLDER "My-Style.safetensors", FOLDER "art.safetensors", NULL};

static Pipeline *open_with(const char *const *embeddings)
{
    Error err;
    Pipeline *p = pipeline_open(MODEL, (PipelineParts){.embeddings = embeddings}, &err);
    if (!p) fail_msg("%s", err.text);
    return p;
}

static float *numbered_floats(const TensorFile *f, const char *name, size_t i)
{
    char full[32];
    snprintf(full, sizeof full, "%s%zu", name, i);
    return golden_floats(f, full);
}

static const TensorView *numbered(const TensorFile *f, const char *name, size_t i)
{
    char full[32];
    snprintf(full, sizeof full, "%s%zu", name, i);
    return golden_view(f, full);
}

static void words_have_the_tokens_and_hidden_states_of_diffusers(void **state)
{
    (void)state;
    TensorFile *expected = golden_open(FOLDER "expected.safetensors");
    Pipeline *p = open_with(words);
    Error err;
    TextTower *tower = text_tower_new(p->clip, LENGTH, &err);
    assert_non_null(tower);
    for (size_t i = 0; i < PROMPTS; i++) {
        int32_t tokens[LENGTH];
        float hidden[LENGTH * WIDTH];
        prompt_tokens(p->tokenizer, prompts[i], tokens);
        assert_memory_equal(tokens, numbered(expected, "tokens", i)->data, sizeof tokens);
        if (!text_tower_hidden(tower, tokens, hidden, &err)) fail_msg("%s", err.text);
        float *want = numbered_floats(expected, "hidden", i);
        for (size_t k = 0; k < LENGTH * WIDTH; k++)
            if (!(fabsf(hidden[k] - want[k]) <= 1e-5f * (1 + fabsf(want[k])))) fail_msg("prompt %zu: %zu", i, k);
        free(want);
    }
    text_tower_free(tower);
    pipeline_free(p);
    tensor_file_close(expected);
}

static void words_draw_the_pictures_of_diffusers(void **state)
{
    (void)state;
    TensorFile *expected = golden_open(FOLDER "expected.safetensors");
    Pipeline *p = open_with(words);
    Error err;
    if (!pipeline_prepare(p, (DrawSettings){.steps = 4, .guidance = 3, .batch = 1}, &err)) fail_msg("%s", err.text);
    for (uint64_t i = 0; i < PROMPTS; i++) {
        const TensorView *want = numbered(expected, "picture", i);
        uint8_t *image = xmalloc(want->count);
        assert_int_equal(want->count, 3 * pipeline_width(p) * pipeline_height(p));
        if (!pipeline_draw(p, (DrawRequest){.count = 1, .prompts = &prompts[i], .seeds = &i}, image, NULL, &err))
            fail_msg("%s", err.text);
        for (size_t k = 0; k < want->count; k++) /* one grey level: what the last bits of float32 may move */
            assert_true(abs((int)image[k] - (int)((const uint8_t *)want->data)[k]) <= 1);
        free(image);
    }
    pipeline_free(p);
    tensor_file_close(expected);
}

static void both_formats_and_both_programs_files_are_read(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"learned_embeds.safetensors", "learned_embeds.bin"},
                                          {"My-Style.safetensors", "My-Style.pt"}};
    Error err;
    for (size_t i = 0; i < 2; i++) {
        TextualInversion a, b;
        char *first = xformat(FOLDER "%s", same[i][0]), *second = xformat(FOLDER "%s", same[i][1]);
        if (!textual_inversion_open(&a, first, &err) || !textual_inversion_open(&b, second, &err))
            fail_msg("%s", err.text);
        assert_string_equal(a.word, i ? "My-Style" : "<cat-toy>");
        assert_string_equal(a.word, b.word);
        assert_int_equal(a.vectors, i ? 3 : 1);
        assert_int_equal(b.vectors, a.vectors);
        assert_memory_equal(a.values, b.values, a.vectors * WIDTH * sizeof(float));
        textual_inversion_free(&a), textual_inversion_free(&b);
        free(first), free(second);
    }
    TextualInversion named;
    assert_true(textual_inversion_open(&named, FOLDER "My-Style.pt=<pal>", &err));
    assert_string_equal(named.word, "<pal>");
    textual_inversion_free(&named);
}

static void the_fingerprint_knows_words_and_vectors(void **state)
{
    (void)state;
    static const char *const sets[][2] = {{NULL},
                                          {FOLDER "learned_embeds.safetensors", NULL},
                                          {FOLDER "learned_embeds.bin", NULL},
                                          {FOLDER "learned_embeds.bin=<dog-toy>", NULL},
                                          {FOLDER "art.safetensors=<cat-toy>", NULL}};
    char hex[5][65];
    Error err;
    for (size_t i = 0; i < 5; i++) {
        Pipeline *p = open_with(sets[i]);
        if (!pipeline_fingerprint(p, hex[i], &err)) fail_msg("%s", err.text);
        pipeline_free(p);
    }
    assert_string_equal(hex[1], hex[2]);
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < i; k++)
            if (i != 2 || k != 1) assert_string_not_equal(hex[i], hex[k]);
}

static void words_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what, *place, *sentence;
    } cases[] = {
        {FOLDER "two_encoders.safetensors", "two_encoders.safetensors", "2 tensors"},
        {FOLDER "wide.safetensors", "wide.safetensors", "129 values, the text encoder of " MODEL " takes 128"},
        {FOLDER "known.safetensors", "known.safetensors", "\"cat</w>\" is a token of the vocabulary already"},
        {FOLDER "nan.safetensors", "nan.safetensors", "not finite"},
        {FOLDER "none.safetensors", "none.safetensors", "No such file"},
        {FOLDER "art.safetensors=<|endoftext|>", "art.safetensors", "already"},
        {MODEL, MODEL, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error err;
        const char *const set[] = {cases[i].what, NULL};
        assert_null(pipeline_open(MODEL, (PipelineParts){.embeddings = set}, &err));
        assert_sentence(&err, cases[i].place, cases[i].sentence);
    }
    Error err;
    const char *const twice[] = {FOLDER "art.safetensors", FOLDER "learned_embeds.bin=dog-art_1", NULL};
    assert_null(pipeline_open(MODEL, (PipelineParts){.embeddings = twice}, &err));
    assert_sentence(&err, "learned_embeds.bin", "\"dog-art_1\" is a token");
}

static char remarks[2048];

static void keep_note(Progress *progress, const char *sentence)
{
    (void)progress;
    const size_t used = strlen(remarks);
    snprintf(remarks + used, sizeof remarks - used, "%s\n", sentence);
}

static void what_is_lost_is_said(void **state)
{
    (void)state;
    Pipeline *p = open_with(words);
    Progress progress = {.note = keep_note};
    char text[40 * 6 + 1] = "";
    for (size_t i = 0; i < 40; i++) strcat(text, "a cat ");
    const char *const captions[] = {"a cat", text, text, prompts[3]}; /* two pictures of one caption count once */
    remarks[0] = 0;
    pipeline_say_cut(p, captions, 4, text, &progress);
    assert_non_null(strstr(remarks, "1 of 3 captions have more than the 32 tokens that fit"));
    assert_non_null(strstr(remarks, "number 2 with 82 tokens, is \"a cat a cat"));
    assert_non_null(strstr(remarks, "1 of 1 negative prompts have more"));
    assert_int_equal(pipeline_remarks(p)->count, 1);
    assert_non_null(
        strstr(pipeline_remarks(p)->items[0], "\"My-Style\" has capitals: diffusers takes the first of its 3 vectors"));
    pipeline_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_the_tokens_and_hidden_states_of_diffusers),
        cmocka_unit_test(words_draw_the_pictures_of_diffusers),
        cmocka_unit_test(both_formats_and_both_programs_files_are_read),
        cmocka_unit_test(the_fingerprint_knows_words_and_vectors),
        cmocka_unit_test(words_that_cannot_be_are_refused),
        cmocka_unit_test(what_is_lost_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
