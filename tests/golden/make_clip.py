"""Writes tests/golden/clip/*: tiny seeded random checkpoints in each layout (float16), and tests/golden/clip/features.safetensors: what
open_clip and transformers make of the same pictures and tokens.

    python tests/golden/make_clip.py    (from the project's root)

Made with torch 2.15.0, open_clip_torch 3.3.0, transformers 5.23.0."""
import json
import os

import named
import torch
from open_clip.model import CLIP
from open_clip.modified_resnet import AttentionPool2d
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPConfig, CLIPModel, CLIPTextModel, CLIPTextModelWithProjection

torch.set_num_threads(1)
torch.set_grad_enabled(False)
root = "tests/golden/clip"
mean, std = torch.tensor([0.48145466, 0.4578275, 0.40821073]), torch.tensor([0.26862954, 0.26130258, 0.27577711])
features = {}


def scramble(model, seed):
    """Weights far from their initial values, so that a swapped or forgotten one shows; rounded to float16."""
    torch.manual_seed(seed)
    for name, w in model.state_dict().items():
        if not w.is_floating_point():
            continue
        if "running_var" in name:
            w.copy_(0.5 + torch.rand_like(w))
        elif w.dim() < 2:
            w.copy_((1.0 if name.endswith("weight") else 0.0) + 0.1 * torch.randn_like(w))
        else:
            w.copy_(torch.randn_like(w) * (0.3 if "embedding" in name else (w[0].numel()) ** -0.5))
        w.copy_(w.half().float())
    model.eval()


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def put(name, value):
    features[name] = value.contiguous().float().clone()


def pictures(name, size):
    pixels = torch.randint(0, 256, (3, size, size, 3), dtype=torch.uint8)
    features[f"{name}.pixels"] = pixels
    return ((pixels.float() / 255 - mean) / std).permute(0, 3, 1, 2)


def sentences(name, vocabulary, context):
    """Of different lengths, one twice, the end token the largest id; padded with zeros for the reference."""
    lengths = [5, context, 3, 5, 2]
    rows = [[vocabulary - 2, *torch.randint(1, vocabulary - 2, (n - 2,)).tolist(), vocabulary - 1] for n in lengths]
    rows.append(rows[0])
    features[f"{name}.tokens"] = torch.tensor([t for r in rows for t in r])
    features[f"{name}.lengths"] = torch.tensor([len(r) for r in rows])
    return rows, torch.tensor([r + [0] * (context - len(r)) for r in rows])


def put_text(name, rows, hidden):
    """hidden [n, context, D], projected"""
    put(f"{name}.text_global", torch.stack([unit(h[len(r) - 1]) for r, h in zip(rows, hidden)]))
    put(f"{name}.text_local", torch.cat([unit(h[: len(r)]) for r, h in zip(rows, hidden)]))


def save_openclip(name, model, config):
    os.makedirs(f"{root}/{name}", exist_ok=True)
    state = {k: v.half().contiguous() for k, v in model.state_dict().items() if "num_batches" not in k}
    save_file(state, f"{root}/{name}/open_clip_model.safetensors", metadata={"format": "pt"})
    with open(f"{root}/{name}/open_clip_config.json", "w") as f:
        json.dump({"model_cfg": config, "preprocess_cfg": {"mean": mean.tolist(), "std": std.tolist()}}, f)


def openclip_text(name, model, rows, tokens):
    x = model.token_embedding(tokens) + model.positional_embedding
    x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask))
    put_text(name, rows, x @ model.text_projection)


text = {"context_length": 12, "vocab_size": 60, "width": 32, "heads": 2, "layers": 2}


def openclip_resnet():
    name, vision = "openclip_resnet", {"image_size": 32, "layers": [1, 2], "width": 8, "head_width": 16}
    model = CLIP(16, {**vision, "layers": [1, 2, 1, 1]}, text, quick_gelu=True)
    model.visual.layer3 = model.visual.layer4 = nn.Identity()
    model.visual.attnpool = AttentionPool2d(4, 64, 4, 16)
    scramble(model, 1)
    save_openclip(name, model, {"embed_dim": 16, "quick_gelu": True, "vision_cfg": vision, "text_cfg": text})
    x, kept, pool = pictures(name, 32), {}, model.visual.attnpool
    rows, tokens = sentences(name, 60, 12)
    openclip_text(name, model, rows, tokens)
    pool.register_forward_pre_hook(lambda m, i: kept.update(x=i[0]))
    table = pool.positional_embedding.data.clone()
    for position in ("on", "off"):
        pool.positional_embedding.data = table if position == "on" else torch.zeros_like(table)
        put(f"{name}.global_{position}", unit(model.visual(x)))
        f = kept["x"].flatten(2).transpose(1, 2) + pool.positional_embedding[1:]
        put(f"{name}.local_{position}", unit(pool.c_proj(pool.v_proj(f))))


def openclip_vit():
    name, vision = "openclip_vit", {"image_size": 24, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8, "mlp_ratio": 2.0}
    model = CLIP(16, vision, text, quick_gelu=False)
    scramble(model, 2)
    save_openclip(name, model, {"embed_dim": 16, "vision_cfg": vision, "text_cfg": text})
    x, kept, visual = pictures(name, 24), {}, model.visual
    rows, tokens = sentences(name, 60, 12)
    openclip_text(name, model, rows, tokens)
    visual.transformer.register_forward_hook(lambda m, i, o: kept.update(x=o))
    put(f"{name}.global_on", unit(visual(x)))
    put(f"{name}.local_on", unit(visual.ln_post(kept["x"])[:, 1:] @ visual.proj))


def huggingface():
    name = "huggingface"
    small = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    words = {**small, "vocab_size": 60, "max_position_embeddings": 12, "bos_token_id": 58, "eos_token_id": 59, "hidden_act": "gelu", "projection_dim": 16}
    config = CLIPConfig(text_config=words, vision_config={**small, "image_size": 24, "patch_size": 8}, projection_dim=16)
    model = CLIPModel(config)
    scramble(model, 3)
    x, (rows, tokens) = pictures(name, 24), sentences(name, 60, 12)
    out = model.vision_model(pixel_values=x)
    put(f"{name}.global_on", unit(model.visual_projection(out.pooler_output)))
    put(f"{name}.local_on", unit(model.visual_projection(model.vision_model.post_layernorm(out.last_hidden_state[:, 1:]))))
    put_text(name, rows, model.text_projection(model.text_model(input_ids=tokens).last_hidden_state))
    model.half().save_pretrained(f"{root}/{name}")

    lone = CLIPTextModelWithProjection(config.text_config)
    scramble(lone, 4)
    rows, tokens = sentences("huggingface_text", 60, 12)
    put_text("huggingface_text", rows, lone.text_projection(lone.text_model(input_ids=tokens).last_hidden_state))
    lone.half().save_pretrained(f"{root}/huggingface_text")
    bare = CLIPTextModel(config.text_config)
    scramble(bare, 5)
    bare.half().save_pretrained(f"{root}/huggingface_hidden")


openclip_resnet()
openclip_vit()
huggingface()
save_file(features, f"{root}/features.safetensors")
