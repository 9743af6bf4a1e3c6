"""The tiny autoencoder of tests/golden/pipeline as PyTorch's own file, in place of safetensors: tests/golden/pipeline/tiny_vae_bin/.

torch 2.15.0, safetensors 0.8.0.   Run from the project root.
"""
import os, shutil

import named
import torch
from safetensors.torch import load_file

source, target = "tests/golden/pipeline/tiny_vae", "tests/golden/pipeline/tiny_vae_bin"
os.makedirs(target, exist_ok=True)
shutil.copy(f"{source}/config.json", f"{target}/config.json")
torch.save(load_file(f"{source}/diffusion_pytorch_model.safetensors"), f"{target}/diffusion_pytorch_model.bin")
