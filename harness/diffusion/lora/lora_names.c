/* A name ends with what the tensor is to its layer and begins with where the layer belongs; what is between is the layer's path, brought
 * to kohya's form. Endings of other kinds of adapters are known too, to be told by name. */
#include "harness/diffusion/lora/lora_names.h"

#include "harness/base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- what is something else ---- */

static const struct {
    const char *piece, *what;
} others[] = {
    {"dora_scale", "DoRA (weight-decomposed: a magnitude beside each product)"},
    {"lora_magnitude_vector", "DoRA (weight-decomposed: a magnitude beside each product)"},
    {"hada_", "LoHa (Hadamard products of LyCORIS)"},
    {"lokr_", "LoKr (Kronecker products of LyCORIS)"},
    {"lora_mid", "a LoCon in Tucker decomposition (lora_mid)"},
    {"oft_", "OFT (orthogonal finetuning)"},
    {"lora_te1_", "a LoRA of Stable Diffusion XL"},
    {"lora_te2_", "a LoRA of Stable Diffusion XL"},
    {"lora_te3_", "a LoRA of Stable Diffusion 3"},
    {"text_encoder_2.", "a LoRA of Stable Diffusion XL"},
    {"add_embedding", "a LoRA of Stable Diffusion XL"},
    {"lora_unet_input_blocks_", "a LoRA of Stable Diffusion XL (input_blocks)"},
    {"lora_unet_middle_block_", "a LoRA of Stable Diffusion XL (middle_block)"},
    {"lora_unet_output_blocks_", "a LoRA of Stable Diffusion XL (output_blocks)"},
    {"double_blocks", "a LoRA of Flux"},
    {"single_transformer_blocks", "a LoRA of Flux"},
    {"joint_blocks", "a LoRA of Stable Diffusion 3"},
    {"lora_embedding_", "a LoRA of embeddings"},
};

static const char *what_else(const char *name)
{
    if (text_ends(name, ".diff") || text_ends(name, ".diff_b"))
        return "a file with whole differences of weights (diff)";
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strstr(name, others[i].piece)) return others[i].what;
    return text_begins(name, "transformer.") ? "a LoRA of a diffusion transformer" : NULL;
}

/* ---- endings ---- */

typedef struct Ending {
    const char *text;
    LoraRole role;
    const char *form;
    const char *instead; /* what the path ends with in its place */
} Ending;

/* The longer ones come first where one ends another. The processors of diffusers call the projections to_q_lora, in the text tower, too. */
static const Ending endings[] = {
    {".lora_down.weight", LORA_DOWN, "kohya", ""},
    {".lora_up.weight", LORA_UP, "kohya", ""},
    {".alpha", LORA_ALPHA, NULL, ""},
    {".lora_A.weight", LORA_DOWN, "peft", ""},
    {".lora_B.weight", LORA_UP, "peft", ""},
    {".lora_A.default.weight", LORA_DOWN, "peft", ""},
    {".lora_B.default.weight", LORA_UP, "peft", ""},
    {".lora.down.weight", LORA_DOWN, "diffusers", ""},
    {".lora.up.weight", LORA_UP, "diffusers", ""},
    {".lora_linear_layer.down.weight", LORA_DOWN, "diffusers", ""},
    {".lora_linear_layer.up.weight", LORA_UP, "diffusers", ""},
    {".to_out_lora.down.weight", LORA_DOWN, "diffusers", ".to_out.0"},
    {".to_out_lora.up.weight", LORA_UP, "diffusers", ".to_out.0"},
    {"_lora.down.weight", LORA_DOWN, "diffusers", ""},
    {"_lora.up.weight", LORA_UP, "diffusers", ""},
};

static const Ending *ending_of(const char *name)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (text_ends(name, endings[i].text)) return &endings[i];
    return NULL;
}

/* ---- beginnings ---- */

typedef struct Beginning {
    const char *text;
    bool is_text; /* where nothing is said, the path itself tells (fold) */
} Beginning;

static const Beginning beginnings[] = {
    {"lora_unet_", false},   {"lora_te_", true},           {"unet.", false},
    {"text_encoder.", true}, {"base_model.model.", false}, {"", false},
};

static const Beginning *beginning_of(const char *name)
{
    size_t i = 0;
    while (!text_begins(name, beginnings[i].text)) i++;
    return &beginnings[i];
}

/* ---- the path between ---- */

/* Every `piece` of the module is replaced by `by`, which is not longer. */
static void replace_all(char *module, const char *piece, const char *by)
{
    const size_t length = strlen(piece), shorter = strlen(by);
    for (char *at = module; (at = strstr(at, piece)); at += shorter) {
        memcpy(at, by, shorter);
        memmove(at + shorter, at + length, strlen(at + length) + 1);
    }
}

static void fold(LoraName *parsed)
{
    for (char *c = parsed->module; *c; c++)
        if (*c == '.') *c = '_';
    replace_all(parsed->module, "_processor_", "_");
    if (text_begins(parsed->module, "text_model_"))
        parsed->is_text = true, replace_all(parsed->module, "text_model_", "");
    if (text_begins(parsed->module, "encoder_layers_")) parsed->is_text = true;
    if (!parsed->is_text) return;
    replace_all(parsed->module, "_to_out_0", "_out_proj");
    static const char *const projections[][2] = {{"_to_q", "_q_proj"}, {"_to_k", "_k_proj"}, {"_to_v", "_v_proj"}};
    for (size_t i = 0; i < 3; i++) {
        char *at = strstr(parsed->module, projections[i][0]);
        const size_t room = sizeof parsed->module - (size_t)(at ? at - parsed->module : 0);
        if (at && !at[strlen(projections[i][0])]) snprintf(at, room, "%s", projections[i][1]);
    }
}

bool lora_name_parse(const char *name, LoraName *parsed, const char **why)
{
    *why = what_else(name);
    if (*why) return false;
    const Ending *end = ending_of(name);
    if (!end) return false;
    const Beginning *start = beginning_of(name);
    const size_t head = strlen(start->text), tail = strlen(end->text), length = strlen(name);
    if (head + tail >= length) return false;
    *parsed = (LoraName){.role = end->role, .form = end->form, .is_text = start->is_text, .key = length - tail};
    const int used = snprintf(parsed->module, sizeof parsed->module, "%.*s%s", (int)(length - tail - head), name + head,
                              end->instead);
    if (used < 0 || (size_t)used >= sizeof parsed->module) return false;
    fold(parsed);
    return true;
}
