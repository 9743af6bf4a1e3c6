"""Writes tests/golden/textual_inversion/: learned words in the forms of diffusers and automatic1111 for the mini pipeline of
results/pretrained, and what diffusers makes of prompts with them: tokens, hidden states, pictures.

    python tests/golden/make_textual_inversion.py    (from the project's root)

Made with PyTorch 2.15, transformers 5.23.0, diffusers 0.42.1."""
import os
import shutil

import named
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import save_file

OUT = "tests/golden/textual_inversion"
PROMPTS = ["a <cat-toy> on a red bus", "dog-art, a blue dog", "a <CAT-TOY> and my-style, Dog-Art dog-art_1", "<cat-toy><cat-toy> dog-arts My-Style" + 9 * " dog-art"]
shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
torch.manual_seed(0)
one, two, three = 0.05 * torch.randn(128), 0.05 * torch.randn(2, 128), 0.05 * torch.randn(3, 128)
save_file({"<cat-toy>": one}, f"{OUT}/learned_embeds.safetensors")
torch.save({"<cat-toy>": one}, f"{OUT}/learned_embeds.bin")
save_file({"emb_params": three}, f"{OUT}/My-Style.safetensors")
save_file({"dog-art": two}, f"{OUT}/art.safetensors")
torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": three}, "name": "trained-as", "step": 100}, f"{OUT}/My-Style.pt")
save_file({"clip_l": three, "clip_g": three.clone()}, f"{OUT}/two_encoders.safetensors")
save_file({"<wide>": torch.zeros(129)}, f"{OUT}/wide.safetensors")
save_file({"cat</w>": one}, f"{OUT}/known.safetensors")
save_file({"<nan>": one * float("nan")}, f"{OUT}/nan.safetensors")

pipe = StableDiffusionPipeline.from_pretrained("results/pretrained/mini-sd", safety_checker=None, requires_safety_checker=False)
pipe.load_textual_inversion(OUT)
pipe.load_textual_inversion(f"{OUT}/My-Style.safetensors", token="My-Style")
pipe.load_textual_inversion(f"{OUT}/art.safetensors")
golden = {}
for i, prompt in enumerate(PROMPTS):
    tokens = pipe.tokenizer(pipe.maybe_convert_prompt(prompt, pipe.tokenizer), padding="max_length", truncation=True, max_length=32, return_tensors="pt").input_ids
    picture = pipe(prompt, num_inference_steps=4, guidance_scale=3, generator=torch.manual_seed(i), output_type="pil").images[0]
    golden[f"tokens{i}"] = tokens[0].to(torch.int32)
    golden[f"hidden{i}"] = pipe.text_encoder(tokens)[0][0].detach()
    golden[f"picture{i}"] = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).reshape(picture.height, picture.width, 3)
    print(prompt, tokens[0].tolist())
save_file(golden, f"{OUT}/expected.safetensors")
