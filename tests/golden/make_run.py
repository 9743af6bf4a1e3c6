"""Holds `palbench run` against the reference of run_reference.py on a folder data set and two small random CLIPs.

    python tests/golden/make_run.py DIR --vocabulary CLIP_TOKENIZER_DIR --palbench build/palbench   everything, into DIR (a few minutes)
    python tests/golden/make_run.py tests/golden/run --small [--only NAME...]                       the golden files of test_run_golden.c

Made with torch 2.15.0, torchvision 0.29.2, open_clip_torch 3.3.0, transformers 5.23.0, scikit-learn 1.9, pillow 13.0, h5py 3.16."""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import warnings
from collections import Counter

import numpy as np
import torch
from open_clip.model import CLIP
from open_clip.modified_resnet import AttentionPool2d
from PIL import Image
from safetensors.torch import save_file
from sklearn.metrics import average_precision_score
from torch import nn
from torch.nn.functional import interpolate
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

import run_reference as reference

torch.set_num_threads(1)
torch.backends.mha.set_fastpath_enabled(False)
warnings.filterwarnings("ignore")

classes = ["dog", "hot dog", "person", "fire truck", "bird", "sofa"]
synonyms = [["dog", "puppy", "hound"], ["hot dog", "frankfurter"], ["person", "human", "people", "man"],
            ["fire truck", "fire engine"], ["bird", "sea gull"], ["sofa", "couch"]]
lemmas = {"dogs": "dog", "puppies": "puppy", "hounds": "hound", "persons": "person", "humans": "human", "trucks": "truck", "engines": "engine",
          "birds": "bird", "gulls": "gull", "seagulls": "seagull", "sofas": "sofa", "couches": "couch", "frankfurters": "frankfurter"}
single = "a photo of a {}."


def scramble(model, seed):
    """Weights far from their initial values, so that a swapped or forgotten one shows; rounded to float16."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, w in model.state_dict().items():
            if not w.is_floating_point():
                continue
            if "running_var" in name:
                w.copy_(0.5 + torch.rand_like(w))
            elif name == "logit_scale":
                w.fill_(3.25)
            elif w.dim() < 2:
                w.copy_((1.0 if name.endswith("weight") else 0.0) + 0.1 * torch.randn_like(w))
            else:
                size = w[0].numel() ** -0.5 if "embedding" not in name else 0.05 if "visual" in name else 0.2
                w.copy_(torch.randn_like(w) * size)
            w.copy_(w.half().float())
    return model.eval()


def centre(clip, text_ln, image_bias, image_projection):
    """Moves the last biases until the features of random noise and words have a mean near zero: a random tower makes nearly the same of everything,
    and scores that hardly differ from image to image would test little."""
    solve = lambda projection, mean: torch.linalg.lstsq(projection, mean[:, None]).solution[:, 0]
    with torch.no_grad():
        ids = [clip.ids(f"{a} {b}") for a in classes for b in classes]
        states = torch.stack([clip.text_states(clip.embedded(i)[None])[0, -1] for i in ids])
        text_ln.bias -= solve(clip.text["projection"].T, 0.8 * states.mean(0))
        coarse = torch.randn(64, 3, 8, 8)
        raw = clip.raw_images(interpolate(coarse, size=(clip.size, clip.size), mode="bicubic"))
        image_bias -= 0.8 * raw.mean(0) if image_projection is None else solve(image_projection, 0.8 * raw.mean(0))
        for bias in (text_ln.bias, image_bias):
            bias.copy_(bias.half().float())


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def lines(path, rows):
    write(path, "".join(json.dumps(r) + "\n" for r in rows))


def make_resnet(folder, vocabulary, tokenizer, text, vision, embed, half):
    text = {"vocab_size": len(tokenizer), "layers": 2, **text}
    model = CLIP(embed, {**vision, "layers": [1, 1, 1, 1]}, text, quick_gelu=True)
    if len(vision["layers"]) == 3:
        features = 16 * vision["width"]
        model.visual.layer4 = nn.Identity()
        model.visual.attnpool = AttentionPool2d(vision["image_size"] // 16, features, features // vision["head_width"], embed)
    scramble(model, 11)
    clip = reference.Clip(model, "resnet", vision["image_size"], tokenizer)
    centre(clip, model.ln_final, model.visual.attnpool.c_proj.bias, None)
    os.makedirs(folder, exist_ok=True)
    state = {k: (v.half() if half else v).contiguous() for k, v in model.state_dict().items() if "num_batches" not in k}
    save_file(state, f"{folder}/open_clip_model.safetensors", metadata={"format": "pt"})
    config = {"model_cfg": {"embed_dim": embed, "quick_gelu": True, "vision_cfg": vision, "text_cfg": text},
              "preprocess_cfg": {"mean": reference.mean, "std": reference.std}}
    write(f"{folder}/open_clip_config.json", json.dumps(config))
    for name in ("vocab.json", "merges.txt"):
        if not os.path.exists(f"{folder}/{name}"):
            shutil.copyfile(f"{vocabulary}/{name}", f"{folder}/{name}")
    check_text(clip, lambda ids: model.encode_text(torch.tensor([ids + [0] * (clip.context - len(ids))])))
    return clip


def make_vit(folder, tokenizer):
    small = {"intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    words = {**small, "hidden_size": 64, "vocab_size": len(tokenizer), "max_position_embeddings": 40, "projection_dim": 24,
             "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id}
    sight = {**small, "hidden_size": 48, "image_size": 64, "patch_size": 16}
    model = scramble(CLIPModel(CLIPConfig(text_config=words, vision_config=sight, projection_dim=24)), 12)
    clip = reference.Clip(model, "huggingface", 64, tokenizer)
    centre(clip, model.text_model.final_layer_norm, model.vision_model.post_layernorm.bias, model.visual_projection.weight)
    model.save_pretrained(folder)
    write(f"{folder}/preprocessor_config.json", json.dumps(
        {"image_mean": reference.mean, "image_std": reference.std, "size": {"shortest_edge": 64}, "crop_size": {"height": 64, "width": 64},
         "resample": 3, "do_resize": True, "do_center_crop": True, "image_processor_type": "CLIPImageProcessor"}))
    check_text(clip, lambda ids: model.text_projection(model.text_model(input_ids=torch.tensor([ids])).pooler_output))
    return clip


def check_text(clip, theirs):
    """The reference's own text tower against the library's."""
    ids = clip.ids("two people and a dog on a sofa")
    ours = clip.text_states(clip.embedded(ids)[None])[0, -1]
    assert torch.allclose(ours, theirs(ids)[0], rtol=1e-4, atol=1e-5)


def make_vocabulary(folder, sentences, merges):
    """A vocabulary of CLIP's form: 256 bytes, the same as ends of words, so many merges of the most frequent pairs, start and end."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    signs = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]
    words = [[*w[:-1], w[-1] + "</w>"] for s in sentences for w in re.findall("[a-z]+", s.lower())]
    rules = []
    for _ in range(merges):
        pairs = Counter(p for w in words for p in zip(w, w[1:]))
        first, second = min(pairs, key=lambda p: (-pairs[p], p))
        rules.append(f"{first} {second}")
        words = [f" {' '.join(w)} ".replace(f" {first} {second} ", f" {first}{second} ").split() for w in words]
    tokens = signs + [s + "</w>" for s in signs] + [r.replace(" ", "") for r in rules] + ["<|startoftext|>", "<|endoftext|>"]
    os.makedirs(folder, exist_ok=True)
    write(f"{folder}/vocab.json", json.dumps({t: i for i, t in enumerate(tokens)}, ensure_ascii=False))
    write(f"{folder}/merges.txt", "\n".join(["#version: 0.2", *rules]) + "\n")


def caption(rng):
    named = ["dog", "dogs", "Puppy", "hound", "hot dog", "HOT DOGS", "hotdog", "frankfurters", "person", "people", "man", "men", "humans", "fire truck",
             "fire engines", "firetruck", "bird", "Birds", "sea gull", "seagulls", "sofa", "couches", "couch"]
    other = ["tree", "street", "dogma", "manhattan", "firewood", "birdcage", "table", "truck", "engine", "sea"]
    frames = ["a {0} beside a {1}.", "two {0}, a {1} and a {2}!", "The {0} (seen from a {1})", "{0} and {1} near the {2}", "there is a {0} in this picture"]
    return rng.choice(frames).format(*(rng.choice(named if rng.random() < 0.6 else other) for _ in range(3)))


def caption_texts(count):
    rng = random.Random(5)
    return [caption(rng) for _ in range(count)] + ["a very " + "very " * 90 + "old dog", "un caf\u00e9 \u2014 a dog \U0001F415 & a sofa", "nothing at all"]


def make_captions(folder, texts):
    rng = random.Random(7)
    lines(f"{folder}/captions.jsonl", [{"caption": t} for t in texts])
    known = [sorted(rng.sample(classes, rng.randint(1, 3))) for _ in texts]
    lines(f"{folder}/labelled.jsonl", [{"caption": t, "labels": n} for t, n in zip(texts, known)])
    return known


def make_image(path, rng, kind, size=None):
    w, h = size or (rng.randint(30, 150), rng.randint(30, 150))
    noise = np.random.RandomState(rng.randint(0, 1 << 30))
    coarse = noise.randint(0, 256, (max(h // 9, 2), max(w // 9, 2), 3)).astype(np.uint8)
    image = Image.fromarray(coarse).resize((w, h), Image.BICUBIC)
    if kind in ("L", "RGBA", "P", "LA", "1"):
        image = image.convert(kind)
        if kind == "RGBA":
            image.putalpha(Image.fromarray(noise.randint(0, 256, (h, w)).astype(np.uint8)))
    options = {"quality": rng.choice([60, 90, 95]), "progressive": kind == "progressive", "subsampling": rng.choice([0, 2])}
    image.save(path, **(options if path.endswith("jpg") else {}))


def make_images(folder, count, sizes):
    rng = random.Random(6)
    kinds = ["jpg", "jpg", "png", "jpg", "jpg L", "png RGBA", "jpg progressive", "png P", "png L", "png 1", "png LA"]
    os.makedirs(f"{folder}/images", exist_ok=True)
    rows = []
    for i in range(count):
        kind = kinds[i % len(kinds)].split()
        name = f"{i:03d}.{kind[0]}"
        make_image(f"{folder}/images/{name}", rng, kind[-1], sizes[i] if i < len(sizes) else None)
        marks = [rng.choice([1, -1, -1, -1, 0]) for _ in classes]
        marks[i % len(classes)] = 1
        rows.append((name, marks))
    pick = lambda marks, m: [c for c, x in zip(classes, marks) if x == m]
    listing = [{"file": n, "labels": pick(m, 1), **({"difficult": pick(m, 0)} if 0 in m else {})} for n, m in rows]
    lines(f"{folder}/test.jsonl", listing)
    lines(f"{folder}/train.jsonl", listing[: count // 2])
    return [f"{folder}/images/{n}" for n, _ in rows], np.array([m for _, m in rows])


fast = {"epochs": 8, "batch": 96, "lr": 0.003, "warmup_lr": 0.0003}
short = {**fast, "epochs": 4, "class_templates": False}
experiments = {  # name: (model, method, data set, protocol, options, seeds)
    "dpt": ("resnet", "tai_dpt", "plain", "default", fast, [1, 2]),
    "dpt-ignoring": ("resnet", "tai_dpt", "plain", "voc-difficult-ignored", short, [3]),
    "dpt-position-on": ("resnet", "tai_dpt", "plain", "with-position", short, [3]),
    "dpt-position-global": ("resnet", "tai_dpt", "plain", "global-position", short, [3]),
    "dpt-stretch": ("resnet", "tai_dpt", "plain", "stretch", short, [3]),
    "dpt-labelled": ("resnet", "tai_dpt", "labelled", "default", {**short, "warmup_epochs": 2}, [1]),
    "dpt-class-context": ("resnet", "tai_dpt", "plain", "default", {**short, "shared_context": False, "context": 4}, [1]),
    "dpt-words": ("resnet", "tai_dpt", "plain", "default", {**short, "context_init": "a photo of a"}, [1]),
    "dpt-words-class": ("resnet", "tai_dpt", "plain", "default", {**short, "context_init": "a photo of a", "shared_context": False}, [1]),
    "dpt-middle": ("resnet", "tai_dpt", "plain", "default", {**short, "context": 5, "name_position": "middle"}, [1]),
    "dpt-front": ("resnet", "tai_dpt", "plain", "default", {**short, "context": 5, "name_position": "front"}, [1]),
    "dpt-middle-class": ("resnet", "tai_dpt", "plain", "default", {**short, "context": 5, "name_position": "middle", "shared_context": False}, [1]),
    "dpt-one-batch": ("resnet", "tai_dpt", "plain", "default", {**short, "batch": 5000}, [1]),
    "dpt-constants": ("resnet", "tai_dpt", "plain", "default",
                      {**short, "tau_train": 20, "tau_test": 4, "margin": 0.5, "scale": 2, "momentum": 0.5, "weight_decay": 0.01}, [1]),
    "dpt-normalised": ("resnet", "tai_dpt", "plain", "default", {**short, "normalise": "softmax"}, [1]),
    "tai": ("resnet", "tai", "plain", "default", short, [1]),
    "tai-templates": ("resnet", "tai", "plain", "default", {**fast, "epochs": 3}, [2]),
    "tai-adam": ("resnet", "tai", "plain", "default", {**short, "optimiser": "adam", "lr": 0.003, "weight_decay": 0.01}, [1]),
    "dpt-adamw": ("resnet", "tai_dpt", "plain", "default", {**short, "optimiser": "adamw", "lr": 0.003, "weight_decay": 0.1}, [1]),
    "dpt-vit": ("vit", "tai_dpt", "plain", "default", fast, [1]),
    "tai-vit-stretch": ("vit", "tai", "plain", "stretch", short, [1]),
    "random": ("resnet", "random_context", "plain", "default", {}, [1]),
    "zs": ("resnet", "zsclip", "plain", "default", {}, [1]),
    "zs-frame": ("resnet", "zsclip", "plain", "default", {"frame": "there is one {} here"}, [1]),
    "zs-ensemble": ("resnet", "zsclip", "plain", "default", {"templates": "clip80"}, [1]),
    "zs-local": ("resnet", "zsclip", "plain", "default", {"local": True}, [1]),
    "zs-local-off": ("resnet", "zsclip", "plain", "without-position", {"local": True, "tau": 20, "local_weight": 0.3}, [1]),
    "zs-stretch": ("resnet", "zsclip", "plain", "stretch", {"local": True}, [1]),
    "zs-softmax": ("resnet", "zsclip", "plain", "default", {"normalise": "softmax", "local": True}, [1]),
    "zs-zscore": ("resnet", "zsclip", "plain", "default", {"normalise": "zscore", "local": True}, [1]),
    "zs-vit": ("vit", "zsclip", "plain", "default", {"local": True}, [1]),
    "zs-vit-stretch": ("vit", "zsclip", "plain", "stretch", {"templates": "clip80", "local": True}, [1]),
}
small = ["dpt", "dpt-ignoring", "dpt-labelled", "dpt-class-context", "dpt-words", "dpt-middle", "dpt-front", "tai-adam", "dpt-adamw", "random", "zs-ensemble",
         "zs-local", "zs-stretch", "zs-softmax"]
protocols = {"with-position": {"pool_position": "on"}, "without-position": {"pool_position": "off"}, "global-position": {"pool_position": "global"},
             "stretch": {"size": 96, "resize": "stretch", "difficult": "ignore"}}


def make_book(folder, chosen, own_vocabulary):
    resnet = {"clip": "resnet"}
    book = {"models": {"resnet": resnet, **({} if own_vocabulary else {"vit": {"clip": "vit", "tokenizer": "resnet"}})},
            "datasets": {n: {"kind": "folder", "classes": classes, "synonyms": "synonyms.json", "captions": c, "train": "train.jsonl",
                             "test": "test.jsonl", "images": "images/"} for n, c in (("plain", "captions.jsonl"), ("labelled", "labelled.jsonl"))},
            "protocols": protocols, "suites": {"all": list(chosen)},
            "experiments": {n: {"dataset": d, "model": m, "method": k, "protocol": p, "options": o, "seeds": s}
                            for n, (m, k, d, p, o, s) in chosen.items()}}
    write(f"{folder}/experiments.json", json.dumps(book, indent=1))
    write(f"{folder}/synonyms.json", json.dumps(synonyms))


class World:
    """What run_one needs beside an experiment; features are computed once a protocol."""

    def __init__(self, folder, args):
        self.folder, self.templates = folder, [t.replace("[CLASS]", "{}") for t in args.templates]
        self.texts = caption_texts(40 if args.small else 220)
        if args.small:
            make_vocabulary(args.vocabulary, self.texts + self.templates, 60)
        self.tokenizer = CLIPTokenizer(f"{args.vocabulary}/vocab.json", f"{args.vocabulary}/merges.txt")
        text = {"context_length": 24, "width": 32, "heads": 2} if args.small else {"context_length": 77, "width": 64, "heads": 4}
        vision = {"image_size": 32, "layers": [1, 1, 1], "width": 4} if args.small else {"image_size": 64, "layers": [1, 1, 1, 1], "width": 16}
        with torch.no_grad():
            self.clips = {"resnet": make_resnet(f"{folder}/resnet", args.vocabulary, self.tokenizer, text, {**vision, "head_width": 16},
                                                16 if args.small else 32, args.small)}
            if not args.small:
                self.clips["vit"] = make_vit(f"{folder}/vit", self.tokenizer)
        self.known = make_captions(folder, self.texts)
        sizes = [(45, 31), (33, 40), (21, 50), (32, 32), (29, 31), (64, 19), (47, 47), (35, 61)] if args.small else [(64, 64), (65, 64), (200, 5), (31, 64), (1, 1)]
        self.files, self.labels = make_images(folder, 8 if args.small else 48, sizes)
        self.features = {}

    def images(self, model, method, protocol):
        position = {"with-position": "on", "without-position": "off", "global-position": "global"}.get(protocol, "global" if method == "zsclip" else "off")
        key = model, position, protocol == "stretch"
        if key not in self.features:
            with torch.no_grad():
                self.features[key] = self.clips[model].images(self.files, position, 96 if key[2] else None, key[2])
        return self.features[key]

    def captions(self, dataset, options):
        if dataset == "labelled":
            pairs = [(t, [float(c in known) for c in classes]) for t, known in zip(self.texts, self.known)]
        else:
            pairs = [(t, reference.noun_filter(t, synonyms, lemmas)) for t in self.texts]
        pairs = [p for p in pairs if any(p[1])]
        if {**reference.defaults, **options}["class_templates"]:
            for i, c in enumerate(classes):
                pairs += [(f.replace("{}", c), [float(i == j) for j in range(len(classes))]) for f in [single] * 9 + self.templates]
        return [p[0] for p in pairs], torch.tensor([p[1] for p in pairs])

    def run_one(self, model, method, dataset, protocol, options, seed):
        clip, images = self.clips[model], self.images(model, method, protocol)
        if method == "zsclip":
            frames = self.templates if options.get("templates") == "clip80" else [options.get("frame", single)]
            with torch.no_grad():
                return reference.zero_shot(clip, images, classes, frames, options)
        local, losses = method != "tai", []
        if method == "random_context":
            torch.manual_seed(seed)
            contexts = [reference.first_context(clip, {**reference.defaults, **options}, len(classes)) for _ in range(2)]
        else:
            losses, contexts = reference.train(clip, *self.captions(dataset, options), classes, options, seed, local)
        return {"loss": torch.tensor(losses), **reference.prompt_scores(clip, images, contexts, classes, options)}

    def precision(self, scores, protocol):
        ignore = protocol in ("stretch", "voc-difficult-ignored")
        each = []
        for c in range(len(classes)):
            keep = self.labels[:, c] != 0 if ignore else slice(None)
            each.append(100 * average_precision_score(self.labels[keep, c] == 1, scores[keep, c]))
        return np.array(each)


def relative(ours, theirs):
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max()) if ours.shape == theirs.shape else float("inf")


def compare(world, expected, folder, palbench):
    import h5py

    book = ["--experiments", f"{folder}/experiments.json", "--store", f"{folder}/store"]
    done = subprocess.run([palbench, "run", *expected, *book, "--threads", "1", "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"palbench run: status {done.returncode}")
    worst = 0
    for r in json.loads(done.stdout):
        want = expected[r["experiment"]][r["seed"]]
        with h5py.File(r["file"]) as f:
            figures = {k: relative(f[k][:], want[k]) for k in ("loss", "scores", "scores_global", "scores_local") if k in want and len(want[k]) and (k in f or k != "scores_global")}
            # Scores differ little from image to image in a random model, so their spread is the harder measure.
            figures["spread"] = float(np.abs(f["scores"][:] - want["scores"]).max() / want["scores"].std(0).max())
            figures["labels"] = float((f["labels"][:] != world.labels).sum())
            own = world.precision(f["scores"][:], r["protocol"])
            figures["ap"] = float(np.abs(f["ap"][:] - own).max())
            figures["map"] = abs(f.attrs["map"] - own.mean())
            figures["map of reference"] = abs(f.attrs["map"] - want["ap"].mean())
        bad = [k for k, v in figures.items() if not v < {"map": 1e-6, "ap": 1e-6, "map of reference": 1e-6, "spread": 1e-3, "labels": 0.5}.get(k, 1e-4)]
        worst += len(bad) > 0
        print(f"{'FAIL' if bad else 'ok  '} {r['experiment']} seed {r['seed']}:", ", ".join(f"{k} {v:.1e}" for k, v in figures.items() if v), "<-- " + " ".join(bad) if bad else "")
    print(f"{sum(map(len, expected.values())) - worst} agree, {worst} differ")
    return worst == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--vocabulary")
    parser.add_argument("--templates", default="../shared/data/taidpt/prompt_templates.txt")
    parser.add_argument("--palbench")
    parser.add_argument("--only", nargs="*", help="names of experiments")
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args()
    with open(args.templates) as f:
        args.templates = [json.loads(line) for line in f][1:]  # the first line is the single frame, which counts apart
    os.makedirs(args.folder, exist_ok=True)
    if args.small:
        args.only, args.vocabulary = small, f"{args.folder}/resnet"
    if args.small and args.only:
        import named  # noqa: F401   keeps what the others wrote
    chosen = {n: e for n, e in experiments.items() if not args.only or n in args.only}
    world = World(args.folder, args)
    make_book(args.folder, chosen, args.small)
    expected = {}
    for name, (*what, seeds) in chosen.items():
        expected[name] = {}
        for seed in seeds:
            out = {k: v.detach().numpy() for k, v in world.run_one(*what, seed).items()}
            expected[name][seed] = {**out, "ap": world.precision(out["scores"], what[3])}
        print(name, *(f"loss {x[0]:.4g} to {x[-1]:.4g}" for x in [expected[name][seeds[0]].get("loss", [])] if len(x)), file=sys.stderr)
    arrays = {f"{n}/{s}/{k}": v for n, e in expected.items() for s, w in e.items() for k, v in w.items() if v.size}
    if args.small:
        keep = ("loss", "scores", "scores_local", "ap")
        save_file({n: torch.tensor(v).float() for n, v in arrays.items() if n.endswith(keep)}, f"{args.folder}/expected.safetensors")
    else:
        np.savez(f"{args.folder}/expected.npz", **arrays)
    if args.palbench and not compare(world, expected, args.folder, args.palbench):
        sys.exit(1)


if __name__ == "__main__":
    main()
