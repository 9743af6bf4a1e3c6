/* Pretraining of the embedded Stable Diffusion: a resumed run is exact, and what it leaves is a pipeline. */
#include "harness/base/text.h"
#include "harness/diffusion/pipeline.h"
#include "harness/pretrain/pretrain_autoencoder.h"
#include "harness/pretrain/pretrain_diffusion.h"
#include "harness/stages/judge.h"
#include "tests/scratch_folder.h"

#include <math.h>

/* Two steps of the judge, four of the autoencoder, three of the denoiser. */
static bool train(const char *name, bool resume, size_t stop_after, size_t scenes, Error *err)
{
    char *out = xformat("%s/%s/out", scratch_folder, name), *work = xformat("%s/%s/work", scratch_folder, name);
    const PretrainDiffusionOptions options = {
        .run = {.work = work,
                .resume = resume,
                .seed = 5,
                .checkpoint_seconds = 1000,
                .figure_images = 2,
                .stop_after = stop_after},
        .clip = "results/pretrained/mini-clip",
        .out = out,
        .judge_images = 128,
        .vae_images = 64,
        .denoiser_images = 96,
        .scenes = scenes,
    };
    const bool good = pretrain_diffusion(&options, err);
    free(out), free(work);
    return good;
}

static void train_part(const char *name, bool resume, size_t stop_after)
{
    Error err = {0};
    if (!train(name, resume, stop_after, 64, &err)) fail_msg("%s", err.text);
}

static void check_same(const char *file)
{
    Error err;
    char *data[2] = {NULL, NULL};
    size_t length[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        char *path = xformat("%s/%s/out/%s", scratch_folder, i ? "parts" : "whole", file);
        assert_true(read_file(path, 1 << 26, &data[i], &length[i], &err));
        free(path);
    }
    assert_int_equal(length[0], length[1]);
    assert_memory_equal(data[0], data[1], length[0]);
    free(data[0]), free(data[1]);
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    train_part("whole", false, 0);
    train_part("parts", false, 1); /* in the judge */
    train_part("parts", true, 3);  /* in the autoencoder */
    train_part("parts", true, 0);
    check_same("judge/diffusion_pytorch_model.safetensors");
    check_same("vae/diffusion_pytorch_model.safetensors");
    check_same("unet/diffusion_pytorch_model.safetensors");
    check_same("text_encoder/model.safetensors");
}

static void the_denoiser_goes_on_in_its_middle(void **state)
{
    (void)state;
    char *command = xformat("mkdir -p '%s/parts' && rm -rf '%s/parts/work' && cp -R '%s/whole/work' '%s/parts/work' && "
                            "rm '%s/parts/work/denoiser.h5'",
                            scratch_folder, scratch_folder, scratch_folder, scratch_folder, scratch_folder);
    assert_int_equal(system(command), 0);
    free(command);
    train_part("parts", true, 2); /* the parts before are done, and stay done */
    train_part("parts", true, 0);
    check_same("unet/diffusion_pytorch_model.safetensors");
}

static void what_is_left_is_a_pipeline_and_a_judge(void **state)
{
    (void)state;
    Error err = {0};
    char *model = xformat("%s/whole/out", scratch_folder), *judge_folder = xformat("%s/judge", model);
    Pipeline *p = pipeline_open(model, (PipelineParts){0}, &err);
    if (!p) fail_msg("%s", err.text);
    assert_true(pipeline_prepare(p, (DrawSettings){.steps = 2, .guidance = 3, .batch = 1}, &err));
    static uint8_t image[64 * 64 * 3];
    const char *prompt = "a red bus";
    const uint64_t seed = 1;
    assert_true(pipeline_draw(p, (DrawRequest){.count = 1, .prompts = &prompt, .seeds = &seed}, image, NULL, &err));
    Judge *judge = judge_open(judge_folder, &err);
    assert_non_null(judge);
    float logits[JUDGE_CLASSES];
    assert_true(judge_logits(judge, image, 1, logits, &err));
    for (int c = 0; c < JUDGE_CLASSES; c++) assert_true(isfinite(logits[c]));
    judge_free(judge);
    pipeline_free(p);
    free(model), free(judge_folder);
}

/* The latents' shift and scale stand in the 1x1 convolutions: what is rebuilt must not change, and their statistics are 0 and 1. */
static void latents_have_mean_0_and_variance_1(void **state)
{
    (void)state;
    enum { IMAGES = 64, AREA = 64 * 64, PLANE = 16 * 16 };
    Error err = {0};
    char *path = xformat("%s/whole/work/vae", scratch_folder);
    Vae *vae = vae_open(path, &err);
    assert_non_null(vae);
    VaeRunner *encoder = vae_encoder_new(vae, 1, 16, 16, (GraphOptions){0}, &err);
    static float last[AREA * 3], first[AREA * 3], mean[4 * PLANE], logvar[4 * PLANE];
    double sum[4] = {0}, squares[4] = {0};
    for (uint64_t i = 0; i < IMAGES; i++) {
        pretrain_scene_pixels(i, last);
        to_channels_first(last, 1, 3, AREA, first);
        vae_encode(encoder, first, mean, logvar);
        for (int k = 0; k < 4 * PLANE; k++)
            sum[k / PLANE] += (double)mean[k], squares[k / PLANE] += (double)mean[k] * (double)mean[k];
    }
    for (int c = 0; c < 4; c++) {
        assert_true(fabs(sum[c] / (IMAGES * PLANE)) < 1e-3);
        assert_true(fabs(squares[c] / (IMAGES * PLANE) - 1) < 1e-3);
    }
    vae_runner_free(encoder);
    vae_free(vae);
    free(path);
}

static void other_scenes_do_not_go_on_from_a_checkpoint(void **state)
{
    (void)state;
    Error err = {0};
    assert_false(train("whole", true, 0, 96, &err));
    if (!strstr(err.text, "another recipe")) fail_msg("%s", err.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(the_denoiser_goes_on_in_its_middle),
        cmocka_unit_test(what_is_left_is_a_pipeline_and_a_judge),
        cmocka_unit_test(latents_have_mean_0_and_variance_1),
        cmocka_unit_test(other_scenes_do_not_go_on_from_a_checkpoint),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
