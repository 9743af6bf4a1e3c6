/* What is done around the sampler: old and mixed configurations draw the pictures of diffusers' pipeline
 * (tests/golden/make_pipeline_repairs.py), say what was corrected, and get another fingerprint. */
#include "harness/diffusion/pipeline.h"
#include "harness/io/json.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "tests/golden/pipeline/"
enum { W = 24, H = 16, PIXELS = 3 * W * H };

static void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

static void put_link(const char *folder, const char *part)
{
    char *golden = path_join(FOLDER, part), *real = realpath(golden, NULL), *path = path_join(folder, part);
    assert_int_equal(symlink(real, path), 0);
    free(golden), free(real), free(path);
}

/* A folder like FOLDER with its own sampler; `unet`: a config.json in place of the U-Net's, or NULL. */
static const char *folder_of(const char *index, const char *scheduler, const char *unet)
{
    static const char *const parts[] = {"text_encoder", "tokenizer", "vae"};
    static char folder[256];
    snprintf(folder, sizeof folder, "%s/model", scratch_folder);
    scratch_clear(folder);
    Error err;
    assert_true(make_folders(scratch("model/scheduler"), &err));
    for (size_t i = 0; i < 3; i++) put_link(folder, parts[i]);
    char *text =
        xformat("{\"_class_name\": \"StableDiffusionPipeline\", \"scheduler\": [\"diffusers\", \"%s\"]}", index);
    put_text(scratch("model/model_index.json"), text);
    put_text(scratch("model/scheduler/scheduler_config.json"), scheduler);
    free(text);
    if (!unet) {
        put_link(folder, "unet");
        return folder;
    }
    assert_true(make_folders(scratch("model/unet"), &err));
    put_link(folder, "unet/diffusion_pytorch_model.safetensors");
    put_text(scratch("model/unet/config.json"), unet);
    return folder;
}

static Pipeline *open_good(const char *folder, const char *kind)
{
    Error err;
    Pipeline *p = pipeline_open(folder, (PipelineParts){.scheduler = kind}, &err);
    if (!p) fail_msg("%s", err.text);
    return p;
}

static void draw(Pipeline *p, uint8_t *images)
{
    Error err;
    const DrawSettings settings = {
        .width = W, .height = H, .steps = 4, .batch = 2, .guidance = 7.5f, .negative = "a dog"};
    const DrawRequest both = {.count = 2,
                              .prompts = (const char *const[]){"a red cat", "Dog!  on the stars"},
                              .seeds = (const uint64_t[]){5, 6}};
    if (!pipeline_prepare(p, settings, &err) || !pipeline_draw(p, both, images, NULL, &err)) fail_msg("%s", err.text);
}

/* Within 2 grey levels everywhere, 0.2 on the mean: as the samplers' own tests. */
static void assert_alike(const uint8_t *images, const TensorView *want, const char *name)
{
    int largest = 0, sum = 0;
    assert_int_equal(want->count, 2 * PIXELS);
    for (size_t k = 0; k < 2 * PIXELS; k++) {
        const int off = abs(images[k] - ((const uint8_t *)want->data)[k]);
        sum += off, largest = off > largest ? off : largest;
    }
    if (largest > 2 || sum > 0.2 * 2 * PIXELS)
        fail_msg("case %s: off by %d, %g on the mean", name, largest, sum / (2.0 * PIXELS));
}

static void old_and_mixed_configurations_draw_the_pictures_of_diffusers(void **state)
{
    (void)state;
    Error err;
    TensorFile *expected = golden_open("tests/golden/pipeline_repairs.safetensors");
    JsonFile *cases = json_read("tests/golden/pipeline_repairs.json", &err);
    if (!cases) fail_msg("%s", err.text);
    for (size_t i = 0; i < json_count(json_root(cases)); i++) {
        const Json one = json_at(json_root(cases), i);
        const char *index, *later;
        uint8_t images[2 * PIXELS];
        char key[32];
        assert_true(json_string(one, "index", &index, &err) && json_string_or(one, "later", NULL, &later, &err));
        char *scheduler = json_canonical(json_get(one, "file").node);
        Pipeline *p = open_good(folder_of(index, scheduler, NULL), later);
        draw(p, images);
        snprintf(key, sizeof key, "%zu", i);
        assert_alike(images, golden_view(expected, key), key);
        pipeline_free(p);
        free(scheduler);
    }
    json_free(cases);
    tensor_file_close(expected);
}

static void each_correction_is_said_in_one_line_and_none_where_nothing_is_corrected(void **state)
{
    (void)state;
    static const struct {
        const char *index, *scheduler, *kind, *said[3];
    } cases[] = {
        {"DDIMScheduler",
         "{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": false, \"steps_offset\": 1}",
         NULL,
         {NULL}},
        {"DDIMScheduler",
         "{\"_class_name\": \"DDIMScheduler\"}",
         NULL,
         {"steps_offset is taken as 1", "clip_sample is taken as false", NULL}},
        {"DDIMScheduler",
         "{\"_class_name\": \"DDIMScheduler\"}",
         "ddim",
         {"steps_offset is taken as 1", "clip_sample is taken as false", NULL}},
        {"DDIMScheduler", "{\"_class_name\": \"DDIMScheduler\"}", "euler", {NULL}},
        {"EulerDiscreteScheduler", "{\"_class_name\": \"EulerDiscreteScheduler\"}", NULL, {NULL}}, /* linspace */
        {"PNDMScheduler",
         "{\"_class_name\": \"DDIMScheduler\", \"steps_offset\": 1, \"skip_prk_steps\": true}",
         NULL,
         {"PNDMScheduler is taken with these settings, as model_index.json says, not DDIMScheduler", NULL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Pipeline *p = open_good(folder_of(cases[i].index, cases[i].scheduler, NULL), cases[i].kind);
        const TextList *remarks = pipeline_remarks(p);
        size_t said = 0;
        for (; cases[i].said[said]; said++) {
            if (said >= remarks->count || !strstr(remarks->items[said], cases[i].said[said]))
                fail_msg("case %zu: \"%s\" was not said", i, cases[i].said[said]);
            assert_non_null(strstr(remarks->items[said], "scheduler_config.json"));
        }
        assert_int_equal(remarks->count, said);
        pipeline_free(p);
    }
}

/* The golden U-Net's configuration with another version and sample_size. */
static char *unet_config_with(const char *version, const char *sample_size)
{
    Error err;
    char *text;
    size_t length;
    if (!read_file(FOLDER "unet/config.json", 1 << 20, &text, &length, &err)) fail_msg("%s", err.text);
    cJSON *config = cJSON_Parse(text);
    free(text);
    cJSON_DeleteItemFromObject(config, "_diffusers_version");
    if (version) cJSON_AddStringToObject(config, "_diffusers_version", version);
    cJSON_ReplaceItemInObject(config, "sample_size", cJSON_Parse(sample_size));
    text = json_canonical(config);
    cJSON_Delete(config);
    return text;
}

static void a_small_sample_size_from_before_diffusers_0_9_is_64(void **state)
{
    (void)state;
    static const struct {
        const char *version, *sample_size;
        size_t side; /* of pictures, the autoencoder's factor being 2 */
    } cases[] = {{"0.8.0", "32", 128},      {"0.2.2", "8", 128},      {"0.9.0.dev0", "32", 64}, {"0.9.0", "32", 64},
                 {"0.42.1", "32", 64},      {"1.0.0", "32", 64},      {NULL, "32", 64},         {"0.8.0", "96", 192},
                 {"0.8.0", "[32, 32]", 64}, {"0.7.0.dev0", "63", 128}};
    static const char scheduler[] = "{\"_class_name\": \"PNDMScheduler\", \"steps_offset\": 1}";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *config = unet_config_with(cases[i].version, cases[i].sample_size);
        Pipeline *p = open_good(folder_of("PNDMScheduler", scheduler, config), NULL);
        size_t width, height;
        pipeline_own_size(p, &width, &height);
        if (width != cases[i].side || height != width)
            fail_msg("%s, %s: %zu pixels", cases[i].version, cases[i].sample_size, width);
        assert_int_equal(pipeline_remarks(p)->count, cases[i].side == 128);
        pipeline_free(p);
        free(config);
    }
}

static void fingerprint_of(const char *folder, const char *kind, char hex[65])
{
    Error err;
    Pipeline *p = open_good(folder, kind);
    if (!pipeline_fingerprint(p, hex, &err)) fail_msg("%s", err.text);
    pipeline_free(p);
}

/* The bytes of the files are the same; only what is made of them is not. */
static void a_corrected_sampler_has_another_fingerprint_than_one_that_is_put_in_later(void **state)
{
    (void)state;
    static const char settings[] = "{\"_class_name\": \"DDIMScheduler\", \"beta_end\": 0.012}";
    char own[65], named[65], later[65];
    const char *folder = folder_of("DDIMScheduler", settings, NULL);
    fingerprint_of(folder, NULL, own);
    fingerprint_of(folder, "ddim", named);
    assert_string_equal(own, named);
    fingerprint_of(folder_of("PNDMScheduler", settings, NULL), "ddim", later);
    assert_string_not_equal(own, later);
}

static void an_index_without_a_sampler_that_is_known_is_refused(void **state)
{
    (void)state;
    Error err;
    static const char nobody[] = "{\"_class_name\": \"StableDiffusionPipeline\"}",
                      null[] = "{\"_class_name\": \"StableDiffusionPipeline\", \"scheduler\": [null, null]}";
    const char *folder = folder_of("UniPCMultistepScheduler", "{\"_class_name\": \"DDIMScheduler\"}", NULL);
    assert_null(pipeline_open(folder, (PipelineParts){0}, &err));
    assert_sentence(&err, "model_index.json: scheduler: UniPCMultistepScheduler", "--scheduler one of");
    pipeline_free(open_good(folder, "ddim"));
    put_text(scratch("model/model_index.json"), nobody);
    assert_null(pipeline_open(folder, (PipelineParts){0}, &err));
    assert_sentence(&err, "model_index.json", "scheduler");
    put_text(scratch("model/model_index.json"), null);
    assert_null(pipeline_open(folder, (PipelineParts){0}, &err));
    assert_sentence(&err, "model_index.json: scheduler", "PNDMScheduler");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_and_mixed_configurations_draw_the_pictures_of_diffusers),
        cmocka_unit_test(each_correction_is_said_in_one_line_and_none_where_nothing_is_corrected),
        cmocka_unit_test(a_small_sample_size_from_before_diffusers_0_9_is_64),
        cmocka_unit_test(a_corrected_sampler_has_another_fingerprint_than_one_that_is_put_in_later),
        cmocka_unit_test(an_index_without_a_sampler_that_is_known_is_refused),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
