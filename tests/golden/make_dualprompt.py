# DualPrompt's scores and sentences, for tests/test_methods_dualprompt.c, on the tiny CLIP, captions and classes of methods_tai.*:
# tests/golden/dualprompt.safetensors and dualprompt.json. Follows the definition in methods/dualprompt/dualprompt_internal.h, in float64; the
# text tower is written anew here. torch 2.15.0, transformers 5.23.0, safetensors 0.8.0. Run from the project's root:
# python3 tests/golden/make_dualprompt.py
import json
import re

import named
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

torch.set_num_threads(1)
tai = load_file("tests/golden/methods_tai.safetensors")
record = json.load(open("tests/golden/methods_tai.json"))
tokenizer = CLIPTokenizer.from_pretrained("tests/golden/methods_tokenizer")
w = {k[len("weights."):]: v.double() for k, v in tai.items() if k.startswith("weights.")}
CLASSES, HEADS, CONTEXT, TILES = record["classes"], 4, 40, 9
N = len(CLASSES)
SCALE = tai["weights.logit_scale"].double().exp()


@torch.no_grad()
def text(sentence):
    ids = tokenizer(sentence)["input_ids"]
    ids = torch.tensor(ids if len(ids) <= CONTEXT else ids[:CONTEXT - 1] + ids[-1:])
    x = w["token_embedding.weight"][ids] + w["positional_embedding"][:len(ids)]
    for l in range(2):
        b = {k.split(f"resblocks.{l}.")[1]: v for k, v in w.items() if f"resblocks.{l}." in k}
        width = x.shape[-1]
        h = F.layer_norm(x, (width,), b["ln_1.weight"], b["ln_1.bias"], 1e-5) @ b["attn.in_proj_weight"].T + b["attn.in_proj_bias"]
        q, k, v = h.view(len(ids), 3, HEADS, width // HEADS).permute(1, 2, 0, 3)
        a = (q @ k.transpose(1, 2) / (width // HEADS) ** 0.5).masked_fill(torch.ones(len(ids), len(ids), dtype=bool).triu(1), -torch.inf).softmax(-1)
        x = x + (a @ v).transpose(0, 1).reshape(x.shape) @ b["attn.out_proj.weight"].T + b["attn.out_proj.bias"]
        h = F.layer_norm(x, (width,), b["ln_2.weight"], b["ln_2.bias"], 1e-5) @ b["mlp.c_fc.weight"].T + b["mlp.c_fc.bias"]
        x = x + (h * torch.sigmoid(1.702 * h)) @ b["mlp.c_proj.weight"].T + b["mlp.c_proj.bias"]
    x = F.layer_norm(x[-1], x.shape[-1:], w["ln_final.weight"], w["ln_final.bias"], 1e-5)
    return F.normalize(x @ w["text_projection"], dim=-1)


MINI9 = ["a photo of a {}", "a picture of a {}", "there is a {}", "a {}", "one {}", "the {}", "an image showing a {}", "we see a {}", "a photo of the {}"]
CLIP80 = re.findall(r'"(.*)",', open("methods/shared/templates.c").read().split("published_frames[")[1].split("};")[0])[9:]
assert len(CLIP80) == 85 and len(set(CLIP80)) == 85


def joined(frame, name, others, link):
    """The published list's wording: what a frame repeats for every companion."""
    if not others:
        return frame.replace("{}", name)
    stem, dot = (frame[:-1], ".") if frame.endswith(".") else (frame, "")
    head = stem.split("{}")[0]
    articles = list(re.finditer(r"(?:^|(?<= ))(a|an|the|many|one|my)(?= )", head))
    phrase = head[articles[-1].start():] + "{}"
    if "embroidered" in phrase:
        phrase = "embroidered {}" if phrase.startswith("the") else "a {}"
    if link == "published":
        thing = "sculpture" in head or not re.search(r" (of|is) ", head)
        link = "often coocurring with" if thing else "often including"
        if frame in ("a blurry photo of a {}.", "this is a {} in the scene."):
            link = "often inlcuding"
    if frame == "a photo of a small {}.":
        dot = ""
    return f"{stem.replace('{}', name)} {link} {', '.join(phrase.replace('{}', o) for o in others)}{dot}"


y = tai["caption_labels"].double()
g = torch.Generator().manual_seed(29)
images = F.normalize(torch.randn(24, 32, generator=g), dim=-1)
tiles = F.normalize(torch.randn(24, TILES, 32, generator=g) + images[:, None], dim=-1)
train = (torch.rand(40, N, generator=g) < 0.4).long() * 2 - 1
train[torch.rand(40, N, generator=g) < 0.2] = 0


def companions(rows, i, most=4, threshold=0.2, mode="both"):
    c = rows.T @ rows
    p = torch.nan_to_num(c / c.diag()[:, None])
    p.fill_diagonal_(0)
    top = lambda v: [j for j in sorted(range(N), key=lambda j: (-v[j].item(), j))[:most] if v[j] > threshold]
    row, column = top(p[i]) if mode != "giving" else [], top(p[:, i]) if mode != "given" else []
    return [CLASSES[j] for j in row + [j for j in column if j not in row]]


def ensemble(sentences):
    return F.normalize(torch.stack([text(s) for s in sentences]).mean(0), dim=-1)


def scores(frames, link, rows, lam=0.5, use_tiles=True, **rule):
    d = torch.stack([ensemble([f.replace("{}", c) for f in frames]) for c in CLASSES])
    r = torch.stack([ensemble([joined(f, c, companions(rows, i, **rule), link) for f in frames]) for i, c in enumerate(CLASSES)])
    x, xp = images.double(), tiles.double()
    whole = (1 - lam) * x @ d.T + lam * x @ r.T
    if not use_tiles:
        return (SCALE * whole).softmax(1)
    part = lambda t: (lambda s: (s.softmax(1) * s).sum(1))(xp @ t.T)
    return (SCALE * (whole + (1 - lam) * part(d) + lam * part(r)) / 2).softmax(1)


order = torch.randperm(40, generator=torch.Generator().manual_seed(5))
drawn = (train[order[:10]] > 0).double()
results = {
    "mini9": scores(MINI9, "and", y),
    "whole": scores(MINI9, "near", y, lam=0.8, use_tiles=False, most=1),
    "published": scores(CLIP80, "published", y, most=1, threshold=0.1, mode="given"),
    "labels": scores(["a photo of a {}."], "with", drawn, threshold=0.4, most=2),
}
save_file({"images": images, "tiles": tiles, "train": train} | {k: v.float() for k, v in results.items()}, "tests/golden/dualprompt.safetensors")
json.dump({"sentences": [joined(f, "cat", ["dog", "bus"], "published") for f in CLIP80], "frames": CLIP80}, open("tests/golden/dualprompt.json", "w"), indent=0)
