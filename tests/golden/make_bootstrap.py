#!/usr/bin/env python3
"""Golden data for the paired bootstrap: tests/golden/bootstrap.json.

Two experiments with two seeds each on 40 images and 4 classes, with tied scores, difficult labels, and a class so rare that some
resamples have none of it. Every resample is written out image by image and judged by scikit-learn from scratch; interval and p are
numpy's. The draws are checked against torch.randint.

    python3 tests/golden/make_bootstrap.py        # numpy 2.4.6, scikit-learn 1.9.1, torch 2.15.0
"""
import json
import os

import named
import numpy as np
import torch
from sklearn.metrics import average_precision_score

IMAGES, CLASSES, RESAMPLES, SEED, LEVEL = 40, 4, 300, 7, 90


def mean_ap(scores, labels, ignore):
    values = []
    for c in range(CLASSES):
        keep = labels[:, c] != 0 if ignore else np.ones(len(labels), bool)
        positive = labels[keep, c] > 0
        if positive.any():
            values.append(100 * average_precision_score(positive, scores[keep, c]))
    return np.mean(values) if values else np.nan


def main():
    random = np.random.RandomState(3)
    labels = np.where(random.rand(IMAGES, CLASSES) < 0.3, 1, -1)
    labels[:, 3] = -1
    labels[[4, 21], 3] = 1
    labels[random.rand(IMAGES, CLASSES) < 0.08] = 0
    scores = {}
    for name, strength in (("a", 0.5), ("b", 0.35)):
        scores[name] = [np.round(random.rand(IMAGES, CLASSES) + strength * (labels > 0), 1 if s == 0 else 3) for s in range(2)]
    indices = random_indices()
    case = {
        "images": IMAGES, "classes": CLASSES, "resamples": RESAMPLES, "seed": SEED, "level": LEVEL,
        "labels": labels.ravel().tolist(),
        "a": [s.ravel().tolist() for s in scores["a"]],
        "b": [s.ravel().tolist() for s in scores["b"]],
        "first": indices[0].tolist(), "last": indices[-1].tolist(),
        "rules": {},
    }
    for rule in ("negative", "ignore"):
        difference = []
        for rows in np.vstack([np.arange(IMAGES), indices]):
            per_seed = [mean_ap(scores["a"][s][rows], labels[rows], rule == "ignore") -
                        mean_ap(scores["b"][s][rows], labels[rows], rule == "ignore") for s in range(2)]
            difference.append(float(np.mean(per_seed)))
        drawn = np.array(difference[1:])
        tail = (100 - LEVEL) / 2
        low, high = np.percentile(drawn, [tail, 100 - tail])
        k = min((drawn >= 0).sum(), (drawn <= 0).sum())
        case["rules"][rule] = {"diff": difference[0], "values": difference[1:], "low": low, "high": high,
                               "p": min(1.0, 2 * (1 + int(k)) / (1 + RESAMPLES))}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap.json")
    with open(path, "w") as file:
        json.dump(case, file)
        file.write("\n")
    print(path, {rule: {k: v for k, v in r.items() if k != "values"} for rule, r in case["rules"].items()},
          "resamples without the rare class:", int(sum((labels[rows, 3] <= 0).all() for rows in indices)))


def random_indices():
    ours = np.random.RandomState(SEED).randint(0, 2**32, (RESAMPLES, IMAGES), dtype=np.uint32) % IMAGES
    torch.manual_seed(SEED)
    assert (torch.randint(IMAGES, (RESAMPLES, IMAGES)).numpy() == ours).all()
    return ours.astype(np.int64)


main()
