# Golden linear probe for tests/test_methods_linear_probe.c.   numpy 1.26 or later, scikit-learn 1.7 or later, torch 2.15.0.
#   python3 tests/golden/make_methods_linear_probe.py
import os

import named
import numpy as np, torch
from safetensors.torch import save_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

here = os.path.dirname(os.path.abspath(__file__))
rng = np.random.default_rng(5)
n, m, D, N = 120, 30, 16, 5
mix = rng.normal(size=(D, D)) * np.linspace(3, 0.05, D)  # correlated features of very different size
x = rng.normal(size=(n + m, D)) @ mix + rng.normal(size=D)
x /= np.linalg.norm(x, axis=1, keepdims=True)
x = x.astype(np.float32)
z = StandardScaler().fit_transform(x) @ rng.normal(size=(D, N)) * 0.5 + rng.normal(size=(n + m, N)) + np.linspace(-3, 0.5, N)
labels = np.where(z > 0, 1, -1)[:n]
labels[rng.random(labels.shape) < 0.1] = 0  # left out
labels[:, 2] = -np.abs(labels[:, 2])  # a class without a positive
scaler = StandardScaler().fit(x[:n].astype(np.float64))
a, b = scaler.transform(x[:n].astype(np.float64)), scaler.transform(x[n:].astype(np.float64))
out = {"train": x[:n], "test": x[n:], "labels": labels.astype(np.int64)}
for name, C in (("c0.1", 0.1), ("c10", 10.0)):
    scores = np.zeros((m, N))
    for c in range(N):
        known = labels[:, c] != 0
        if len(set(labels[known, c])) == 2:
            model = LogisticRegression(C=C, tol=1e-12, max_iter=100000, solver="newton-cholesky").fit(a[known], labels[known, c])
            scores[:, c] = model.decision_function(b)
    print(name, np.abs(scores).max(0))
    out[name] = scores.astype(np.float32)
save_file({k: torch.from_numpy(np.ascontiguousarray(v)) for k, v in out.items()}, os.path.join(here, "methods_linear_probe.safetensors"))
