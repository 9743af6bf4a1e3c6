/* The judge: a classifier of the embedded world's pictures that has nothing to do with CLIP (another architecture, trained on
 * true labels of other renders), and tells how many generated objects can be recognised. Six 3x3 convolutions with batch norm
 * and ReLU, mean and maximum over positions, one linear layer.
 *
 *     Judge *judge = judge_open("results/pretrained/mini-sd/judge", err);
 *     judge_logits(judge, images, count, logits, err);
 *     judge_free(judge); */
#pragma once

#include "harness/diffusion/diffusion_weights.h"

enum { JUDGE_LAYERS = 6, JUDGE_CLASSES = 20, JUDGE_SIDE = 64 };

typedef struct Judge {
    bool folded; /* batch norms are in the convolutions: a judge as judge_open gives it */
    WeightSet
        set; /* conv.N.weight; conv.N.bias or, in training, norm.N.{weight,bias,running_mean,running_var}; out.weight, out.bias */
} Judge;

/* Fails (NULL) on: no FOLDER/diffusion_pytorch_model.safetensors, tensors that are not a judge's. */
Judge *judge_open(const char *folder, Error *err);
void judge_free(Judge *judge);
/* logits [count, JUDGE_CLASSES] of images [count, 64, 64, 3]: the logarithm of the odds that the class is there. */
bool judge_logits(const Judge *judge, const uint8_t *images, size_t count, float *logits, Error *err);

/* ---- training (harness/pretrain) ---- */

/* A new one, with batch norms; running statistics are frozen parameters, so that a checkpoint holds them. */
Judge *judge_new(uint64_t seed, Error *err);
/* pixels [B, 64, 64, 3] in [-1, 1] -> [B, 2 JUDGE_CLASSES]: two values a class, not there and there, whose difference is the logit. */
Node *judge_node(Graph *g, const Judge *judge, Node *pixels);
/* The same judge with its batch norms folded. NULL on no memory. */
Judge *judge_fold(const Judge *judge, Error *err);
bool judge_save(const Judge *folded, const char *folder, bool half, Error *err);
/* The place of the largest logit among JUDGE_CLASSES. */
size_t judge_best(const float *logits);
