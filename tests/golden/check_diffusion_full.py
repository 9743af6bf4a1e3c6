"""Full-size models with seeded random weights, by hand: `palbench probe` against diffusers in the configurations of Stable Diffusion
1.5, 2.1 and SD-Turbo (U-Net), of their autoencoder, and of TAESD. Checkpoints (fp16) are made in a temporary folder.

    python tests/golden/check_diffusion_full.py [--palbench build/palbench] [--small] [--threads N] [MODEL...]      (from the project's root)

MODEL: sd15 sd21 turbo vae taesd; all when none is named. --small: a quarter of the channels and 24x16 latents, for a quick look.
Prints |ours - theirs| / |theirs|, fails above 1e-4. diffusers 0.42.1, torch 2.15.0, h5py 3.16.0. A full U-Net takes 5 GB here
beside palbench's own; the configurations are those published with the models."""
import argparse
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel

parser = argparse.ArgumentParser()
parser.add_argument("--palbench", default="build/palbench")
parser.add_argument("--small", action="store_true")
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("models", nargs="*")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.set_grad_enabled(False)

part = 4 if args.small else 1
height, width = (24, 16) if args.small else (64, 64)
failed = False


def unet_config(text_width, heads, linear):
    return dict(sample_size=64, in_channels=4, out_channels=4, layers_per_block=2, norm_num_groups=32,
                block_out_channels=[c // part for c in ((384, 640, 1280, 1280) if args.small else (320, 640, 1280, 1280))],
                cross_attention_dim=text_width, attention_head_dim=heads, use_linear_projection=linear,
                flip_sin_to_cos=True, freq_shift=0, norm_eps=1e-5, act_fn="silu", downsample_padding=1,
                down_block_types=["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
                up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3)


def randomise(model):
    """Seeded, with norms away from 1, rounded to fp16: both programs compute in float32 with the same numbers."""
    g = torch.Generator().manual_seed(1)
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=g)
        if p.dim() > 1:
            p.copy_(noise * p[0].numel() ** -0.5)
        else:
            p.copy_(0.1 * noise + (1 if "norm" in name and name.endswith("weight") else 0))
        p.copy_(p.half().float())
    return model.eval()


def save_half(model, folder):
    state = {k: v.half().contiguous() for k, v in model.state_dict().items()}
    os.makedirs(folder)
    from safetensors.torch import save_file
    save_file(state, f"{folder}/diffusion_pytorch_model.fp16.safetensors", metadata={"format": "pt"})
    model.save_config(folder)


def probe(what, folder, arrays):
    with h5py.File(f"{folder}/in.h5", "w") as f:
        for name, values in arrays.items():
            f[name] = values.numpy()
    subprocess.run([args.palbench, "probe", what, "--model", folder, "--in", f"{folder}/in.h5", "--out", f"{folder}/out.h5",
                    "--threads", str(args.threads)], check=True)
    with h5py.File(f"{folder}/out.h5") as f:
        return {name: f[name][:] for name in f}


def compare(name, ours, theirs):
    global failed
    theirs = theirs.numpy()
    error = np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
    worst = np.abs(ours - theirs).max() / np.abs(theirs).max()
    failed |= not error < 1e-4
    print(f"{name:24} {error:.2e} worst {worst:.2e} {'ok' if error < 1e-4 else 'FAIL'}", flush=True)


def check_unet(name, config):
    g = torch.Generator().manual_seed(2)
    arrays = {"sample": torch.randn(2, 4, height, width, generator=g), "timestep": torch.tensor([981.0, 981.0]),
              "encoder_hidden_states": torch.randn(2, 77, config["cross_attention_dim"], generator=g)}
    with tempfile.TemporaryDirectory() as folder:
        model = randomise(UNet2DConditionModel(**config))
        save_half(model, f"{folder}/unet")
        theirs = model(arrays["sample"], arrays["timestep"], arrays["encoder_hidden_states"]).sample
        del model
        compare(name, probe("unet", folder, arrays)["noise"], theirs)


def check_vae(name, model, tiny):
    g = torch.Generator().manual_seed(3)
    latents = torch.randn(1, 4, height, width, generator=g)
    picture = torch.rand(1, 3, 8 * height, 8 * width, generator=g) * 2 - 1
    with tempfile.TemporaryDirectory() as folder:
        save_half(randomise(model), f"{folder}/vae")
        compare(f"{name} decode", probe("vae-decode", folder, {"latents": latents})["sample"], model.decode(latents).sample)
        ours, theirs = probe("vae-encode", folder, {"sample": picture}), model.encode(picture)
        if tiny:
            compare(f"{name} encode", ours["mean"], theirs.latents)
        else:
            compare(f"{name} encode mean", ours["mean"], theirs.latent_dist.mean)
            compare(f"{name} encode logvar", ours["logvar"], theirs.latent_dist.logvar)


per_level = [5, 10, 20, 20] if not args.small else [4, 5, 10, 10]
checks = {
    "sd15": lambda: check_unet("sd15", unet_config(768, 8, False)),
    "sd21": lambda: check_unet("sd21", unet_config(1024, per_level, True)),
    "turbo": lambda: check_unet("turbo", {**unet_config(1024, per_level, True), "upcast_attention": True}),
    "vae": lambda: check_vae("vae", AutoencoderKL(
        block_out_channels=[c // part for c in (128, 256, 512, 512)], layers_per_block=2, norm_num_groups=32, sample_size=512,
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4), False),
    "taesd": lambda: check_vae("taesd", AutoencoderTiny(), True),
}
for chosen in args.models or checks:
    checks[chosen]()
sys.exit(failed)
