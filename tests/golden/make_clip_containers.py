"""One tiny random CLIP (OpenAI's ViT, heads of width 64, QuickGELU, values of float16) in every container that people have, and what
open_clip makes of pictures and tokens with it: tests/golden/clip_containers/.

    python tests/golden/make_clip_containers.py [CASE...]    (from the project's root; cases: script state openclip huggingface features)

Made with torch 2.15.0, open_clip_torch 3.3.0, transformers 5.24.0."""
import json, os, sys, warnings

import torch
from open_clip.model import CLIP
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
torch.set_grad_enabled(False)
torch.manual_seed(11)
root = "tests/golden/clip_containers"
os.makedirs(root, exist_ok=True)
mean, std = torch.tensor([0.48145466, 0.4578275, 0.40821073]), torch.tensor([0.26862954, 0.26130258, 0.27577711])
text = {"context_length": 8, "vocab_size": 40, "width": 64, "heads": 1, "layers": 1, "mlp_ratio": 0.5}
vision = {"image_size": 16, "layers": 1, "width": 64, "head_width": 64, "patch_size": 8, "mlp_ratio": 0.5}
model = CLIP(16, vision, text, quick_gelu=True).eval()
for name, w in model.state_dict().items():
    if w.is_floating_point() and "attn_mask" not in name:
        base = (1.0 if name.endswith("weight") and w.dim() < 2 else 0.0)
        w.copy_((base + torch.randn_like(w) * (0.1 if w.dim() < 2 else 0.3 if "embedding" in name else w[0].numel() ** -0.5)).half())
weights = {k: v for k, v in model.state_dict().items() if k != "attn_mask"}
pixels = torch.randint(0, 256, (3, 16, 16, 3), dtype=torch.uint8)
pictures = ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)
tokens = torch.tensor([[38, 3, 17, 39, 0, 0, 0, 0], [38, 5, 6, 7, 8, 9, 10, 39]])


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def features():
    save_file({"pixels": pixels, "tokens": tokens, "image": unit(model.encode_image(pictures)), "text": unit(model.encode_text(tokens))},
              f"{root}/features.safetensors")


def script():
    """As OpenAI distributes its models: a TorchScript archive with half weights; RN50.pt and ViT-B-16.pt are such."""
    import copy
    torch.jit.save(torch.jit.trace(copy.deepcopy(model), (pictures[:1], tokens[:1])), f"{root}/script.pt")


def state():
    torch.save(weights, f"{root}/float.pt")
    torch.save({"epoch": 1, "state_dict": {"module." + k: v.half() for k, v in weights.items()}}, f"{root}/half.pt")


def openclip():
    os.makedirs(f"{root}/open_clip", exist_ok=True)
    torch.save({k: v.half() for k, v in weights.items()}, f"{root}/open_clip/open_clip_pytorch_model.bin")
    with open(f"{root}/open_clip/open_clip_config.json", "w") as f:
        json.dump({"model_cfg": {"embed_dim": 16, "quick_gelu": True, "vision_cfg": vision, "text_cfg": text},
                   "preprocess_cfg": {"mean": mean.tolist(), "std": std.tolist()}}, f)


def huggingface():
    """The same under transformers' names, as .bin in two shards."""
    small = {"hidden_size": 64, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1, "hidden_act": "quick_gelu", "projection_dim": 16}
    config = CLIPConfig(text_config={**small, "vocab_size": 40, "max_position_embeddings": 8, "bos_token_id": 38, "eos_token_id": 39},
                        vision_config={**small, "image_size": 16, "patch_size": 8}, projection_dim=16)
    theirs = CLIPModel(config).eval()
    new = {"logit_scale": weights["logit_scale"], "visual_projection.weight": weights["visual.proj"].t().contiguous(),
           "text_projection.weight": weights["text_projection"].t().contiguous(),
           "vision_model.embeddings.class_embedding": weights["visual.class_embedding"],
           "vision_model.embeddings.patch_embedding.weight": weights["visual.conv1.weight"],
           "vision_model.embeddings.position_embedding.weight": weights["visual.positional_embedding"],
           "text_model.embeddings.token_embedding.weight": weights["token_embedding.weight"],
           "text_model.embeddings.position_embedding.weight": weights["positional_embedding"]}
    for ours, their in (("visual.ln_pre", "vision_model.pre_layrnorm"), ("visual.ln_post", "vision_model.post_layernorm"), ("ln_final", "text_model.final_layer_norm")):
        new |= {f"{their}.{x}": weights[f"{ours}.{x}"] for x in ("weight", "bias")}
    for ours, their in (("visual.transformer", "vision_model"), ("transformer", "text_model")):
        a, b = f"{ours}.resblocks.0.", f"{their}.encoder.layers.0."
        for x in ("weight", "bias"):
            for i, part in enumerate(weights[f"{a}attn.in_proj_{x}"].chunk(3)):
                new[f"{b}self_attn.{'qkv'[i]}_proj.{x}"] = part.clone()
            for o, t in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                new[f"{b}{t}.{x}"] = weights[f"{a}{o}.{x}"]
    theirs.load_state_dict(new, strict=False)
    close = unit(theirs.visual_projection(theirs.vision_model(pictures).pooler_output))
    assert torch.allclose(close, unit(model.encode_image(pictures)), atol=1e-5)
    os.makedirs(f"{root}/huggingface", exist_ok=True)
    config.save_pretrained(f"{root}/huggingface")
    names = sorted(new)
    parts = {f"pytorch_model-0000{i + 1}-of-00002.bin": names[i::2] for i in range(2)}
    for file, keys in parts.items():
        torch.save({k: new[k].half() for k in keys}, f"{root}/huggingface/{file}")
    with open(f"{root}/huggingface/pytorch_model.bin.index.json", "w") as f:
        json.dump({"metadata": {}, "weight_map": {k: file for file, keys in parts.items() for k in keys}}, f)


for make in (features, script, state, openclip, huggingface):
    if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
        make()
