/* Configurations of models beside their weights: the first byte says which file of which folder the rest is. */
#include "harness/clip/clip.h"
#include "harness/diffusion/pipeline.h"
#include "harness/diffusion/scheduler.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"
#include "tests/fuzz/fuzz.h"

static void try_clip(void)
{
    Error err;
    clip_free(clip_open(fuzz_path("clip"), &err));
}

static void try_unet(void)
{
    Error err;
    unet_free(unet_open(fuzz_path("pipeline/unet"), &err));
}

static void try_vae(void)
{
    Error err;
    vae_free(vae_open(fuzz_path("pipeline/vae"), &err));
}

static void try_pipeline(void)
{
    Error err;
    pipeline_free(pipeline_open(fuzz_path("pipeline"), (PipelineParts){0}, &err));
}

static const struct {
    const char *file;
    void (*open)(void);
} kinds[] = {{"clip/open_clip_config.json", try_clip},
             {"clip/config.json", try_clip},
             {"clip/preprocessor_config.json", try_clip},
             {"pipeline/unet/config.json", try_unet},
             {"pipeline/vae/config.json", try_vae},
             {"pipeline/text_encoder/config.json", try_pipeline},
             {"pipeline/scheduler/scheduler_config.json", try_pipeline},
             {"pipeline/model_index.json", try_pipeline}};
enum { KINDS = sizeof kinds / sizeof *kinds };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_link("tests/golden/tiny_world/clip", "clip");
    fuzz_link("tests/golden/pipeline", "pipeline");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (!count) return 0;
    const size_t kind = *bytes++ % (KINDS + 1);
    count--;
    Error err;
    if (kind == KINDS) {
        Scheduler *s = scheduler_parse("fuzzed", (const char *)bytes, count, NULL, &err);
        if (s && scheduler_set_steps(s, 5, &err)) scheduler_timesteps(s);
        scheduler_free(s);
        return 0;
    }
    char *kept = xformat("%s.kept", fuzz_path(kinds[kind].file));
    const bool had = rename(fuzz_path(kinds[kind].file), kept) == 0;
    fuzz_put(kinds[kind].file, bytes, count);
    kinds[kind].open();
    unlink(fuzz_path(kinds[kind].file));
    if (had && rename(kept, fuzz_path(kinds[kind].file)) != 0) abort();
    free(kept);
    return 0;
}
