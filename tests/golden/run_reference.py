"""The outside reference of tests/golden/make_run.py: CLIP's towers, the noun filter, ZSCLIP, TaI and TaI-DPT in plain PyTorch, written
from the design documents (methods and the order of random draws) and not from the program. Nothing here is fast.

Written for torch 2.15.0, torchvision 0.29.2, open_clip_torch 3.3.0, transformers 5.23.0."""
import math
import re

import torch
from PIL import Image
from torch import nn
from torch.nn.functional import gelu, interpolate, layer_norm, scaled_dot_product_attention
from torchvision import transforms
from torchvision.transforms.functional import InterpolationMode

mean, std = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


# ---- towers ----


def openclip_text(model):
    """Weights of the text tower as text_states wants them."""
    blocks = []
    for b in model.transformer.resblocks:
        blocks.append({"ln1": b.ln_1, "qkv": (b.attn.in_proj_weight, b.attn.in_proj_bias), "out": b.attn.out_proj, "ln2": b.ln_2, "fc": b.mlp.c_fc,
                       "proj": b.mlp.c_proj, "heads": b.attn.num_heads})
    return {"table": model.token_embedding.weight, "positions": model.positional_embedding, "blocks": blocks, "ln": model.ln_final,
            "projection": model.text_projection}


def huggingface_text(model):
    text, blocks = model.text_model, []
    for b in text.encoder.layers:
        a = b.self_attn
        qkv = torch.cat([a.q_proj.weight, a.k_proj.weight, a.v_proj.weight]), torch.cat([a.q_proj.bias, a.k_proj.bias, a.v_proj.bias])
        blocks.append({"ln1": b.layer_norm1, "qkv": qkv, "out": a.out_proj, "ln2": b.layer_norm2, "fc": b.mlp.fc1, "proj": b.mlp.fc2,
                       "heads": a.num_heads})
    return {"table": text.embeddings.token_embedding.weight, "positions": text.embeddings.position_embedding.weight, "blocks": blocks,
            "ln": text.final_layer_norm, "projection": model.text_projection.weight.T}


class Clip:
    def __init__(self, model, kind, size, tokenizer, act=quick_gelu):
        self.model, self.kind, self.size, self.tokenizer, self.act = model, kind, size, tokenizer, act
        self.text = huggingface_text(model) if kind == "huggingface" else openclip_text(model)
        self.scale = model.logit_scale.exp().item()
        self.context = self.text["positions"].shape[0]

    def ids(self, sentence):
        """Start, tokens, end; cut to the context length with the end kept."""
        ids = self.tokenizer(sentence)["input_ids"]
        return ids if len(ids) <= self.context else ids[: self.context - 1] + ids[-1:]

    def embedded(self, ids):
        return self.text["table"][torch.tensor(ids, dtype=torch.long)]

    def text_states(self, x):
        """x [n, length, width], embeddings without positions -> [n, length, D], projected"""
        x = x + self.text["positions"][: x.shape[1]]
        for b in self.text["blocks"]:
            n, length, width = x.shape
            q, k, v = (layer_norm(x, (width,), b["ln1"].weight, b["ln1"].bias) @ b["qkv"][0].T + b["qkv"][1]).chunk(3, dim=-1)
            q, k, v = (t.view(n, length, b["heads"], -1).transpose(1, 2) for t in (q, k, v))
            x = x + b["out"](scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(n, length, width))
            x = x + b["proj"](self.act(b["fc"](layer_norm(x, (width,), b["ln2"].weight, b["ln2"].bias))))
        return layer_norm(x, x.shape[-1:], self.text["ln"].weight, self.text["ln"].bias) @ self.text["projection"]

    def texts(self, sentences):
        """global [n, D] and, sentence by sentence, the states of all its tokens, start and end included"""
        whole, parts = [], []
        for s in sentences:
            states = unit(self.text_states(self.embedded(self.ids(s))[None])[0])
            whole.append(states[-1])
            parts.append(states)
        return torch.stack(whole), parts

    def pixels(self, path, size, stretch):
        bicubic = InterpolationMode.BICUBIC
        cut = [transforms.Resize((size, size), bicubic)] if stretch else [transforms.Resize(size, bicubic), transforms.CenterCrop(size)]
        steps = transforms.Compose([*cut, transforms.ToTensor(), transforms.Normalize(mean, std)])
        return steps(Image.open(path).convert("RGB"))

    def images(self, files, position, size=None, stretch=False):
        """global [n, D], local [n, P, D]; position "on", "off", or "global": on for the global feature alone"""
        rows = [self.image(self.pixels(f, size or self.size, stretch)[None], position) for f in files]
        return torch.cat([r[0] for r in rows]), torch.cat([r[1] for r in rows])

    def image(self, x, position):
        if self.kind == "resnet":
            return self.resnet_image(x, position)
        if self.kind == "huggingface":
            out = self.model.vision_model(pixel_values=x, interpolate_pos_encoding=x.shape[-1] != self.size)
            local = self.model.visual_projection(self.model.vision_model.post_layernorm(out.last_hidden_state[:, 1:]))
            return unit(self.model.visual_projection(out.pooler_output)), unit(local)
        raise ValueError(self.kind)

    def raw_images(self, x):
        """global features [n, D] of pixels before they are brought to unit length"""
        return self.model.visual(x) if self.kind == "resnet" else self.model.visual_projection(self.model.vision_model(pixel_values=x).pooler_output)

    def resnet_image(self, x, position):
        visual = self.model.visual
        pool, stages = visual.attnpool, (visual.layer1, visual.layer2, visual.layer3, visual.layer4)
        x = visual.stem(x)
        for s in stages:
            x = s(x)
        table, side = pool.positional_embedding, x.shape[-1]
        grid = int((table.shape[0] - 1) ** 0.5)
        if side != grid:
            square = table[1:].T.reshape(1, -1, grid, grid)
            square = interpolate(square, size=(side, side), mode="bicubic", align_corners=False)
            table = torch.cat([table[:1], square[0].flatten(1).T])
        f = x.flatten(2).transpose(1, 2)  # [n, P, C]
        seen = torch.cat([f.mean(1, keepdim=True), f], 1)
        with_table, n, heads = seen + table, len(f), pool.num_heads
        attended = with_table if position in ("on", "global") else seen
        q, k, v = pool.q_proj(attended[:, :1]), pool.k_proj(attended), pool.v_proj(attended)
        q, k, v = (t.view(n, t.shape[1], heads, -1).transpose(1, 2) for t in (q, k, v))
        whole = pool.c_proj(scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, -1))
        local = pool.c_proj(pool.v_proj((with_table if position == "on" else seen)[:, 1:]))
        return unit(whole), unit(local)


# ---- the noun filter, rule "published" ----


def noun_filter(caption, names, lemmas):
    """names: a list of synonyms a class. lemmas: what the lemmatiser makes of the words of this test, the rest stays."""
    words = [lemmas.get(w, w) for w in re.findall(r"[^\W_]+", caption.lower())]
    text, found = f" {' '.join(words)} ", set()
    compounds = sorted(((n, c) for c, group in enumerate(names) for n in group if " " in n), key=lambda x: -len(x[0]))
    for name, c in compounds:
        for form in (name, name.replace(" ", "")):
            if f" {form} " in text:
                text = text.replace(f" {form} ", " ")
                found.add(c)
    for c, group in enumerate(names):
        if any(" " not in n and f" {n} " in text for n in group):
            found.add(c)
    return [1.0 if c in found else 0.0 for c in range(len(names))]


# ---- scores ----


def gathered(similarity, tau, scale, mask=None):
    """similarity [n, P, C] -> scale * sum_j softmax_j(tau s_j) s_j, [n, C]"""
    weight = tau * similarity
    if mask is not None:
        weight = weight.masked_fill(~mask[..., None], -math.inf)
    return scale * (weight.softmax(1) * similarity).sum(1)


def normalised(cosines, how, scale):
    if how == "softmax":
        return (scale * cosines).softmax(1)
    if how == "zscore":
        return (cosines - cosines.mean(1, keepdim=True)) / cosines.std(1, keepdim=True, correction=0)
    return None


def zero_shot(clip, images, classes, frames, options):
    features = unit(torch.stack([unit(clip.texts([f.replace("{}", c) for f in frames])[0].mean(0)) for c in classes]))
    whole, local = images
    how = options.get("normalise", "none")
    branches = {"scores_global": whole @ features.T}
    if options.get("local"):
        branches["scores_local"] = gathered(local @ features.T, options.get("tau", 100), 1)
    out = {k: 100 * v if how == "none" else normalised(v, how, clip.scale) for k, v in branches.items()}
    share = options.get("local_weight", 0.5)
    out["scores"] = (1 - share) * out["scores_global"] + share * out["scores_local"] if options.get("local") else out["scores_global"]
    return out


# ---- TaI and TaI-DPT ----

defaults = {"context": 16, "context_init": "normal", "shared_context": True, "name_position": "end", "epochs": 20, "batch": 512, "optimiser": "sgd",
            "lr": 1e-4, "momentum": 0.9, "weight_decay": 5e-4, "warmup_epochs": 1, "warmup_lr": 1e-5, "margin": 1, "scale": 1, "tau_train": 50,
            "tau_test": 40, "class_templates": True, "normalise": "none"}


def first_context(clip, o, classes):
    if o["context_init"] != "normal":
        words = clip.embedded(clip.ids(o["context_init"])[1:-1])
        return words if o["shared_context"] else words.repeat(classes, 1, 1)
    shape = (o["context"], clip.text["table"].shape[1])
    return 0.02 * torch.randn(shape if o["shared_context"] else (classes, *shape))


def prompt_features(clip, context, classes, where):
    """Start, context, tokens of "NAME.", end; a name in the middle or in front leaves the full stop before the end."""
    rows = []
    for c, name in enumerate(classes):
        v = context if context.dim() == 2 else context[c]
        start, *tokens, end = clip.ids(name + ".")
        start, name, stop, end = (clip.embedded(i) for i in ([start], tokens[:-1], tokens[-1:], [end]))
        half = len(v) // 2
        order = {"end": (v, name, stop), "middle": (v[:half], name, v[half:], stop), "front": (name, v, stop)}[where]
        rows.append(clip.text_states(torch.cat([start, *order, end])[None])[0, -1])
    return unit(torch.stack(rows))


def ranking_loss(z, y, margin, scale):
    """(1/B) sum over pairs (positive i, negative j) of max(0, m - s z_i + s z_j)"""
    total = 0
    for zb, yb in zip(z, y):
        pairs = margin - scale * zb[yb == 1][:, None] + scale * zb[yb == 0][None]
        total = total + pairs.clamp(min=0).sum()
    return total / len(z)


def rate(o, epoch):
    if epoch < o["warmup_epochs"]:
        return o["warmup_lr"]
    return o["lr"] * (1 + math.cos(math.pi * (epoch - o["warmup_epochs"]) / o["epochs"])) / 2


def optimiser(o, parameters):
    if o["optimiser"] == "sgd":
        return torch.optim.SGD(parameters, lr=o["lr"], momentum=o["momentum"], weight_decay=o["weight_decay"])
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[o["optimiser"]](parameters, lr=o["lr"], weight_decay=o["weight_decay"])


def train(clip, sentences, labels, classes, options, seed, local):
    """-> loss of every step, and the contexts [global, local]"""
    o = {**defaults, **options}
    torch.manual_seed(seed)
    contexts = [nn.Parameter(first_context(clip, o, len(classes)).clone()) for _ in range(2 if local else 1)]
    with torch.no_grad():
        whole, parts = clip.texts(sentences)
    tokens = nn.utils.rnn.pad_sequence(parts, batch_first=True)
    mask = torch.arange(tokens.shape[1])[None] < torch.tensor([len(p) for p in parts])[:, None]
    step, losses, n = optimiser(o, contexts), [], len(sentences)
    for epoch in range(o["epochs"]):
        for group in step.param_groups:
            group["lr"] = rate(o, epoch)
        order = torch.randperm(n)
        for at in range(0, max(n - o["batch"], 0) + 1, o["batch"]):
            b = order[at : at + o["batch"]]
            prompts = [prompt_features(clip, c, classes, o["name_position"]) for c in contexts]
            loss = ranking_loss(4 * whole[b] @ prompts[0].T, labels[b], o["margin"], o["scale"])
            if local:
                loss = loss + ranking_loss(gathered(tokens[b] @ prompts[1].T, o["tau_train"], 4, mask[b]), labels[b], o["margin"], o["scale"])
            step.zero_grad()
            loss.backward()
            step.step()
            losses.append(loss.item())
    return losses, contexts


def prompt_scores(clip, images, contexts, classes, options):
    o = {**defaults, **options}
    whole, local = images
    how = o["normalise"]
    with torch.no_grad():
        prompts = [prompt_features(clip, c, classes, o["name_position"]) for c in contexts]
        branches = {"scores_global": whole @ prompts[0].T}
        if len(prompts) > 1:
            branches["scores_local"] = gathered(local @ prompts[1].T, o["tau_test"], 1)
        out = {k: 4 * v if how == "none" else normalised(v, how, clip.scale) for k, v in branches.items()}
    out["scores"] = (out["scores_global"] + out["scores_local"]) / 2 if len(prompts) > 1 else out["scores_global"]
    out["prompts"] = torch.stack(prompts)
    return out
