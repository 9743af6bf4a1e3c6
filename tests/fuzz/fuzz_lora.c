/* LoRA files over the tiny Stable Diffusion: a file, or (first byte 1) the configuration beside one. What opens is laid over the weights. */
#include "harness/diffusion/lora/lora_file.h"
#include "harness/diffusion/pipeline.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_link("tests/golden/lora/adapter", "adapter");
    return 0;
}

static void use(const char *path)
{
    Error err;
    LoraFile lora;
    char hex[65];
    if (!lora_file_open(&lora, path, &err)) return;
    for (size_t i = 0; i < lora.count; i++)
        if (!lora.layers[i].up || !lora.layers[i].down || !lora.layers[i].rank) abort(); /* as its header says */
    if (!lora_file_fingerprint(&lora, hex, &err)) abort();
    lora_file_close(&lora);
    pipeline_free(
        pipeline_open("tests/golden/pipeline", (PipelineParts){.loras = (const char *const[]){path, NULL}}, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (!count) return 0;
    const bool configuration = *bytes++ % 2;
    count--;
    if (configuration) {
        fuzz_replace("adapter/adapter_config.json", bytes, count);
        use(fuzz_path("adapter"));
    } else {
        use(fuzz_put("lora", bytes, count));
    }
    return 0;
}
