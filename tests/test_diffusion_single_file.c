/* Stable Diffusion in one file (tests/golden/single_file/, made by make_single_file.py): pictures are those that diffusers draws with the
 * same weights; what is missing, superfluous or another model is told by name. */
#include "harness/diffusion/pipeline.h"
#include "harness/diffusion/single_file.h"
#include "harness/io/safetensors.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#define FOLDER "tests/golden/single_file/"
static const char tokenizer[] = "tests/golden/pipeline/tokenizer";
enum { SIDE = 16, BYTES = 3 * SIDE * SIDE };

static void draw_with(const char *path, PipelineParts parts, uint8_t image[BYTES])
{
    Error err = {0};
    static const char *const prompts[] = {"a red cat"};
    static const uint64_t seeds[] = {5};
    Pipeline *p = pipeline_open(path, parts, &err);
    if (!p) fail_msg("%s", err.text);
    const DrawSettings settings = {.width = SIDE, .height = SIDE, .steps = 5, .batch = 1, .guidance = 7.5f};
    if (!pipeline_prepare(p, settings, &err)) fail_msg("%s", err.text);
    if (!pipeline_draw(p, (DrawRequest){.count = 1, .prompts = prompts, .seeds = seeds}, image, NULL, &err))
        fail_msg("%s", err.text);
    pipeline_free(p);
}

static void draw(const char *path, PipelineParts parts, uint8_t image[BYTES])
{
    parts.tokenizer = tokenizer;
    draw_with(path, parts, image);
}

static void assert_picture(const char *name, const uint8_t image[BYTES])
{
    char *path = xformat(FOLDER "%s.expected.safetensors", name);
    TensorFile *golden = golden_open(path);
    const uint8_t *want = golden_view(golden, "image")->data;
    for (size_t i = 0; i < BYTES; i++)
        if (abs(want[i] - image[i]) > 1) fail_msg("%s: value %zu is %d, diffusers has %d", name, i, image[i], want[i]);
    tensor_file_close(golden);
    free(path);
}

static void stable_diffusion_1_and_2_draw_what_diffusers_draws(void **state)
{
    (void)state;
    uint8_t image[BYTES];
    draw(FOLDER "sd1.safetensors", (PipelineParts){0}, image);
    assert_picture("sd1", image);
    draw(FOLDER "sd2.ckpt", (PipelineParts){0}, image); /* sd2.yaml says v */
    assert_picture("sd2", image);
}

/* ---- the same weights as a folder ---- */

static void put_text(const char *folder, const char *name, const char *text)
{
    Error err = {0};
    char *path = path_join(folder, name), *inner = path_folder(path);
    if (!make_folders(inner, &err) || !write_file(path, text, strlen(text), &err)) fail_msg("%s", err.text);
    free(inner);
    free(path);
}

static void put_part(const SingleFile *f, SinglePart part, const char *folder, const char *name, const char *config)
{
    Error err = {0};
    TensorFile *tensors = single_file_part(f, part, &err);
    if (!tensors) fail_msg("%s", err.text);
    TensorOut *out = xcalloc(tensor_file_count(tensors), sizeof *out);
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(tensors); i++) {
        const TensorView *view = tensor_file_at(tensors, i);
        if (view->type != TENSOR_F16) continue; /* position_ids */
        out[count] = (TensorOut){.name = view->name, .rank = view->rank, .values = golden_floats(tensors, view->name)};
        memcpy(out[count++].dim, view->dim, sizeof view->dim);
    }
    char *path = path_join(folder, name), *inner = path_folder(path);
    put_text(inner, "config.json", config);
    if (!safetensors_write(path, out, count, TENSOR_F16, NULL, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)out[i].values);
    free(out);
    free(path);
    free(inner);
    tensor_file_close(tensors);
}

static void a_folder_and_both_single_files_draw_the_same_picture(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t images[3][BYTES];
    char *folder = path_join(scratch_folder, "folder");
    SingleFile *f = single_file_open(FOLDER "sd1.safetensors", NULL, &err);
    if (!f) fail_msg("%s", err.text);
    put_part(f, SINGLE_UNET, folder, "unet/diffusion_pytorch_model.safetensors", single_file_config(f, SINGLE_UNET));
    put_part(f, SINGLE_VAE, folder, "vae/diffusion_pytorch_model.safetensors", single_file_config(f, SINGLE_VAE));
    put_part(f, SINGLE_TEXT, folder, "text_encoder/model.safetensors",
             "{\"hidden_size\": 64, \"intermediate_size\": 128, \"num_hidden_layers\": 1, \"num_attention_heads\": 1, "
             "\"vocab_size\": 520, \"hidden_act\": \"quick_gelu\"}");
    single_file_close(f);
    put_text(folder, "scheduler/scheduler_config.json",
             "{\"_class_name\": \"PNDMScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012, \"beta_schedule\": "
             "\"scaled_linear\", \"set_alpha_to_one\": false, \"skip_prk_steps\": true, \"steps_offset\": 1}");
    put_text(folder, "model_index.json",
             "{\"_class_name\": \"StableDiffusionPipeline\", \"scheduler\": [\"diffusers\", \"PNDMScheduler\"]}");
    static const char *const names[] = {"vocab.json", "merges.txt"}; /* its settings pad with another token */
    for (size_t i = 0; i < 2; i++) {
        char *source = xformat("%s/%s", tokenizer, names[i]), *name = xformat("tokenizer/%s", names[i]), *text;
        size_t length;
        if (!read_file(source, 1 << 20, &text, &length, &err)) fail_msg("%s", err.text);
        put_text(folder, name, text);
        free(source), free(name), free(text);
    }
    draw_with(folder, (PipelineParts){0}, images[0]);
    draw(FOLDER "sd1.safetensors", (PipelineParts){0}, images[1]);
    draw(FOLDER "sd1.ckpt", (PipelineParts){0}, images[2]);
    assert_memory_equal(images[0], images[1], BYTES);
    assert_memory_equal(images[2], images[1], BYTES);
    scratch_clear(folder);
    rmdir(folder);
    free(folder);
}

static char *copy_of(const char *source, const char *name)
{
    Error err;
    char *data, *path = path_join(scratch_folder, name);
    size_t length;
    if (!read_file(source, 1 << 26, &data, &length, &err) || !write_file(path, data, length, &err))
        fail_msg("%s", err.text);
    free(data);
    return path;
}

static void the_prediction_can_be_named_and_a_guess_is_told(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t image[BYTES];
    char *path = copy_of(FOLDER "sd2.ckpt", "alone.ckpt");
    draw(path, (PipelineParts){.prediction = "v"}, image);
    assert_picture("sd2", image);
    Pipeline *p = pipeline_open(path, (PipelineParts){.tokenizer = tokenizer}, &err);
    assert_non_null(strstr(pipeline_note(p), "epsilon is taken"));
    char guessed[65], said[65];
    assert_true(pipeline_fingerprint(p, guessed, &err));
    pipeline_free(p);
    p = pipeline_open(path, (PipelineParts){.tokenizer = tokenizer, .prediction = "v"}, &err);
    assert_null(pipeline_note(p));
    assert_true(pipeline_fingerprint(p, said, &err));
    assert_string_not_equal(guessed, said);
    pipeline_free(p);
    unlink(path);
    free(path);
}

static void a_configuration_beside_the_file_counts(void **state)
{
    (void)state;
    Error err = {0};
    char *path = copy_of(FOLDER "sd1.safetensors", "model.safetensors"),
         *folder = path_join(scratch_folder, "scheduler");
    assert_true(make_folders(folder, &err));
    char *config = path_join(folder, "scheduler_config.json");
    static const char euler[] = "{\"_class_name\": \"EulerDiscreteScheduler\", \"beta_schedule\": \"scaled_linear\"}",
                      ddim[] = "{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": true, \"steps_offset\": 1}";
    assert_true(write_file(config, euler, sizeof euler - 1, &err));
    Pipeline *p = pipeline_open(path, (PipelineParts){.tokenizer = tokenizer}, &err);
    if (!p) fail_msg("%s", err.text);
    assert_string_equal(pipeline_scheduler(p), "euler");
    pipeline_free(p);
    /* and is corrected as a folder's is */
    assert_true(write_file(config, ddim, sizeof ddim - 1, &err));
    p = pipeline_open(path, (PipelineParts){.tokenizer = tokenizer}, &err);
    if (!p) fail_msg("%s", err.text);
    assert_int_equal(pipeline_remarks(p)->count, 1);
    assert_non_null(strstr(pipeline_remarks(p)->items[0], "clip_sample is taken as false"));
    pipeline_free(p);
    unlink(config), rmdir(folder), unlink(path);
    free(config), free(folder), free(path);
}

/* sd1.safetensors with one tensor renamed; NULL: left out. */
static void assert_refused(const char *name, const char *renamed, const char *what)
{
    Error err = {0};
    TensorFile *file = golden_open(FOLDER "sd1.safetensors");
    TensorOut *out = xcalloc(tensor_file_count(file), sizeof *out);
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const TensorView *view = tensor_file_at(file, i);
        const bool it = strcmp(view->name, name) == 0;
        if (view->type != TENSOR_F16 || (it && !renamed)) continue;
        float *values = golden_floats(file, view->name);
        out[count] = (TensorOut){.name = it ? renamed : view->name, .rank = view->rank, .values = values};
        memcpy(out[count++].dim, view->dim, sizeof view->dim);
    }
    char *path = path_join(scratch_folder, "changed.safetensors");
    if (!safetensors_write(path, out, count, TENSOR_F16, NULL, &err)) fail_msg("%s", err.text);
    Pipeline *p = pipeline_open(path, (PipelineParts){.tokenizer = tokenizer}, &err);
    if (p) fail_msg("it was opened with %s as %s", name, renamed ? renamed : "nothing");
    assert_sentence(&err, "changed.safetensors", what);
    for (size_t i = 0; i < count; i++) free((void *)(uintptr_t)out[i].values);
    free(out);
    unlink(path);
    free(path);
    tensor_file_close(file);
}

static void what_is_missing_or_superfluous_is_named(void **state)
{
    (void)state;
    assert_refused("model.diffusion_model.middle_block.1.norm.weight", NULL,
                   "mid_block.attentions.0.norm.weight\" is missing");
    assert_refused("model.diffusion_model.out.2.bias", "model.diffusion_model.extra", "conv_out.bias\" is missing");
    assert_refused("first_stage_model.decoder.mid.attn_1.q.weight", NULL, "to_q.weight\" is missing");
    assert_refused("model.diffusion_model.input_blocks.0.0.weight", NULL, "no Stable Diffusion");
    assert_refused("cond_stage_model.transformer.text_model.embeddings.token_embedding.weight", NULL,
                   "without a text tower");
    assert_refused("first_stage_model.decoder.conv_in.weight", NULL, "autoencoder is missing");
    assert_refused("alphas_cumprod", "model.diffusion_model.extra", "\"model.diffusion_model.extra\" has no place");
    assert_refused("alphas_cumprod", "model.diffusion_model.label_emb.0.0.weight", "Stable Diffusion XL");
}

static void other_files_are_told_what_they_are(void **state)
{
    (void)state;
    Error err = {0};
    static const char part[] = "tests/golden/pipeline/unet/diffusion_pytorch_model.safetensors";
    assert_null(pipeline_open(part, (PipelineParts){0}, &err));
    assert_sentence(&err, part, "one part of a diffusers folder; name the folder that has model_index.json");
    assert_null(pipeline_open(FOLDER "sd1.safetensors", (PipelineParts){0}, &err));
    assert_sentence(&err, "sd1.safetensors", "--tokenizer");
    assert_null(pipeline_open("tests/golden/torch_archive/calls_system.pt", (PipelineParts){0}, &err));
    assert_sentence(&err, "calls_system.pt", "could run code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stable_diffusion_1_and_2_draw_what_diffusers_draws),
        cmocka_unit_test(a_folder_and_both_single_files_draw_the_same_picture),
        cmocka_unit_test(the_prediction_can_be_named_and_a_guess_is_told),
        cmocka_unit_test(a_configuration_beside_the_file_counts),
        cmocka_unit_test(what_is_missing_or_superfluous_is_named),
        cmocka_unit_test(other_files_are_told_what_they_are),
    };
    return cmocka_run_group_tests_name("diffusion: single files", tests, scratch_make, scratch_remove);
}
