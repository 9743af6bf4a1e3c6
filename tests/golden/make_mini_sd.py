"""The mini Stable Diffusion's pictures with Heun's sampler, drawn by diffusers, for tests/test_diffusion_mini.c.

    python3 tests/golden/make_mini_sd.py        reads results/pretrained/mini-sd, writes tests/golden/mini_sd.safetensors

Made with diffusers 0.42.1, transformers 5.24.0, torch 2.15.0, safetensors 0.8.0 (CPU, one thread). heun_5, heun_12 [2, 64, 64, 3]: the
number is that of the steps. Heun knows no zero terminal SNR, so the model, which was trained with it, starts a little below."""
import os

import named
import diffusers
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
diffusers.logging.set_verbosity_error()
PROMPTS, SEEDS = ["a red cat beside a blue car", "two dogs on the grass"], [5, 6]

pipe = diffusers.StableDiffusionPipeline.from_pretrained("results/pretrained/mini-sd")
pipe.scheduler = diffusers.HeunDiscreteScheduler.from_config(pipe.scheduler.config)
pipe.set_progress_bar_config(disable=True)
drawn = {}
for steps in (5, 12):
    generators = [torch.Generator().manual_seed(s) for s in SEEDS]
    images = pipe(PROMPTS, generator=generators, num_inference_steps=steps, guidance_scale=3.0, output_type="np").images
    drawn[f"heun_{steps}"] = torch.from_numpy((images * 255).round().astype("uint8")).contiguous()
    print(f"{steps:2} steps: {images.shape}, mean {images.mean():.3f}, deviation {images.std():.3f}, scheduler "
          f"{type(pipe.scheduler).__name__} {len(pipe.scheduler.timesteps)} calls")
save_file(drawn, "tests/golden/mini_sd.safetensors")
os.chmod("tests/golden/mini_sd.safetensors", 0o644)
