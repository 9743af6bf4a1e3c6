/* Probing from file to file gives diffusers' numbers; arrays that do not fit the model are refused and nothing is written. */
#include "harness/base/text.h"
#include "harness/diffusion/probe.h"
#include "harness/io/artifact.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/golden/diffusion/"

static TensorFile *expected;
static char folder[] = "/tmp/test_probe_XXXXXX";
static char in_path[64], out_path[64];

/* Writes golden arrays under the names of results/README.md: pairs of both, ending with NULL. */
static void write_inputs(const char *const *pairs)
{
    Error err;
    ArtifactWriter *w = artifact_create(in_path, "{}", &err);
    assert_non_null(w);
    for (; *pairs; pairs += 2) {
        const TensorView *view = golden_view(expected, pairs[0]);
        float *values = golden_floats(expected, pairs[0]);
        artifact_write_floats(w, pairs[1], view->rank, view->dim, values);
        free(values);
    }
    if (!artifact_commit(w, &err)) fail_msg("%s", err.text);
}

static void check_output(const char *name, const char *golden)
{
    Error err;
    const TensorView *view = golden_view(expected, golden);
    float *want = golden_floats(expected, golden), *have;
    size_t dim[4];
    memcpy(dim, view->dim, sizeof dim);
    ArtifactReader *r = artifact_open(out_path, &err);
    if (!r || !artifact_read_floats(r, name, 4, dim, &have, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < view->count; i++) assert_true(fabsf(have[i] - want[i]) < 1e-4f);
    artifact_close(r);
    free(want), free(have);
}

static void probed_models_give_the_numbers_of_diffusers(void **state)
{
    (void)state;
    Error err;
    write_inputs((const char *[]){"sd15.2.sample", "sample", "sd15.2.times", "timestep", "sd15.2.text",
                                  "encoder_hidden_states", NULL});
    if (!probe_unet(FOLDER "sd15", in_path, out_path, "{}", (GraphOptions){0}, &err)) fail_msg("%s", err.text);
    check_output("noise", "sd15.2.noise");
    write_inputs((const char *[]){"vae.latents", "latents", "vae.picture", "sample", NULL});
    if (!probe_vae_decode(FOLDER "vae", in_path, out_path, "{}", (GraphOptions){0}, &err)) fail_msg("%s", err.text);
    check_output("sample", "vae.decoded");
    if (!probe_vae_encode(FOLDER "vae", in_path, out_path, "{}", (GraphOptions){0}, &err)) fail_msg("%s", err.text);
    check_output("mean", "vae.mean");
    check_output("logvar", "vae.logvar");
}

static void arrays_that_do_not_fit_are_refused_and_nothing_is_written(void **state)
{
    (void)state;
    Error err;
    unlink(out_path);
    write_inputs((const char *[]){"sd15.0.sample", "sample", "sd15.2.times", "timestep", "sd21.0.text",
                                  "encoder_hidden_states", NULL});
    assert_false(probe_unet(FOLDER "sd15", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "encoder_hidden_states"));
    write_inputs((const char *[]){"sd15.0.sample", "sample", NULL});
    assert_false(probe_unet(FOLDER "sd15", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "timestep"));
    assert_false(probe_vae_decode(FOLDER "vae", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "latents"));
    assert_false(probe_vae_encode(FOLDER "vae", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "sample")); /* four channels */
    assert_false(probe_vae_decode(FOLDER "sd15", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "UNet2DConditionModel"));
    assert_false(path_exists(out_path));
}

static void a_data_set_that_is_not_read_is_refused_by_name(void **state)
{
    (void)state;
    Error err;
    unlink(out_path);
    write_inputs((const char *[]){"sd15.2.sample", "sample", "sd15.2.times", "timestep", "sd15.2.text",
                                  "encoder_hidden_states", "sd15.2.times", "timestep_cond", NULL});
    assert_false(probe_unet(FOLDER "sd15", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "timestep_cond"));
    assert_non_null(strstr(err.text, "guidance_w"));
    write_inputs((const char *[]){"vae.latents", "latents", "vae.mean", "mean", NULL});
    assert_false(probe_vae_decode(FOLDER "vae", in_path, out_path, "{}", (GraphOptions){0}, &err));
    assert_non_null(strstr(err.text, "mean: no such data set"));
    assert_false(path_exists(out_path));
}

static int setup(void **state)
{
    (void)state;
    expected = golden_open(FOLDER "expected.safetensors");
    if (!mkdtemp(folder)) return -1;
    snprintf(in_path, sizeof in_path, "%s/in.h5", folder);
    snprintf(out_path, sizeof out_path, "%s/out.h5", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tensor_file_close(expected);
    unlink(in_path);
    unlink(out_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probed_models_give_the_numbers_of_diffusers),
        cmocka_unit_test(a_data_set_that_is_not_read_is_refused_by_name),
        cmocka_unit_test(arrays_that_do_not_fit_are_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
