"""Holds a stored result of text_residual against PyTorch: the same captions, seed and batches, the loss of every step and the scores.

    python3 check.py results/store/score/mini-text-residual-s1-....h5

Needs torch, numpy, h5py (made with torch 2.x; a seed means what torch.manual_seed means)."""
import glob, json, math, os, sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def inputs_of(path):
    """The input artifacts of an artifact, by stage: STORE/STAGE/WORDS-<first 16 digits of the hash>.h5."""
    store = os.path.dirname(os.path.dirname(os.path.abspath(path)))
    with h5py.File(path) as f:
        hashes = json.loads(f.attrs["config"])["inputs"]
    return {stage: glob.glob(f"{store}/{stage}/*-{h[:16]}.h5")[0] for stage, h in hashes.items()}


def read(path, name):
    with h5py.File(path) as f:
        return torch.from_numpy(f[name][:].astype(np.float32))


def ranking_loss(z, y, margin):
    """Sum over pairs of a positive i and a negative j, mean over the batch."""
    pairs = F.relu(margin - z[:, :, None] + z[:, None, :])
    return (pairs * y[:, :, None] * (1 - y)[:, None, :]).sum() / len(z)


def class_features(text, residual, o):
    return F.normalize(text + o["alpha"] * residual, dim=1)


result = sys.argv[1]
with h5py.File(result) as f:
    config = json.loads(f.attrs["config"])["config"]
    stored_loss, stored_scores = f["loss"][:], f["scores"][:]
o, scored = config["options"], inputs_of(result)
trained = inputs_of(scored["train"])
x, y = read(trained["encode-text"], "global"), read(trained["captions"], "labels")
text = read(scored["train"], "text")

assert o["optimiser"] == "sgd" and o["normalise"] == "none" and o["grad_clip"] == 0, "this script knows the defaults only"
residual = torch.zeros_like(text, requires_grad=True)
sgd = torch.optim.SGD([residual], lr=1, momentum=o["momentum"], weight_decay=o["weight_decay"])
torch.manual_seed(config["seed"])
losses, batch = [], min(o["batch"], len(x))
for epoch in range(o["epochs"]):
    cosine = o["lr"] * (1 + math.cos(math.pi * (epoch - o["warmup_epochs"]) / o["epochs"])) / 2
    sgd.param_groups[0]["lr"] = o["warmup_lr"] if epoch < o["warmup_epochs"] else cosine
    order = torch.randperm(len(x))
    for rows in order[: len(x) // batch * batch].split(batch):
        loss = ranking_loss(4 * x[rows] @ class_features(text, residual, o).T, y[rows], o["margin"])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
scores = 4 * read(scored["encode-image"], "global") @ class_features(text, residual, o).T

print("steps            ", len(losses), "stored", len(stored_loss))
print("first, last loss ", losses[0], losses[-1], "stored", stored_loss[0], stored_loss[-1])
difference = np.abs(np.array(losses) - stored_loss)
print("largest difference of a loss ", difference[:1000].max(), "over the first 1000 steps,", difference.max(), "over all")
print("largest difference of a score", np.abs(scores.detach().numpy() - stored_scores).max())
