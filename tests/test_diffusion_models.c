/* U-Nets and autoencoders against diffusers on tiny random models (tests/golden/make_diffusion.py), and broken folders. */
#include "harness/base/text.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"
#include "harness/io/safetensors.h"
#include "tests/golden_arrays.h"

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/golden/diffusion/"

/* Sums of a few hundred float32 products in another order, several dozen layers deep. */
static const double tolerance = 1e-4;

static TensorFile *expected;

static const TensorView *view_of(const char *model, const char *name)
{
    return golden_view(expected, NAME("%s.%s", model, name));
}

static float *floats_of(const char *model, const char *name)
{
    return golden_floats(expected, NAME("%s.%s", model, name));
}

/* Largest difference over the largest value. */
static void check_close(const char *what, const float *have, const float *want, size_t n)
{
    double worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        const double difference = fabs((double)have[i] - want[i]);
        if (!(difference <= worst)) worst = difference; /* NaN too */
        largest = fmax(largest, fabs((double)want[i]));
    }
    print_message("%-12s differs by %.1e of its largest value\n", what, worst / largest);
    assert_true(worst <= tolerance * largest);
}

/* ---- U-Net ---- */

static UNet *open_unet(const char *name)
{
    Error err;
    UNet *unet = unet_open(NAME(FOLDER "%s", name), &err);
    if (!unet) fail_msg("%s", err.text);
    return unet;
}

/* One prediction; `noise` has the sample's size. */
static void predict(const UNet *unet, const char *golden, UNetSize size, GraphOptions options, float *noise)
{
    Error err;
    float *sample = floats_of(golden, "sample"), *text = floats_of(golden, "text"), *times = floats_of(golden, "times");
    const TensorView *guidance = tensor_file_find(expected, NAME("%s.guidance", golden));
    UNetRunner *r = unet_runner_new(unet, size, options, &err);
    if (!r) fail_msg("%s", err.text);
    const size_t text_floats = size.tokens * unet->config.down[0].text_width;
    for (size_t b = 0; b < size.batch; b++) {
        UNetText *prepared = unet_text_new(r, text + b * text_floats, &err);
        assert_non_null(prepared);
        unet_set_text(r, b, prepared);
        unet_text_free(prepared);
    }
    float *scale = guidance ? golden_floats(expected, NAME("%s.guidance", golden)) : NULL;
    unet_set_times(r, times, scale);
    unet_run(r, sample, noise);
    unet_runner_free(r);
    free(sample), free(text), free(times), free(scale);
}

static UNetSize size_of(const char *golden)
{
    const TensorView *sample = view_of(golden, "sample"), *text = view_of(golden, "text");
    return (UNetSize){.batch = sample->dim[0],
                      .height = sample->dim[2],
                      .width = sample->dim[3],
                      .tokens = text->dim[1],
                      .time_per_image = view_of(golden, "times")->count > 1};
}

static void check_unet(const char *name, size_t cases)
{
    UNet *unet = open_unet(name);
    for (size_t i = 0; i < cases; i++) {
        const Name golden = name_of("%s.%zu", name, i);
        const size_t n = view_of(golden.text, "noise")->count;
        float *want = floats_of(golden.text, "noise"), *have = xcalloc(n, sizeof *have);
        predict(unet, golden.text, size_of(golden.text), (GraphOptions){0}, have);
        check_close(golden.text, have, want, n);
        free(want), free(have);
    }
    unet_free(unet);
}

static void unets_of_version_1_predict_what_diffusers_predicts_at_odd_sizes_too(void **state)
{
    (void)state;
    check_unet("sd15", 3);
}

static void unets_of_version_2_have_heads_a_level_and_linear_projections(void **state)
{
    (void)state;
    check_unet("sd21", 1);
}

static void unets_of_consistency_models_take_the_guidance_as_an_embedding(void **state)
{
    (void)state;
    check_unet("lcm", 2);
}

/* The other ways to the same numbers: operators apart, convolutions direct, no budget for Winograd. */
static void options_of_the_graph_do_not_change_the_prediction(void **state)
{
    (void)state;
    const GraphOptions options[] = {{.arithmetic.exact = true}, {.no_fusion = true}, {.no_sharing = true}};
    UNet *unet = open_unet("sd15");
    const size_t n = view_of("sd15.0", "noise")->count;
    float *want = floats_of("sd15.0", "noise"), *have = xcalloc(n, sizeof *have);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        predict(unet, "sd15.0", size_of("sd15.0"), options[i], have);
        check_close("options", have, want, n);
    }
    free(want), free(have);
    unet_free(unet);
}

static void one_time_for_all_and_the_same_time_for_each_agree(void **state)
{
    (void)state;
    Error err;
    UNet *unet = open_unet("sd15");
    UNetSize size = size_of("sd15.0");
    const size_t n = view_of("sd15.0", "noise")->count;
    float *sample = floats_of("sd15.0", "sample"), *text = floats_of("sd15.0", "text"), *out[2];
    const float times[] = {981, 981};
    for (int each = 0; each < 2; each++) {
        size.time_per_image = each;
        UNetRunner *r = unet_runner_new(unet, size, (GraphOptions){0}, &err);
        assert_non_null(r);
        UNetText *prepared = unet_text_new(r, text, &err);
        unet_set_text(r, 0, prepared), unet_set_text(r, 1, prepared);
        unet_set_times(r, times, NULL);
        out[each] = xcalloc(n, sizeof(float));
        unet_run(r, sample, out[each]);
        unet_text_free(prepared);
        unet_runner_free(r);
    }
    check_close("times", out[1], out[0], n);
    free(sample), free(text), free(out[0]), free(out[1]);
    unet_free(unet);
}

/* Weights that a graph has packed are not kept beside the pack, and another graph gets them from the file again. */
static void packed_weights_are_not_kept_twice(void **state)
{
    (void)state;
    Error err;
    UNet *unet = open_unet("sd15");
    for (int round = 0; round < 2; round++) {
        UNetRunner *r = unet_runner_new(unet, (UNetSize){.batch = 1, .height = 8, .width = 8, .tokens = 7},
                                        (GraphOptions){0}, &err);
        assert_non_null(r);
        assert_null(weights_find(&unet->set, "conv_in.weight")->value);
        assert_null(weights_find(&unet->set, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")->value);
        assert_non_null(weights_find(&unet->set, "conv_norm_out.weight")->value);
        unet_runner_free(r);
    }
    unet_free(unet);
}

/* ---- autoencoders ---- */

static void check_vae(const char *name, bool is_tiny)
{
    Error err;
    Vae *vae = vae_open(NAME(FOLDER "%s", name), &err);
    if (!vae) fail_msg("%s", err.text);
    assert_int_equal(vae->config.is_tiny, is_tiny);
    const TensorView *latents = view_of(name, "latents"), *decoded = view_of(name, "decoded"),
                     *mean = view_of(name, "mean");
    float *in = floats_of(name, "latents"), *want = floats_of(name, "decoded");
    float *have = xcalloc(decoded->count, sizeof *have);
    VaeRunner *r = vae_decoder_new(vae, latents->dim[0], latents->dim[2], latents->dim[3], (GraphOptions){0}, &err);
    assert_non_null(r);
    vae_decode(r, in, have);
    check_close(NAME("%s decode", name), have, want, decoded->count);
    vae_runner_free(r);
    free(in), free(want), free(have);

    in = floats_of(name, "picture"), want = floats_of(name, "mean");
    have = xcalloc(2 * mean->count, sizeof *have);
    r = vae_encoder_new(vae, mean->dim[0], mean->dim[2], mean->dim[3], (GraphOptions){0}, &err);
    assert_non_null(r);
    vae_encode(r, in, have, have + mean->count);
    check_close(NAME("%s encode", name), have, want, mean->count);
    free(want);
    if (!is_tiny) {
        want = floats_of(name, "logvar");
        check_close(NAME("%s logvar", name), have + mean->count, want, mean->count);
        free(want);
    }
    vae_runner_free(r);
    free(in), free(have);
    vae_free(vae);
}

static void autoencoders_with_old_names_decode_and_encode_as_diffusers(void **state)
{
    (void)state;
    check_vae("vae", false);
}

static void tiny_autoencoders_decode_and_encode_as_diffusers(void **state)
{
    (void)state;
    check_vae("taesd", true);
}

/* ---- broken folders ---- */

static char scratch[] = "/tmp/test_diffusion_XXXXXX";

static void write_text(const char *name, const char *text, size_t bytes)
{
    Error err;
    char *path = path_join(scratch, name);
    if (!write_file(path, text, bytes, &err)) fail_msg("%s", err.text);
    free(path);
}

static char *config_text(const char *model)
{
    Error err;
    char *text;
    size_t length;
    if (!read_file(NAME(FOLDER "%s/config.json", model), 1 << 20, &text, &length, &err)) fail_msg("%s", err.text);
    return text;
}

/* Opens the scratch folder, which must fail with a sentence that holds all words (NULL ends them). */
static void check_refused(const char *const *words)
{
    Error err;
    UNet *unet = unet_open(scratch, &err);
    assert_null(unet);
    for (; *words; words++)
        if (!strstr(err.text, *words)) fail_msg("\"%s\" does not say \"%s\"", err.text, *words);
}

/* config.json of sd15 with `from` replaced by `to`. */
static void check_config_refused(const char *from, const char *to, const char *word)
{
    char *text = config_text("sd15"), *at = strstr(text, from);
    assert_non_null(at);
    char *changed = xformat("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    write_text("config.json", changed, strlen(changed));
    check_refused((const char *[]){"config.json", word, NULL});
    free(text), free(changed);
}

static void settings_that_are_not_computed_are_refused(void **state)
{
    (void)state;
    check_config_refused("\"UNet2DConditionModel\"", "\"UNet2DModel\"", "UNet2DModel");
    check_config_refused("\"act_fn\": \"silu\"", "\"act_fn\": \"gelu\"", "gelu");
    check_config_refused("\"CrossAttnDownBlock2D\"", "\"AttnDownBlock2D\"", "AttnDownBlock2D");
    check_config_refused("\"UNetMidBlock2DCrossAttn\"", "\"UNetMidBlock2D\"", "UNetMidBlock2D");
    check_config_refused("\"class_embed_type\": null", "\"class_embed_type\": \"timestep\"", "class_embed_type");
    check_config_refused("\"dual_cross_attention\": false", "\"dual_cross_attention\": true", "dual_cross_attention");
    check_config_refused("\"attention_head_dim\": 4", "\"attention_head_dim\": 3", "does not divide");
    check_config_refused("\"attention_head_dim\": 4", "\"attention_head_dim\": [4, 4]", "one number a level");
    check_config_refused("\"norm_num_groups\": 4", "\"norm_num_groups\": 0", "norm_num_groups");
    check_config_refused("\"norm_num_groups\": 4", "\"norm_num_groups\": null", "normalisation");
    check_config_refused("\"layers_per_block\": 1", "\"layers_per_block\": 9999", "too many");
    check_config_refused("\"num_attention_heads\": null", "\"num_attention_heads\": 8", "num_attention_heads");
    check_config_refused("\"cross_attention_dim\": 12", "\"cross_attention_dim\": 99999999", "cross_attention_dim");
    check_config_refused("\"cross_attention_dim\": 12", "\"one_of_next_year\": 12", "one_of_next_year");
}

static void missing_files_are_named(void **state)
{
    (void)state;
    char *text = config_text("sd15");
    write_text("config.json", text, strlen(text));
    check_refused((const char *[]){scratch, "diffusion_pytorch_model.safetensors", NULL});
    free(text);
}

/* The weights of sd15, changed by `change`, beside its configuration. */
static void check_weights_refused(void (*change)(TensorOut *out, size_t *count), const char *const *words)
{
    Error err;
    TensorFile *st = golden_open(FOLDER "sd15/diffusion_pytorch_model.safetensors");
    size_t count = tensor_file_count(st);
    TensorOut *out = xcalloc(count + 1, sizeof *out);
    float **values = xcalloc(count, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const TensorView *v = tensor_file_at(st, i);
        values[i] = golden_floats(st, v->name);
        out[i] = (TensorOut){.name = v->name, .rank = v->rank, .values = values[i]};
        memcpy(out[i].dim, v->dim, sizeof out[i].dim);
    }
    const size_t all = count;
    change(out, &count);
    char *path = path_join(scratch, "diffusion_pytorch_model.safetensors");
    if (!safetensors_write(path, out, count, TENSOR_F32, NULL, &err)) fail_msg("%s", err.text);
    check_refused(words);
    unlink(path);
    free(path);
    for (size_t i = 0; i < all; i++) free(values[i]);
    free(values), free(out);
    tensor_file_close(st);
}

static void drop_last(TensorOut *out, size_t *count)
{
    (void)out;
    (*count)--;
}

static void one_more(TensorOut *out, size_t *count)
{
    out[*count] = out[0];
    out[(*count)++].name = "zz_extra.weight";
}

static TensorOut *tensor(TensorOut *out, const char *name)
{
    while (strcmp(out->name, name)) out++;
    return out;
}

static void turn(TensorOut *out, size_t *count)
{
    (void)count;
    TensorOut *t = tensor(out, "conv_in.weight");
    t->dim[1] = 3, t->dim[2] = 4;
}

static void spoil(TensorOut *out, size_t *count)
{
    (void)count;
    ((float *)(uintptr_t)tensor(out, "conv_in.weight")->values)[5] = NAN;
}

static void weights_that_do_not_fit_the_configuration_are_refused(void **state)
{
    (void)state;
    char *text = config_text("sd15");
    write_text("config.json", text, strlen(text));
    free(text);
    check_weights_refused(drop_last, (const char *[]){"diffusion_pytorch_model.safetensors", "missing", NULL});
    check_weights_refused(one_more, (const char *[]){"\"zz_extra.weight\"", "no place", NULL});
    check_weights_refused(turn, (const char *[]){"\"conv_in.weight\"", "[4, 3, 4, 3]", "[4, 4, 3, 3]", NULL});
    check_weights_refused(spoil, (const char *[]){"\"conv_in.weight\"", "NaN", NULL});
}

static void texts_that_are_not_finite_are_refused(void **state)
{
    (void)state;
    Error err;
    UNet *unet = open_unet("sd15");
    UNetRunner *r =
        unet_runner_new(unet, (UNetSize){.batch = 1, .height = 8, .width = 8, .tokens = 1}, (GraphOptions){0}, &err);
    float hidden[12] = {[3] = INFINITY};
    assert_null(unet_text_new(r, hidden, &err));
    unet_runner_free(r);
    assert_null(
        unet_runner_new(unet, (UNetSize){.batch = 0, .height = 8, .width = 8, .tokens = 1}, (GraphOptions){0}, &err));
    assert_int_equal(err.exit_status, EXIT_USAGE);
    unet_free(unet);
}

/* ---- new models ---- */

static void a_new_model_survives_saving_and_opening(void **state)
{
    (void)state;
    Error err;
    char *text = config_text("sd21"), *folder = path_join(scratch, "new");
    UNet *made = unet_new("sd21", text, 7, &err);
    if (!made) fail_msg("%s", err.text);
    if (!unet_save(made, text, folder, false, &err)) fail_msg("%s", err.text);
    UNet *opened = unet_open(folder, &err);
    if (!opened) fail_msg("%s", err.text);
    const size_t n = view_of("sd21.0", "noise")->count;
    float *a = xcalloc(n, sizeof *a), *b = xcalloc(n, sizeof *b);
    weights_freeze(&made->set, true);
    predict(made, "sd21.0", size_of("sd21.0"), (GraphOptions){0}, a);
    predict(opened, "sd21.0", size_of("sd21.0"), (GraphOptions){0}, b);
    assert_memory_equal(a, b, n * sizeof *a);
    char hex[65];
    assert_true(weights_fingerprint(&opened->set, hex, &err));
    free(a), free(b), free(text), free(folder);
    unet_free(made);
    unet_free(opened);
}

/* Numbers of weights as published with the models. Nothing is drawn. */
static void published_models_have_their_number_of_weights(void **state)
{
    (void)state;
    const struct {
        const char *arch;
        size_t weights;
    } unets[] = {{"sd15", 859520964}, {"sd21", 865910724}, {"sd-turbo", 865910724}},
      vaes[] = {{"sd15", 83653863}, {"taesd", 2445063}};
    Error err;
    for (size_t i = 0; i < 3; i++) {
        UNet *unet = unet_random(unets[i].arch, unet_published(unets[i].arch), &err);
        if (!unet) fail_msg("%s", err.text);
        size_t weights = 0;
        for (size_t k = 0; k < unet->set.count; k++) weights += shape_size(unet->set.weights[k].shape);
        assert_int_equal(weights, unets[i].weights);
        unet_free(unet);
    }
    for (size_t i = 0; i < 2; i++) {
        Vae *vae = vae_random(vaes[i].arch, vae_published(vaes[i].arch), &err);
        if (!vae) fail_msg("%s", err.text);
        size_t weights = 0;
        for (size_t k = 0; k < vae->set.count; k++) weights += shape_size(vae->set.weights[k].shape);
        assert_int_equal(weights, vaes[i].weights);
        vae_free(vae);
    }
    assert_null(unet_published("sd99"));
    assert_null(vae_published("sd99"));
}

/* Weights drawn on demand are the same at every demand. */
static void random_weights_for_measuring_are_the_same_again(void **state)
{
    (void)state;
    Error err;
    char *text = config_text("sd15");
    const size_t n = view_of("sd15.0", "noise")->count;
    float *a = xcalloc(n, sizeof *a), *b = xcalloc(n, sizeof *b);
    UNet *unet = unet_random("sd15", text, &err);
    predict(unet, "sd15.0", size_of("sd15.0"), (GraphOptions){0}, a);
    predict(unet, "sd15.0", size_of("sd15.0"), (GraphOptions){0}, b);
    assert_memory_equal(a, b, n * sizeof *a);
    assert_true(isfinite(a[0]) && fabsf(a[0] - a[1]) > 0);
    unet_free(unet);
    free(a), free(b), free(text);
}

/* The three parts in one graph with a loss: gradients reach the first and the last weights. */
static void a_unet_can_be_trained(void **state)
{
    (void)state;
    Error err;
    char *text = config_text("sd21");
    UNet *unet = unet_new("sd21", text, 7, &err);
    if (!unet) fail_msg("%s", err.text);
    const UNetConfig *k = &unet->config;
    Graph *g = graph_new((GraphOptions){0});
    Node *waves = input(g, "waves", shape(2, k->channels[0])), *sample = input(g, "sample", shape(2, 4, 4, 4));
    Node *hidden = input(g, "hidden", shape(2, 3, k->down[0].text_width));
    Node **times = xcalloc(unet_residuals(k), sizeof(Node *)), **texts = xcalloc(2 * unet_crosses(k), sizeof(Node *));
    unet_time_nodes(g, unet, waves, NULL, times);
    unet_text_nodes(g, unet, hidden, texts);
    Node *out = unet_node(g, unet, sample, times, texts), *loss = mean_of_all(g, mul(g, out, out));
    if (!graph_compile(g, &out, 1, loss, &err)) fail_msg("%s", err.text);
    for (size_t b = 0; b < 2; b++) unet_time_waves(unet, 100.0f * (float)b, node_data(waves) + b * k->channels[0]);
    for (size_t i = 0; i < 128; i++) node_data(sample)[i] = sinf((float)i);
    for (size_t i = 0; i < node_bytes(hidden) / 4; i++) node_data(hidden)[i] = cosf((float)i);
    graph_forward(g);
    graph_backward(g);
    for (size_t i = 0; i < unet->set.count; i++) {
        const Parameter *p = &unet->set.weights[i];
        double sum = 0;
        for (size_t j = 0; j < shape_size(p->shape); j++) sum += fabs((double)p->gradient[j]);
        if (!(sum > 0)) fail_msg("no gradient reaches %s", p->name);
    }
    graph_free(g);
    free(times), free(texts), free(text);
    unet_free(unet);
}

static void an_autoencoder_can_be_trained(void **state)
{
    (void)state;
    Error err;
    char *text = config_text("vae");
    Vae *vae = vae_new("vae", text, 7, &err);
    if (!vae) fail_msg("%s", err.text);
    Graph *g = graph_new((GraphOptions){0});
    Node *picture = input(g, "picture", shape(1, 8, 8, 3));
    Node *mean = slice(g, vae_encoder_node(g, vae, picture), 3, 0, 4), *out = vae_decoder_node(g, vae, mean);
    Node *apart = subtract(g, out, picture), *loss = mean_of_all(g, mul(g, apart, apart));
    if (!graph_compile(g, &out, 1, loss, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < 192; i++) node_data(picture)[i] = sinf((float)i);
    graph_forward(g);
    graph_backward(g);
    for (size_t i = 0; i < vae->set.count; i++) {
        const Parameter *p = &vae->set.weights[i];
        double sum = 0;
        for (size_t j = 0; j < shape_size(p->shape); j++) sum += fabs((double)p->gradient[j]);
        const bool has_none = strstr(p->name, "to_k.bias") != NULL; /* it adds the same to all scores of a row */
        if (!has_none && !(sum > 0)) fail_msg("no gradient reaches %s", p->name);
    }
    graph_free(g);
    free(text);
    vae_free(vae);
}

/* Names that users have; full precision comes before a variant. */
static void shards_of_a_variant_are_found_and_full_precision_comes_first(void **state)
{
    (void)state;
    Error err;
    char *text = config_text("sd15"), *bytes;
    size_t length;
    write_text("config.json", text, strlen(text));
    free(text);
    static const char *const from = FOLDER "sd15/diffusion_pytorch_model.safetensors";
    if (!read_file(from, 1 << 24, &bytes, &length, &err)) fail_msg("%s", err.text);
    write_text("diffusion_pytorch_model.fp16-00001-of-00001.safetensors", bytes, length);
    TensorFile *st = golden_open(from);
    Text index = {0};
    text_add(&index, "{\"metadata\": {}, \"weight_map\": {");
    for (size_t i = 0; i < tensor_file_count(st); i++)
        text_addf(&index, "%s\"%s\": \"diffusion_pytorch_model.fp16-00001-of-00001.safetensors\"", i ? ", " : "",
                  tensor_file_at(st, i)->name);
    text_add(&index, "}}");
    tensor_file_close(st);
    write_text("diffusion_pytorch_model.safetensors.index.fp16.json", index.data, index.length);
    UNet *unet = unet_open(scratch, &err);
    if (!unet) fail_msg("%s", err.text);
    assert_non_null(strstr(unet->set.file, "index.fp16.json"));
    unet_free(unet);
    write_text("diffusion_pytorch_model.safetensors", bytes, length);
    unet = unet_open(scratch, &err);
    if (!unet) fail_msg("%s", err.text);
    assert_null(strstr(unet->set.file, "fp16"));
    unet_free(unet);
    text_free(&index);
    free(bytes);
    static const char *const made[] = {"diffusion_pytorch_model.safetensors",
                                       "diffusion_pytorch_model.safetensors.index.fp16.json",
                                       "diffusion_pytorch_model.fp16-00001-of-00001.safetensors"};
    for (size_t i = 0; i < 3; i++) unlink(NAME("%s/%s", scratch, made[i]));
}

static void weights_of_torch_save_are_those_of_safetensors(void **state)
{
    (void)state;
    Error err;
    Vae *a = vae_open("tests/golden/pipeline/tiny_vae", &err),
        *b = vae_open("tests/golden/pipeline/tiny_vae_bin", &err);
    if (!a || !b) fail_msg("%s", err.text);
    assert_int_equal(a->set.count, b->set.count);
    for (size_t i = 0; i < a->set.count; i++) {
        Parameter *x = &a->set.weights[i], *y = &b->set.weights[i];
        if (!x->load(x, &err) || !y->load(y, &err)) fail_msg("%s", err.text);
        assert_memory_equal(x->value, y->value, shape_size(x->shape) * sizeof *x->value);
    }
    vae_free(a);
    vae_free(b);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    expected = golden_open(FOLDER "expected.safetensors");
    return mkdtemp(scratch) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    tensor_file_close(expected);
    return nftw(scratch, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unets_of_version_1_predict_what_diffusers_predicts_at_odd_sizes_too),
        cmocka_unit_test(unets_of_version_2_have_heads_a_level_and_linear_projections),
        cmocka_unit_test(unets_of_consistency_models_take_the_guidance_as_an_embedding),
        cmocka_unit_test(options_of_the_graph_do_not_change_the_prediction),
        cmocka_unit_test(one_time_for_all_and_the_same_time_for_each_agree),
        cmocka_unit_test(packed_weights_are_not_kept_twice),
        cmocka_unit_test(autoencoders_with_old_names_decode_and_encode_as_diffusers),
        cmocka_unit_test(tiny_autoencoders_decode_and_encode_as_diffusers),
        cmocka_unit_test(missing_files_are_named),
        cmocka_unit_test(settings_that_are_not_computed_are_refused),
        cmocka_unit_test(weights_that_do_not_fit_the_configuration_are_refused),
        cmocka_unit_test(texts_that_are_not_finite_are_refused),
        cmocka_unit_test(a_new_model_survives_saving_and_opening),
        cmocka_unit_test(published_models_have_their_number_of_weights),
        cmocka_unit_test(random_weights_for_measuring_are_the_same_again),
        cmocka_unit_test(a_unet_can_be_trained),
        cmocka_unit_test(an_autoencoder_can_be_trained),
        cmocka_unit_test(shards_of_a_variant_are_found_and_full_precision_comes_first),
        cmocka_unit_test(weights_of_torch_save_are_those_of_safetensors),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
