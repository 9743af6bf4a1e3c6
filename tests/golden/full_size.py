"""Random weights at the published sizes and the containers in which people keep such weights, for the scripts check_*_full.py. Weights are
of float16, so that every container holds the same numbers. torch 2.15.0, open_clip_torch 3.3.0, transformers 5.24.0, diffusers 0.42.1."""
import glob
import json
import os
import shutil

import torch
from safetensors.torch import load_file, save_file

VOCABULARY = os.environ.get("PALBENCH_SHARED", "../shared") + "/data/clip-tokenizer"
RESNET = {"image_size": 224, "width": 64}
CLIPS = {"RN50": ({**RESNET, "layers": [3, 4, 6, 3]}, 1024), "RN101": ({**RESNET, "layers": [3, 4, 23, 3]}, 512),
         "ViT-B-16": ({"image_size": 224, "layers": 12, "width": 768, "patch_size": 16}, 512)}
CLIP_CONTAINERS = ("script", "state", "nested", "open_clip", "open_clip.bin", "huggingface", "huggingface.bin")
PIPELINE_CONTAINERS = ("folder", "folder.bin", "safetensors", "ckpt")


def randomise(model, seed):
    g = torch.Generator().manual_seed(seed)
    for name, p in model.state_dict().items():
        if not p.is_floating_point() or "attn_mask" in name:
            continue
        noise = torch.randn(p.shape, generator=g)
        if "running_var" in name:
            p.copy_(0.5 + noise.abs())
        elif p.dim() > 1:
            p.copy_(noise * (0.02 if "embedding" in name else p[0].numel() ** -0.5))
        elif p.dim() == 1:
            p.copy_(0.1 * noise + (1 if ("norm" in name or "bn" in name or "ln_" in name or "downsample.1" in name) and name.endswith("weight") else 0))
        p.copy_(p.half().float())
    return model.eval()


# ---- CLIP ----
def clip_model(name):
    from open_clip.model import CLIP
    vision, embed = CLIPS[name]
    return randomise(CLIP(embed, vision, {}, quick_gelu=True), 1)


def huggingface_names(w, layers):
    new = {"logit_scale": w["logit_scale"], "visual_projection.weight": w["visual.proj"].t(), "text_projection.weight": w["text_projection"].t(),
           "vision_model.embeddings.class_embedding": w["visual.class_embedding"], "vision_model.embeddings.patch_embedding.weight": w["visual.conv1.weight"],
           "vision_model.embeddings.position_embedding.weight": w["visual.positional_embedding"], "text_model.embeddings.token_embedding.weight": w["token_embedding.weight"],
           "text_model.embeddings.position_embedding.weight": w["positional_embedding"]}
    for ours, their in (("visual.ln_pre", "vision_model.pre_layrnorm"), ("visual.ln_post", "vision_model.post_layernorm"), ("ln_final", "text_model.final_layer_norm")):
        new |= {f"{their}.{x}": w[f"{ours}.{x}"] for x in ("weight", "bias")}
    for i in range(layers):
        for ours, their in (("visual.transformer", "vision_model"), ("transformer", "text_model")):
            a, b = f"{ours}.resblocks.{i}.", f"{their}.encoder.layers.{i}."
            for x in ("weight", "bias"):
                for k, part in enumerate(w[f"{a}attn.in_proj_{x}"].chunk(3)):
                    new[f"{b}self_attn.{'qkv'[k]}_proj.{x}"] = part
                for o, t in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                    new[f"{b}{t}.{x}"] = w[f"{a}{o}.{x}"]
    return {k: v.clone().contiguous() for k, v in new.items()}


def save_clip(model, name, container, path):
    """Writes the model and returns what it lies at: PATH.pt, or the folder PATH."""
    w = {k: v for k, v in model.state_dict().items() if k != "attn_mask"}
    half = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in w.items()}
    kind, _, ending = container.partition(".")
    if kind == "script":
        traced = torch.jit.trace(model, (torch.randn(1, 3, 224, 224), torch.arange(77)[None]), check_trace=False)
        torch.jit.save(traced.half(), path + ".pt")
        model.float()
        return path + ".pt"
    if kind in ("state", "nested"):
        torch.save(w if kind == "state" else {"epoch": 1, "state_dict": {"module." + k: v for k, v in half.items()}}, path + ".pt")
        return path + ".pt"
    os.makedirs(path)
    if kind == "open_clip":
        vision, embed = CLIPS[name]
        with open(f"{path}/open_clip_config.json", "w") as f:
            json.dump({"model_cfg": {"embed_dim": embed, "quick_gelu": True, "vision_cfg": vision, "text_cfg": {}}}, f)
        torch.save(w, f"{path}/open_clip_pytorch_model.bin") if ending else save_file(half, f"{path}/open_clip_model.safetensors")
        return path
    from transformers import CLIPConfig
    new = huggingface_names(w, 12)
    CLIPConfig(vision_config={"patch_size": 16}).save_pretrained(path)
    if ending:
        torch.save({k: v.half() for k, v in new.items()}, f"{path}/pytorch_model.bin")
    else:
        save_file(new, f"{path}/model.safetensors", metadata={"format": "pt"})
    return path


def add_vocabulary(folder):
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(f"{VOCABULARY}/{name}", folder)


# ---- Stable Diffusion 1.5 ----
def sd15_pipeline(small=False):
    """The pipeline in float32; small: a tenth of the channels."""
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
    unet_channels, vae_channels = ((32, 64, 128, 128), (32, 32, 64, 64)) if small else ((320, 640, 1280, 1280), (128, 256, 512, 512))
    tok = CLIPTokenizer.from_pretrained(VOCABULARY, model_max_length=77, pad_token="<|endoftext|>")
    text = randomise(CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, bos_token_id=49406, eos_token_id=49407, pad_token_id=1)), 2)
    unet = randomise(UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=unet_channels), 3)
    vae = randomise(AutoencoderKL(block_out_channels=vae_channels, layers_per_block=2, sample_size=512, down_block_types=["DownEncoderBlock2D"] * 4,
                                  up_block_types=["UpDecoderBlock2D"] * 4), 4)
    scheduler = PNDMScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, steps_offset=1, skip_prk_steps=True)
    pipe = StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=tok, unet=unet, scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def single_file_names():
    """ldm_unet and ldm_vae of make_single_file.py, which makes files when it is imported."""
    import diffusers.loaders.single_file_utils as utils
    with open("tests/golden/make_single_file.py") as f:
        source = f.read()
    space = {"torch": torch, "convert_ldm_unet_checkpoint": utils.convert_ldm_unet_checkpoint, "convert_ldm_vae_checkpoint": utils.convert_ldm_vae_checkpoint}
    exec(source[source.index("RESNET ="):source.index("def openclip_text")], space)
    return space["ldm_unet"], space["ldm_vae"]


def single_file_state(pipe):
    ldm_unet, ldm_vae = single_file_names()
    state = {**ldm_unet(pipe.unet.state_dict(), pipe.unet.config), **ldm_vae(pipe.vae.state_dict(), pipe.vae.config)}
    state |= {"cond_stage_model.transformer.text_model." + k.removeprefix("text_model."): v for k, v in pipe.text_encoder.state_dict().items()}
    return {k: v.contiguous() for k, v in state.items()}


def save_pipeline(pipe, container, folder):
    """Writes the pipeline (in the precision that it has) and returns what it lies at: the folder, or the one file in it beside its tokenizer."""
    if container in ("folder", "folder.bin"):
        pipe.save_pretrained(folder)
        add_vocabulary(f"{folder}/tokenizer")
        for path in glob.glob(f"{folder}/*/*.safetensors") if container == "folder.bin" else ():
            torch.save(load_file(path), path.replace(".safetensors", ".bin").replace("text_encoder/model", "text_encoder/pytorch_model"))
            os.remove(path)
        return folder
    os.makedirs(folder)
    pipe.tokenizer.save_pretrained(f"{folder}/tokenizer")
    add_vocabulary(f"{folder}/tokenizer")
    state, path = single_file_state(pipe), f"{folder}/model.{container}"
    if container == "safetensors":
        save_file(state, path, metadata={"format": "pt"})
    else:
        torch.save({"global_step": 1, "state_dict": state}, path)
    return path
