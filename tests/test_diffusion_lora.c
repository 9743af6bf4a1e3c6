/* LoRA files over the tiny Stable Diffusion (tests/golden/lora/, made by make_lora.py): pictures are those that diffusers draws with the
 * same files; what is no LoRA of this model is told by name. */
#include "harness/diffusion/lora/lora_file.h"
#include "harness/diffusion/pipeline.h"
#include "harness/io/safetensors.h"
#include "tests/broken_files.h"
#include "tests/golden_arrays.h"

#define MODEL  "tests/golden/pipeline"
#define FOLDER "tests/golden/lora/"
enum { WIDTH = 24, HEIGHT = 16, BYTES = 2 * 3 * WIDTH * HEIGHT };

typedef const char *Files[3];

static Pipeline *open_with(const char *const *files, const char *scheduler)
{
    Error err = {0};
    Pipeline *p = pipeline_open(MODEL, (PipelineParts){.loras = files, .scheduler = scheduler}, &err);
    if (!p) fail_msg("%s", err.text);
    return p;
}

static void draw(Pipeline *p, size_t steps, float guidance, uint8_t images[BYTES])
{
    Error err = {0};
    static const char *const prompts[] = {"a red cat", "Dog!  on the stars"};
    static const uint64_t seeds[] = {5, 6};
    const DrawSettings settings = {
        .width = WIDTH, .height = HEIGHT, .steps = steps, .batch = 2, .guidance = guidance, .negative = "a dog"};
    if (!pipeline_prepare(p, settings, &err) ||
        !pipeline_draw(p, (DrawRequest){.count = 2, .prompts = prompts, .seeds = seeds}, images, NULL, &err))
        fail_msg("%s", err.text);
}

/* Two grey levels: float32 sums in another order, at up to ten steps. */
static void assert_drawn(const char *name, const char *const *files)
{
    uint8_t images[BYTES];
    const bool lcm = strcmp(name, "lcm") == 0;
    Pipeline *p = open_with(files, lcm ? "lcm" : NULL);
    draw(p, lcm ? 4 : 10, lcm ? 1 : 7.5f, images);
    pipeline_free(p);
    TensorFile *golden = golden_open(FOLDER "expected.safetensors");
    const uint8_t *want = golden_view(golden, name)->data;
    for (size_t i = 0; i < BYTES; i++)
        if (abs(want[i] - images[i]) > 2)
            fail_msg("%s: value %zu is %d, diffusers has %d", name, i, images[i], want[i]);
    tensor_file_close(golden);
}

static void pictures_are_those_of_diffusers_whoever_named_the_layers(void **state)
{
    (void)state;
    assert_drawn("without", (Files){NULL});
    assert_drawn("kohya", (Files){FOLDER "kohya.safetensors=0.8"});
    assert_drawn("mixed", (Files){FOLDER "mixed.safetensors=0.9"});
    assert_drawn("style", (Files){FOLDER "style.safetensors"});
    assert_drawn("plain", (Files){FOLDER "plain.safetensors"});
    assert_drawn("old", (Files){FOLDER "old.bin"});
    assert_drawn("adapter", (Files){FOLDER "adapter"});
}

static void weights_may_be_negative_and_files_add_up(void **state)
{
    (void)state;
    assert_drawn("negative", (Files){FOLDER "kohya.safetensors=-0.5"});
    assert_drawn("both", (Files){FOLDER "style.safetensors=0.7", FOLDER "kohya.safetensors=0.4"});
    assert_drawn("without", (Files){FOLDER "kohya.safetensors=0.8", FOLDER "kohya.safetensors=-0.8"});
    assert_drawn("without", (Files){FOLDER "style.safetensors=0"});
}

static void an_lcm_lora_draws_in_four_steps(void **state)
{
    (void)state;
    assert_drawn("lcm", (Files){FOLDER "lcm.safetensors"});
}

static void fingerprint_of(const char *const *files, char hex[65])
{
    Error err = {0};
    Pipeline *p = open_with(files, NULL);
    if (!pipeline_fingerprint(p, hex, &err)) fail_msg("%s", err.text);
    pipeline_free(p);
}

static void the_fingerprint_knows_files_and_weights_and_none_is_as_before(void **state)
{
    (void)state;
    char none[65], empty[65], hex[5][65];
    fingerprint_of(NULL, none);
    fingerprint_of((Files){NULL}, empty);
    assert_string_equal(none, empty);
    fingerprint_of((Files){FOLDER "kohya.safetensors"}, hex[0]);
    fingerprint_of((Files){FOLDER "kohya.safetensors=0.8"}, hex[1]);
    fingerprint_of((Files){FOLDER "style.safetensors"}, hex[2]);
    fingerprint_of((Files){FOLDER "kohya.safetensors", FOLDER "style.safetensors"}, hex[3]);
    fingerprint_of((Files){FOLDER "kohya.safetensors=1"}, hex[4]);
    for (size_t i = 0; i < 4; i++) {
        assert_string_not_equal(hex[i], none);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(hex[i], hex[k]);
    }
    assert_string_equal(hex[4], hex[0]);
}

/* ---- what is refused ---- */

static void assert_refused(const char *what, const char *where, const char *sentence)
{
    Error err = {0};
    Pipeline *p = pipeline_open(MODEL, (PipelineParts){.loras = (Files){what}}, &err);
    if (p) fail_msg("%s was taken", what);
    assert_sentence(&err, where, sentence);
}

/* A file of these tensors, each with a first and a second dimension (0: none), all zeros. */
typedef struct Made {
    const char *name;
    size_t rows, columns;
} Made;

static void assert_made_refused(const Made *made, const char *sentence)
{
    Error err = {0};
    static const float zeros[4096];
    TensorOut out[8];
    size_t count = 0;
    for (; made[count].name; count++)
        out[count] = (TensorOut){.name = made[count].name,
                                 .rank = !!made[count].rows + !!made[count].columns,
                                 .dim = {made[count].rows, made[count].columns},
                                 .values = zeros};
    const char *path = scratch("made.safetensors");
    if (!safetensors_write(path, out, count, TENSOR_F32, NULL, &err)) fail_msg("%s", err.text);
    assert_refused(path, "made.safetensors", sentence);
    unlink(path);
}

#define LAYER "lora_unet_mid_block_attentions_0_proj_in"
#define PAIR                                                                                                           \
    {LAYER ".lora_down.weight", 2, 8},                                                                                 \
    {                                                                                                                  \
        LAYER ".lora_up.weight", 8, 2                                                                                  \
    }

static void other_kinds_are_told_by_name(void **state)
{
    (void)state;
    assert_made_refused((Made[]){PAIR, {LAYER ".dora_scale", 8, 1}, {NULL, 0, 0}}, "dora_scale\": DoRA");
    assert_made_refused((Made[]){{LAYER ".alpha", 0, 0}, {LAYER ".hada_w1_a", 8, 2}, {NULL, 0, 0}}, "LoHa");
    assert_made_refused((Made[]){{LAYER ".alpha", 0, 0}, {LAYER ".lokr_w1", 8, 2}, {NULL, 0, 0}}, "LoKr");
    assert_made_refused((Made[]){PAIR, {LAYER ".lora_mid.weight", 2, 2}, {NULL, 0, 0}}, "Tucker");
    assert_made_refused((Made[]){{LAYER ".diff", 8, 8}, {NULL, 0, 0}}, "whole differences");
    assert_made_refused((Made[]){{"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_up.weight", 8, 2}, {NULL, 0, 0}},
                        "Stable Diffusion XL");
    assert_made_refused((Made[]){{"lora_unet_input_blocks_4_1_proj_in.lora_up.weight", 8, 2}, {NULL, 0, 0}},
                        "Stable Diffusion XL");
    assert_made_refused((Made[]){{"transformer.x.lora_A.weight", 8, 2}, {NULL, 0, 0}}, "diffusion transformer");
    assert_made_refused((Made[]){PAIR, {"something.else", 8, 2}, {NULL, 0, 0}},
                        "\"something.else\" is no name of a LoRA");
    assert_refused(MODEL "/unet/diffusion_pytorch_model.safetensors", "unet", "is no name of a LoRA");
}

static void layers_that_do_not_fit_are_named(void **state)
{
    (void)state;
    assert_made_refused((Made[]){{"lora_unet_nowhere.lora_up.weight", 8, 2},
                                 {"lora_unet_nowhere.lora_down.weight", 2, 8},
                                 {NULL, 0, 0}},
                        "\"lora_unet_nowhere\": the U-Net of this model has no such layer");
    assert_made_refused((Made[]){{"lora_te_text_model_encoder_layers_7_mlp_fc1.lora_up.weight", 8, 2},
                                 {"lora_te_text_model_encoder_layers_7_mlp_fc1.lora_down.weight", 2, 8},
                                 {NULL, 0, 0}},
                        "the text tower of this model has no such layer");
    assert_made_refused((Made[]){{LAYER ".lora_down.weight", 2, 9}, {LAYER ".lora_up.weight", 8, 2}, {NULL, 0, 0}},
                        "changes a weight of the shape [8, 9], this model's has [8, 8]");
    assert_made_refused((Made[]){{LAYER ".lora_down.weight", 2, 8}, {LAYER ".lora_up.weight", 8, 3}, {NULL, 0, 0}},
                        "do not fit");
    assert_made_refused((Made[]){{LAYER ".lora_down.weight", 2, 8}, {NULL, 0, 0}},
                        "has its down matrix, but not the other");
    assert_made_refused((Made[]){PAIR, {LAYER ".alpha", 2, 0}, {NULL, 0, 0}}, "is not one number");
    assert_made_refused((Made[]){PAIR, {"unet.mid_block.attentions.0.proj_in.lora_B.weight", 8, 2}, {NULL, 0, 0}},
                        "stands for already");
    assert_refused(FOLDER "kohya.safetensors=much", "kohya.safetensors", "\"much\" is no weight");
    assert_refused(FOLDER "nowhere.safetensors", "nowhere.safetensors", "cannot open");
}

/* Opening a changed or cut copy ends with a LoRA or a sentence. */
static void broken_files_are_read_or_get_a_sentence(void **state)
{
    (void)state;
    static const char *const names[] = {"mixed.safetensors", "old.bin"};
    uint32_t random = 2463534242;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        char *source = xformat(FOLDER "%s", names[k]);
        size_t length;
        char *data = get_file(source, &length), *changed = xmalloc(length);
        for (size_t i = 0; i < 400; i++) {
            Error err = {0};
            LoraFile lora;
            const char *path = scratch("broken");
            const size_t cut = i < 100 ? i * length / 100 : length;
            memcpy(changed, data, length);
            if (cut == length) mutate(changed, length < 8192 || i % 2 ? length : 8192, &random);
            put_file(path, changed, cut);
            if (lora_file_open(&lora, path, &err))
                lora_file_close(&lora);
            else
                assert_sentence(&err, path, "");
        }
        free(changed), free(data), free(source);
    }
}

static void a_file_tells_its_form_and_scales(void **state)
{
    (void)state;
    static const struct {
        const char *file, *form;
    } forms[] = {
        {"kohya.safetensors", "kohya"}, {"style.safetensors", "peft"}, {"old.bin", "diffusers"}, {"adapter", "peft"}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        Error err = {0};
        LoraFile lora;
        char *path = xformat(FOLDER "%s", forms[i].file);
        if (!lora_file_open(&lora, path, &err)) fail_msg("%s", err.text);
        assert_string_equal(lora.form, forms[i].form);
        assert_true(lora_file_looks(lora.tensors));
        for (size_t k = 0; k < lora.count; k++) {
            const LoraLayer *layer = &lora.layers[k];
            if (strcmp(forms[i].file, "style.safetensors") != 0) continue;
            const bool own = strstr(layer->key, "to_k"), mid = strstr(layer->key, "mid_block.attentions.0.proj_in");
            const float scale = layer->is_text ? 0.5f : own ? 0.5f : mid ? 3 : 2;
            if (layer->scale < scale || layer->scale > scale)
                fail_msg("%s: scale %g", layer->key, (double)layer->scale);
        }
        lora_file_close(&lora);
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_those_of_diffusers_whoever_named_the_layers),
        cmocka_unit_test(weights_may_be_negative_and_files_add_up),
        cmocka_unit_test(an_lcm_lora_draws_in_four_steps),
        cmocka_unit_test(the_fingerprint_knows_files_and_weights_and_none_is_as_before),
        cmocka_unit_test(other_kinds_are_told_by_name),
        cmocka_unit_test(layers_that_do_not_fit_are_named),
        cmocka_unit_test(a_file_tells_its_form_and_scales),
        cmocka_unit_test(broken_files_are_read_or_get_a_sentence),
    };
    return cmocka_run_group_tests_name("diffusion: LoRA", tests, scratch_make, scratch_remove);
}
