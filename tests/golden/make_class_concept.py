# Captions, images and their scores, for tests/test_methods_class_concept.c: tests/golden/class_concept.safetensors. From the definition in
# the head of methods/class_concept.c, axis by axis, float64. numpy 2.4.6, torch 2.15.0 (torch.randperm alone), safetensors 0.8.0. Run from
# the project's root: python3 tests/golden/make_class_concept.py
import named
import numpy as np
import torch
from safetensors.numpy import save_file

CAPTIONS, CLASSES, IMAGES, POSITIONS, WIDTH = 50, 6, 21, 5, 16
rng = np.random.default_rng(23)


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-30)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


centres = unit(rng.normal(size=(CLASSES, WIDTH)))
labels = (rng.random((CAPTIONS, CLASSES)) < 0.35).astype(np.uint8)
labels[:, 4] = 0
labels[labels.sum(1) == 0, 0] = 1
texts = unit(labels @ centres + 0.5 * rng.normal(size=(CAPTIONS, WIDTH))).astype(np.float32)
shown = (rng.random((IMAGES, CLASSES)) < 0.3).astype(np.uint8)
images = unit(shown @ centres + 0.4 * rng.normal(size=(IMAGES, WIDTH))).astype(np.float32)
local = unit((shown @ centres)[:, None] * rng.random((IMAGES, POSITIONS, 1)) + 0.4 * rng.normal(size=(IMAGES, POSITIONS, WIDTH))).astype(np.float32)


def rebuilt(f, bank, grid, scale):
    v = np.broadcast_to(bank.reshape(*grid, WIDTH), f.shape[:1] + tuple(grid) + (WIDTH,))
    for _ in grid:  # the first axis that is left disappears
        w = softmax(scale * np.einsum("nd,n...d->n...", f, v), axis=1)
        v = (w[..., None] * v).sum(1)
    return unit(v)


def scores(grid, seed=1, scale=80.0, scale_local=40.0, tau=1.0, context=True, use_local=True):
    order = torch.randperm(CAPTIONS, generator=torch.Generator().manual_seed(seed)).numpy()
    count = int(np.prod(grid))
    t = texts.astype(np.float64)
    bank = t[order[np.arange(count) % CAPTIONS]]
    used = order[:count]
    y = labels[used].astype(np.float64)
    concept = unit((y / np.maximum(y.sum(0), 1)).T @ t[used])
    x, x_local = images.astype(np.float64), local.astype(np.float64).reshape(-1, WIDTH)
    v = rebuilt(x, bank, grid, scale) if context else x
    out = v @ concept.T
    if use_local:
        s = ((rebuilt(x_local, bank, grid, scale_local) if context else x_local) @ concept.T).reshape(IMAGES, POSITIONS, CLASSES)
        out = out + (softmax(tau * s, 1) * s).sum(1)
    return out


results = {
    "defaults": scores((5, 5, 2)),
    "other_order": scores((2, 5, 5), seed=9),
    "fewer": scores((3, 4, 3)),
    "more": scores((4, 5, 4)),
    "flat": scores((50,), use_local=False),
    "deep": scores((2, 2, 2, 2, 3), scale=20, scale_local=10, tau=25),
    "concept": scores((50,), context=False),
}
arrays = {"texts": texts, "images": images, "local": local, "labels": labels.astype(np.int64)}
save_file(arrays | {k: v.astype(np.float32) for k, v in results.items()}, "tests/golden/class_concept.safetensors")
