"""LoRA files of the tiny Stable Diffusion in tests/golden/pipeline/, and the pictures that diffusers draws with them.

    python3 tests/golden/make_lora.py        writes tests/golden/lora/

Made with diffusers 0.42.1, peft 0.21.2, transformers 5.24, torch 2.15.0, safetensors 0.8.0 (CPU, one thread). One file a way of naming:

- kohya.safetensors (fp16): linear layers, 1x1 and 3x3 convolutions, both towers, one alpha, as sd-scripts' networks/lora.py names
  them; proj_in and proj_out stand as 1x1 convolutions, as in files trained on Stable Diffusion 1 (this model has matrices);
- mixed.safetensors (bf16): every third of its layers with an alpha of its own, 0 and none among them;
- style.safetensors (fp32): PEFT adapters of both models, as StableDiffusionPipeline.save_lora_weights writes them with their
  configuration (alpha, alpha_pattern) in the header; plain.safetensors (bf16) is without it;
- old.bin: attention processors' names of diffusers before PEFT, torch.save;
- adapter/: PEFT's own folder (save_pretrained of the U-Net alone), with use_rslora;
- lcm.safetensors: kohya's names, U-Net alone, every layer that LCM-LoRA has.

Pictures are drawn with load_lora_weights, and held here against the same merged into the weights (fuse_lora). A kohya file's 1x1
convolutions of layers that are matrices here are drawn as matrices: PEFT refuses that pair of shapes. Where alphas differ diffusers takes
the commonest one for layers of attention (it looks for "attn1.processor", which is nowhere), so mixed.safetensors is merged here by
sd-scripts' own formula, networks/merge_lora.py: W + weight * alpha / rank * up down.
"""
import json
import os
import shutil

os.environ["TQDM_DISABLE"] = "1"
import named
import torch
from diffusers import LCMScheduler, PNDMScheduler, StableDiffusionPipeline
import transformers.integrations.peft as transformers_peft
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

transformers_peft.MIN_PEFT_VERSION = "0.18.0"  # it asks for a version that is not out yet
torch.set_num_threads(1)
HERE = os.path.dirname(os.path.abspath(__file__))
MODEL, OUT = os.path.join(HERE, "pipeline"), os.path.join(HERE, "lora")
shutil.rmtree(OUT, ignore_errors=True)
os.makedirs(OUT)
PROMPTS = ["a red cat", "Dog!  on the stars"]


def fresh():
    from transformers import CLIPTextModel, CLIPTokenizer
    pipe = StableDiffusionPipeline.from_pretrained(
        MODEL, safety_checker=None, requires_safety_checker=False, feature_extractor=None,
        text_encoder=CLIPTextModel.from_pretrained(os.path.join(MODEL, "text_encoder"), variant="fp16"),
        tokenizer=CLIPTokenizer.from_pretrained(os.path.join(MODEL, "tokenizer")))
    pipe.to(torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def layers_of(model, convolutions=True):
    kinds = (torch.nn.Linear, torch.nn.Conv2d) if convolutions else (torch.nn.Linear,)
    return {n: m for n, m in model.named_modules() if isinstance(m, kinds)}


def draw(pipe, **options):
    settings = dict(num_inference_steps=10, guidance_scale=7.5, negative_prompt=["a dog"] * 2) | options
    if settings["guidance_scale"] <= 1:
        settings.pop("negative_prompt")
    generators = [torch.Generator().manual_seed(s) for s in (5, 6)]
    return pipe(PROMPTS, generator=generators, height=16, width=24, output_type="np", **settings).images


expected = {}


def keep(name, images, plain, merged=None):
    """Pictures that differ from those without, and do not depend on how the LoRA is applied."""
    change = abs(images - plain).mean() * 255
    inside = ((images > 0) & (images < 1)).mean()
    off = abs(images - merged).max() * 255 if merged is not None else float("nan")
    print(f"{name:10} changed by {change:.1f} grey levels, not clipped {inside:.2f}, merged differs by {off:.2f}")
    assert change > 3 and inside > 0.3 and not off > 1
    expected[name] = torch.from_numpy((images * 255).round().astype("uint8")).contiguous()


g = torch.Generator().manual_seed(11)


def pair(module, rank, gain):
    w = module.weight
    kernel = w.shape[2:] if w.dim() == 4 else ()
    down = torch.randn(rank, *w.shape[1:], generator=g) * w[0].numel() ** -0.5
    up = torch.randn(w.shape[0], rank, *([1] * len(kernel)), generator=g) * gain
    return up, down


# ---- kohya ----
def kohya_name(prefix, name):
    return prefix + name.replace(".", "_")


def kohya(pipe, rank, gain, alphas, text, dtype, as_conv):
    state, plain = {}, {}
    modules = [("lora_unet_", layers_of(pipe.unet))]
    if text:
        modules.append(("lora_te_", {n: m for n, m in layers_of(pipe.text_encoder).items() if "projection" not in n}))
    for prefix, table in modules:
        for i, (name, module) in enumerate(sorted(table.items())):
            if prefix == "lora_te_" and not name.startswith("text_model."):
                name = "text_model." + name  # transformers 5 drops it; sd-scripts has it
            up, down = pair(module, rank, gain)
            key = kohya_name(prefix, name)
            for table_of, conv in ((state, as_conv and "_proj_in" in key or as_conv and "_proj_out" in key and "self_attn" not in key), (plain, False)):
                u, d = (up[:, :, None, None], down[:, :, None, None]) if conv and down.dim() == 2 else (up, down)
                table_of[key + ".lora_up.weight"] = u.to(dtype).contiguous()
                table_of[key + ".lora_down.weight"] = d.to(dtype).contiguous()
                if alphas(i):
                    table_of[key + ".alpha"] = torch.tensor(float(alphas(i)), dtype=dtype)
    return state, plain


def hidden(pipe):
    ids = pipe.tokenizer(PROMPTS, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    with torch.no_grad():
        return pipe.text_encoder(ids)[0]


def with_lora(states, weights=None, sampler=None, **options):
    """Pictures with adapters loaded, and with the same merged into the weights."""
    pictures = []
    for fuse in (False, True):
        pipe = fresh()
        if sampler:
            pipe.scheduler = sampler
        names = [f"lora{i}" for i in range(len(states))]
        for state, name in zip(states, names):
            pipe.load_lora_weights(state if isinstance(state, str) else dict(state), adapter_name=name)
        pipe.set_adapters(names, weights or [1.0] * len(names))
        if any(isinstance(s, str) or any("text" in k or "lora_te" in k for k in s) for s in states):
            assert (hidden(pipe) - HIDDEN).abs().mean() > 0.01
        if fuse:
            pipe.fuse_lora(adapter_names=names)
            pipe.unload_lora_weights()
        pictures.append(draw(pipe, **options))
    return pictures


plain_pictures, HIDDEN = draw(fresh()), hidden(fresh())
pipe = fresh()
state, kohya_plain = kohya(pipe, 2, 0.5, lambda i: 1, True, torch.float16, True)
save_file(state, f"{OUT}/kohya.safetensors", metadata={"ss_network_dim": "2", "ss_network_alpha": "1"})
kohya_float = {k: v.float() for k, v in kohya_plain.items()}
for name, weight in (("kohya", 0.8), ("negative", -0.5)):
    pictures = with_lora([kohya_float], [weight])
    keep(name, pictures[0], plain_pictures, pictures[1])

mixed, rank = {}, 2
for i, key in enumerate(sorted({k.split(".")[0] for k in kohya_plain})[::3]):
    for end in (".lora_up.weight", ".lora_down.weight"):
        mixed[key + end] = (2 * kohya_plain[key + end].float()).bfloat16().contiguous()
    alpha = (1.0, 1.5, None, 4.0, 0.0)[i % 5]
    if alpha is not None:
        mixed[key + ".alpha"] = torch.tensor(alpha, dtype=torch.bfloat16)
save_file(mixed, f"{OUT}/mixed.safetensors")
pipe = fresh()
with torch.no_grad():
    for prefix, model in (("lora_unet_", pipe.unet), ("lora_te_", pipe.text_encoder)):
        for name, module in layers_of(model).items():
            full = name if prefix == "lora_unet_" or name.startswith("text_model.") else "text_model." + name
            key = kohya_name(prefix, full)
            if key + ".lora_up.weight" in mixed:
                up, down = mixed[key + ".lora_up.weight"].float(), mixed[key + ".lora_down.weight"].float()
                alpha = float(mixed.get(key + ".alpha", torch.tensor(rank)))
                product = torch.einsum("or,r...->o...", up.flatten(1), down)
                module.weight += 0.9 * (alpha or rank) / rank * product.reshape(module.weight.shape)
keep("mixed", draw(pipe), plain_pictures)

# ---- PEFT, by diffusers ----
torch.manual_seed(3)
pipe = fresh()
config = dict(init_lora_weights=False, target_modules=["to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "conv", "proj_in", "ff.net.2"])
unet_config = LoraConfig(r=3, lora_alpha=6, alpha_pattern={"to_k": 1.5, "mid_block.attentions.0.proj_in": 9}, **config)
text_config = LoraConfig(r=2, lora_alpha=1, init_lora_weights=False, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"])
pipe.unet.add_adapter(unet_config)
pipe.text_encoder.add_adapter(text_config)
with torch.no_grad():
    for n, p in [*pipe.unet.named_parameters(), *pipe.text_encoder.named_parameters()]:
        if "lora_" in n:
            p.mul_(0.6)
unet_state, text_state = get_peft_model_state_dict(pipe.unet), get_peft_model_state_dict(pipe.text_encoder)
StableDiffusionPipeline.save_lora_weights(OUT, unet_lora_layers=unet_state, text_encoder_lora_layers=text_state, weight_name="style.safetensors",
                                          unet_lora_adapter_metadata=unet_config.to_dict(), text_encoder_lora_adapter_metadata=text_config.to_dict())
StableDiffusionPipeline.save_lora_weights(OUT, unet_lora_layers={k: v.bfloat16() for k, v in unet_state.items()}, weight_name="plain.safetensors",
                                          text_encoder_lora_layers={k: v.bfloat16() for k, v in text_state.items()})
pictures = with_lora([f"{OUT}/style.safetensors"])
keep("style", pictures[0], plain_pictures, pictures[1])
pictures = with_lora([f"{OUT}/plain.safetensors"])
keep("plain", pictures[0], plain_pictures, pictures[1])
pictures = with_lora([f"{OUT}/style.safetensors", kohya_float], [0.7, 0.4])
keep("both", pictures[0], plain_pictures, pictures[1])

# ---- diffusers before PEFT ----
old = {}
for name, module in sorted(layers_of(pipe.unet, False).items()):
    for part in ("to_q", "to_k", "to_v", "to_out.0"):
        if name.endswith(f"{part}.base_layer"):
            name = name.removesuffix(f".{part}.base_layer")
            up, down = pair(module, 2, 0.5)
            lora = part.removesuffix(".0") + "_lora"
            old[f"unet.{name}.processor.{lora}.up.weight"], old[f"unet.{name}.processor.{lora}.down.weight"] = up, down
for name, module in sorted(layers_of(pipe.text_encoder, False).items()):
    for part, theirs in (("q_proj", "to_q_lora"), ("k_proj", "to_k_lora"), ("v_proj", "to_v_lora"), ("out_proj", "to_out_lora")):
        if name.endswith(f"{part}.base_layer"):
            path = name.removesuffix(f".{part}.base_layer")
            up, down = pair(module, 2, 0.5)
            prefix = "text_encoder." + ("" if path.startswith("text_model.") else "text_model.")
            old[f"{prefix}{path}.{theirs}.up.weight"], old[f"{prefix}{path}.{theirs}.down.weight"] = up, down
torch.save(old, f"{OUT}/old.bin")
pictures = with_lora([old])
keep("old", pictures[0], plain_pictures, pictures[1])

# ---- PEFT's own folder ----
pipe = fresh()
adapted = get_peft_model(pipe.unet, LoraConfig(r=4, lora_alpha=3, use_rslora=True, init_lora_weights=False, target_modules=["to_q", "to_v", "conv_shortcut", "time_emb_proj"]))
adapted.save_pretrained(f"{OUT}/adapter")
os.remove(f"{OUT}/adapter/README.md")
loaded = draw(pipe)  # get_peft_model changes the U-Net in place
pipe.unet = adapted.merge_and_unload()
keep("adapter", loaded, plain_pictures, draw(pipe))
with open(f"{OUT}/adapter/adapter_config.json") as f:
    config = {k: v for k, v in json.load(f).items() if k in ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora", "alpha_pattern", "rank_pattern", "target_modules")}
config["target_modules"] = sorted(config["target_modules"])
with open(f"{OUT}/adapter/adapter_config.json", "w") as f:
    json.dump(config, f, indent=1)

# ---- LCM-LoRA ----
pipe = fresh()
lcm, lcm_plain = kohya(pipe, 4, 0.4, lambda i: 2, False, torch.float16, False)
save_file(lcm, f"{OUT}/lcm.safetensors")
sampler = LCMScheduler.from_config(fresh().scheduler.config)
base = fresh()
base.scheduler = sampler
few = dict(num_inference_steps=4, guidance_scale=1.0)
pictures = with_lora([{k: v.float() for k, v in lcm_plain.items()}], sampler=sampler, **few)
keep("lcm", pictures[0], draw(base, **few), pictures[1])
expected["without"] = torch.from_numpy((plain_pictures * 255).round().astype("uint8")).contiguous()
save_file(expected, f"{OUT}/expected.safetensors")
