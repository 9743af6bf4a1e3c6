# Golden curves and scores of Tip-Adapter(-F), CoMC and SPARC for tests/test_methods_{tip_adapter,comc,sparc}.c, on the tiny CLIP, captions
# and images of methods_tai.*.   torch 2.15.0, transformers 5.23.0, scikit-learn 1.7 or later, numpy 1.26 or later, safetensors 0.6 or later.
#   python3 tests/golden/make_baselines2.py
# Follows the definitions in methods/{tip_adapter,comc,sparc}.h, in float64 from float32 draws; templates and class names come from the
# test's own record. SPARC's principal axis is scikit-learn's PCA, its order statistics are numpy's sort.
import json, math, os

import named
import numpy as np, torch, torch.nn.functional as F
from safetensors.torch import load_file, save_file
from sklearn.decomposition import PCA
from transformers import CLIPTokenizer

torch.set_num_threads(1)
here = os.path.dirname(os.path.abspath(__file__))
tai = load_file(os.path.join(here, "methods_tai.safetensors"))
record = json.load(open(os.path.join(here, "methods_tai.json")))
tokenizer = CLIPTokenizer.from_pretrained(os.path.join(here, "methods_tokenizer"))
w = {k[len("weights."):]: v.double() for k, v in tai.items() if k.startswith("weights.")}
CLASSES, N, D, HEADS = record["classes"], len(record["classes"]), 32, 4
MINI9 = ["a photo of a {}", "a picture of a {}", "there is a {}", "a {}", "one {}", "the {}", "an image showing a {}",
         "we see a {}", "a photo of the {}"]


@torch.no_grad()
def text(sentences):  # [n, D], unit length
    out = []
    for s in sentences:
        ids = torch.tensor(tokenizer(s)["input_ids"])
        assert len(ids) <= 40
        x = (w["token_embedding.weight"][ids] + w["positional_embedding"][:len(ids)])[None]
        mask = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
        for l in range(2):
            b = {k.split("resblocks.%d." % l)[1]: v for k, v in w.items() if "resblocks.%d." % l in k}
            W = x.shape[-1]
            h = F.layer_norm(x, (W,), b["ln_1.weight"], b["ln_1.bias"], 1e-5)
            q, k, v = (y.view(1, -1, HEADS, W // HEADS).transpose(1, 2) for y in F.linear(h, b["attn.in_proj_weight"], b["attn.in_proj_bias"]).split(W, -1))
            h = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.double()).transpose(1, 2).reshape(x.shape)
            x = x + F.linear(h, b["attn.out_proj.weight"], b["attn.out_proj.bias"])
            h = F.linear(F.layer_norm(x, (W,), b["ln_2.weight"], b["ln_2.bias"], 1e-5), b["mlp.c_fc.weight"], b["mlp.c_fc.bias"])
            x = x + F.linear(h * torch.sigmoid(1.702 * h), b["mlp.c_proj.weight"], b["mlp.c_proj.bias"])
        x = F.layer_norm(x, x.shape[-1:], w["ln_final.weight"], w["ln_final.bias"], 1e-5)
        out.append(F.normalize(x[0, -1] @ w["text_projection"], dim=-1))
    return torch.stack(out)


def class_text(frames):
    return torch.stack([F.normalize(text([f.replace("{}", c) for f in frames]).mean(0), dim=-1) for c in CLASSES])


def ranking(z, y, margin=1, scale=1):
    d = F.relu(margin - scale * z[:, :, None] + scale * z[:, None, :])
    return (d * (y == 1)[:, :, None] * (y == 0)[:, None, :]).sum() / len(z)


out = {}
g = torch.Generator().manual_seed(11)
# ---- data: images near the mean of their classes' texts; some labels unknown ----
single = class_text(["a photo of a {}."])
truth = (torch.rand(60 + 40, N, generator=g) < 0.3).double()
images = F.normalize(F.normalize(truth @ single + 0.2 * single.mean(0), dim=-1) + 0.15 * torch.randn(100, D, generator=g), dim=-1).float()
x, test = images[:60].double(), images[60:].double()
labels = (2 * truth[:60] - 1).long()
labels[torch.rand(60, N, generator=g) < 0.2] = 0
labels[7] = -1
out.update(train=images[:60].clone(), labels=labels, test=images[60:].clone())

# ---- Tip-Adapter ----
cached = (labels == 1).any(1)
keys, values = x[cached], (labels[cached] == 1).double()


def tip(x, keys, values, alpha, beta, clip_scale=100):
    return clip_scale * x @ single.T + alpha * torch.exp(-beta * (1 - x @ keys.T)) @ values


out["tip.keys"] = keys
out["tip.scores"] = tip(test, keys, values, 1, 5.5)
balanced = values / values.sum(0).clamp(min=1)
out["tip.balanced"] = tip(test, keys, balanced, 30, 3)
out["tip.zscore"] = (lambda z: (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True, correction=0))(tip(test, keys, values, 1, 5.5))


def softmax_loss(z, y):
    p = z.masked_fill(y == -1, -1e9).log_softmax(1)
    positives = (y == 1).sum(1).clamp(min=1)
    return -((p * (y == 1)).sum(1) / positives).mean()


def asymmetric_loss(x, y, gamma_negative=2, gamma_positive=1, clip=0.05):
    p = torch.sigmoid(x)
    m = (p - clip).clamp(min=0)
    positive = (1 - p.detach())**gamma_positive * torch.log(p.clamp(min=1e-6)) * (y == 1)
    negative = m.detach()**gamma_negative * torch.log((1 - m).clamp(min=1e-6)) * (y == 0)
    return -(positive + negative).sum() / len(x)


def tip_f(seed, epochs, batch, lr, alpha, beta, clip_scale, weight_decay, eps, margin, scale, values, kind="ranking"):
    torch.manual_seed(seed)
    learned = keys.clone().requires_grad_()
    threshold = (x @ single.T).mean()[None].clone().requires_grad_()
    loss_of = {"ranking": lambda z, y: ranking(z, y, margin, scale), "softmax": softmax_loss,
               "asl": lambda z, y: asymmetric_loss(100 * (z / clip_scale - threshold), y)}[kind]
    optimiser = torch.optim.AdamW([learned] + [threshold] * (kind == "asl"), lr=lr, eps=eps, weight_decay=weight_decay)
    steps, losses = len(x) // batch, []
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * steps)
    y = torch.where(labels == 1, 1, torch.where(labels == -1, 0, -1))
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for i in range(steps):
            items = order[i * batch:(i + 1) * batch]
            loss = loss_of(tip(x[items], learned, values, alpha, beta, clip_scale), y[items])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
    return torch.tensor(losses), learned.detach()


CURVES = {"tip_f": dict(seed=3, epochs=10, batch=12, lr=1e-3, alpha=1, beta=5.5, clip_scale=100, weight_decay=0.01, eps=1e-4, margin=1, scale=1, values=values),
          "tip_f.other": dict(seed=4, epochs=13, batch=16, lr=1e-2, alpha=20, beta=2, clip_scale=30, weight_decay=0.1, eps=1e-8, margin=0.5, scale=2, values=balanced)}
CURVES["tip_f.softmax"] = dict(CURVES["tip_f"], seed=7, epochs=5, kind="softmax")
CURVES["tip_f.asl"] = dict(CURVES["tip_f"], seed=8, epochs=5, kind="asl")
for name, o in CURVES.items():
    losses, learned = tip_f(**o)
    print(name, len(losses), losses[[0, 1, -2, -1]].tolist())
    out[name + ".loss"], out[name + ".keys"] = losses, learned
    out[name + ".scores"] = tip(test, learned, o["values"], o["alpha"], o["beta"], o["clip_scale"])

# ---- CoMC ----
captions, caption_labels = text(record["captions"]), tai["caption_labels"].long()
template_text = text([f.replace("{}", c) for c in CLASSES for f in MINI9])
template_labels = torch.eye(N, dtype=torch.long).repeat_interleave(len(MINI9), 0)
out["comc.templates"] = template_text
image_global, image_local = tai["image_global"].double(), tai["image_local"].double()


def comc(seed, t, y, epochs, batch, lr, warmup_lr, warmup_epochs, weight_decay, noise, margin=1, scale=1):
    torch.manual_seed(seed)
    W = torch.nn.Linear(D, N, bias=False).weight.detach().double().requires_grad_()
    optimiser, losses = torch.optim.Adam([W], lr=1, weight_decay=weight_decay), []
    for e in range(epochs):
        optimiser.param_groups[0]["lr"] = warmup_lr if e < warmup_epochs else lr * (1 + math.cos(math.pi * (e - warmup_epochs) / epochs)) / 2
        order = torch.randperm(len(t))
        for i in range(len(t) // batch):
            items = order[i * batch:(i + 1) * batch]
            z = (t[items] + noise * torch.randn(batch, D).double()) @ W.T
            loss = ranking(z, y[items], margin, scale)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return torch.tensor(losses), W.detach()


def comc_scores(W, bank, tau, mix):
    def z(v):
        return ((1 - mix) * v + mix * F.normalize((tau * v @ bank.T).softmax(-1) @ bank, dim=-1)) @ W.T
    return z(image_global), z(image_local).max(1).values


bank9 = class_text(MINI9)
for name, o, t, y, bank, tau, mix, share in (
        ("comc", dict(seed=5, epochs=10, batch=12, lr=1e-2, warmup_lr=1e-5, warmup_epochs=1, weight_decay=5e-4, noise=0.1), captions, caption_labels, bank9, 100, 0.3, 0.5),
        ("comc.templates_too", dict(seed=6, epochs=6, batch=20, lr=3e-3, warmup_lr=1e-3, warmup_epochs=2, weight_decay=0, noise=0.05, margin=0.2, scale=3),
         torch.cat([captions[:40], template_text]), torch.cat([caption_labels[:40], template_labels]), template_text, 20, 0.6, 0.25)):
    losses, W = comc(t=t, y=y, **o)
    print(name, len(losses), losses[[0, 1, -2, -1]].tolist())
    zg, zl = comc_scores(W, bank, tau, mix)
    out.update({name + ".loss": losses, name + ".weight": W, name + ".scores_global": zg, name + ".scores_local": zl, name + ".scores": (1 - share) * zg + share * zl})

# ---- SPARC ----
plain = text(CLASSES)


def standardised(z, axis):
    sd = z.std(axis, ddof=1, keepdims=True)
    return np.divide(z - z.mean(axis, keepdims=True), sd, out=np.zeros_like(z), where=sd > 1e-9)


def sparc(T, pairs, frame, image=True, prompt=True, fusion="pca", share=0.5, x=test):
    x = x.numpy()
    z, p = x @ T.numpy().T, x @ plain.numpy().T
    c = np.zeros((len(x), 0)) if not pairs else x @ text([frame.replace("{}", CLASSES[a], 1).replace("{}", CLASSES[b], 1) for a, b in pairs]).numpy().T
    if image:
        z, c = standardised(z, 1), (c - p.mean(1, keepdims=True)) / p.std(1, ddof=1, keepdims=True)
    if prompt:
        z, c = standardised(z, 0), standardised(c, 0)
    scores = z.copy()
    for k in range(N):
        own = [i for i, ab in enumerate(pairs) if k in ab]
        if not own:
            continue
        order = np.sort(c[:, own], 1)
        if fusion == "pca":
            X = np.concatenate([order, z[:, k:k + 1]], 1)
            axis = PCA().fit(X).components_[0]
            axis = axis * (-1 if axis.mean() < 0 else 1) / np.abs(axis).sum()
            r = X @ axis
        else:
            r = order.mean(1) if fusion == "mean" else order[:, -min({"max": 1, "second": 2, "third": 3}[fusion], len(own))]
        scores[:, k] = (1 - share) * z[:, k] + share * r
    return torch.from_numpy(scores)


every = [(a, b) for a in range(N) for b in range(a + 1, N)]
y = caption_labels.numpy()
together = [(a, b) for a, b in every if (y[:, a] & y[:, b]).sum() > 0.3 * y[:, a].sum()]
print("pairs of captions", together)
assert 0 < len(together) < len(every)
A = "a {} and a {}"
out["sparc.published"] = sparc(bank9, every, "{} and {}")
out["sparc.captions"] = sparc(single, together, A, share=0.7)
out["sparc.second"] = sparc(bank9, every, A, fusion="second")
out["sparc.third"] = sparc(bank9, together, A, fusion="third")
out["sparc.max"] = sparc(bank9, every, A, fusion="max", image=False)
out["sparc.mean"] = sparc(bank9, every, A, fusion="mean", prompt=False)
out["sparc.raw"] = sparc(bank9, every, A, image=False, prompt=False)
out["sparc.no_pairs"] = sparc(bank9, [], A)
twice = torch.cat([test[:20], test[:20]])  # ties everywhere
out["sparc.twice"] = sparc(bank9, every, "{} and {}", x=twice)

save_file({k: (v.float() if v.is_floating_point() else v.to(torch.int8).long() if k == "labels" else v).contiguous() for k, v in out.items()},
          os.path.join(here, "methods_baselines2.safetensors"))
