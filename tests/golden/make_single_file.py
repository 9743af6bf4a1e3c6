"""Two tiny Stable Diffusion checkpoints in one file each, with the names of CompVis, and the pictures that diffusers draws with the same
weights: tests/golden/single_file/.

    python3 tests/golden/make_single_file.py [sd1] [sd2]    (from the project's root; none: both)

sd1.safetensors is Stable Diffusion 1 in small (text tower under transformers' names, 8 heads), sd2.ckpt is 2 (OpenCLIP's text tower,
heads of width 64, v prediction, which sd2.yaml says), nested as Lightning writes it, with what belongs to training. The names made here
are held against diffusers' own converters. Weights are signs times powers of two, so that the files compress well.
Made with diffusers 0.42.1, transformers 5.24.0, torch 2.15.0 (CPU, one thread).
"""
import json, os, sys
import torch
from diffusers import AutoencoderKL, DDIMScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

torch.set_num_threads(1)
torch.set_grad_enabled(False)
OUT, TOKENIZER = "tests/golden/single_file", "tests/golden/pipeline/tokenizer"
os.makedirs(OUT, exist_ok=True)
tok = CLIPTokenizer.from_pretrained(TOKENIZER)
size = len(tok.get_vocab())


def randomise(model, seed, gain=0.7):
    g = torch.Generator().manual_seed(seed)
    for _, p in sorted(model.named_parameters()):
        signs = torch.randint(0, 2, p.shape, generator=g) * 2.0 - 1
        if p.dim() > 1:
            p.copy_(signs * 2.0 ** round(torch.log2(torch.tensor(gain * p[0].numel() ** -0.5)).item()))
        else:
            p.copy_((1.0 if p.abs().mean() > 0.99 else 0.0) + 0.125 * signs)
    return model.eval()


RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}


def ldm_unet(state, config):
    layers, levels, new = config.layers_per_block, len(config.block_out_channels), {}
    up_attends = ["Attn" in t for t in config.up_block_types]

    def resnet(to, rest):
        part, kind = rest.rsplit(".", 1)
        return f"{to}.{RESNET[part]}.{kind}"
    for key, value in state.items():
        p = key.split(".")
        rest = ".".join(p[4:])
        if p[0] == "down_blocks":
            i, j = int(p[1]), int(p[3])
            n = 1 + i * (layers + 1) + j
            name = {"resnets": lambda: resnet(f"input_blocks.{n}.0", rest), "attentions": lambda: f"input_blocks.{n}.1.{rest}",
                    "downsamplers": lambda: f"input_blocks.{(i + 1) * (layers + 1)}.0.op.{p[-1]}"}[p[2]]()
        elif p[0] == "up_blocks":
            i, j = int(p[1]), int(p[3])
            n = i * (layers + 1) + j
            name = {"resnets": lambda: resnet(f"output_blocks.{n}.0", rest), "attentions": lambda: f"output_blocks.{n}.1.{rest}",
                    "upsamplers": lambda: f"output_blocks.{i * (layers + 1) + layers}.{2 if up_attends[i] else 1}.conv.{p[-1]}"}[p[2]]()
        elif p[0] == "mid_block":
            name = f"middle_block.1.{'.'.join(p[3:])}" if p[1] == "attentions" else resnet(f"middle_block.{2 * int(p[2])}", ".".join(p[3:]))
        else:
            name = {"conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2"}.get(p[0])
            name = f"{name}.{p[-1]}" if name else f"time_embed.{0 if p[1] == 'linear_1' else 2}.{p[-1]}"
        new["model.diffusion_model." + name] = value
    back = convert_ldm_unet_checkpoint(dict(new), {**config, "layers_per_block": layers})
    assert back.keys() == state.keys() and all(torch.equal(back[k], state[k]) for k in state)
    return new


def ldm_vae(state, config):
    levels, new = len(config.block_out_channels), {}
    attention = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
    for key, value in state.items():
        p = key.split(".")
        half, rest = p[0], p[1:]
        if half in ("quant_conv", "post_quant_conv"):
            new["first_stage_model." + key] = value
            continue
        if rest[0] in ("down_blocks", "up_blocks"):
            i = int(rest[1]) if half == "encoder" else levels - 1 - int(rest[1])
            side = rest[0].split("_")[0]
            inner = f"{side}.{i}.block.{rest[3]}.{'.'.join(rest[4:])}" if rest[2] == "resnets" else f"{side}.{i}.{side}sample.conv.{rest[-1]}"
        elif rest[0] == "mid_block" and rest[1] == "resnets":
            inner = f"mid.block_{int(rest[2]) + 1}.{'.'.join(rest[3:])}"
        elif rest[0] == "mid_block":
            part = ".".join(rest[3:-1])
            inner = f"mid.attn_1.{attention[part]}.{rest[-1]}"
            value = value[:, :, None, None] if value.dim() == 2 else value
        else:
            inner = ".".join(rest).replace("conv_norm_out", "norm_out")
        new[f"first_stage_model.{half}.{inner.replace('conv_shortcut', 'nin_shortcut')}"] = value
    back = convert_ldm_vae_checkpoint(dict(new), config)
    assert back.keys() == state.keys() and all(torch.equal(back[k].reshape(state[k].shape), state[k]) for k in state)
    return new


def openclip_text(text):
    """transformers' tower under OpenCLIP's names, with one layer more, which Stable Diffusion 2 does not read."""
    state, new, c = text.state_dict(), {}, "cond_stage_model.model."
    state = {k.removeprefix("text_model."): v for k, v in state.items()}
    new[c + "token_embedding.weight"] = state["embeddings.token_embedding.weight"]
    new[c + "positional_embedding"] = state["embeddings.position_embedding.weight"]
    new[c + "text_projection"] = torch.eye(text.config.hidden_size)
    new[c + "logit_scale"] = torch.tensor(4.5)
    for x in ("weight", "bias"):
        new[f"{c}ln_final.{x}"] = state[f"final_layer_norm.{x}"]
    for i in range(text.config.num_hidden_layers + 1):
        a, b = f"encoder.layers.{min(i, text.config.num_hidden_layers - 1)}.", f"{c}transformer.resblocks.{i}."
        for x in ("weight", "bias"):
            new[f"{b}attn.in_proj_{x}"] = torch.cat([state[f"{a}self_attn.{q}_proj.{x}"] for q in "qkv"])
            for o, t in (("attn.out_proj", "self_attn.out_proj"), ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2")):
                new[f"{b}{o}.{x}"] = state[f"{a}{t}.{x}"]
    return new


def parts(channels, heads, linear, act, seed):
    text = randomise(CLIPTextModel(CLIPTextConfig(vocab_size=size, hidden_size=64, intermediate_size=128, num_hidden_layers=1, num_attention_heads=1,
                                                  max_position_embeddings=77, hidden_act=act, bos_token_id=size - 2, eos_token_id=size - 1)), seed)
    unet = randomise(UNet2DConditionModel(sample_size=64, block_out_channels=channels, attention_head_dim=heads, layers_per_block=1, cross_attention_dim=64,
                                          use_linear_projection=linear, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D") if len(channels) > 1 else ("CrossAttnDownBlock2D",),
                                          up_block_types=("UpBlock2D", "CrossAttnUpBlock2D") if len(channels) > 1 else ("CrossAttnUpBlock2D",)), seed + 1)
    vae = randomise(AutoencoderKL(block_out_channels=(32, 32), layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * 2,
                                  up_block_types=("UpDecoderBlock2D",) * 2), seed + 2)
    return text, unet, vae


def draw(name, text, unet, vae, scheduler, padding):
    tok.pad_token = padding
    pipe = StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=tok, unet=unet, scheduler=scheduler, safety_checker=None,
                                   feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    images = pipe(["a red cat"], generator=[torch.Generator().manual_seed(5)], height=16, width=16, num_inference_steps=5, output_type="np").images
    inside = ((images > 0) & (images < 1)).mean()
    assert inside > 0.5, inside
    save_file({"image": torch.from_numpy((images * 255).round().astype("uint8")).contiguous()}, f"{OUT}/{name}.expected.safetensors")


def half(state):
    return {k: v.half().contiguous() if v.is_floating_point() else v for k, v in state.items()}


BETAS = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, steps_offset=1)


def sd1():
    text, unet, vae = parts((32, 32), 8, False, "quick_gelu", 1)
    state = {**ldm_unet(unet.state_dict(), unet.config), **ldm_vae(vae.state_dict(), vae.config)}
    own = text.state_dict()
    state |= {"cond_stage_model.transformer.text_model." + k.removeprefix("text_model."): v for k, v in own.items()}
    state["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
    state["alphas_cumprod"] = torch.ones(1000)
    state["model_ema.decay"] = torch.tensor(0.99)
    save_file(half(state), f"{OUT}/sd1.safetensors", metadata={"format": "pt"})
    torch.save({"state_dict": half(state)}, f"{OUT}/sd1.ckpt")
    draw("sd1", text, unet, vae, PNDMScheduler(**BETAS, skip_prk_steps=True), tok.eos_token)


def sd2():
    text, unet, vae = parts((64,), 1, True, "gelu", 4)
    state = {**ldm_unet(unet.state_dict(), unet.config), **ldm_vae(vae.state_dict(), vae.config), **openclip_text(text)}
    state["model_ema.num_updates"] = torch.tensor(3)
    torch.save({"epoch": 1, "global_step": 110000, "state_dict": half(state)}, f"{OUT}/sd2.ckpt")
    with open(f"{OUT}/sd2.yaml", "w") as f:
        f.write("model:\n  target: ldm.models.diffusion.ddpm.LatentDiffusion\n  params:\n    parameterization: \"v\"\n    linear_start: 0.00085\n    linear_end: 0.0120\n"
                "    timesteps: 1000\n    scale_factor: 0.18215\n    unet_config:\n      params:\n        num_head_channels: 64 # need to fix for flash-attn\n"
                "        attention_resolutions: [ 4, 2, 1 ]\n")
    draw("sd2", text, unet, vae, DDIMScheduler(**BETAS, clip_sample=False, prediction_type="v_prediction"), "!")


for make in (sd1, sd2):
    if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
        make()
