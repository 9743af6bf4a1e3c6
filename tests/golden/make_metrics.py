# Average precision, precision, recall and F1 of scikit-learn over small score matrices with and without ties.
# scikit-learn 1.9.1, numpy 2.4.6. Writes tests/golden/metrics.json. Run from the project's root.
import json

import named
import numpy as np
from sklearn.metrics import average_precision_score, precision_score, recall_score

random = np.random.default_rng(7)


def rates(truth, predicted, keep):
    """CP, CR over classes with positives; OP, OR over all kept entries; percent."""
    scored = [c for c in range(truth.shape[1]) if truth[keep[:, c], c].any()]
    cp = np.mean([precision_score(truth[keep[:, c], c], predicted[keep[:, c], c], zero_division=0) for c in scored])
    cr = np.mean([recall_score(truth[keep[:, c], c], predicted[keep[:, c], c]) for c in scored])
    op = precision_score(truth[keep], predicted[keep], zero_division=0)
    or_ = recall_score(truth[keep], predicted[keep])
    f1 = lambda p, r: 2 * p * r / (p + r) if p + r else 0
    return [100 * v for v in (cp, cr, f1(cp, cr), op, or_, f1(op, or_))]


def case(scores, labels, rule, threshold):
    keep = labels != 0 if rule == "ignore" else np.ones_like(labels, bool)
    truth = labels > 0
    ap = [100 * average_precision_score(truth[keep[:, c], c], scores[keep[:, c], c]) if truth[keep[:, c], c].any() else None
          for c in range(labels.shape[1])]
    order = np.argsort(-scores, axis=1, kind="stable")  # a stable sort lets the first of tied classes win
    top3, top5 = np.zeros_like(truth), np.zeros_like(truth)
    np.put_along_axis(top3, order[:, :3], True, axis=1)
    np.put_along_axis(top5, order[:, :5], True, axis=1)
    return {"rule": rule, "threshold": threshold, "images": scores.shape[0], "classes": scores.shape[1],
            "scores": scores.ravel().tolist(), "labels": labels.ravel().tolist(), "ap": ap,
            "map": float(np.mean([a for a in ap if a is not None])),
            "rates": rates(truth, scores > threshold, keep), "rates3": rates(truth, top3, keep), "rates5": rates(truth, top5, keep)}


cases = []
for kind in ("distinct", "tied", "three values", "class without positives"):
    images, classes = 97, 7
    labels = np.where(random.random((images, classes)) < 0.25, 1, np.where(random.random((images, classes)) < 0.15, 0, -1))
    scores = random.normal(size=(images, classes)) + 0.8 * (labels > 0)
    if kind == "tied": scores = np.round(scores, 1)
    if kind == "three values": scores = np.clip(np.round(scores), -1, 1)
    if kind == "class without positives": labels[labels[:, 2] > 0, 2] = -1
    for rule in ("negative", "ignore"):
        cases.append(case(scores, labels, rule, 0.5))
json.dump(cases, open("tests/golden/metrics.json", "w"))
