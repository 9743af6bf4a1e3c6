"""Full-size models with seeded random weights in every container that people have, by hand: RN50, RN101 and ViT-B/16 as TorchScript
archive, state dictionaries (float32; float16 under "state_dict" and "module."), open_clip's safetensors and .bin, and (ViT) Hugging
Face's safetensors and .bin; Stable Diffusion 1.5 as a folder of safetensors, a folder of .bin, single .safetensors and .ckpt, and with an
LCM-LoRA of rank 64.

    python tests/golden/check_containers_full.py [--palbench build/palbench] [--work DIR] [--small] [MODEL...]    (from the project's root)

MODEL: RN50 RN101 ViT-B-16 sd15; all when none is named. Prints how far features are from open_clip's, pictures from diffusers', and whether
all containers give the same bits. Weights are of float16, so that every container holds the same numbers. sd15 takes 9 GB of disk and of
memory. torch 2.15.0, open_clip_torch 3.3.0, transformers 5.24.0, diffusers 0.42.1, peft 0.21.2."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import warnings

os.environ["TQDM_DISABLE"] = "1"
warnings.filterwarnings("ignore")
import h5py
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from transformers import CLIPTokenizer

from full_size import CLIP_CONTAINERS, PIPELINE_CONTAINERS, VOCABULARY, clip_model, save_clip, save_pipeline, sd15_pipeline

parser = argparse.ArgumentParser()
parser.add_argument("--palbench", default="build/palbench")
parser.add_argument("--work", default="/tmp/containers")
parser.add_argument("--small", action="store_true", help="sd15: a tenth of the channels, for a quick look")
parser.add_argument("models", nargs="*")
args = parser.parse_args()
torch.set_num_threads(2)
torch.set_grad_enabled(False)
texts = ["a photo of a cat.", "two dogs run along the beach", "x"]
failed = False


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def run(*command):
    start = time.time()
    out = subprocess.run([args.palbench, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit(f"{' '.join(command)}: {out.stderr}")
    return time.time() - start


# ---- CLIP ----
def pictures(folder):
    files, draw = [], np.random.default_rng(3)
    prepare = transforms.Compose([transforms.Resize(224, interpolation=InterpolationMode.BICUBIC), transforms.CenterCrop(224), transforms.ToTensor(),
                                  transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))])
    for i, (w, h) in enumerate([(301, 257), (333, 500)]):
        files.append(f"{folder}/{i}.png")
        Image.fromarray(draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((w, h), Image.BICUBIC).save(files[-1])
    return files, torch.stack([prepare(Image.open(f).convert("RGB")) for f in files])


CONTAINER_WORDS = {"script": "TorchScript, float16", "state": "state dictionary, float32", "nested": "state dictionary, float16, nested",
                   "open_clip": "open_clip, safetensors", "open_clip.bin": "open_clip, .bin", "huggingface": "Hugging Face, safetensors",
                   "huggingface.bin": "Hugging Face, .bin"}


def remove(path):
    shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def clip(name):
    global failed
    folder = f"{args.work}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    files, x = pictures(folder)
    tokenizer = CLIPTokenizer.from_pretrained(VOCABULARY)
    ids = [tokenizer(t)["input_ids"] for t in texts]
    tokens = torch.tensor([i + [0] * (77 - len(i)) for i in ids])
    model = clip_model(name)
    theirs = unit(model.encode_image(x)).numpy(), unit(model.encode_text(tokens)).numpy()
    first = None
    for kind in CLIP_CONTAINERS:
        if kind.startswith("huggingface") and not name.startswith("ViT"):
            continue
        container, path = CONTAINER_WORDS[kind], save_clip(model, name, kind, f"{folder}/model")
        out = f"{folder}/out.h5"
        seconds = run("encode-image", "--clip", path, "--out", out, *files)
        with h5py.File(out) as f:
            image = f["global"][:], f["local"][:]
        run("encode-text", "--clip", path, "--tokenizer", VOCABULARY, "--out", out, *texts)
        with h5py.File(out) as f:
            text = f["global"][:]
        said = json.loads(subprocess.run([args.palbench, "inspect", "--json", path], stdout=subprocess.PIPE, text=True).stdout)
        first = first or (*image, text)
        same = all(np.array_equal(a, b) for a, b in zip((*image, text), first))
        worst = max(np.abs(image[0] - theirs[0]).max(), np.abs(text - theirs[1]).max())
        error = max(np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip((image[0], text), theirs))
        good = same and error < 1e-4 and said["architecture"] == name and not said["missing"] and not said["unknown"]
        failed |= not good
        print(f"{name:9} {container:34} {'the same bits' if same else 'OTHER BITS':13} off by {error:.1e}, worst value {worst:.1e}; {seconds:.1f} s; "
              f"{said['kind']} {said['layout']} {said['architecture']} {said['parameters']} {'ok' if good else 'FAIL'}", flush=True)
        remove(path)
    shutil.rmtree(folder)


# ---- Stable Diffusion 1.5 ----
PROMPT, SIZE = "a red cat", 256


def draw(path, *options):
    out = f"{args.work}/drawn"
    shutil.rmtree(out, ignore_errors=True)
    seconds = run("generate", "--quiet", "--model", path, "--prompt", PROMPT, "--seed", "5", "--size", str(SIZE), "--out", out, *options)
    return np.array(Image.open(f"{out}/00000.png")).astype(int), seconds


def check_picture(name, ours, seconds, theirs, first):
    global failed
    off, same = np.abs(ours - theirs).max(), np.array_equal(ours, first)
    failed |= off > 2 or not same
    print(f"sd15      {name:34} {'the same picture' if same else 'ANOTHER PICTURE'}, from diffusers' by at most {off} grey levels, mean {np.abs(ours - theirs).mean():.4f}; "
          f"{seconds:.0f} s {'ok' if off <= 2 and same else 'FAIL'}", flush=True)


def sd15():
    from diffusers import LCMScheduler
    folder = f"{args.work}/sd15"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    pipe = sd15_pipeline(args.small)
    unet = pipe.unet

    def theirs(**options):
        image = pipe(PROMPT, generator=torch.Generator().manual_seed(5), height=SIZE, width=SIZE, output_type="np", **options).images[0]
        print(f"diffusers: mean {image.mean():.2f}, deviation {image.std():.2f}, not clipped {((image > 0) & (image < 1)).mean():.2f}", flush=True)
        return (image * 255).round().astype(int)

    plain = theirs(num_inference_steps=2, guidance_scale=3.0)
    # LCM-LoRA of rank 64: linear layers and convolutions
    g, lora = torch.Generator().manual_seed(9), {}
    targets = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv", "time_emb_proj")
    for name, module in unet.named_modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and name.endswith(targets):
            shape, key = module.weight.shape, "lora_unet_" + name.replace(".", "_")
            ones = [1] * (len(shape) - 2)
            lora[key + ".lora_down.weight"] = (torch.randn(64, *shape[1:], generator=g) * shape[1:].numel() ** -0.5).half()
            lora[key + ".lora_up.weight"] = (torch.randn(shape[0], 64, *ones, generator=g) * 0.05).half()
            lora[key + ".alpha"] = torch.tensor(64.0).half()
    save_file(lora, f"{folder}/lcm.safetensors")
    own = pipe.scheduler
    pipe.scheduler = LCMScheduler.from_config(own.config)
    pipe.load_lora_weights({k: v.float() for k, v in lora.items()})
    fast = theirs(num_inference_steps=4, guidance_scale=1.0)
    pipe.unload_lora_weights()
    pipe.scheduler = own
    for part in (pipe.text_encoder, pipe.unet, pipe.vae):
        part.half()
    words = {"folder": "folder, safetensors", "folder.bin": "folder, .bin", "safetensors": "one file, .safetensors", "ckpt": "one file, .ckpt"}
    first = None
    for kind in PIPELINE_CONTAINERS:
        path = save_pipeline(pipe, kind, f"{folder}/{kind}")
        ours, seconds = draw(path, "--steps", "2", "--guidance", "3")
        first = ours if first is None else first
        check_picture(words[kind], ours, seconds, plain, first)
        if kind == "folder":
            ours, seconds = draw(path, "--lora", f"{folder}/lcm.safetensors", "--scheduler", "lcm", "--steps", "4", "--guidance", "1")
            check_picture("with an LCM-LoRA, four steps", ours, seconds, fast, ours)
        shutil.rmtree(f"{folder}/{kind}")
    shutil.rmtree(folder)


checks = {"RN50": lambda: clip("RN50"), "RN101": lambda: clip("RN101"), "ViT-B-16": lambda: clip("ViT-B-16"), "sd15": sd15}
for chosen in args.models or checks:
    checks[chosen]()
sys.exit(failed)
