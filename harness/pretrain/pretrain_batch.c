/* Every number of a pair follows from mixing seed and pair number, so that pictures can be drawn by all threads in any
 * order. Captions follow after them on one thread: the tokenizer remembers words. */
#include "harness/pretrain/pretrain_batch.h"

#include "harness/base/memory.h"
#include "harness/pretrain/pretrain_loop.h"

#include <stdlib.h>
#include <string.h>

bool pretrain_batch_init(PretrainBatch *batch, size_t size, size_t tokens, Error *err)
{
    *batch = (PretrainBatch){.size = size, .tokens = tokens};
    return big_alloc(&batch->pixels, size * WORLD_SIZE * WORLD_SIZE * 3, sizeof(float), "a batch of pictures", err) &&
           big_alloc(&batch->ids, size * tokens, sizeof(int32_t), "a batch of captions", err) &&
           big_alloc(&batch->ends, size, sizeof(int32_t), "a batch of captions", err);
}

void pretrain_batch_free(PretrainBatch *batch)
{
    free(batch->pixels), free(batch->ids), free(batch->ends);
    *batch = (PretrainBatch){0};
}

void pretrain_picture(const WorldScene *scene, bool mirrored, const float mean[3], const float std[3], float *pixels)
{
    uint8_t rendered[WORLD_SIZE * WORLD_SIZE * 3];
    world_render(scene, rendered);
    for (size_t y = 0; y < WORLD_SIZE; y++)
        for (size_t x = 0; x < WORLD_SIZE; x++) {
            const uint8_t *from = rendered + 3 * (y * WORLD_SIZE + (mirrored ? WORLD_SIZE - 1 - x : x));
            float *to = pixels + 3 * (y * WORLD_SIZE + x);
            for (int c = 0; c < 3; c++) to[c] = ((float)from[c] / 255.0f - mean[c]) / std[c];
        }
}

size_t pretrain_tokens(const Tokenizer *tokenizer, const char *caption, size_t tokens, int32_t *ids)
{
    TokenList list = {0};
    tokenizer_encode(tokenizer, caption, tokens, &list);
    const size_t count = list.offsets[1];
    memcpy(ids, list.tokens, count * sizeof *ids);
    for (size_t k = count; k < tokens; k++) ids[k] = tokenizer_end(tokenizer);
    token_list_free(&list);
    return count;
}

void pretrain_batch_fill(PretrainBatch *batch, uint64_t first, uint64_t scenes, uint64_t seed,
                         const Tokenizer *tokenizer, const float mean[3], const float std[3])
{
    /* The tokenizer keeps a cache of words: captions are encoded by one thread, pictures drawn by all. */
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < batch->size; i++) {
        const uint64_t pair = first + i, draw = mixed_bits(seed ^ mixed_bits(pair));
        WorldScene scene;
        world_scene(&scene, WORLD_PRETRAIN, pair % scenes);
        pretrain_picture(&scene, draw & 1, mean, std, batch->pixels + i * WORLD_SIZE * WORLD_SIZE * 3);
    }
    for (size_t i = 0; i < batch->size; i++) {
        const uint64_t pair = first + i, draw = mixed_bits(seed ^ mixed_bits(pair));
        WorldScene scene;
        char caption[WORLD_CAPTION_MAX];
        world_scene(&scene, WORLD_PRETRAIN, pair % scenes);
        world_caption(&scene, &world_pretrain_style, draw >> 1, draw & 1, caption);
        /* Every other caption ends like a sentence, so that the full stop of "a photo of a cat." is nothing new. */
        const size_t length = strlen(caption);
        if ((mixed_bits(draw) & 1) && length + 1 < sizeof caption) memcpy(caption + length, ".", 2);
        batch->ends[i] =
            (int32_t)pretrain_tokens(tokenizer, caption, batch->tokens, batch->ids + i * batch->tokens) - 1;
    }
}
