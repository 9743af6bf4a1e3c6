# Golden training curves, gradients, learned arrays and scores of PVP on tiny random CLIPs, with a ResNet and with a ViT image tower, for
# tests/test_methods_pvp.c.   torch 2.15.0, open_clip_torch 3.3, transformers 5.23.0, safetensors 0.6 or later.
#   PALBENCH_SHARED=../shared python3 tests/golden/make_pvp.py [WORD...]
# With words only the variants that are new or have one of them in their name are trained, the others stay as they are stored.
# Follows the definitions (methods/pvp/pvp_internal.h) in float64 from float32 draws; the image towers are open_clip's, their weights are drawn
# from a seed as in make_clip_towers.py, and so does the test. Of large arrays every STEP-th value is stored.
import json, math, os, sys
import torch, torch.nn.functional as F
from safetensors.torch import load_file, save_file

here = os.path.dirname(os.path.abspath(__file__))
# The text tower, prompts and ranking loss of the other script; its data and trainings stay out.
__file__ = os.path.join(here, "make_methods_tai.py")
exec(open(__file__).read().split("# ---- data ----")[0])
# weights(), make_resnet() and the ViT.
exec(open(os.path.join(here, "make_clip_towers.py")).read().split("\nvit(")[0].replace("torch.set_grad_enabled(False)", ""))
stored = load_file(os.path.join(here, "methods_tai.safetensors"))
assert all((stored["weights." + k] == v).all() for k, v in half.items())
captions = json.load(open(os.path.join(here, "methods_tai.json")))["captions"]
labels = stored["caption_labels"]
test_global, test_local = stored["image_global"].double(), stored["image_local"].double()
N, SIZE, STEP = len(CLASSES), 32, 32
MEAN, STD = (0.5, 0.45, 0.4), (0.25, 0.26, 0.27)


def frozen(model):
    model.eval().double()
    for p in model.parameters():
        p.requires_grad_(False)
    return model


with torch.no_grad():
    resnet_tower = frozen(make_resnet(31, SIZE, (1, 2), 16, 4, D))
    vit_model = VisionTransformer(image_size=SIZE, act_layer=open_clip.model.QuickGELU, patch_size=8, width=48, layers=2, heads=3,
                                  mlp_ratio=4, output_dim=D)
    weights(vit_model, "visual.", 32)
    towers = {"resnet": resnet_tower, "vit": frozen(vit_model)}
    t_all, tokens_all = text_features(captions)

DEFAULTS = dict(DEFAULTS, variant="pixels", stage2=True, stage1_epochs=40, stage1_schedule=100, stage1_lr=0.1, stage1_warmup_epochs=1,
                stage1_warmup_lr=1, stage1_local_weight=0.1, noise=0.04,
                tau_text=50, tau_visual=40, tau_text_test=40, tau_visual_test=50, epochs=20, lr=5e-5, adapter_lr=1e-3, adapter_ratio=0.4,
                adapter_dropout=0.6, text_local_weight=0.01, contrast=1, stage2_caption_limit=0)
normal = lambda v: F.normalize(v, dim=-1)


def start(o):
    if o["variant"] == "vector":
        return (torch.randn(N, D) / D**0.5).double()
    at = lambda v: torch.tensor(v).view(3, 1, 1)
    return (at(MEAN) + at(STD) * torch.randn(N, 3, SIZE, SIZE)).double()


def matrix():
    b = D**-0.5
    return (2 * b * torch.rand(D, D) - b).double()


def adapt(x, W1, W2, o, drop):
    h = F.relu(x @ W1.T)
    if drop and o["adapter_dropout"]:  # no dropout draws nothing
        h = h * (torch.rand(h.shape) >= o["adapter_dropout"]).double() / (1 - o["adapter_dropout"])
    return normal((1 - o["adapter_ratio"]) * x + o["adapter_ratio"] * (h @ W2.T))


def visual(o, tower, p):
    return tuple(normal(p[k] if o["variant"] == "vector" else towers[tower](p[k])) for k in ("pseudo_global", "pseudo_local"))


def local_scores(tokens, C, tau):
    return torch.stack([aggregate(x @ C.T, tau) for x in tokens])


def optimiser_of(o, groups):
    return {"sgd": lambda: torch.optim.SGD(groups, lr=1, momentum=o["momentum"], weight_decay=o["weight_decay"]),
            "adam": lambda: torch.optim.Adam(groups, lr=1, weight_decay=o["weight_decay"])}[o["optimiser"]]()


def texts_of(items, o):  # noise: of the captions, then of all their tokens
    noise = o["noise"] * torch.randn(len(items), D)
    lengths = [len(tokens_all[i]) for i in items]
    parts = (o["noise"] * torch.randn(sum(lengths), D)).split(lengths)
    return noise.double(), [normal(tokens_all[i] + n.double()) for i, n in zip(items, parts)]


def run_steps(o, p, groups, rates, epochs, limit, loss_of, losses):
    optimiser = optimiser_of(o, groups)
    count = min(limit or len(captions), len(captions))
    batch = min(o["batch"], count)
    for e in range(epochs):
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate(e)
        order = torch.randperm(count)
        for first in range(0, count - batch + 1, batch):
            items = order[first:first + batch]
            loss = loss_of(items)
            optimiser.zero_grad()
            loss.backward()
            if o["grad_clip"]:
                torch.nn.utils.clip_grad_norm_(list(p.values()), o["grad_clip"])
            optimiser.step()
            losses.append(loss.item())


def train_pvp(o, tower, seed):
    torch.manual_seed(seed)
    p, losses = {k: start(o).requires_grad_() for k in ("pseudo_global", "pseudo_local")}, []

    def stage1(items):
        noise, tokens = texts_of(items, o)
        V_g, V_l = visual(o, tower, p)
        R = lambda z: ranking(z, labels[items], o["margin"], o["scale"])
        return R(4 * normal(t_all[items] + noise) @ V_g.T) + o["stage1_local_weight"] * R(local_scores(tokens, V_l, o["tau_visual"]))

    cosine = lambda lr, e, total: lr * (1 + math.cos(math.pi * e / total)) / 2
    warm = o["stage1_warmup_epochs"]
    rate1 = lambda e: o["stage1_warmup_lr"] if e < warm else cosine(o["stage1_lr"], e - warm, o["stage1_schedule"])
    run_steps(o, p, [dict(params=list(p.values()))], [rate1], o["stage1_epochs"], o["caption_limit"], stage1, losses)
    if not o["stage2"]:
        return losses, p
    for k in ("context_global", "context_local"):
        p[k] = start_context(o).requires_grad_()
    for k in ("adapter_text_1", "adapter_text_2", "adapter_visual_1", "adapter_visual_2"):
        p[k] = matrix().requires_grad_()

    def stage2(items):
        noise, tokens = texts_of(items, o)
        V = visual(o, tower, p)
        A_t = lambda x: adapt(x, p["adapter_text_1"], p["adapter_text_2"], o, True)
        A_v = lambda x: adapt(x, p["adapter_visual_1"], p["adapter_visual_2"], o, True)
        T_g, T_l = (A_t(prompt_features(p[k], o["name_position"])) for k in ("context_global", "context_local"))
        V_g, V_l = A_v(V[0]), A_v(V[1])
        h = normal(A_t(t_all[items]) + noise)
        R = lambda z: ranking(z, labels[items], o["margin"], o["scale"])
        S = w["logit_scale"] * T_g @ V_g.T
        CE = lambda s: F.cross_entropy(s, torch.arange(N), reduction="sum")
        return (R(4 * h @ T_g.T) + o["text_local_weight"] * R(local_scores(tokens, T_l, o["tau_text"])) + R(4 * h @ V_g.T) +
                R(local_scores(tokens, V_l, o["tau_visual"])) + o["contrast"] * (CE(S) + CE(S.T)) / 2)

    rate = lambda lr: lambda e: o["warmup_lr"] if e < o["warmup_epochs"] else cosine(lr, e - o["warmup_epochs"], o["epochs"])
    slow = [v for k, v in p.items() if not k.startswith("adapter")]
    fast = [v for k, v in p.items() if k.startswith("adapter")]
    run_steps(o, p, [dict(params=slow), dict(params=fast)], [rate(o["lr"]), rate(o["adapter_lr"])], o["epochs"], o["stage2_caption_limit"],
              stage2, losses)
    return losses, p


def test_scores(o, tower, p):
    V_g, V_l = visual(o, tower, p)
    x = test_global
    sets = [torch.cat([X, g[None]]) for X, g in zip(test_local, test_global)]
    if not o["stage2"]:
        return 4 * x @ V_g.T, local_scores(sets, V_l, o["tau_visual_test"])
    A_t = lambda y: adapt(y, p["adapter_text_1"], p["adapter_text_2"], o, False)
    A_v = lambda y: adapt(y, p["adapter_visual_1"], p["adapter_visual_2"], o, False)
    T_g, T_l = (A_t(prompt_features(p[k], o["name_position"])) for k in ("context_global", "context_local"))
    V_g, V_l, x = A_v(V_g), A_v(V_l), A_v(x)
    return (4 * x @ T_g.T + 4 * x @ V_g.T,
            local_scores(sets, T_l, o["tau_text_test"]) + local_scores(sets, V_l, o["tau_visual_test"]))


ONE = dict(stage2=False, stage1_epochs=10, stage1_warmup_epochs=0, batch=12)
TWO = dict(stage1_epochs=2, stage1_warmup_epochs=0, epochs=10, batch=12, context=6, lr=5e-4, warmup_lr=2e-4)
GRADIENT = dict(stage1_epochs=1, stage1_warmup_epochs=0, epochs=1, warmup_epochs=0, context=4)
VARIANTS = [
    ("resnet_stage1", "resnet", 1, ONE),
    ("vit_stage1", "vit", 2, ONE),
    ("resnet_both", "resnet", 3, TWO),
    ("vit_both", "vit", 4, TWO),
    ("vector_both", "vit", 5, dict(TWO, variant="vector", caption_limit=40, stage2_caption_limit=30)),
    ("vector_stage1", "vit", 6, dict(ONE, variant="vector", stage1_local_weight=1, stage1_lr=0.02)),
    ("vit_adam", "vit", 7, dict(TWO, epochs=4, optimiser="adam", stage1_lr=0.02, lr=1e-4, adapter_dropout=0, contrast=0, grad_clip=0.1, scale=0.5,
                                margin=0.7, shared_context=False, tau_text=20, tau_visual=10, tau_text_test=5, tau_visual_test=8, weight_decay=0)),
    ("resnet_gradient1", "resnet", 8, dict(GRADIENT, stage2=False)),
    ("resnet_gradient2", "resnet", 8, GRADIENT),
    ("vit_gradient1", "vit", 9, dict(GRADIENT, stage2=False)),
    ("vit_gradient2", "vit", 9, GRADIENT),
    ("resnet_warmup", "resnet", 10, dict(stage2=False, stage1_epochs=8, batch=12)),  # as published
    ("vit_warmup", "vit", 11, dict(ONE, stage1_warmup_epochs=3, stage1_warmup_lr=0.3)),
]
words = sys.argv[1:]
old = load_file(os.path.join(here, "pvp.safetensors")) if words else {}
out, record = {}, {"variants": []}
for name, tower, seed, o in VARIANTS:
    full = dict(DEFAULTS, **o)
    kept = {k: v for k, v in old.items() if k.startswith(name + ".")}
    if kept and not any(word in name for word in words):
        record["variants"].append(dict(name=name, tower=tower, seed=seed, options=o))
        out.update(kept)
        continue
    losses, p = train_pvp(full, tower, seed)
    print(name, len(losses), losses[:2], losses[-2:])
    record["variants"].append(dict(name=name, tower=tower, seed=seed, options=o))
    out[name + ".loss"] = torch.tensor(losses)
    if "gradient" in name:
        for k, v in p.items():
            if k.startswith("pseudo") or k == "adapter_text_1":
                out[name + "." + k + ".gradient"] = v.grad.flatten()[::STEP // 4]
        continue
    for k, v in p.items():
        out[name + "." + k] = v.detach().flatten()[::STEP]
    with torch.no_grad():
        zg, zl = test_scores(full, tower, p)
    out[name + ".scores_global"], out[name + ".scores_local"], out[name + ".scores"] = zg, zl, zg + zl
json.dump(record, open(os.path.join(here, "pvp.json"), "w"), indent=1)
save_file({k: v.float().contiguous().clone() for k, v in out.items()}, os.path.join(here, "pvp.safetensors"))
