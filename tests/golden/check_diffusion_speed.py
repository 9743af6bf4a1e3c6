#!/usr/bin/env python3
"""Stable Diffusion 1.5 at 512x512, float32, the same random fp16 weight files: palbench against diffusers on PyTorch eager and OpenVINO.

    python tests/golden/check_diffusion_speed.py [--rounds 3] [--threads 2] [--parts unet,vae]

unet: one guided step (batch 2, 64x64 latents, 77 tokens); vae: one decoding. Run by hand on an otherwise idle machine; every program is a
process of its own, one after the other in every round, and gives the best of its repeats. Prints seconds (median over the rounds),
the ratios round by round, and the peak memory of every process. Versions used: torch 2.15.0, diffusers 0.42.1, openvino 2026.4.1.
The checkpoint (2 GB) is made in --folder and kept there for the next call."""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repeats", type=int, default=3)
parser.add_argument("--parts", default="unet,vae")
parser.add_argument("--palbench", default="build/palbench")
parser.add_argument("--folder", default="/tmp/palbench-random-sd15")
parser.add_argument("--one", choices=["torch", "openvino"])  # used by the script itself
parser.add_argument("--part", choices=["unet", "vae"])
arguments = parser.parse_args()

LEVELS = dict(down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"], up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3)
VAE_LEVELS = dict(down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4)


def make(part):
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    folder = os.path.join(arguments.folder, part)
    if os.path.exists(folder):
        return
    torch.manual_seed(1)
    if part == "unet":
        model = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8, **LEVELS)
    else:
        model = AutoencoderKL(block_out_channels=[128, 256, 512, 512], layers_per_block=2, latent_channels=4, sample_size=512, **VAE_LEVELS)
    model.half().save_pretrained(folder, variant="fp16")


def best_of(call):
    call()  # warm up
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def one():
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    torch.set_num_threads(arguments.threads)
    folder = os.path.join(arguments.folder, arguments.part)
    kind = UNet2DConditionModel if arguments.part == "unet" else AutoencoderKL
    model = kind.from_pretrained(folder, variant="fp16", torch_dtype=torch.float32).eval().requires_grad_(False)

    class Unet(torch.nn.Module):
        def forward(self, sample, time, text):
            return model(sample, time, encoder_hidden_states=text, return_dict=False)[0]

    class Decoder(torch.nn.Module):
        def forward(self, latents):
            return model.decode(latents, return_dict=False)[0]

    if arguments.part == "unet":
        net, inputs = Unet(), (torch.randn(2, 4, 64, 64), torch.tensor(500.0), torch.randn(2, 77, 768))
    else:
        net, inputs = Decoder(), (torch.randn(1, 4, 64, 64),)
    with torch.inference_mode():
        if arguments.one == "torch":
            return best_of(lambda: net(*inputs))
    import openvino

    with torch.no_grad():
        converted = openvino.convert_model(net, example_input=inputs, input=[list(x.shape) for x in inputs])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": arguments.threads, "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(converted, "CPU", settings).create_infer_request()
    return best_of(lambda: request.infer([x.numpy() for x in inputs]))


def peer(name, part):
    options = ["--threads", str(arguments.threads), "--repeats", str(arguments.repeats), "--folder", arguments.folder]
    command = [sys.executable, __file__, "--one", name, "--part", part] + options
    seconds, peak = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.split()[-2:]
    return float(seconds), float(peak)


def ours(part):
    command = [arguments.palbench, "bench", part, "--model", os.path.join(arguments.folder, part), "--size", "512"]
    command += ["--threads", str(arguments.threads), "--repeats", str(arguments.repeats), "--json"]
    result = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)[0]
    return result["seconds"], result["peak_bytes"] / 1e9


if arguments.one:
    print(one(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9)
    raise SystemExit
names = ("palbench", "torch", "OpenVINO")
for part in arguments.parts.split(","):
    make(part)
    rounds = []
    for _ in range(arguments.rounds):
        rounds.append((ours(part), peer("torch", part), peer("openvino", part)))
        print(f"{part}: " + ", ".join(f"{n} {s:.2f} s, {p:.1f} GB" for n, (s, p) in zip(names, rounds[-1])), flush=True)
    print(f"{part}, median: " + ", ".join(f"{n} {statistics.median(r[k][0] for r in rounds):.2f} s" for k, n in enumerate(names)))
    for k in (1, 2):
        print(f"  times {names[k]}: " + " ".join(f"{r[k][0] / r[0][0]:.2f}" for r in rounds))
