/* palbench inspect on a file, or on a folder of which one file is the input: the first byte says which. All that it says is then read. */
#include "harness/inspect/inspect.h"
#include "tests/fuzz/fuzz.h"

static const struct {
    const char *file, *looked_at;
} kinds[] = {{"file", "file"},
             {"clip/open_clip_config.json", "clip"},
             {"clip/vocab.json", "clip"},
             {"pipeline/model_index.json", "pipeline"},
             {"pipeline/unet/config.json", "pipeline/unet"},
             {"pipeline/vae/config.json", "pipeline/vae"},
             {"pipeline/scheduler/scheduler_config.json", "pipeline"},
             {"pipeline/tokenizer/tokenizer_config.json", "pipeline/tokenizer"},
             {"lora/adapter_config.json", "lora"},
             {"huggingface/config.json", "huggingface"},
             {"empty/model.safetensors", "empty"},
             {"empty/pytorch_model.bin.index.json", "empty"},
             {"empty/learned_embeds.safetensors", "empty"},
             {"empty/config.json", "empty/config.json"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_link("tests/golden/tiny_world/clip", "clip");
    fuzz_link("tests/golden/pipeline", "pipeline");
    fuzz_link("tests/golden/lora/adapter", "lora");
    fuzz_link("tests/golden/clip/huggingface", "huggingface");
    mkdir(fuzz_path("empty"), 0700);
    return 0;
}

/* Lengths of all texts: whether they are there, and end. */
static size_t read_all(const Inspection *i)
{
    const TextList *const lists[] = {&i->missing, &i->unknown, &i->notes, &i->uses};
    size_t length = strlen(i->kind) + strlen(i->layout ? i->layout : "") +
                    strlen(i->architecture ? i->architecture : "") + strlen(i->why ? i->why : "");
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        for (size_t n = 0; n < lists[k]->count; n++) length += strlen(lists[k]->items[n]);
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (!count) return 0;
    const size_t kind = *bytes++ % KINDS;
    count--;
    Error err;
    Inspection i;
    char *place = xstrdup(fuzz_path(kinds[kind].file)), *kept = xformat("%s.kept", fuzz_path("file"));
    const bool had = rename(place, kept) == 0;
    fuzz_put(kinds[kind].file, bytes, count);
    if (inspect(fuzz_path(kinds[kind].looked_at), &i, &err) && !read_all(&i)) abort();
    inspection_free(&i);
    unlink(place);
    if (had && rename(kept, place) != 0) abort();
    free(place), free(kept);
    return 0;
}
