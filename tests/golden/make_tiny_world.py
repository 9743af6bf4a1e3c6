# A folder data set, a tiny random CLIP and what TaI-DPT makes of them, for tests/test_stages_run.c: tests/golden/tiny_world/.
# torch 2.15.0, open_clip_torch 3.3.0, transformers 5.23.0, pillow 12. Run from the project's root:
#   PALBENCH_SHARED=../shared python3 tests/golden/make_tiny_world.py
# Written from methods/DEFINITIONS.md and the order of draws that the heads of methods/ give, in float64 from float32 draws: pictures through open_clip's own
# tower, every prompt computed whole, every pair of the ranking loss formed. Needs tests/golden/methods_tokenizer.
import json, math, os, shutil

import named
import torch, torch.nn.functional as F
from open_clip.model import CLIP
from open_clip.modified_resnet import AttentionPool2d
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTokenizer

torch.set_num_threads(1)
root, shared = "tests/golden/tiny_world", os.environ.get("PALBENCH_SHARED", "../shared")
shutil.rmtree(root, ignore_errors=True)
os.makedirs(root + "/clip"), os.makedirs(root + "/images")
CLASSES, SIZE, CONTEXT, D, TEXT_WIDTH = ["cat", "dog", "bus", "person", "dining table"], 32, 24, 16, 32
OPTIONS = {"epochs": 4, "batch": 32, "lr": 0.001, "warmup_lr": 0.0004}
SEED = 7

# ---- the model: a two-stage ModifiedResNet and a text tower, open_clip's names ----
for name in ("vocab.json", "merges.txt"):
    shutil.copy("tests/golden/methods_tokenizer/" + name, root + "/clip")
tokenizer = CLIPTokenizer.from_pretrained(root + "/clip")
words = len(json.load(open(root + "/clip/vocab.json")))
vision = {"image_size": SIZE, "layers": [1, 2], "width": 8, "head_width": 16}
text = {"context_length": CONTEXT, "vocab_size": words, "width": TEXT_WIDTH, "heads": 2, "layers": 2}
model = CLIP(D, {**vision, "layers": [1, 2, 1, 1]}, text, quick_gelu=True)
model.visual.layer3 = model.visual.layer4 = nn.Identity()
model.visual.attnpool = AttentionPool2d(4, 64, 4, D)
torch.manual_seed(11)
with torch.no_grad():
    for name, w in model.state_dict().items():
        if not w.is_floating_point() or name == "attn_mask":
            continue
        if "running_var" in name:
            w.copy_(0.5 + torch.rand_like(w))
        elif name == "logit_scale":
            w.copy_(torch.tensor(math.log(30.0)))
        elif w.dim() < 2:
            w.copy_((1.0 if name.endswith("weight") else 0.0) + 0.1 * torch.randn_like(w))
        else:
            w.copy_(torch.randn_like(w) * (0.1 if "embedding" in name else w[0].numel() ** -0.5))
        w.copy_(w.half().float())
state = {k: v.half().contiguous() for k, v in model.state_dict().items() if "num_batches" not in k and k != "attn_mask"}
save_file(state, root + "/clip/open_clip_model.safetensors", metadata={"format": "pt"})
mean, std = [0.5, 0.45, 0.4], [0.25, 0.26, 0.27]
json.dump({"model_cfg": {"embed_dim": D, "quick_gelu": True, "vision_cfg": vision, "text_cfg": text},
           "preprocess_cfg": {"mean": mean, "std": std}}, open(root + "/clip/open_clip_config.json", "w"))
model = model.double().eval().requires_grad_(False)
START, END = tokenizer.bos_token_id, tokenizer.eos_token_id


def hidden(x):  # [1, T, W] without positions -> after the last layer norm
    T = x.shape[1]
    mask = torch.full((T, T), float("-inf"), dtype=torch.float64).triu(1)
    return model.ln_final(model.transformer(x + model.positional_embedding[:T], attn_mask=mask))


def text_features(sentence):  # [T, D] unit length; the last row is the global feature
    ids = tokenizer(sentence)["input_ids"]
    ids = ids if len(ids) <= CONTEXT else ids[: CONTEXT - 1] + [END]
    return F.normalize((hidden(model.token_embedding(torch.tensor([ids]))) @ model.text_projection)[0], dim=-1)


def prompts(context):
    out = []
    for name in CLASSES:
        e = model.token_embedding(torch.tensor([START] + tokenizer(name + ".")["input_ids"][1:-1] + [END]))
        out.append(hidden(torch.cat([e[:1], context, e[1:]])[None])[0, -1] @ model.text_projection)
    return F.normalize(torch.stack(out), dim=-1)


# ---- the data set ----
g = torch.Generator().manual_seed(12)
pick = lambda n: int(torch.randint(n, (1,), generator=g))
captions, labels, lines = [], [], []
for i in range(60):
    present = torch.randperm(len(CLASSES), generator=g)[: pick(4)].tolist()
    sentence = " with ".join(["a", "the", "a small", "one good"][pick(4)] + " " + CLASSES[c] for c in present) or "a good photo"
    sentence = ["", "a photo of ", "we see "][pick(3)] + sentence + ["", " on the road.", " near a lake"][pick(3)]
    lines.append({"caption": sentence})
    if present:  # the others name no class and are dropped
        captions.append(sentence)
        labels.append([int(c in present) for c in range(len(CLASSES))])
open(root + "/captions.jsonl", "w").write("".join(json.dumps(l) + "\n" for l in lines))
pixels, lines = [], []
for i in range(10):
    coarse = torch.randint(0, 256, (8, 8, 3), generator=g, dtype=torch.uint8).numpy()
    picture = coarse.repeat(4, 0).repeat(4, 1)
    Image.fromarray(picture).save(f"{root}/images/{i}.png")
    pixels.append(torch.from_numpy(picture))
    present = torch.randperm(len(CLASSES), generator=g)[: 1 + pick(3)].tolist()
    lines.append({"file": f"{i}.png", "labels": [CLASSES[c] for c in present]})
open(root + "/test.jsonl", "w").write("".join(json.dumps(l) + "\n" for l in lines))
json.dump({"models": {"tiny": {"clip": "clip"}},
           "datasets": {"tiny": {"kind": "folder", "classes": CLASSES, "captions": "captions.jsonl", "test": "test.jsonl", "images": "images/"}},
           "suites": {"tiny": ["tai-dpt", "zs"]},
           "experiments": {"tai-dpt": {"dataset": "tiny", "model": "tiny", "method": "tai_dpt", "protocol": "default",
                                       "options": OPTIONS, "seeds": [SEED]},
                           "zs": {"dataset": "tiny", "model": "tiny", "method": "zsclip", "protocol": "default"}}},
          open(root + "/experiments.json", "w"), indent=2)

# ---- training: captions, then every class's 89 template sentences, one-hot ----
frames = ["a photo of a {}."] * 9 + [l.strip().strip('"').replace("[CLASS]", "{}")
                                     for l in open(os.path.join(shared, "data/taidpt/prompt_templates.txt"))][1:]
assert len(frames) == 89
texts = captions + [f.replace("{}", c) for c in CLASSES for f in frames]
y = torch.tensor(labels + [[int(i == c) for i in range(len(CLASSES))] for c in range(len(CLASSES)) for _ in frames])
tokens = [text_features(t) for t in texts]
t = torch.stack([f[-1] for f in tokens])


def ranking(z, y):
    d = F.relu(1 - z[:, :, None] + z[:, None, :])
    return (d * (y == 1)[:, :, None] * (y == 0)[:, None, :]).sum() / len(z)


def aggregate(s, tau):
    return 4 * ((tau * s).softmax(0) * s).sum(0)


torch.manual_seed(SEED)
contexts = [(torch.randn(16, TEXT_WIDTH) * 0.02).double().requires_grad_() for _ in range(2)]
optimiser, losses = torch.optim.SGD(contexts, lr=1, momentum=0.9, weight_decay=5e-4), []
for e in range(OPTIONS["epochs"]):
    lr = OPTIONS["warmup_lr"] if e < 1 else OPTIONS["lr"] * (1 + math.cos(math.pi * (e - 1) / OPTIONS["epochs"])) / 2
    optimiser.param_groups[0]["lr"] = lr
    order = torch.randperm(len(texts))
    for first in range(0, len(texts) - OPTIONS["batch"] + 1, OPTIONS["batch"]):
        items = order[first : first + OPTIONS["batch"]]
        G, L = prompts(contexts[0]), prompts(contexts[1])
        loss = ranking(4 * t[items] @ G.T, y[items]) + ranking(torch.stack([aggregate(tokens[i] @ L.T, 50) for i in items]), y[items])
        optimiser.zero_grad(), loss.backward(), optimiser.step()
        losses.append(loss.item())
print(len(texts), len(losses), losses[:3], losses[-3:])

# ---- test: the attention pool without its positional embedding, global and local ----
with torch.no_grad():
    x = (torch.stack(pixels).double() / 255 - torch.tensor(mean)) / torch.tensor(std)
    pool, kept = model.visual.attnpool, {}
    pool.register_forward_pre_hook(lambda m, i: kept.update(x=i[0]))
    table = pool.positional_embedding.data.clone()
    zs = F.normalize(model.visual(x.permute(0, 3, 1, 2)), dim=-1)  # the plain zero-shot baseline keeps it
    pool.positional_embedding.data = torch.zeros_like(table)
    x_global = F.normalize(model.visual(x.permute(0, 3, 1, 2)), dim=-1)
    x_local = F.normalize(pool.c_proj(pool.v_proj(kept["x"].flatten(2).transpose(1, 2))), dim=-1)
    z_global = 4 * x_global @ prompts(contexts[0]).T
    z_local = torch.stack([aggregate(p @ prompts(contexts[1]).T, 40) for p in x_local])
    single = torch.stack([text_features(f"a photo of a {c}.")[-1] for c in CLASSES])
    out = {"loss": torch.tensor(losses), "scores_global": z_global, "scores_local": z_local, "scores": (z_global + z_local) / 2,
           "zs.scores": 100 * zs @ single.T, "context_global": contexts[0].detach(), "context_local": contexts[1].detach()}
save_file({k: v.float().contiguous() for k, v in out.items()}, root + "/expected.safetensors")
