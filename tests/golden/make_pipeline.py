"""A tiny Stable Diffusion folder with seeded random weights, and the pictures that diffusers draws with it.

    python3 tests/golden/make_pipeline.py        writes tests/golden/pipeline/

Made with diffusers 0.42.1, transformers 5.23, torch 2.15.0, safetensors 0.8.0 (CPU, one thread). Weights are rounded to fp16 and
computed with in float32. The text tower has the file name of a variant, the vocabulary only bytes and a few merges, and
padding is "!", id 0, as in Stable Diffusion 2. Beside the folder's own parts lie others that tests put in their places:
karras/ and velocity/ (schedulers), lcm_unet/, tiny_vae/. Every sampler is made from the written file, as its users do.
"""
import json
import os
import shutil

import named
import torch
from diffusers import (AutoencoderKL, AutoencoderTiny, DDIMScheduler, DPMSolverMultistepScheduler,
                       EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, HeunDiscreteScheduler,
                       LatentConsistencyModelPipeline, LCMScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel)
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
text = randomise(CLIPTextModel(CLIPTextConfig(vocab_size=size, hidden_size=8, intermediate_size=16,
                                              num_hidden_layers=2, num_attention_heads=2, hidden_act="gelu",
                                              bos_token_id=size - 2, eos_token_id=size - 1, pad_token_id=0)), 1, 1.0)
def unet_of(seed, **more):
    return randomise(UNet2DConditionModel(sample_size=8, in_channels=4, out_channels=4, layers_per_block=1,
                                          norm_num_groups=2, cross_attention_dim=8, use_linear_projection=True,
                                          **more), seed, 0.7)


unet = unet_of(2, block_out_channels=(4, 8), attention_head_dim=[1, 2],
               down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
               up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
lcm_unet = unet_of(4, block_out_channels=(4,), attention_head_dim=1, down_block_types=("CrossAttnDownBlock2D",),
                   up_block_types=("CrossAttnUpBlock2D",), time_cond_proj_dim=8)
vae = randomise(AutoencoderKL(block_out_channels=(4, 4), layers_per_block=1, norm_num_groups=2, sample_size=16,
                              down_block_types=("DownEncoderBlock2D",) * 2,
                              up_block_types=("UpDecoderBlock2D",) * 2), 3, 0.7)
tiny = randomise(AutoencoderTiny(encoder_block_out_channels=(4, 4), decoder_block_out_channels=(4, 4),
                                 num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1)), 5, 0.7)

betas = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
             set_alpha_to_one=False, clip_sample=False)
files = {"scheduler": dict(_class_name="PNDMScheduler", **betas, steps_offset=1, skip_prk_steps=True,
                           prediction_type="epsilon", timestep_spacing="leading"),
         "karras": dict(_class_name="DPMSolverMultistepScheduler", **betas, steps_offset=1, prediction_type="epsilon",
                        use_karras_sigmas=True),
         "velocity": dict(_class_name="DDIMScheduler", **betas, prediction_type="v_prediction",
                          rescale_betas_zero_snr=True, timestep_spacing="trailing")}
for name, values in files.items():
    os.makedirs(os.path.join(OUT, name))
    with open(os.path.join(OUT, name, "scheduler_config.json"), "w") as f:
        json.dump(values, f, indent=1)
classes = {"ddim": DDIMScheduler, "pndm": PNDMScheduler, "dpmpp2m": DPMSolverMultistepScheduler,
           "euler": EulerDiscreteScheduler, "euler_a": EulerAncestralDiscreteScheduler, "lcm": LCMScheduler,
           "heun": HeunDiscreteScheduler}


def sampler(kind, file="scheduler"):
    return classes[kind].from_pretrained(os.path.join(OUT, file))


def pipeline(kind, **more):
    parts = dict(vae=vae, text_encoder=text, tokenizer=tok, unet=unet, scheduler=sampler("pndm"), safety_checker=None,
                 feature_extractor=None, requires_safety_checker=False)
    made = kind(**{**parts, **more})
    made.set_progress_bar_config(disable=True)
    return made


pipe = pipeline(StableDiffusionPipeline)
expected, prompts = {}, ["a red cat", "Dog!  on the stars"]
ids = tok(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
with torch.no_grad():
    expected["tokens"], expected["hidden"] = ids.clone(), text(ids)[0]


def draw(name, pipe, seeds, prompts, **options):
    generators = [torch.Generator().manual_seed(s) for s in seeds]
    images = pipe(prompts, generator=generators, height=16, width=24, output_type="np", **options).images
    expected[name] = torch.from_numpy((images * 255).round().astype("uint8"))
    inside = ((images > 0) & (images < 1)).mean()
    print(f"{name:24} mean {images.mean():.2f} deviation {images.std():.2f} not clipped {inside:.2f}")


guided = dict(num_inference_steps=10, guidance_scale=7.5, negative_prompt=["a dog"] * 2)
for file, prefix in (("scheduler", ""), ("karras", "karras_"), ("velocity", "velocity_")):
    for kind in (("dpmpp2m", "euler", "heun") if file == "karras" else classes):
        pipe.scheduler = sampler(kind, file)
        draw(prefix + kind, pipe, [5, 6], prompts, **guided)
pipe.scheduler = sampler("euler")
draw("unguided", pipe, [7, 8], [prompts[0]] * 2, num_inference_steps=2, guidance_scale=0.0)
draw("tiny_vae", pipeline(StableDiffusionPipeline, vae=tiny), [5, 6], prompts, **guided)
lcm = pipeline(LatentConsistencyModelPipeline, unet=lcm_unet, scheduler=sampler("lcm"))
draw("lcm_model", lcm, [5, 6], prompts, num_inference_steps=4, guidance_scale=8.5)

for part in (text, unet, lcm_unet, vae, tiny):
    part.half()
pipe.scheduler = sampler("pndm")
pipe.save_pretrained(OUT)
os.remove(os.path.join(OUT, "tokenizer", "tokenizer.json"))
with open(os.path.join(OUT, "scheduler", "scheduler_config.json"), "w") as f:
    json.dump(files["scheduler"], f, indent=1)
lcm_unet.save_pretrained(os.path.join(OUT, "lcm_unet"))
tiny.save_pretrained(os.path.join(OUT, "tiny_vae"))
weights = os.path.join(OUT, "text_encoder")
os.rename(os.path.join(weights, "model.safetensors"), os.path.join(weights, "model.fp16.safetensors"))
save_file({k: v.contiguous() for k, v in expected.items()}, os.path.join(OUT, "expected.safetensors"))
