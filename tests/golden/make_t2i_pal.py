# Golden training curves, learned arrays and scores of T2I-PAL on the tiny CLIP of methods_tai, for tests/test_methods_t2i_pal.c.
# torch 2.15.0, transformers 5.23.0, safetensors 0.6 or later.
#   PALBENCH_SHARED=../shared python3 tests/golden/make_t2i_pal.py
# Follows the definitions (methods/t2i_pal/t2i_pal_internal.h), image by image and class by class, in float64 from float32 draws.
import json, math, os

import named
import torch, torch.nn.functional as F
from safetensors.torch import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
# The text tower, prompts and ranking loss of the other script; its data and trainings stay out.
__file__ = os.path.join(here, "make_methods_tai.py")
exec(open(__file__).read().split("# ---- data ----")[0])
stored = load_file(os.path.join(here, "methods_tai.safetensors"))
assert all((stored["weights." + k] == v).all() for k, v in half.items())
captions = json.load(open(os.path.join(here, "methods_tai.json")))["captions"]
caption_labels = stored["caption_labels"]
test_global, test_local = stored["image_global"].double(), stored["image_local"].double()
N = len(CLASSES)

# ---- generated images: a class's direction in some positions, noise elsewhere ----
g = torch.Generator().manual_seed(5)
COUNT, POSITIONS = 40, 5
direction = torch.randn(N, D, generator=g)
labels = -torch.ones(COUNT, N, dtype=torch.int64)
local = 0.7 * torch.randn(COUNT, POSITIONS, D, generator=g)
for i in range(COUNT):
    present = torch.randperm(N - 1, generator=g)[:1 + i % 3]  # no image shows the last class
    for k, c in enumerate(present.tolist()):
        labels[i, c] = 1
        local[i, k] += direction[c]
    if i % 4 == 0:
        labels[i, torch.randint(N, (1,), generator=g)] = 0  # unknown
gen_global = F.normalize(local.mean(1), dim=-1)
gen_local = F.normalize(local, dim=-1)
x_all, X_all = gen_global.double(), gen_local.double()

PAL = dict(context=4, context_init="normal", shared_context=True, name_position="end", epochs=6, batch=10, optimiser="sgd", lr=4e-4, momentum=0.9,
           weight_decay=5e-4, warmup_epochs=1, warmup_lr=2e-4, margin=1, scale=1, tau_train=40, tau_test=40, tau_text=50, grad_clip=0, prompts=True, local=True,
           heat_map=True, adapter=True, prototypes="learned", cache_images=16, alpha=1, beta=5.5, text_mix=0, label_check=0, class_templates=False)


def sentence_features():
    return text_features(["a photo of a %s." % c for c in CLASSES])[0]


def checked_labels(o):
    y = torch.where(labels == 1, 1, torch.where(labels == -1, 0, -1))
    if o["label_check"]:
        T = sentence_features()
        for c in range(N):
            rows = [i for i in range(COUNT) if y[i, c] == 1]
            rows.sort(key=lambda i: float(x_all[i] @ T[c]))
            for i in rows[:int(o["label_check"] * len(rows))]:
                y[i, c] = -1
    return y


def heat(X, L, tau):  # X [P, D] -> m, w [P, N]
    m = X @ L.T
    return m, (tau * m).softmax(0)


def pooled(X, w, c):
    return F.normalize((w[:, c, None] * X).sum(0), dim=-1)


def start_prior(o, y, L):
    p, tau = {}, o["tau_train"] if o["heat_map"] else 0
    if not o["adapter"] or o["prototypes"] == "none":
        return p
    of = [[i for i in range(COUNT) if y[i, c] == 1] for c in range(N)]
    u = lambda i, c: pooled(X_all[i], heat(X_all[i], L, tau)[1], c)
    if o["prototypes"] == "learned":
        p["prototypes_global"] = torch.stack([x_all[r].mean(0) if r else torch.zeros(D).double() for r in of])
        if o["local"]:
            p["prototypes_local"] = torch.stack([torch.stack([u(i, c) for i in r]).mean(0) if r else torch.zeros(D).double() for c, r in enumerate(of)])
        return p
    S = min(o["cache_images"], COUNT)
    kept = sorted(set(i for r in of for i in r[:S]))
    p["cache_keys_global"], p["cache_values_global"] = x_all[kept].clone(), (y[kept] == 1).double()
    if o["local"]:
        p["cache_keys_local"], p["cache_values_local"] = torch.zeros(N, S, D).double(), torch.zeros(N, S).double()
        for c, r in enumerate(of):
            for s, i in enumerate(r[:S]):
                p["cache_keys_local"][c, s], p["cache_values_local"][c, s] = u(i, c), 1
    return p


def scores(o, p, x, X, G, L, tau):
    tau, kind = tau if o["heat_map"] else 0, o["prototypes"] if o["adapter"] else None
    zg, zl = [], []
    for xi, Xi in zip(x, X):
        z = 4 * G @ xi
        if kind == "learned":
            z = z + o["alpha"] * 4 * p["prototypes_global"] @ xi
        elif kind == "none":
            z = z + o["alpha"] * 4 * G @ xi
        elif kind == "cache":
            z = z + o["alpha"] * torch.exp(-o["beta"] * (1 - p["cache_keys_global"] @ xi)) @ p["cache_values_global"]
        zg.append(z)
        if not o["local"]:
            continue
        m, w = heat(Xi, L, tau)
        z = 4 * (w * m).sum(0)
        if kind:
            a = []
            for c in range(N):
                u = pooled(Xi, w, c)
                if kind == "learned":
                    a.append(4 * u @ p["prototypes_local"][c])
                elif kind == "none":
                    a.append(4 * u @ L[c])
                else:
                    a.append(torch.exp(-o["beta"] * (1 - p["cache_keys_local"][c] @ u)) @ p["cache_values_local"][c])
            z = z + o["alpha"] * torch.stack(a)
        zl.append(z)
    return torch.stack(zg), torch.stack(zl) if zl else None


def classes_of(o, p):
    if not o["prompts"]:
        return (fixed, fixed)
    return tuple(prompt_features(p[k], o["name_position"]) if k in p else None for k in ("context_global", "context_local"))


def train_pal(o, seed):
    y = checked_labels(o)
    torch.manual_seed(seed)
    p = {k: start_context(o) for k in ["context_global"] + ["context_local"] * o["local"]} if o["prompts"] else {}
    with torch.no_grad():
        p.update(start_prior(o, y, classes_of(o, p)[1]))
    learned = [v.requires_grad_() for k, v in p.items() if not k.startswith("cache_values")]
    optimiser = {"sgd": lambda: torch.optim.SGD(learned, lr=1, momentum=o["momentum"], weight_decay=o["weight_decay"]),
                 "adamw": lambda: torch.optim.AdamW(learned, lr=1, weight_decay=o["weight_decay"])}[o["optimiser"]]()
    batch, losses, text_order, mixed = min(o["batch"], COUNT), [], [], o["prompts"] and o["text_mix"] > 0
    text_batch = min(batch, len(captions))
    for e in range(o["epochs"]):
        lr = o["warmup_lr"] if e < o["warmup_epochs"] else o["lr"] * (1 + math.cos(math.pi * (e - o["warmup_epochs"]) / o["epochs"])) / 2
        for group in optimiser.param_groups:
            group["lr"] = lr
        order = torch.randperm(COUNT)
        for first in range(0, COUNT - batch + 1, batch):
            items = order[first:first + batch]
            G, L = classes_of(o, p)
            zg, zl = scores(o, p, x_all[items], X_all[items], G, L, o["tau_train"])
            loss = ranking(zg, y[items], o["margin"], o["scale"])
            if o["local"]:
                loss = loss + ranking(zl, y[items], o["margin"], o["scale"])
            if mixed:
                if len(text_order) < text_batch:
                    text_order = torch.randperm(len(captions)).tolist()
                rows, text_order = text_order[:text_batch], text_order[text_batch:]
                part = ranking(4 * caption_global[rows] @ G.T, caption_labels[rows], o["margin"], o["scale"])
                if o["local"]:
                    z = torch.stack([aggregate(caption_local[i] @ L.T, o["tau_text"]) for i in rows])
                    part = part + ranking(z, caption_labels[rows], o["margin"], o["scale"])
                loss = loss + o["text_mix"] * part
            optimiser.zero_grad()
            loss.backward()
            if o["grad_clip"]:
                torch.nn.utils.clip_grad_norm_(learned, o["grad_clip"])
            optimiser.step()
            losses.append(loss.item())
    return torch.tensor(losses), {k: v.detach() for k, v in p.items()}


with torch.no_grad():
    fixed = sentence_features()
    caption_global, caption_local = text_features(captions)
VARIANTS = [
    ("full", 1, dict(text_mix=0.5)),
    ("images_only", 2, dict(alpha=0.3)),
    ("no_heat_map", 3, dict(heat_map=False, text_mix=1)),
    ("no_adapter", 4, dict(adapter=False)),
    ("prompts_for_prototypes", 5, dict(prototypes="none", alpha=0.5)),
    ("cache", 6, dict(prototypes="cache", cache_images=3, beta=3, alpha=0.7, text_mix=0.5)),
    ("global", 7, dict(local=False, text_mix=2, label_check=0.3)),
    ("global_cache", 8, dict(local=False, prototypes="cache", cache_images=2)),
    ("prototypes_alone", 9, dict(prompts=False, label_check=0.25, text_mix=1, lr=0.01)),
    ("global_prompts_alone", 11, dict(local=False, adapter=False, text_mix=0.3)),
    ("cache_alone", 12, dict(prompts=False, prototypes="cache", cache_images=4, label_check=0.4, lr=0.01)),
    ("cache_without_heat_map", 13, dict(prototypes="cache", cache_images=2, heat_map=False, alpha=2)),
    ("mixed_prompts_for_prototypes", 14, dict(prototypes="none", alpha=0.2, text_mix=1, heat_map=False)),
    ("adamw", 10, dict(optimiser="adamw", lr=5e-4, warmup_lr=2e-4, shared_context=False, weight_decay=0.1, grad_clip=0.05, tau_train=20, tau_test=4)),
]
out = {"generated_global": gen_global, "generated_local": gen_local, "generated_labels": labels}
record = {"variants": []}
for name, seed, o in VARIANTS:
    full = dict(PAL, **o)
    losses, p = train_pal(full, seed)
    print(name, len(losses), losses[:2].tolist(), losses[-2:].tolist())
    keys = ("context", "class_templates", "batch", "epochs", "lr", "warmup_lr", "text_mix")
    record["variants"].append(dict(name=name, seed=seed, options=dict({k: full[k] for k in keys}, **o)))
    out[name + ".loss"] = losses
    for k, v in p.items():
        out[name + "." + k] = v
    with torch.no_grad():
        zg, zl = scores(full, p, test_global, test_local, *classes_of(full, p), full["tau_test"])
    out[name + ".scores"] = zg if zl is None else (zg + zl) / 2
    if zl is not None:
        out[name + ".scores_global"], out[name + ".scores_local"] = zg, zl
json.dump(record, open(os.path.join(here, "t2i_pal.json"), "w"), indent=1)
save_file({k: (v.float() if v.dtype == torch.float64 else v).contiguous().clone() for k, v in out.items()}, os.path.join(here, "t2i_pal.safetensors"))
