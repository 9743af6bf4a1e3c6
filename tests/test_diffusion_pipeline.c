/* Prompts of a tiny Stable Diffusion folder have the hidden states of transformers, and its pictures are those of diffusers
 * (tests/golden/make_pipeline.py). */
#include "harness/diffusion/pipeline.h"
#include "harness/diffusion/probe.h"
#include "harness/diffusion/scheduler.h"
#include "harness/diffusion/text_encoder.h"
#include "harness/graph/random.h"
#include "harness/io/artifact.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "tests/golden/pipeline/"

static TensorFile *expected;
static const char *const prompts[] = {"a red cat", "Dog!  on the stars"};
enum { LENGTH = 77, WIDTH = 8 };

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

/* ---- pictures ---- */

enum { W = 24, H = 16, PIXELS = 3 * W * H, LATENTS = 4 * (W / 2) * (H / 2) };
static const DrawSettings guided = {
    .width = W, .height = H, .steps = 10, .batch = 2, .guidance = 7.5f, .negative = "a dog"};
static const DrawRequest both = {.count = 2, .prompts = prompts, .seeds = (const uint64_t[]){5, 6}};

static void draw_from(const char *folder, PipelineParts parts, DrawSettings settings, DrawRequest q, uint8_t *images)
{
    Error err;
    Pipeline *p = pipeline_open(folder, parts, &err);
    if (!p || !pipeline_prepare(p, settings, &err)) fail_msg("%s", err.text);
    for (size_t at = 0; at < q.count; at += settings.batch) {
        const size_t left = q.count - at;
        const DrawRequest part = {.count = left < settings.batch ? left : settings.batch,
                                  .prompts = q.prompts + at,
                                  .seeds = q.seeds + at,
                                  .noise = q.noise ? q.noise + at * LATENTS : NULL};
        if (!pipeline_draw(p, part, images + at * PIXELS, NULL, &err)) fail_msg("%s", err.text);
    }
    pipeline_free(p);
}

static void draw(const char *kind, DrawSettings settings, DrawRequest q, uint8_t *images)
{
    draw_from(FOLDER, (PipelineParts){.scheduler = kind}, settings, q, images);
}

/* A folder in the scratch folder with the parts of FOLDER, but `part` from FOLDER/from. */
static const char *folder_with(const char *part, const char *from)
{
    static const char *const parts[] = {"model_index.json", "text_encoder", "tokenizer", "unet", "vae", "scheduler"};
    static char folder[1024];
    char root[512];
    if (!getcwd(root, sizeof root)) fail_msg("no current folder");
    snprintf(folder, sizeof folder, "%s", scratch("mixed"));
    assert_true(mkdir(folder, 0777) == 0 || path_is_folder(folder));
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *link = path_join(folder, parts[i]);
        char *target = xformat("%s/" FOLDER "%s", root, strcmp(parts[i], part) ? parts[i] : from);
        unlink(link);
        assert_int_equal(symlink(target, link), 0);
        free(link);
        free(target);
    }
    return folder;
}

/* Within 2 grey levels everywhere, 0.2 on the mean. */
static void check_images(const char *name, const uint8_t *have)
{
    const TensorView *view = golden_view(expected, name);
    const uint8_t *want = view->data;
    assert_int_equal(view->count, 2 * PIXELS);
    int largest = 0, sum = 0;
    for (size_t i = 0; i < 2 * PIXELS; i++) {
        const int off = abs(have[i] - want[i]);
        sum += off;
        if (off > largest) largest = off;
    }
    if (largest > 2 || sum > 0.2 * 2 * PIXELS)
        fail_msg("%s: off by %d, on the mean by %g", name, largest, sum / (2.0 * PIXELS));
}

static void every_sampler_draws_the_pictures_of_diffusers(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        draw(*kind, guided, both, images);
        check_images(*kind, images);
    }
    draw(NULL, guided, both, images); /* the file's own */
    check_images("pndm", images);
}

static void karras_sigmas_draw_the_pictures_of_diffusers(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    const char *folder = folder_with("scheduler", "karras");
    draw_from(folder, (PipelineParts){.scheduler = "dpmpp2m"}, guided, both, images);
    check_images("karras_dpmpp2m", images);
    draw_from(folder, (PipelineParts){.scheduler = "euler"}, guided, both, images);
    check_images("karras_euler", images);
    draw_from(folder, (PipelineParts){.scheduler = "heun"}, guided, both, images);
    check_images("karras_heun", images);
}

/* As the mini model: velocities, zero signal at the last timestep, trailing spacing. */
static void velocities_draw_the_pictures_of_diffusers(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    const char *folder = folder_with("scheduler", "velocity");
    for (const char *const *kind = scheduler_names(); *kind; kind++) {
        char name[32];
        snprintf(name, sizeof name, "velocity_%s", *kind);
        draw_from(folder, (PipelineParts){.scheduler = *kind}, guided, both, images);
        check_images(name, images);
    }
}

static void latent_consistency_models_are_told_the_guidance(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    DrawSettings s = guided;
    s.steps = 4, s.guidance = 8.5f;
    draw_from(folder_with("unet", "lcm_unet"), (PipelineParts){.scheduler = "lcm"}, s, both, images);
    check_images("lcm_model", images);
}

static void another_autoencoder_takes_the_place_of_the_folders(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    draw_from(FOLDER, (PipelineParts){.vae = FOLDER "tiny_vae"}, guided, both, images);
    check_images("tiny_vae", images);
}

static void without_guidance_the_text_alone_counts(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    const char *const same[] = {prompts[0], prompts[0]};
    const DrawRequest q = {.count = 2, .prompts = same, .seeds = (const uint64_t[]){7, 8}};
    draw("euler", (DrawSettings){.width = W, .height = H, .steps = 2, .batch = 2, .negative = "a dog"}, q, images);
    check_images("unguided", images);
}

static void a_picture_does_not_depend_on_its_batch(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS], alone[2 * PIXELS];
    DrawSettings other = guided;
    draw("euler_a", guided, both, images);
    check_images("euler_a", images);
    other.batch = 1;
    draw("euler_a", other, both, alone);
    check_images("euler_a", alone);
    other.batch = 3; /* a place too many */
    draw("euler_a", other, both, alone);
    check_images("euler_a", alone);
}

static void given_noise_takes_the_place_of_the_seeds(void **state)
{
    (void)state;
    uint8_t images[2 * PIXELS];
    float noise[2 * LATENTS];
    for (size_t i = 0; i < 2; i++) {
        Random random;
        random_seed(&random, both.seeds[i]);
        random_normal(&random, noise + i * LATENTS, LATENTS);
    }
    DrawRequest q = both;
    q.noise = noise, q.seeds = (const uint64_t[]){1, 2}; /* DDIM draws nothing more */
    draw("ddim", guided, q, images);
    check_images("ddim", images);
}

static void settings_that_are_not_possible_are_refused(void **state)
{
    (void)state;
    Error err;
    Pipeline *p = pipeline_open(FOLDER, (PipelineParts){0}, &err);
    assert_non_null(p);
    DrawSettings s = guided;
    s.width = 20;
    assert_false(pipeline_prepare(p, s, &err));
    assert_sentence(&err, "20x16", "multiples of 8");
    s = guided, s.steps = 0;
    assert_false(pipeline_prepare(p, s, &err));
    s = guided, s.batch = 0;
    assert_false(pipeline_prepare(p, s, &err));
    assert_sentence(&err, "batch of 0", "not possible");
    assert_true(pipeline_prepare(p, (DrawSettings){.steps = 1, .batch = 1}, &err)); /* and it can be used afterwards */
    assert_int_equal(pipeline_width(p), 16);
    pipeline_free(p);
}

static void broken_folders_are_refused(void **state)
{
    (void)state;
    Error err;
    assert_null(pipeline_open("tests/golden/diffusion", (PipelineParts){0}, &err));
    assert_sentence(&err, "model_index.json", "");
    put_file(scratch("model_index.json"), "{\"_class_name\": \"StableDiffusionXLPipeline\"}", 44);
    assert_null(pipeline_open(scratch_folder, (PipelineParts){0}, &err));
    assert_sentence(&err, "model_index.json", "StableDiffusionXLPipeline");
    static const char plain[] =
        "{\"_class_name\": \"StableDiffusionPipeline\", \"scheduler\": [\"diffusers\", \"DDIMScheduler\"]}";
    put_file(scratch("model_index.json"), plain, sizeof plain - 1);
    assert_null(pipeline_open(scratch_folder, (PipelineParts){0}, &err));
    assert_sentence(&err, "scheduler_config.json", "cannot open");
    assert_null(pipeline_open(FOLDER, (PipelineParts){.vae = FOLDER "unet"}, &err));
    assert_sentence(&err, "unet", "UNet2DConditionModel");
    assert_null(pipeline_open(FOLDER, (PipelineParts){.scheduler = "magic"}, &err));
    assert_sentence(&err, "magic", "ddim");
}

static int setup(void **state)
{
    expected = golden_open(FOLDER "expected.safetensors");
    return scratch_make(state);
}

static int teardown(void **state)
{
    tensor_file_close(expected);
    return scratch_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_have_the_tokens_and_padding_of_transformers),
        cmocka_unit_test(probed_text_gives_the_hidden_states_of_transformers),
        cmocka_unit_test(tokens_that_the_model_lacks_are_refused_and_nothing_is_written),
        cmocka_unit_test(a_padding_token_that_the_vocabulary_lacks_is_refused),
        cmocka_unit_test(every_sampler_draws_the_pictures_of_diffusers),
        cmocka_unit_test(karras_sigmas_draw_the_pictures_of_diffusers),
        cmocka_unit_test(velocities_draw_the_pictures_of_diffusers),
        cmocka_unit_test(latent_consistency_models_are_told_the_guidance),
        cmocka_unit_test(another_autoencoder_takes_the_place_of_the_folders),
        cmocka_unit_test(without_guidance_the_text_alone_counts),
        cmocka_unit_test(a_picture_does_not_depend_on_its_batch),
        cmocka_unit_test(given_noise_takes_the_place_of_the_seeds),
        cmocka_unit_test(settings_that_are_not_possible_are_refused),
        cmocka_unit_test(broken_folders_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
