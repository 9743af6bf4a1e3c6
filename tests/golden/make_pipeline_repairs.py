"""What diffusers draws from tests/golden/pipeline when its scheduler's configuration is old or another class: StableDiffusionPipeline
repairs steps_offset and clip_sample of the scheduler that it opens, and model_index.json chooses the class.

    python tests/golden/make_pipeline_repairs.py    writes tests/golden/pipeline_repairs.json and .safetensors

Made with diffusers 0.42.1, transformers 5.24.0, torch 2.15.0 (CPU, one thread)."""
import json
import os
import shutil
import tempfile

import named
import diffusers
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

torch.set_num_threads(1)
diffusers.utils.logging.set_verbosity_error()
GOLDEN = os.path.dirname(os.path.abspath(__file__))
CLASSES = {"ddim": "DDIMScheduler", "pndm": "PNDMScheduler", "dpmpp2m": "DPMSolverMultistepScheduler",
           "euler": "EulerDiscreteScheduler"}
betas = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
pndm, ddim = dict(_class_name="PNDMScheduler", **betas, skip_prk_steps=True), dict(_class_name="DDIMScheduler", **betas)

# index: model_index.json's class; file: scheduler_config.json; later: the sampler that a user puts in afterwards.
cases = [
    dict(index="DDIMScheduler", file={**ddim, "clip_sample": False, "steps_offset": 1}),
    dict(index="DDIMScheduler", file={**ddim, "clip_sample": True, "steps_offset": 0}),
    dict(index="DDIMScheduler", file=ddim),
    dict(index="PNDMScheduler", file=pndm),
    dict(index="PNDMScheduler", file={**pndm, "steps_offset": 3}),
    dict(index="EulerDiscreteScheduler", file={**pndm, "steps_offset": 0, "timestep_spacing": "leading"}),
    dict(index="DPMSolverMultistepScheduler", file={**ddim, "timestep_spacing": "leading"}),
    dict(index="DDIMScheduler", file=pndm),
    dict(index="DDIMScheduler", file={**ddim, "steps_offset": 0, "timestep_spacing": "leading"}, later="euler"),
    dict(index="PNDMScheduler", file=pndm, later="ddim"),
    dict(index="PNDMScheduler", file={**pndm, "steps_offset": 0, "clip_sample": True}, later="ddim"),
    dict(index="DDIMScheduler", file={**ddim, "timestep_spacing": "leading"}, later="dpmpp2m"),
    dict(index="HeunDiscreteScheduler", file={**ddim, "_class_name": "HeunDiscreteScheduler"}, later="pndm"),
]


def draw(case):
    with tempfile.TemporaryDirectory() as folder:
        for part in ("text_encoder", "tokenizer", "unet", "vae"):
            shutil.copytree(f"{GOLDEN}/pipeline/{part}", f"{folder}/{part}")
        os.rename(f"{folder}/text_encoder/model.fp16.safetensors", f"{folder}/text_encoder/model.safetensors")
        index = json.load(open(f"{GOLDEN}/pipeline/model_index.json"))
        index["scheduler"][1] = case["index"]
        os.makedirs(f"{folder}/scheduler")
        json.dump(index, open(f"{folder}/model_index.json", "w"))
        json.dump(case["file"], open(f"{folder}/scheduler/scheduler_config.json", "w"))
        pipe = StableDiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    if "later" in case:
        pipe.scheduler = getattr(diffusers, CLASSES[case["later"]]).from_config(pipe.scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    images = pipe(["a red cat", "Dog!  on the stars"], generator=[torch.Generator().manual_seed(s) for s in (5, 6)],
                  height=16, width=24, num_inference_steps=4, guidance_scale=7.5, negative_prompt=["a dog"] * 2,
                  output_type="np").images
    return torch.from_numpy((images * 255).round().astype("uint8")).contiguous()


pictures = {str(i): draw(case) for i, case in enumerate(cases)}
plain = pictures["0"].float()
for i, case in enumerate(cases):
    print(i, case, "from the first:", round(float((pictures[str(i)].float() - plain).abs().mean()), 2))
save_file(pictures, f"{GOLDEN}/pipeline_repairs.safetensors")
with open(f"{GOLDEN}/pipeline_repairs.json", "w") as f:
    json.dump(cases, f, indent=1)
