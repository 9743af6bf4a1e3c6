/* Prompts of a tiny Stable Diffusion folder have the hidden states of transformers (tests/golden/make_pipeline.py). */
#include "harness/diffusion/probe.h"
#include "harness/diffusion/text_encoder.h"
#include "harness/io/artifact.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>

#define FOLDER "tests/golden/pipeline/"

static Safetensors *expected;
static const char *const prompts[] = {"a red cat", "Dog!  on the stars"};
enum { LENGTH = 77, WIDTH = 16 };

static void prompts_have_the_tokens_and_padding_of_transformers(void **state)
{
    (void)state;
    Error err;
    int64_t *want = golden_integers(expected, "tokens");
    PromptTokenizer *t = prompt_tokenizer_open(FOLDER "tokenizer", LENGTH, &err);
    if (!t) fail_msg("%s", err.text);
    for (size_t i = 0; i < 2; i++) {
        int32_t tokens[LENGTH];
        prompt_tokens(t, prompts[i], tokens);
        for (size_t k = 0; k < LENGTH; k++) assert_int_equal(tokens[k], want[i * LENGTH + k]);
    }
    assert_int_equal(prompt_tokenizer_padding(t), 0);
    prompt_tokenizer_free(t);
    free(want);
}

static void write_tokens(const char *path, int32_t change)
{
    Error err;
    int64_t *ids = golden_integers(expected, "tokens");
    int32_t tokens[2 * LENGTH];
    for (size_t i = 0; i < 2 * LENGTH; i++) tokens[i] = (int32_t)ids[i];
    tokens[LENGTH + 3] += change;
    ArtifactWriter *w = artifact_create(path, "{}", &err);
    artifact_write_int32(w, "tokens", 2, (const size_t[]){2, LENGTH}, tokens);
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
    free(ids);
}

static void probed_text_gives_the_hidden_states_of_transformers(void **state)
{
    (void)state;
    Error err;
    float *want = golden_floats(expected, "hidden"), *have;
    write_tokens(scratch("in.h5"), 0);
    if (!probe_text(FOLDER, scratch("in.h5"), scratch("out.h5"), "{}", &err)) fail_msg("%s", err.text);
    ArtifactReader *r = artifact_open(scratch("out.h5"), &err);
    size_t dim[3] = {2, LENGTH, WIDTH};
    if (!r || !artifact_read_floats(r, "hidden", 3, dim, &have, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 2 * LENGTH * WIDTH; i++) assert_true(fabsf(have[i] - want[i]) < 1e-4f);
    artifact_close(r);
    free(want), free(have);
}

static void tokens_that_the_model_lacks_are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    Error err;
    write_tokens(scratch("in.h5"), 100000);
    assert_false(probe_text(FOLDER, scratch("in.h5"), scratch("none.h5"), "{}", &err));
    assert_sentence(&err, "text_encoder", "another model's tokenizer");
    assert_false(path_exists(scratch("none.h5")));
}

static void a_padding_token_that_the_vocabulary_lacks_is_refused(void **state)
{
    (void)state;
    Error err;
    static const char *const names[] = {"vocab.json", "merges.txt"};
    for (size_t i = 0; i < 2; i++) {
        size_t count;
        char *from = path_join(FOLDER "tokenizer", names[i]), *bytes = get_file(from, &count);
        put_file(scratch(names[i]), bytes, count);
        free(bytes), free(from);
    }
    static const char settings[] = "{\"pad_token\": {\"content\": \"[PAD]\"}}";
    put_file(scratch("special_tokens_map.json"), settings, sizeof settings - 1);
    assert_null(prompt_tokenizer_open(scratch_folder, LENGTH, &err));
    assert_sentence(&err, "special_tokens_map.json", "[PAD]");
}

static int setup(void **state)
{
    expected = golden_open(FOLDER "expected.safetensors");
    return scratch_make(state);
}

static int teardown(void **state)
{
    safetensors_close(expected);
    return scratch_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_have_the_tokens_and_padding_of_transformers),
        cmocka_unit_test(probed_text_gives_the_hidden_states_of_transformers),
        cmocka_unit_test(tokens_that_the_model_lacks_are_refused_and_nothing_is_written),
        cmocka_unit_test(a_padding_token_that_the_vocabulary_lacks_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
