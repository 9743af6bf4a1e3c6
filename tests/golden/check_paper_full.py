"""The suite `paper` rehearsed at full size, by hand: tests/test_paper.sh with seeded random weights of RN50, RN101, ViT-B/16 and Stable Diffusion
1.5 in place of its tiny ones, in the containers that people have.

    python tests/golden/check_paper_full.py [--work DIR] [--set NAME] [--limit N] [--steps N] [--size N]    (from the project's root)

NAME: archives (TorchScript, state dictionary, open_clip's safetensors; a diffusers folder), single (nested state dictionary, open_clip's
.bin, Hugging Face's safetensors; one .safetensors), ckpt (open_clip's safetensors, TorchScript, Hugging Face's .bin; one .ckpt), bin (as
archives; a folder of .bin). Takes 3 GB of disk a set and 7 GB of memory; with 2 pictures a split, one step and 256 pixels half an hour on two cores.
torch 2.15.0, open_clip_torch 3.3.0, transformers 5.24.0, diffusers 0.42.1."""
import argparse
import os
import shutil
import subprocess
import sys

import torch

from full_size import CLIPS, add_vocabulary, clip_model, save_clip, save_pipeline, sd15_pipeline

sets = {"archives": (("script", "state", "open_clip"), "folder"), "single": (("nested", "open_clip.bin", "huggingface"), "safetensors"),
        "ckpt": (("open_clip", "script", "huggingface.bin"), "ckpt"), "bin": (("script", "state", "open_clip"), "folder.bin")}
parser = argparse.ArgumentParser()
parser.add_argument("--work", default="/tmp/paper")
parser.add_argument("--set", choices=sets, default="archives")
parser.add_argument("--limit", type=int, default=2)
parser.add_argument("--steps", type=int, default=1)
parser.add_argument("--size", type=int, default=256)
args = parser.parse_args()
torch.set_grad_enabled(False)

models = f"{args.work}/models-{args.set}"
if not os.path.exists(f"{models}/whole"):
    shutil.rmtree(models, ignore_errors=True)
    os.makedirs(f"{models}/clip")
    add_vocabulary(f"{models}/clip")
    for name, container in zip(CLIPS, sets[args.set][0]):
        path = save_clip(clip_model(name), name, container, f"{models}/clip/{name}")
        if os.path.isdir(path):
            add_vocabulary(path)
    pipe = sd15_pipeline()
    for part in (pipe.text_encoder, pipe.unet, pipe.vae):
        part.half()
    with open(f"{models}/whole", "w") as f:
        f.write(os.path.abspath(save_pipeline(pipe, sets[args.set][1], f"{models}/sd")))
    del pipe
with open(f"{models}/whole") as f:
    sd = f.read()
environment = {"PAPER_CLIP": os.path.abspath(f"{models}/clip"), "PAPER_SD": sd, "PAPER_LIMIT": str(args.limit),
               "PAPER_GENERATE": f'"steps": {args.steps}, "size": {args.size}', "PAPER_WORK": f"{args.work}/{args.set}"}
sys.exit(subprocess.run(["sh", "tests/test_paper.sh"], env={**os.environ, **environment}).returncode)
