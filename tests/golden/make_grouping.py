# Groups of methods that a paired bootstrap cannot tell apart, written out: every resample judged by scikit-learn, the normal tail by
# scipy, Holm by hand, letters as all largest sets without a pair that is told apart. Writes tests/golden/grouping.json.
# numpy 2.4.6, scikit-learn 1.9.1, scipy 1.17.1. Run from the project's root.
import itertools
import json

import named
import numpy as np
from scipy.stats import norm
from sklearn.metrics import average_precision_score

IMAGES, CLASSES, RESAMPLES, SEED = 90, 3, 250, 1
random = np.random.RandomState(11)
labels = np.where(random.rand(IMAGES, CLASSES) < 0.35, 1, -1)
common = random.normal(size=(IMAGES, CLASSES))


def scores(strength, noise):
    return np.round(common + strength * (labels > 0) + noise * random.normal(size=labels.shape), 3)


entrants = [[scores(1.2, 0.5), scores(1.1, 0.5)], [scores(1.2, 0.6)], [scores(0.8, 0.3)], [scores(0.85, 0.3), scores(0.9, 0.3)], [scores(0.1, 0.4)]]


def mean_ap(score, index):
    truth = labels[index] > 0
    return np.mean([100 * average_precision_score(truth[:, c], score[index, c]) for c in range(CLASSES) if truth[:, c].any()])


draws = np.random.RandomState(SEED).randint(0, 2**32, (RESAMPLES, IMAGES), dtype=np.uint32) % IMAGES
maps = np.array([[np.mean([mean_ap(s, index) for s in seeds]) for index in draws] for seeds in entrants])
means = [float(np.mean([mean_ap(s, np.arange(IMAGES)) for s in seeds])) for seeds in entrants]
pairs = list(itertools.combinations(range(len(entrants)), 2))
errors = [float(np.std(maps[a] - maps[b], ddof=1)) for a, b in pairs]
p = np.array([2 * norm.sf(abs(means[a] - means[b]) / e) for (a, b), e in zip(pairs, errors)])
order = np.argsort(p)
holm = np.empty(len(p))
holm[order] = np.minimum(1, np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order]))
apart = {pair for pair, value in zip(pairs, holm) if value < 0.05}
alike = [set(c) for n in range(len(entrants), 0, -1) for c in itertools.combinations(range(len(entrants)), n)
         if not any(pair in apart for pair in itertools.combinations(c, 2))]
groups = [g for g in alike if not any(g < other for other in alike)]
rank = sorted(range(len(entrants)), key=lambda e: -means[e])
groups.sort(key=lambda g: [e not in g for e in rank])
letters = ["".join(chr(97 + i) for i, g in enumerate(groups) if e in g) for e in range(len(entrants))]
print(means, letters, holm)
error = float(np.median(errors))
json.dump({"images": IMAGES, "classes": CLASSES, "resamples": RESAMPLES, "labels": labels.ravel().tolist(),
           "entrants": [[s.ravel().tolist() for s in seeds] for seeds in entrants], "means": means, "letters": letters,
           "error": error, "images_for_one": IMAGES * ((norm.ppf(0.975) + norm.ppf(0.8)) * error) ** 2}, open("tests/golden/grouping.json", "w"))
