"""Tiny diffusion models with seeded random weights and what diffusers computes with them.

    python3 tests/golden/make_diffusion.py        writes tests/golden/diffusion/

Made with diffusers 0.42.1, torch 2.15.0, safetensors 0.8.0 (CPU, one thread). Weights are rounded to fp16; the expected values are
float32 computations with the rounded weights. Between them the folders have the file names that users have: a plain file, an
fp16 variant, shards with an index; the VAE has the attention names from before diffusers 0.18.
"""
import json
import os
import shutil

import named
import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution  # noqa: F401  (what encode() returns)
from safetensors.torch import load_file, save_file

torch.set_num_threads(1)
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "diffusion")
expected = {}


def randn(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def randomise(model, seed):
    """Norms and biases away from 1 and 0, so that a forgotten one is seen; matrices as they were drawn, but larger where the
    default start is small."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if p.dim() > 1:
                p.copy_(noise * (p[0].numel() ** -0.5))
            else:
                p.copy_((1.0 if p.abs().mean() > 0.99 else 0.0) + 0.2 * noise)
            p.copy_(p.half().float())
    return model.eval()


def save(model, name, rename=None, **options):
    folder = os.path.join(OUT, name)
    shutil.rmtree(folder, ignore_errors=True)
    half = type(model).from_config(model.config)
    half.load_state_dict(model.state_dict())
    half.half().save_pretrained(folder, **options)
    if rename:
        path = os.path.join(folder, "diffusion_pytorch_model.safetensors")
        save_file({rename(k): v for k, v in load_file(path).items()}, path, metadata={"format": "pt"})


def unet(name, seed, sizes, tokens=7, cond=0, save_options=None, **config):
    base = dict(in_channels=4, out_channels=4, norm_num_groups=4, sample_size=8)
    torch.manual_seed(seed)
    model = randomise(UNet2DConditionModel(**{**base, **config}), seed)
    save(model, name, **(save_options or {}))
    width = model.config.cross_attention_dim
    for i, (batch, h, w, times) in enumerate(sizes):
        key = f"{name}.{i}."
        sample = randn(batch, 4, h, w, seed=seed + 10 + i)
        text = randn(batch, tokens, width, seed=seed + 20 + i)
        t = torch.tensor(times, dtype=torch.float32)
        args = {}
        if cond and i:
            scale = torch.tensor([7.5] * batch)
            half = cond // 2
            step = torch.log(torch.tensor(10000.0)) / (half - 1)
            waves = (scale * 1000)[:, None] * torch.exp(torch.arange(half).float() * -step)[None]
            waves = torch.cat([waves.sin(), waves.cos()], dim=1)
            args["timestep_cond"] = torch.nn.functional.pad(waves, (0, cond % 2))
            expected[key + "guidance"] = scale
        with torch.no_grad():
            noise = model(sample, t.expand(batch), encoder_hidden_states=text, **args).sample
        expected.update({key + "sample": sample, key + "text": text, key + "times": t, key + "noise": noise})


def old_names(key):
    for today, before in ((".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn.")):
        key = key.replace(today, before)
    return key


def vae(name, model, seed, tiny, **options):
    model = randomise(model, seed)
    save(model, name, **options)
    factor = 2 ** (len(model.config.block_out_channels) - 1)
    latents, picture = randn(2, 4, 5, 3, seed=seed + 1), randn(1, 3, 4 * factor, 6 * factor, seed=seed + 2).clamp(-1, 1)
    with torch.no_grad():
        decoded = model.decode(latents).sample
        encoded = model.encode(picture)
    expected.update({f"{name}.latents": latents, f"{name}.decoded": decoded, f"{name}.picture": picture})
    if tiny:
        expected[f"{name}.mean"] = encoded.latents
    else:
        expected[f"{name}.mean"] = encoded.latent_dist.mean.contiguous()
        expected[f"{name}.logvar"] = encoded.latent_dist.logvar.contiguous()


# Stable Diffusion 1.x: one number of heads, 1x1 convolutions around the transformers; odd sizes; a time for every image.
unet("sd15", 1, [(2, 8, 8, [981.0]), (1, 9, 7, [1.0]), (2, 8, 4, [500.0, 3.0])],
     block_out_channels=(4, 8, 8), layers_per_block=1, cross_attention_dim=12, attention_head_dim=4,
     down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
     up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"))
# Stable Diffusion 2.x and Turbo: heads per level, linear layers around the transformers.
unet("sd21", 2, [(1, 8, 8, [999.0])], save_options={"variant": "fp16"},
     block_out_channels=(8, 16), layers_per_block=1, cross_attention_dim=10, attention_head_dim=[2, 8],
     use_linear_projection=True, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
     up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
# Latent consistency: an embedding of the guidance; and what is rare: layers per level, depth per level, attention to the text only,
# no middle block, sin before cos, a shifted frequency, padding 0.
unet("lcm", 3, [(1, 8, 8, [759.0]), (2, 8, 8, [259.0])], cond=9, save_options={"max_shard_size": "30KB"},
     block_out_channels=(4, 8), layers_per_block=[1, 2], cross_attention_dim=8, attention_head_dim=2,
     time_cond_proj_dim=9, transformer_layers_per_block=[1, 2], only_cross_attention=[False, True], mid_block_type=None,
     flip_sin_to_cos=False, freq_shift=1, downsample_padding=0, norm_eps=1e-6, conv_in_kernel=1, conv_out_kernel=5,
     down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
torch.manual_seed(4)
vae("vae", AutoencoderKL(block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
                         down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2),
    4, False, rename=old_names)
torch.manual_seed(5)
vae("taesd", AutoencoderTiny(encoder_block_out_channels=(8, 8, 8), decoder_block_out_channels=(8, 8, 8),
                             num_encoder_blocks=(1, 2, 1), num_decoder_blocks=(2, 1, 1)), 5, True)
save_file({k: v.contiguous() for k, v in expected.items()}, os.path.join(OUT, "expected.safetensors"))
print({k: tuple(v.shape) + (float(v.abs().mean()),) for k, v in expected.items()})
print(json.dumps({f: sum(os.path.getsize(os.path.join(d, n)) for n in ns) for f, (d, _, ns) in
                  ((d, (d, s, ns)) for d, s, ns in os.walk(OUT))}, indent=1))
