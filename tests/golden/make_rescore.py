# Scores and what post-processings make of them, for tests/test_methods_rescore.c: tests/golden/rescore.safetensors. From the definitions
# in the heads of methods/bcp.c, sparc_norm.c and companions.c; float64. numpy 2.4.6, torch 2.15.0 (torch.randperm alone), safetensors
# 0.8.0. Run from the project's root: python3 tests/golden/make_rescore.py
import named
import numpy as np
import torch
from safetensors.numpy import save_file

IMAGES, CLASSES, CAPTIONS = 60, 7, 90
rng = np.random.default_rng(11)
mixing = rng.normal(size=(CLASSES, CLASSES)) * 0.4 + np.eye(CLASSES)
logits = (22 + 1.5 * rng.normal(size=(IMAGES, CLASSES)) @ mixing).astype(np.float32)
cosines = (logits / 25).astype(np.float32)
other = rng.normal(size=(IMAGES, CLASSES)).astype(np.float32)
captions = (rng.random((CAPTIONS, CLASSES)) < [0.6, 0.5, 0.3, 0.3, 0.2, 0.1, 0]).astype(np.uint8)
captions[:, 3] |= captions[:, 4]


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def bcp(scores, seed=1, scale=1.0, mu=0.5, eps=1e-6, start=50, count="after", order="seed", rank="logits"):
    s = scale * scores.astype(np.float64)
    stream = range(IMAGES)
    if order == "seed":
        stream = torch.randperm(IMAGES, generator=torch.Generator().manual_seed(seed)).tolist()
    past, out = [], s.copy()
    for i in stream:
        p = softmax(s[i])
        seen = past + [p] if count == "before" else past
        a = int(p.argmax())
        if p[a] > mu and len(seen) >= start:
            m = np.sum(seen, axis=0) + eps
            u = sum(np.outer(q, q) for q in seen) + eps
            for k in range(CLASSES):
                if k != a:
                    out[i, k] = s[i, k] + np.log(u[k, a] / m[a]) - np.log(m[k] / len(seen))
        past.append(p)
    return out if rank == "logits" else np.array([softmax(row) for row in out])


def sparc_norm(scores, image=True, prompt=True):
    s = scores.astype(np.float64)
    if image:
        s = (s - s.mean(1, keepdims=True)) / s.std(1, ddof=1, keepdims=True)
    if prompt:
        s = (s - s.mean(0)) / s.std(0, ddof=1)
    return s


def companions_of(p, i, mode="both", most=4, threshold=0.2):
    def top(values):
        ranked = sorted(range(CLASSES), key=lambda j: (-values[j], j))[:most]
        return [j for j in ranked if values[j] > threshold]

    row = top(p[i]) if mode != "giving" else []
    column = top(p[:, i]) if mode != "given" else []
    return row + [j for j in column if j not in row]


def companions(scores, lam=0.5, scale=1.0, ranks=True, **rule):
    s = scores.astype(np.float64)
    y = captions.astype(np.float64)
    c = y.T @ y
    p = np.divide(c, np.diag(c)[:, None], out=np.zeros_like(c), where=np.diag(c)[:, None] > 0)
    np.fill_diagonal(p, 0)
    out = np.empty_like(s)
    for i in range(CLASSES):
        group = [i] + companions_of(p, i, **rule)
        out[:, i] = (1 - lam) * s[:, i] + lam * s[:, group].mean(1)
    return np.array([softmax(scale * row) for row in out]) if ranks else out


results = {
    "bcp_defaults": bcp(logits),
    "bcp_early": bcp(logits, start=1, mu=0.3),
    "bcp_cosines": bcp(cosines, scale=25, start=5, mu=0.4, seed=7),
    "bcp_before": bcp(logits, start=1, mu=0.3, count="before", eps=0.5),
    "bcp_file": bcp(logits, start=10, mu=0.2, order="file", rank="softmax"),
    "sparc_norm": sparc_norm(logits),
    "sparc_image": sparc_norm(logits, prompt=False),
    "sparc_prompt": sparc_norm(logits, image=False),
    "sparc_branches": (sparc_norm(logits) + sparc_norm(other)) / 2,
    "companions": companions(logits),
    "companions_given": companions(logits, lam=0.8, mode="given", most=2, threshold=0.3, ranks=False),
    "companions_giving": companions(cosines, scale=25, mode="giving", most=1, threshold=0.1),
}
save_file({"logits": logits, "cosines": cosines, "other": other, "captions": captions.astype(np.int64)} | {k: v.astype(np.float32) for k, v in results.items()},
          "tests/golden/rescore.safetensors")
