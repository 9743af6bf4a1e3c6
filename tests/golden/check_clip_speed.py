#!/usr/bin/env python3
"""CLIP image encoding, float32, random weights: palbench against PyTorch eager (open_clip) and OpenVINO, interleaved on one machine.

    python tests/golden/check_clip_speed.py [--rounds 5] [--batch 8] [--threads 2]

Run by hand on an otherwise idle machine; prints images/s (median over the rounds of each round's best) and the ratios round by round.
Versions used: torch 2.15.0, open_clip_torch 3.3.0, openvino 2026.x. Every program is a process of its own, so that no idle thread pool
of one disturbs another."""
import argparse
import json
import statistics
import subprocess
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--repeats", type=int, default=4)
parser.add_argument("--palbench", default="build/palbench")
parser.add_argument("--archs", default="RN50,ViT-B-16")
parser.add_argument("--one", choices=["torch", "openvino"])  # used by the script itself
parser.add_argument("--arch")
arguments = parser.parse_args()


def best_of(call):
    call()  # warm up
    seconds = []
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def one_torch_or_openvino():
    import open_clip
    import torch

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    model = open_clip.create_model(arguments.arch, precision="fp32").visual.eval()
    pixels = torch.randn(arguments.batch, 3, 224, 224)
    with torch.inference_mode():
        if arguments.one == "torch":
            return best_of(lambda: model(pixels))
    import openvino

    with torch.no_grad():
        converted = openvino.convert_model(model, example_input=pixels, input=[list(pixels.shape)])
    compiled = openvino.Core().compile_model(
        converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": arguments.threads, "PERFORMANCE_HINT": "LATENCY"}
    )
    request, values = compiled.create_infer_request(), pixels.numpy()
    return best_of(lambda: request.infer([values]))


def peer(name, arch):
    command = [sys.executable, __file__, "--one", name, "--arch", arch, "--batch", str(arguments.batch), "--threads", str(arguments.threads)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def ours(arch):
    command = [arguments.palbench, "bench", "clip", "--arch", arch, "--batch", str(arguments.batch), "--threads", str(arguments.threads)]
    result = subprocess.run(command + ["--repeats", str(arguments.repeats), "--json"], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)[0]["seconds"]


if arguments.one:
    print(one_torch_or_openvino())
    raise SystemExit
for arch in arguments.archs.split(","):
    rounds = [(ours(arch), peer("torch", arch), peer("openvino", arch)) for _ in range(arguments.rounds)]
    rate = [arguments.batch / statistics.median(column) for column in zip(*rounds)]
    print(f"{arch}: palbench {rate[0]:.1f}, torch {rate[1]:.1f}, OpenVINO {rate[2]:.1f} images/s")
    for name, k in (("torch", 1), ("OpenVINO", 2)):
        print(f"  times {name}: " + " ".join(f"{r[k] / r[0]:.2f}" for r in rounds))
