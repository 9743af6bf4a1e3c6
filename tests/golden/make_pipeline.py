"""A tiny Stable Diffusion folder with seeded random weights, and the pictures that diffusers draws with it.

    python3 tests/golden/make_pipeline.py        writes tests/golden/pipeline/

Made with diffusers 0.42.1, transformers 5.23, torch 2.15.0, safetensors 0.8.0 (CPU, one thread). Weights are rounded to fp16 and
computed with in float32. The text tower has the file name of a variant, the vocabulary only bytes and a few merges, and
padding is "!", id 0, as in Stable Diffusion 2.
"""
import json
import os
import shutil

import torch
from diffusers import (AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler,
                       EulerDiscreteScheduler, LCMScheduler, PNDMScheduler, StableDiffusionPipeline,
                       UNet2DConditionModel)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

torch.set_num_threads(1)
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pipeline")
shutil.rmtree(OUT, ignore_errors=True)


def randomise(model, seed, gain):
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for _, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if p.dim() > 1:
                p.copy_(noise * (gain * p[0].numel() ** -0.5))
            else:
                p.copy_((1.0 if p.abs().mean() > 0.99 else 0.0) + 0.1 * noise)
            p.copy_(p.half().float())
    return model.eval()


def tokenizer():
    folder = os.path.join(OUT, "tokenizer")
    os.makedirs(folder)
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]
    merges = ["r e", "re d</w>", "c a", "ca t</w>", "d o", "do g</w>"]
    tokens = letters + [c + "</w>" for c in letters] + [m.replace(" ", "") for m in merges]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as f:
        json.dump({t: i for i, t in enumerate(tokens)}, f, ensure_ascii=False)
    with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as f:
        f.write("#version: 0.2\n" + "\n".join(merges) + "\n")
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as f:
        json.dump({"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
                   "pad_token": "!", "model_max_length": 77, "tokenizer_class": "CLIPTokenizer"}, f, indent=1)
    return CLIPTokenizer.from_pretrained(folder), len(tokens)


tok, size = tokenizer()
torch.manual_seed(0)
text = randomise(CLIPTextModel(CLIPTextConfig(vocab_size=size, hidden_size=16, intermediate_size=32,
                                              num_hidden_layers=2, num_attention_heads=2, hidden_act="gelu",
                                              bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0)), 1, 1.0)
unet = randomise(UNet2DConditionModel(
    sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
    cross_attention_dim=16, attention_head_dim=[1, 2], use_linear_projection=True,
    down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
    up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")), 2, 0.7)
vae = randomise(AutoencoderKL(block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, sample_size=16,
                              down_block_types=("DownEncoderBlock2D",) * 2,
                              up_block_types=("UpDecoderBlock2D",) * 2), 3, 0.7)
# The file names PNDM; the others are made from its settings, as from_config does.
settings = dict(PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
                              set_alpha_to_one=False, skip_prk_steps=True).config, clip_sample=False)
classes = {"ddim": DDIMScheduler, "pndm": PNDMScheduler, "dpmpp2m": DPMSolverMultistepScheduler,
           "euler": EulerDiscreteScheduler, "euler_a": EulerAncestralDiscreteScheduler, "lcm": LCMScheduler}
schedulers = {name: kind.from_config(settings) for name, kind in classes.items()}
pipe = StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=tok, unet=unet, scheduler=schedulers["pndm"],
                               safety_checker=None, feature_extractor=None, requires_safety_checker=False)
pipe.set_progress_bar_config(disable=True)
expected, prompts = {}, ["a red cat", "Dog!  on the stars"]
ids = tok(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
with torch.no_grad():
    expected["tokens"], expected["hidden"] = ids.clone(), text(ids)[0]


def draw(name, seeds, prompts, **options):
    generators = [torch.Generator().manual_seed(s) for s in seeds]
    images = pipe(prompts, generator=generators, height=16, width=24, output_type="np", **options).images
    expected[name] = torch.from_numpy((images * 255).round().astype("uint8"))
    print(name, images.min(), images.max(), images.std())


for name, scheduler in schedulers.items():
    pipe.scheduler = scheduler
    draw(name, [5, 6], prompts, num_inference_steps=10, guidance_scale=7.5, negative_prompt=["a dog"] * 2)
pipe.scheduler = schedulers["euler"]
draw("unguided", [7, 8], [prompts[0]] * 2, num_inference_steps=2, guidance_scale=0.0)
pipe.scheduler = schedulers["pndm"]

names = [*schedulers]
for i, a in enumerate(names):
    print(a, [round(float((expected[a].float() - expected[b].float()).abs().mean()), 2) for b in names])
for part in (text, unet, vae):
    part.half()
pipe.save_pretrained(OUT)
weights = os.path.join(OUT, "text_encoder")
os.rename(os.path.join(weights, "model.safetensors"), os.path.join(weights, "model.fp16.safetensors"))
path = os.path.join(OUT, "scheduler", "scheduler_config.json")
with open(path) as f:
    written = json.load(f)
with open(path, "w") as f:
    json.dump({**written, "clip_sample": False}, f, indent=1)
save_file({k: v.contiguous() for k, v in expected.items()}, os.path.join(OUT, "expected.safetensors"))
