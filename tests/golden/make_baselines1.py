# Golden training curves, learned arrays and scores of CoOp, DualCoOp, PositiveCoOp and CLIP-Adapter on the tiny CLIP of methods_tai,
# for tests/test_methods_coop.c, test_methods_dualcoop.c, test_methods_positivecoop.c and test_methods_clip_adapter.c.
# torch 2.15.0, transformers 5.23.0, safetensors 0.6 or later.
#   PALBENCH_SHARED=../shared python3 tests/golden/make_baselines1.py [WORD...]
# With words only the variants that are new or have one of them in their name are trained, the others stay as they are stored.
# Follows the definitions (head comments of methods/coop.c, dualcoop.c, positivecoop.c, clip_adapter.c, methods/shared/position_pair.h), the asymmetric loss in the published
# form (a softmax over the pair of logits, focusing weights without gradient), in float64 from float32 draws.
# A training can be chaotic: with loss_weight 0.03 and lr 1e-3 in dualcoop_specific PyTorch's float32 curve leaves its float64 one by
# 3e-4. So every training is run again from weights and features that are off by 1e-7 of their size, as float32 rounds them, and a
# variant is refused where loss, learned arrays or scores then differ by more than GROWTH times that, a tenth of what the tests allow.
import json, math, os, sys
import torch, torch.nn.functional as F
from safetensors.torch import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
# The text tower, prompts and ranking loss of the other script; its data and trainings stay out.
__file__ = os.path.join(here, "make_methods_tai.py")
exec(open(__file__).read().split("# ---- data ----")[0])
stored = load_file(os.path.join(here, "methods_tai.safetensors"))
assert all((stored["weights." + k] == v).all() for k, v in half.items())
test_global, test_local = stored["image_global"].double(), stored["image_local"].double()
N = len(CLASSES)

# ---- labelled images: a class's direction in some positions, noise elsewhere; a fifth of the labels is not known ----
g = torch.Generator().manual_seed(8)
COUNT, POSITIONS = 40, 5
direction = torch.randn(N, D, generator=g)
labels = -torch.ones(COUNT, N, dtype=torch.int64)
local = 0.7 * torch.randn(COUNT, POSITIONS, D, generator=g)
for i in range(COUNT):
    present = torch.randperm(N - 1, generator=g)[:1 + i % 3]  # no image shows the last class
    for k, c in enumerate(present.tolist()):
        labels[i, c] = 1
        local[i, k] += direction[c]
labels[torch.rand(COUNT, N, generator=g) < 0.2] = 0
labels[3] = torch.where(labels[3] == 1, 0, labels[3])  # no positive is known
labels[7] = 0  # nothing is
image_global = F.normalize(local.mean(1), dim=-1)
image_local = F.normalize(local, dim=-1)
x_all, X_all = image_global.double(), image_local.double()

COMMON = dict(context=4, context_init="normal", context_init_negative="normal", shared_context=True, name_position="end", epochs=10, batch=8, optimiser="sgd",
              lr=1e-3, momentum=0.9, weight_decay=5e-4, warmup_epochs=1, warmup_lr=4e-4, grad_clip=0, loss="ranking", margin=1, scale=1, asl_scale=100,
              gamma_negative=2, gamma_positive=1, clip=0.05, focus_gradient=False, loss_weight=0.03, ratio=0.2, reduction=4, frame="a photo of a {}.",
              prompted="positive", vector_start="normal", start_deviation=1, context_lr_share=0.01)


def asymmetric(negative, positive, y, o):  # logits of the pair [B, N], y 1, -1 or 0: not known; sum
    pair = torch.stack([negative, positive], 1).softmax(1)
    known = y != 0
    p, q, t = pair[:, 1][known], pair[:, 0][known], (y[known] == 1).double()
    q = (q + o["clip"]).clamp(max=1)
    logs = t * torch.log(p.clamp(min=1e-6)) + (1 - t) * torch.log(q.clamp(min=1e-6))
    weights = (1 - (p * t + q * (1 - t))) ** (o["gamma_positive"] * t + o["gamma_negative"] * (1 - t))
    return -(logs * (weights if o["focus_gradient"] else weights.detach())).sum()


def loss_of(o, cosines, threshold, y):
    if o["loss"] == "ranking":
        return ranking(4 * cosines, torch.where(y == 1, 1, torch.where(y == -1, 0, -1)), o["margin"], o["scale"])
    if o["loss"] == "asl":
        z = o["asl_scale"] * (cosines - threshold)
        return asymmetric(torch.zeros_like(z), z, y, o) / len(y)
    total = 0
    for z, row in zip(w["logit_scale"].exp() * cosines, y):
        positive = [i for i in range(N) if row[i] == 1]
        for i in positive:
            total = total - torch.log_softmax(z[row != 0], 0)[int((row[:i] != 0).sum())] / len(positive)
    return total / len(y)


def adapted(p, x, o):
    a = F.relu(F.relu(x @ p["down"].T) @ p["up"].T)
    return F.normalize(o["ratio"] * a + (1 - o["ratio"]) * x, dim=-1)


def pair_features(p, o):  # positive, negative
    if "vector" not in p:
        return [prompt_features(p["context_" + k], o["name_position"]) for k in ("positive", "negative")]
    prompted = F.normalize(prompt_projections(p["context"], o["name_position"]) + p["residual"], dim=-1)
    pair = [prompted, F.normalize(p["vector"], dim=-1)]
    return pair if o["prompted"] == "positive" else pair[::-1]


def pair_logits(p, X, o):
    positive, negative = pair_features(p, o)
    a, b = 20 * X @ positive.T, 20 * X @ negative.T  # [B, P, N]
    share = a.softmax(1)
    return 5 * (share * b).sum(1), 5 * (share * a).sum(1)


PAIRS = ("dualcoop", "positivecoop")


def start(method, o):
    if method == "clip_adapter":
        down, up = torch.nn.Linear(D, D // o["reduction"], bias=False), torch.nn.Linear(D // o["reduction"], D, bias=False)
        return {"down": down.weight.detach().double(), "up": up.weight.detach().double()}
    if method == "coop":
        return {"context_global": start_context(o)}
    if method == "positivecoop":
        context, vector, residual = start_context(o), *(o["start_deviation"] * torch.randn(N, D) for _ in range(2))
        vector = vector.double()
        if o["vector_start"] == "text":
            with torch.no_grad():
                vector = vector + prompt_projections(context, o["name_position"])
        return {"context": context, "vector": vector, "residual": residual.double()}
    return {"context_positive": start_context(o), "context_negative": start_context(dict(o, context_init=o["context_init_negative"]))}


def cosines_of(method, p, x, o):
    if method == "clip_adapter":
        return adapted(p, x, o) @ text_features([o["frame"].replace("{}", c) for c in CLASSES])[0].T
    return x @ prompt_features(p["context_global"], o["name_position"]).T


def train(method, o, seed):
    torch.manual_seed(seed)
    p = start(method, o)
    if method not in PAIRS and o["loss"] == "asl":
        with torch.no_grad():
            unadapted = dict(o, ratio=0)
            p["threshold"] = cosines_of(method, p, x_all, unadapted).mean()[None]
    learned = [dict(params=[v.requires_grad_()], share=o["context_lr_share"] if k == "context" else 1) for k, v in p.items()]
    optimiser = {"sgd": lambda: torch.optim.SGD(learned, lr=1, momentum=o["momentum"], weight_decay=o["weight_decay"]),
                 "adam": lambda: torch.optim.Adam(learned, lr=1, weight_decay=o["weight_decay"])}[o["optimiser"]]()
    batch, losses = min(o["batch"], COUNT), []
    for e in range(o["epochs"]):
        cosine = o["lr"] * (1 + math.cos(math.pi * (e - o["warmup_epochs"]) / o["epochs"])) / 2
        for group in optimiser.param_groups:
            group["lr"] = o["warmup_lr"] if e < o["warmup_epochs"] else group["share"] * cosine
        order = torch.randperm(COUNT)
        for first in range(0, COUNT - batch + 1, batch):
            items = order[first:first + batch]
            if method in PAIRS:
                loss = o["loss_weight"] * asymmetric(*pair_logits(p, X_all[items], o), labels[items], o)
            else:
                loss = loss_of(o, cosines_of(method, p, x_all[items], o), p.get("threshold"), labels[items])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return torch.tensor(losses), {k: v.detach() for k, v in p.items()}


def scores_of(method, p, o):
    with torch.no_grad():
        if method in PAIRS:
            negative, positive = pair_logits(p, test_local, o)
            return positive - negative, torch.stack([negative, positive]).softmax(0)[1]
        return 4 * cosines_of(method, p, test_global, o), None


ROUNDING, GROWTH = 1e-7, 100


def growth(method, o, seed, losses, p):
    """How many times a relative error of weights and features arrives in what is stored: the worst of three draws."""
    global x_all, X_all, w
    exact, worst = (x_all, X_all, w), 0
    for draw in range(3):
        g = torch.Generator().manual_seed(draw)
        off = lambda v: v * (1 + ROUNDING * torch.randn(v.shape, generator=g, dtype=v.dtype))
        x_all, X_all, w = off(exact[0]), off(exact[1]), {k: off(v) for k, v in exact[2].items()}
        other, q = train(method, o, seed)
        pairs = [(losses, other), (scores_of(method, p, o)[0], scores_of(method, q, o)[0])] + [(p[k], q[k]) for k in p]
        x_all, X_all, w = exact
        worst = max([worst] + [(abs(a - b).max() / abs(a).max()).item() / ROUNDING for a, b in pairs])
    return worst


VARIANTS = [
    ("coop_shared", "coop", 1, dict()),
    ("coop_specific", "coop", 2, dict(shared_context=False)),
    ("coop_words", "coop", 3, dict(context_init="a photo of a", name_position="middle")),
    ("coop_asl", "coop", 4, dict(loss="asl", asl_scale=20, lr=5e-3)),
    ("coop_softmax", "coop", 5, dict(loss="softmax", optimiser="adam", weight_decay=0)),
    ("dualcoop_specific", "dualcoop", 6, dict(shared_context=False, loss_weight=0.01, lr=3e-4, warmup_lr=2e-4)),
    ("dualcoop_shared", "dualcoop", 7, dict(lr=1e-4, warmup_lr=1e-4, loss_weight=0.01, focus_gradient=True, gamma_positive=1.5, clip=0.1)),
    ("dualcoop_words", "dualcoop", 8, dict(shared_context=False, context_init="a photo of a", context_init_negative="a photo with the bad", loss_weight=0.03, lr=5e-4)),
    ("positivecoop_specific", "positivecoop", 12, dict(shared_context=False, loss_weight=0.03, lr=0.01, warmup_lr=5e-3, weight_decay=0)),
    ("positivecoop_shared", "positivecoop", 13, dict(start_deviation=0.5, context_lr_share=0.05, loss_weight=0.01, lr=2e-3, warmup_lr=4e-4, weight_decay=5e-4)),
    ("positivecoop_adam", "positivecoop", 14, dict(optimiser="adam", weight_decay=0, warmup_epochs=0, loss_weight=0.03, lr=1e-3, context_lr_share=1, start_deviation=0.3)),
    ("positivecoop_text", "positivecoop", 16, dict(vector_start="text", start_deviation=0.05, loss_weight=0.01, lr=5e-3, warmup_lr=4e-4, context_lr_share=0.02, weight_decay=0)),
    ("negativecoop", "positivecoop", 15, dict(prompted="negative", shared_context=False, loss_weight=0.03, lr=0.05, weight_decay=0)),
    ("adapter_ranking", "clip_adapter", 9, dict(lr=0.02, warmup_lr=0.01)),
    ("adapter_softmax", "clip_adapter", 10, dict(loss="softmax", lr=0.02, ratio=0.6, reduction=2)),
    ("adapter_asl", "clip_adapter", 11, dict(loss="asl", optimiser="adam", lr=2e-3, weight_decay=0, ratio=0.5, frame="the small {}")),
]
KEYS = {"coop": ("shared_context", "context"), "dualcoop": ("shared_context", "context"), "clip_adapter": (),
        "positivecoop": ("shared_context", "context", "loss_weight")}
words = sys.argv[1:]
old = load_file(os.path.join(here, "baselines1.safetensors")) if words else {}
before = {v["name"]: v for v in json.load(open(os.path.join(here, "baselines1.json")))["variants"]} if words else {}
out = {"labelled_global": image_global, "labelled_local": image_local, "labelled_labels": labels}
record = {"variants": []}
for name, method, seed, o in VARIANTS:
    full = dict(COMMON, **o)
    if name in before and not any(word in name for word in words):
        record["variants"].append(before[name])
        out.update({k: v for k, v in old.items() if k.startswith(name + ".")})
        continue
    losses, p = train(method, full, seed)
    grown = growth(method, full, seed, losses, p)
    print(name, len(losses), losses[:2].tolist(), losses[-2:].tolist(), "growth %.0f" % grown)
    assert grown < GROWTH, name
    keys = ("batch", "epochs", "lr", "warmup_lr") + KEYS[method]
    record["variants"].append(dict(name=name, method=method, seed=seed, options=dict({k: full[k] for k in keys}, **o)))
    out[name + ".loss"] = losses
    for k, v in p.items():
        out[name + "." + k] = v
    out[name + ".scores"], probability = scores_of(method, p, full)
    if probability is not None:
        out[name + ".probability"] = probability
json.dump(record, open(os.path.join(here, "baselines1.json"), "w"), indent=1)
save_file({k: (v.float() if v.dtype == torch.float64 else v).contiguous().clone() for k, v in out.items()}, os.path.join(here, "baselines1.safetensors"))
