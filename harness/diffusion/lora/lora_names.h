/* Names in LoRA files. */
#pragma once

#include "harness/io/tensor_file.h"

typedef enum LoraRole { LORA_UP, LORA_DOWN, LORA_ALPHA, LORA_ROLES } LoraRole;

typedef struct LoraName {
    LoraRole role;
    bool is_text;
    const char *form;
    size_t key;                     /* how much of the name is the layer's, as the file has it */
    char module[TENSOR_NAME_BYTES]; /* in kohya's form */
} LoraName;

/* Takes a tensor's name apart. false: it is no LoRA's of Stable Diffusion 1 and 2; *why then says what it is, or is NULL. */
bool lora_name_parse(const char *name, LoraName *parsed, const char **why);
