# What is said of scores beside mAP: calibration by torchmetrics (bins of equal width) and numpy (of equal count, class-wise,
# Brier), mAP by the number of labels in the image and of subsets of classes by scikit-learn, density and coverage by prdc.
# torchmetrics 1.9.0, torch 2.15.0, scikit-learn 1.9.1, prdc 0.2, numpy 2.4.6. Writes tests/golden/measures.json. Run from the
# project's root.
import json

import named
import numpy as np
import torch
from prdc import compute_prdc
from sklearn.metrics import average_precision_score, brier_score_loss
from torchmetrics.functional.classification import binary_calibration_error

random = np.random.default_rng(15)


def equal_count(p, y, bins):
    """The mean of y over each value of p, then numpy.array_split of what was sorted by p."""
    order = np.argsort(p, kind="stable")
    p, y = p[order], y[order].astype(float)
    for value in np.unique(p):
        y[p == value] = y[p == value].mean()
    parts = zip(np.array_split(p, bins), np.array_split(y, bins))
    return sum(len(a) / len(p) * abs(b.mean() - a.mean()) for a, b in parts if len(a))


def weighted_maximum(p, y, bins):
    index = np.digitize(p, np.linspace(0, 1, bins + 1)[1:-1])
    return max(np.abs((y - p)[index == b].sum()) / len(p) for b in range(bins))


def errors(p, y, bins):
    torch_p, torch_y = torch.tensor(p, dtype=torch.float64), torch.tensor(y.astype(int))
    by = lambda norm: float(binary_calibration_error(torch_p, torch_y, n_bins=bins, norm=norm))
    return [100 * v for v in (by("l1"), equal_count(p, y, bins), by("max"), weighted_maximum(p, y, bins), brier_score_loss(y, p))]


def aps(scores, truth, keep):
    return [100 * average_precision_score(truth[keep[:, c], c], scores[keep[:, c], c]) if truth[keep[:, c], c].any() else np.nan
            for c in range(truth.shape[1])]


def mean_ap(values):
    return float(np.nanmean(values)) if not np.isnan(values).all() else None


def case(scores, labels, rule, bins):
    keep = labels != 0 if rule == "ignore" else np.ones_like(labels, bool)
    truth = labels > 0
    sigmoid = bool((scores < 0).any() or (scores > 1).any())
    p = 1 / (1 + np.exp(-scores)) if sigmoid else scores
    classes = scores.shape[1]
    number = np.minimum(truth.sum(1), 5)
    groups = [[int((number == n).sum()), mean_ap(aps(scores[number == n], truth[number == n], keep[number == n])) if (number == n).any() else None]
              for n in range(1, 6)]
    ap = np.array(aps(scores, truth, keep))
    positives = truth.sum(0)
    frequent = sorted((c for c in range(classes) if positives[c]), key=lambda c: (-positives[c], c))
    thirds = [[c for place, c in enumerate(frequent) if 3 * place // len(frequent) == third] for third in range(3)]
    unseen = [c for c in range(classes) if c % 3 == 1]
    seen = [c for c in range(classes) if c % 3 != 1]
    s, u = mean_ap(ap[seen]), mean_ap(ap[unseen])
    return {"rule": rule, "bins": bins, "images": scores.shape[0], "classes": classes, "scores": scores.ravel().tolist(),
            "labels": labels.ravel().tolist(), "sigmoid": sigmoid, "pooled": errors(p[keep], truth[keep], bins),
            "classwise": np.mean([errors(p[keep[:, c], c], truth[keep[:, c], c], bins) for c in range(classes)], axis=0).tolist(),
            "groups": groups, "thirds": [mean_ap(ap[t]) for t in thirds], "seen": s, "unseen": u, "harmonic": 2 * s * u / (s + u)}


cases = []
for kind in ("probabilities", "logits", "tied"):
    images, classes = 83, 8
    labels = np.where(random.random((images, classes)) < 0.3, 1, np.where(random.random((images, classes)) < 0.1, 0, -1))
    labels[labels[:, 2] > 0, 2] = -1  # a class without positives
    labels[:3] = -1  # images without a label
    scores = random.normal(size=(images, classes)) + 1.2 * (labels > 0)
    if kind != "logits": scores = 0.999 / (1 + np.exp(-scores))  # torchmetrics gives p = 1 a bin of its own
    if kind == "tied": scores = np.round(scores, 1) * 0.99
    for rule in ("negative", "ignore"):
        cases.append(case(scores, labels, rule, 10 if rule == "ignore" else 15))

pictures = []
for reals, generateds, width, nearest, shift in ((60, 40, 6, 5, 0.3), (25, 70, 3, 3, 0), (30, 30, 4, 1, 2.5)):
    real = random.normal(size=(reals, width)).astype(np.float32)
    generated = (0.8 * random.normal(size=(generateds, width)) + shift).astype(np.float32)
    theirs = compute_prdc(real, generated, nearest)
    pictures.append({"real": real.ravel().tolist(), "generated": generated.ravel().tolist(), "width": width, "nearest": nearest}
                    | {k: float(v) for k, v in theirs.items()})
json.dump({"scores": cases, "pictures": pictures}, open("tests/golden/measures.json", "w"))
