/* The mini Stable Diffusion that the program brings, against pictures that diffusers draws with it (tests/golden/make_mini_sd.py). */
#include "harness/diffusion/pipeline.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

enum { SIDE = 64, PICTURES = 2, BYTES = PICTURES * SIDE * SIDE * 3 };

/* Within a grey level: both round the same value, which differs by the order of float32 sums. */
static void compare(const TensorFile *golden, size_t steps, const uint8_t *have)
{
    char name[16];
    snprintf(name, sizeof name, "heun_%zu", steps);
    const TensorView *view = golden_view(golden, name);
    assert_int_equal(view->count, BYTES);
    const uint8_t *want = view->data;
    int other = 0;
    for (size_t i = 0; i < BYTES; i++) {
        const int off = abs(have[i] - want[i]);
        if (off > 1) fail_msg("%s: byte %zu is %d, not %d", name, i, have[i], want[i]);
        other += off;
    }
    assert_true(other < BYTES / 500);
}

static void heun_draws_the_pictures_of_diffusers_within_a_grey_level(void **state)
{
    (void)state;
    static const char *const prompts[] = {"a red cat beside a blue car", "two dogs on the grass"};
    static uint8_t images[BYTES];
    Error err;
    TensorFile *golden = golden_open("tests/golden/mini_sd.safetensors");
    Pipeline *p = pipeline_open("results/pretrained/mini-sd", (PipelineParts){.scheduler = "heun"}, &err);
    if (!p) fail_msg("%s", err.text);
    for (size_t steps = 5; steps <= 12; steps += 7) {
        const DrawSettings settings = {.steps = steps, .guidance = 3, .batch = PICTURES};
        const DrawRequest q = {.count = PICTURES, .prompts = prompts, .seeds = (const uint64_t[]){5, 6}};
        if (!pipeline_prepare(p, settings, &err) || !pipeline_draw(p, q, images, NULL, &err)) fail_msg("%s", err.text);
        assert_int_equal(pipeline_calls(p), 2 * steps - 1);
        compare(golden, steps, images);
    }
    pipeline_free(p);
    tensor_file_close(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heun_draws_the_pictures_of_diffusers_within_a_grey_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
