/* A CLIP of which nothing is here but its joint space: features that were made elsewhere stand for both towers. */
#include "harness/clip/clip.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"

#include <math.h>

Clip *clip_joint_space(size_t width)
{
    Clip *clip = xcalloc(1, sizeof *clip);
    Hash *hash = hash_new();
    hash_add_text(hash, "a joint space without towers");
    hash_add(hash, &width, sizeof width);
    hash_finish(hash, clip->fingerprint);
    clip->path = xstrdup("features that were made elsewhere");
    clip->config.embed = width;
    clip->config.logit_scale = logf(100);
    return clip;
}
