"""Full-size models with seeded random weights, by hand: `palbench encode-image` and `encode-text` against open_clip (RN50) and
transformers (ViT-B/16). Weights and pictures are made in a temporary folder.

    python tests/golden/check_clip_full.py [build/palbench]    (from the project's root; ../shared/data or PALBENCH_SHARED has the vocabulary)

Prints |ours - theirs| / |theirs| of each kind of feature. torch 2.15.0, open_clip_torch 3.3.0, transformers 5.23.0, Pillow 13.0.0."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
from open_clip.model import CLIP
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from transformers import CLIPConfig, CLIPModel, CLIPTokenizer

torch.set_num_threads(1)
torch.set_grad_enabled(False)
palbench = sys.argv[1] if len(sys.argv) > 1 else "build/palbench"
vocabulary = os.environ.get("PALBENCH_SHARED", "../shared") + "/data/clip-tokenizer"
mean, std = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
texts = ["a photo of a cat.", "two dogs run along the beach", "x", "a photo of a cat."]
failed = False


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def compare(name, ours, theirs):
    global failed
    theirs = theirs.numpy()
    error = np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
    failed |= not error < 1e-4
    print(f"{name:32} {error:.2e} {'ok' if error < 1e-4 else 'FAIL'}")


def pictures(folder):
    files, draw = [], np.random.default_rng(3)
    for i, (w, h) in enumerate([(301, 257), (224, 224), (333, 500)]):
        files.append(f"{folder}/{i}.png")
        small = draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(small).resize((w, h), Image.BICUBIC).save(files[-1])
    prepare = transforms.Compose([transforms.Resize(224, interpolation=InterpolationMode.BICUBIC), transforms.CenterCrop(224),
                                  transforms.ToTensor(), transforms.Normalize(mean, std)])
    return files, torch.stack([prepare(Image.open(f).convert("RGB")) for f in files])


def run(command, model, folder, *rest):
    out = f"{folder}/out.h5"
    subprocess.run([palbench, command, "--clip", model, "--out", out, *rest], check=True, stdout=subprocess.DEVNULL)
    with h5py.File(out) as f:
        return f["global"][:], f["local"][:]


def rn50(folder, files, x, tokens):
    model = CLIP(1024, {"image_size": 224, "layers": [3, 4, 6, 3], "width": 64}, {}, quick_gelu=True).eval()
    for name, w in model.named_buffers():
        if name.endswith("running_var"):
            w.copy_(0.5 + torch.rand_like(w))
        elif name.endswith("running_mean"):
            w.normal_(0, 0.1)
    for name, w in model.named_parameters():
        if name.endswith("bn3.weight"):
            w.normal_(0.5, 0.1)
    path = f"{folder}/rn50"
    os.makedirs(path)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, f"{path}/open_clip_model.safetensors")
    with open(f"{path}/open_clip_config.json", "w") as f:
        json.dump({"model_cfg": {"embed_dim": 1024, "quick_gelu": True, "text_cfg": {},
                                 "vision_cfg": {"image_size": 224, "layers": [3, 4, 6, 3], "width": 64}}}, f)
    kept, pool = {}, model.visual.attnpool
    pool.register_forward_pre_hook(lambda m, i: kept.update(x=i[0]))
    for position in ("on", "off"):
        if position == "off":
            pool.positional_embedding.data.zero_()
        ours = run("encode-image", path, folder, "--pool-position", position, *files)
        compare(f"RN50 image global, position {position}", ours[0], unit(model.visual(x)))
        f = kept["x"].flatten(2).transpose(1, 2) + pool.positional_embedding[1:]
        compare(f"RN50 image local, position {position}", ours[1], unit(pool.c_proj(pool.v_proj(f))))
    ours = run("encode-text", path, folder, "--tokenizer", vocabulary, *texts)
    compare("RN50 text global", ours[0], unit(model.encode_text(tokens)))


def vit_b_16(folder, files, x, tokens):
    path = f"{folder}/vit"
    model = CLIPModel(CLIPConfig(vision_config={"patch_size": 16})).eval()
    model.save_pretrained(path)
    out = model.vision_model(pixel_values=x)
    ours = run("encode-image", path, folder, *files)
    compare("ViT-B/16 image global", ours[0], unit(model.visual_projection(out.pooler_output)))
    local = model.visual_projection(model.vision_model.post_layernorm(out.last_hidden_state[:, 1:]))
    compare("ViT-B/16 image local", ours[1], unit(local))
    hidden = model.text_projection(model.text_model(input_ids=tokens).last_hidden_state)
    ours = run("encode-text", path, folder, "--tokenizer", vocabulary, *texts)
    lengths = (tokens != 0).sum(1)
    compare("ViT-B/16 text global", ours[0], unit(hidden[torch.arange(len(texts)), lengths - 1]))
    compare("ViT-B/16 text local", ours[1], torch.cat([unit(h[:n]) for h, n in zip(hidden, lengths)]))


torch.manual_seed(1)
folder = tempfile.mkdtemp()
try:
    tokenizer = CLIPTokenizer.from_pretrained(vocabulary)
    ids = [tokenizer(t)["input_ids"] for t in texts]
    tokens = torch.tensor([i + [0] * (77 - len(i)) for i in ids])
    files, x = pictures(folder)
    rn50(folder, files, x, tokens)
    vit_b_16(folder, files, x, tokens)
finally:
    shutil.rmtree(folder)
sys.exit(failed)
