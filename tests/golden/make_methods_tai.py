# Golden training curves of TaI and TaI-DPT, prompts and scores of the other methods on a tiny random CLIP, for
# tests/test_methods_tai.c.   torch 2.15.0, transformers 5.23.0, safetensors 0.6 or later.
#   PALBENCH_SHARED=../shared python3 tests/golden/make_methods_tai.py
# Follows the definitions, not our code: every prompt is computed whole, every pair of the ranking loss is formed. In float64,
# from float32 draws: training with a hinge loss is chaotic, and at ten times these learning rates PyTorch's own float32 curve
# leaves its float64 one by 1e-2 within 50 steps (at these: 3e-6).
import json, math, os, sys, tempfile

import named
import torch, torch.nn.functional as F
from safetensors.torch import save_file
from transformers import CLIPTokenizer

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
shared = os.environ.get("PALBENCH_SHARED", "../shared")
WIDTH, LAYERS, HEADS, MLP, CONTEXT, D = 64, 2, 4, 96, 40, 32
CLASSES = ["cat", "dog", "dining table", "tv monitor", "bus", "person"]

# ---- a vocabulary: letters, stop and hyphen, and the merges of some frequent words ----
words = "a photo of the cat dog dining table tv monitor bus person bad large small good on near with in".split()
symbols = list("abcdefghijklmnopqrstuvwxyz.-")
vocabulary = symbols + [s + "</w>" for s in symbols]
merges = []
for word in words:
    parts = list(word[:-1]) + [word[-1] + "</w>"]
    while len(parts) > 1:  # from the left, so that a merge of an earlier word may apply in a later one
        pair = next((m for m in merges for i in range(len(parts) - 1) if (parts[i], parts[i + 1]) == m), (parts[0], parts[1]))
        if pair not in merges:
            merges.append(pair)
            vocabulary.append(pair[0] + pair[1])
        i = next(i for i in range(len(parts) - 1) if (parts[i], parts[i + 1]) == pair)
        parts[i:i + 2] = [pair[0] + pair[1]]
vocabulary += ["<|startoftext|>", "<|endoftext|>"]
folder = os.path.join(here, "methods_tokenizer")
os.makedirs(folder, exist_ok=True)
json.dump({t: i for i, t in enumerate(vocabulary)}, open(os.path.join(folder, "vocab.json"), "w"))
open(os.path.join(folder, "merges.txt"), "w").write("#version: 0.2\n" + "".join("%s %s\n" % m for m in merges))
tokenizer = CLIPTokenizer.from_pretrained(folder)
START, END = vocabulary.index("<|startoftext|>"), vocabulary.index("<|endoftext|>")


def encode(text):
    ids = tokenizer(text)["input_ids"]
    return ids if len(ids) <= CONTEXT else ids[:CONTEXT - 1] + [END]


# ---- the text tower ----
g = torch.Generator().manual_seed(3)
w = {"token_embedding.weight": torch.randn(len(vocabulary), WIDTH, generator=g) * 0.1,
     "positional_embedding": torch.randn(CONTEXT, WIDTH, generator=g) * 0.05,
     "ln_final.weight": 1 + 0.1 * torch.randn(WIDTH, generator=g), "ln_final.bias": 0.1 * torch.randn(WIDTH, generator=g),
     "text_projection": torch.randn(WIDTH, D, generator=g) * WIDTH**-0.5, "logit_scale": torch.tensor(math.log(30.0))}
for l in range(LAYERS):
    p = "transformer.resblocks.%d." % l
    for name, shape in {"attn.in_proj_weight": (3 * WIDTH, WIDTH), "attn.out_proj.weight": (WIDTH, WIDTH),
                        "mlp.c_fc.weight": (MLP, WIDTH), "mlp.c_proj.weight": (WIDTH, MLP)}.items():
        w[p + name] = torch.randn(shape, generator=g) * shape[1]**-0.5
        w[p + name.replace(".weight", ".bias").replace("_weight", "_bias")] = 0.05 * torch.randn(shape[0], generator=g)
    for name in ("ln_1", "ln_2"):
        w[p + name + ".weight"] = 1 + 0.1 * torch.randn(WIDTH, generator=g)
        w[p + name + ".bias"] = 0.1 * torch.randn(WIDTH, generator=g)
half = {k: v.half().contiguous() for k, v in w.items()}
w = {k: v.double() for k, v in half.items()}


def hidden(x):  # [B, T, W] without positions -> after the last layer norm
    B, T, W = x.shape
    x = x + w["positional_embedding"][:T]
    mask = torch.full((T, T), float("-inf")).triu(1)
    for l in range(LAYERS):
        q = "transformer.resblocks.%d." % l
        h = F.layer_norm(x, (W,), w[q + "ln_1.weight"], w[q + "ln_1.bias"], 1e-5)
        a, b, c = (y.view(B, T, HEADS, W // HEADS).transpose(1, 2)
                   for y in F.linear(h, w[q + "attn.in_proj_weight"], w[q + "attn.in_proj_bias"]).split(W, -1))
        s = (a @ b.transpose(-1, -2) * (W // HEADS)**-0.5 + mask).softmax(-1) @ c
        x = x + F.linear(s.transpose(1, 2).reshape(B, T, W), w[q + "attn.out_proj.weight"], w[q + "attn.out_proj.bias"])
        h = F.layer_norm(x, (W,), w[q + "ln_2.weight"], w[q + "ln_2.bias"], 1e-5)
        h = F.linear(h, w[q + "mlp.c_fc.weight"], w[q + "mlp.c_fc.bias"])
        x = x + F.linear(h * torch.sigmoid(1.702 * h), w[q + "mlp.c_proj.weight"], w[q + "mlp.c_proj.bias"])
    return F.layer_norm(x, (W,), w["ln_final.weight"], w["ln_final.bias"], 1e-5)


def text_features(texts):  # global [n, D], list of locals [T, D], unit length
    G, L = [], []
    for t in texts:
        f = F.normalize((hidden(w["token_embedding.weight"][torch.tensor(encode(t))][None]) @ w["text_projection"])[0], dim=-1)
        G.append(f[-1])
        L.append(f)
    return torch.stack(G), L


# ---- prompts ----
def prompt_projections(context, position):
    out = []
    for c, name in enumerate(CLASSES):
        v = context if context.dim() == 2 else context[c]
        ids = tokenizer(name + ".")["input_ids"][1:-1]
        own = len(tokenizer(name)["input_ids"]) - 2
        e = w["token_embedding.weight"][torch.tensor(ids)]
        cut = {"end": len(v), "middle": len(v) // 2, "front": 0}[position]
        own = len(ids) if position == "end" else own
        x = torch.cat([w["token_embedding.weight"][START][None], v[:cut], e[:own], v[cut:], e[own:], w["token_embedding.weight"][END][None]])
        out.append(hidden(x[None])[0, -1] @ w["text_projection"])
    return torch.stack(out)


def prompt_features(context, position):
    return F.normalize(prompt_projections(context, position), dim=-1)


def start_context(o):
    if o["context_init"] != "normal":
        v = w["token_embedding.weight"][torch.tensor(tokenizer(o["context_init"])["input_ids"][1:-1])].clone()
        return v if o["shared_context"] else v[None].repeat(len(CLASSES), 1, 1)
    M = o["context"]
    return (torch.randn(*((M, WIDTH) if o["shared_context"] else (len(CLASSES), M, WIDTH))) * 0.02).double()


def ranking(z, y, margin, scale):
    d = F.relu(margin - scale * z[:, :, None] + scale * z[:, None, :])
    return (d * (y == 1)[:, :, None] * (y == 0)[:, None, :]).sum() / len(z)


def aggregate(s, tau):  # s [rows, N]
    return 4 * ((tau * s).softmax(0) * s).sum(0)


DEFAULTS = dict(context=16, context_init="normal", shared_context=True, name_position="end", epochs=20, batch=512, optimiser="sgd",
                lr=1e-4, momentum=0.9, weight_decay=5e-4, warmup_epochs=1, warmup_lr=1e-5, margin=1, scale=1, tau_train=50, tau_test=40,
                class_templates=True, template_set="published", caption_limit=0, grad_clip=0, normalise="none")


def normalised(z, rule, factor):
    if rule == "softmax":
        return (z / factor * w["logit_scale"].exp()).softmax(1)
    if rule == "zscore":
        return (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True, correction=0)
    return z


def tai_scores(G, L, o, rule):
    zg = normalised(4 * image_global @ G.T, rule, 4)
    if L is None:
        return zg, None, zg
    zl = normalised(torch.stack([aggregate(x @ L.T, o["tau_test"]) for x in image_local]), rule, 4)
    return zg, zl, (zg + zl) / 2


def train(o, local, seed):
    rows = list(range(len(captions)))[:o["caption_limit"] or None]
    texts, labels = [captions[i] for i in rows], [caption_labels[i].tolist() for i in rows]
    if o["class_templates"]:
        for c, name in enumerate(CLASSES):
            for frame in frames[o["template_set"]]:
                texts.append(frame.replace("{}", name))
                labels.append([int(i == c) for i in range(len(CLASSES))])
    t, tokens = text_features(texts)
    y = torch.tensor(labels)
    torch.manual_seed(seed)
    contexts = [start_context(o).requires_grad_() for _ in range(1 + local)]
    optimiser = {"sgd": lambda: torch.optim.SGD(contexts, lr=1, momentum=o["momentum"], weight_decay=o["weight_decay"]),
                 "adam": lambda: torch.optim.Adam(contexts, lr=1, weight_decay=o["weight_decay"]),
                 "adamw": lambda: torch.optim.AdamW(contexts, lr=1, weight_decay=o["weight_decay"])}[o["optimiser"]]()
    batch, losses = min(o["batch"], len(texts)), []
    for e in range(o["epochs"]):
        lr = o["warmup_lr"] if e < o["warmup_epochs"] else o["lr"] * (1 + math.cos(math.pi * (e - o["warmup_epochs"]) / o["epochs"])) / 2
        for group in optimiser.param_groups:
            group["lr"] = lr
        order = torch.randperm(len(texts))
        for first in range(0, len(texts) - batch + 1, batch):
            items = order[first:first + batch]
            loss = ranking(4 * t[items] @ prompt_features(contexts[0], o["name_position"]).T, y[items], o["margin"], o["scale"])
            if local:
                L = prompt_features(contexts[1], o["name_position"])
                z = torch.stack([aggregate(tokens[i] @ L.T, o["tau_train"]) for i in items])
                loss = loss + ranking(z, y[items], o["margin"], o["scale"])
            optimiser.zero_grad()
            loss.backward()
            if o["grad_clip"]:
                torch.nn.utils.clip_grad_norm_(contexts, o["grad_clip"])
            optimiser.step()
            losses.append(loss.item())
    return torch.tensor(losses), [c.detach() for c in contexts]


# ---- data ----
frames = {"published": ["a photo of a {}."] * 9 +
          [l.strip().strip('"').replace("[CLASS]", "{}") for l in open(os.path.join(shared, "data/taidpt/prompt_templates.txt"))][1:],
          "mini9": ["a photo of a {}", "a picture of a {}", "there is a {}", "a {}", "one {}", "the {}", "an image showing a {}",
                    "we see a {}", "a photo of the {}"]}
assert len(frames["published"]) == 89
g = torch.Generator().manual_seed(4)
pick = lambda n: int(torch.randint(n, (1,), generator=g))
captions, caption_labels = [], []
for i in range(64):
    present = torch.randperm(len(CLASSES), generator=g)[:1 + pick(3)].tolist()
    text = " with ".join(["a", "the", "a small", "one good"][pick(4)] + " " + CLASSES[c] for c in present)
    captions.append(["", "a photo of ", "we see "][pick(3)] + text + ["", " on the road.", " near a lake"][pick(3)])
    caption_labels.append(torch.tensor([int(c in present) for c in range(len(CLASSES))]))
image_global = F.normalize(torch.randn(16, D, generator=g), dim=-1).double()
image_local = F.normalize(torch.randn(16, 6, D, generator=g), dim=-1).double()

FAST = dict(lr=0.001, warmup_lr=0.0004, batch=12, epochs=10, class_templates=False)
VARIANTS = [
    ("curve", "tai_dpt", 1, FAST),
    ("templates", "tai_dpt", 2, dict(FAST, class_templates=True, batch=64, epochs=6, lr=3e-4, warmup_lr=1e-4)),
    ("global", "tai", 3, dict(FAST, class_templates=True, template_set="mini9", batch=20, epochs=5, weight_decay=0.01)),
    ("adam", "tai_dpt", 4, dict(FAST, epochs=5, optimiser="adam", lr=0.001, context=7, tau_train=20, margin=0.5)),
    ("adamw", "tai_dpt", 5, dict(FAST, epochs=5, optimiser="adamw", lr=0.001, context=4, shared_context=False, weight_decay=0.1, grad_clip=0.05)),
    ("middle", "tai_dpt", 6, dict(FAST, epochs=5, name_position="middle", context=5, scale=2, momentum=0)),
    ("front", "tai_dpt", 7, dict(FAST, epochs=5, name_position="front", context=3, tau_test=4)),
    ("words", "tai_dpt", 8, dict(FAST, epochs=5, context_init="a photo of a", caption_limit=40)),
    ("all_at_once", "tai", 9, dict(FAST, epochs=20, batch=512, lr=0.003)),
]
out = {"weights." + k: v for k, v in half.items()}
record = {"classes": CLASSES, "captions": captions, "variants": []}
with torch.no_grad():
    out["caption_global"], caption_local = text_features(captions)
    tokens = [encode(c) for c in captions]
out["caption_labels"], out["image_global"], out["image_local"] = torch.stack(caption_labels), image_global, image_local
out["caption_tokens"] = torch.tensor(sum(tokens, []))
for name, method, seed, o in VARIANTS:
    full = dict(DEFAULTS, **o)
    losses, contexts = train(full, method == "tai_dpt", seed)
    print(name, len(losses), losses[:3].tolist(), losses[-3:].tolist())
    record["variants"].append(dict(name=name, method=method, seed=seed, options=o))
    out[name + ".loss"] = losses
    out[name + ".context_global"] = contexts[0]
    with torch.no_grad():
        features = [prompt_features(c, full["name_position"]) for c in contexts] + [None]
        for rule in ("none", "softmax", "zscore") if name == "adam" else ("none",):
            zg, zl, both = tai_scores(features[0], features[1], full, rule)
            end = "" if rule == "none" else "." + rule
            out[name + ".scores" + end] = both
            if zl is not None:
                out[name + ".scores_global" + end], out[name + ".scores_local" + end] = zg, zl
    if method == "tai_dpt":
        out[name + ".context_local"] = contexts[1]

with torch.no_grad():
    torch.manual_seed(21)  # the untrained control
    o = dict(DEFAULTS, context=6)
    contexts = [start_context(o), start_context(o)]
    out["random.scores_global"], out["random.scores_local"], out["random.scores"] = tai_scores(
        prompt_features(contexts[0], "end"), prompt_features(contexts[1], "end"), o, "none")
    single, _ = text_features(["a photo of a %s." % c for c in CLASSES])
    nine = F.normalize(torch.stack([text_features([f.replace("{}", c) for f in frames["mini9"]])[0].mean(0) for c in CLASSES]), dim=-1)
    out["zs.single"], out["zs.mini9"] = 100 * image_global @ single.T, 100 * image_global @ nine.T
    out["zs.local"] = 25 * torch.stack([aggregate(x @ single.T, 100) for x in image_local])
json.dump(record, open(os.path.join(here, "methods_tai.json"), "w"), indent=1)
save_file({k: (v.float() if v.dtype == torch.float64 else v).detach().contiguous().clone() for k, v in out.items()}, os.path.join(here, "methods_tai.safetensors"))
