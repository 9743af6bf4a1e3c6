# The tiny world's CLIP with a context of 77, for tests/test_paper.sh, whose prompts name the classes of COCO: tests/golden/paper_clip/.
# torch 2.15.0, safetensors 0.6. Run from the project's root, after make_tiny_world.py: python3 tests/golden/make_paper_clip.py
import json, os, shutil

import named

import torch
from safetensors.torch import load_file, save_file

source, root = "tests/golden/tiny_world/clip", "tests/golden/paper_clip"
shutil.rmtree(root, ignore_errors=True)
os.makedirs(root)
for name in ("vocab.json", "merges.txt"):
    shutil.copy(f"{source}/{name}", root)
weights = load_file(f"{source}/open_clip_model.safetensors")
torch.manual_seed(12)
weights["positional_embedding"] = torch.randn(77, weights["positional_embedding"].shape[1]) * 0.02
weights = {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}
save_file(weights, f"{root}/open_clip_model.safetensors")
config = json.load(open(f"{source}/open_clip_config.json"))
config["model_cfg"]["text_cfg"]["context_length"] = 77
json.dump(config, open(f"{root}/open_clip_config.json", "w"))
