"""Full-size models with seeded random weights in every container that people have, by hand: RN50, RN101 and ViT-B/16 as TorchScript
archive, state dictionaries (float32; float16 under "state_dict" and "module."), open_clip's safetensors and .bin, and (ViT) Hugging
Face's safetensors and .bin; Stable Diffusion 1.5 as a folder of safetensors, a folder of .bin, single .safetensors and .ckpt, and with an
LCM-LoRA of rank 64.

    python tests/golden/check_containers_full.py [--palbench build/palbench] [--work DIR] [--small] [MODEL...]    (from the project's root)

MODEL: RN50 RN101 ViT-B-16 sd15; all when none is named. Prints how far features are from open_clip's, pictures from diffusers', and whether
all containers give the same bits. Weights are of float16, so that every container holds the same numbers. sd15 takes 9 GB of disk and of
memory. torch 2.15.0, open_clip_torch 3.3.0, transformers 5.24.0, diffusers 0.42.1, peft 0.21.2."""
import argparse
import glob
import json
import os
import shutil
import subprocess
import sys
import time
import warnings

os.environ["TQDM_DISABLE"] = "1"
warnings.filterwarnings("ignore")
import h5py
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from transformers import CLIPTokenizer

parser = argparse.ArgumentParser()
parser.add_argument("--palbench", default="build/palbench")
parser.add_argument("--work", default="/tmp/containers")
parser.add_argument("--small", action="store_true", help="sd15: a tenth of the channels, for a quick look")
parser.add_argument("models", nargs="*")
args = parser.parse_args()
torch.set_num_threads(2)
torch.set_grad_enabled(False)
vocabulary = os.environ.get("PALBENCH_SHARED", "../shared") + "/data/clip-tokenizer"
texts = ["a photo of a cat.", "two dogs run along the beach", "x"]
failed = False


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


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


def run(*command):
    start = time.time()
    out = subprocess.run([args.palbench, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode:
        sys.exit(f"{' '.join(command)}: {out.stderr}")
    return time.time() - start


# ---- CLIP ----
def pictures(folder):
    files, draw = [], np.random.default_rng(3)
    prepare = transforms.Compose([transforms.Resize(224, interpolation=InterpolationMode.BICUBIC), transforms.CenterCrop(224), transforms.ToTensor(),
                                  transforms.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))])
    for i, (w, h) in enumerate([(301, 257), (333, 500)]):
        files.append(f"{folder}/{i}.png")
        Image.fromarray(draw.integers(0, 256, (9, 9, 3), dtype=np.uint8)).resize((w, h), Image.BICUBIC).save(files[-1])
    return files, torch.stack([prepare(Image.open(f).convert("RGB")) for f in files])


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


def containers(folder, model, vision, embed, x, tokens):
    """Yields the name and path of one container after the other; the last one is removed."""
    w = {k: v for k, v in model.state_dict().items() if k != "attn_mask"}
    half = {k: v.half() if v.is_floating_point() else v for k, v in w.items()}
    config = {"model_cfg": {"embed_dim": embed, "quick_gelu": True, "vision_cfg": vision, "text_cfg": {}}}
    path = f"{folder}/script.pt"
    traced = torch.jit.trace(model, (x[:1], tokens[:1]), check_trace=False)
    torch.jit.save(traced.half(), path)
    model.float()
    yield "TorchScript, float16", path
    os.remove(path)
    torch.save(w, path)
    yield "state dictionary, float32", path
    os.remove(path)
    torch.save({"epoch": 1, "state_dict": {"module." + k: v for k, v in half.items()}}, path)
    yield "state dictionary, float16, nested", path
    os.remove(path)
    os.makedirs(f"{folder}/open_clip")
    with open(f"{folder}/open_clip/open_clip_config.json", "w") as f:
        json.dump(config, f)
    save_file({k: v.contiguous() for k, v in half.items()}, f"{folder}/open_clip/open_clip_model.safetensors")
    yield "open_clip, safetensors", f"{folder}/open_clip"
    os.remove(f"{folder}/open_clip/open_clip_model.safetensors")
    torch.save(w, f"{folder}/open_clip/open_clip_pytorch_model.bin")
    yield "open_clip, .bin", f"{folder}/open_clip"
    shutil.rmtree(f"{folder}/open_clip")
    if "patch_size" not in vision:
        return
    from transformers import CLIPConfig
    new, hf = huggingface_names(w, 12), f"{folder}/huggingface"
    CLIPConfig(vision_config={"patch_size": 16}).save_pretrained(hf)
    save_file(new, f"{hf}/model.safetensors", metadata={"format": "pt"})
    yield "Hugging Face, safetensors", hf
    os.remove(f"{hf}/model.safetensors")
    torch.save({k: v.half() for k, v in new.items()}, f"{hf}/pytorch_model.bin")
    yield "Hugging Face, .bin", hf


def clip(name, vision, embed):
    global failed
    from open_clip.model import CLIP
    folder = f"{args.work}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    files, x = pictures(folder)
    tokenizer = CLIPTokenizer.from_pretrained(vocabulary)
    ids = [tokenizer(t)["input_ids"] for t in texts]
    tokens = torch.tensor([i + [0] * (77 - len(i)) for i in ids])
    model = randomise(CLIP(embed, vision, {}, quick_gelu=True), 1)
    theirs = unit(model.encode_image(x)).numpy(), unit(model.encode_text(tokens)).numpy()
    first = None
    for container, path in containers(folder, model, vision, embed, x, tokens):
        out = f"{folder}/out.h5"
        seconds = run("encode-image", "--clip", path, "--out", out, *files)
        with h5py.File(out) as f:
            image = f["global"][:], f["local"][:]
        run("encode-text", "--clip", path, "--tokenizer", vocabulary, "--out", out, *texts)
        with h5py.File(out) as f:
            text = f["global"][:]
        kind = json.loads(subprocess.run([args.palbench, "inspect", "--json", path], stdout=subprocess.PIPE, text=True).stdout)
        first = first or (*image, text)
        same = all(np.array_equal(a, b) for a, b in zip((*image, text), first))
        worst = max(np.abs(image[0] - theirs[0]).max(), np.abs(text - theirs[1]).max())
        error = max(np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip((image[0], text), theirs))
        good = same and error < 1e-4 and kind["architecture"] == name and not kind["missing"] and not kind["unknown"]
        failed |= not good
        print(f"{name:9} {container:34} {'the same bits' if same else 'OTHER BITS':13} off by {error:.1e}, worst value {worst:.1e}; {seconds:.1f} s; "
              f"{kind['kind']} {kind['layout']} {kind['architecture']} {kind['parameters']} {'ok' if good else 'FAIL'}", flush=True)
    shutil.rmtree(folder)


# ---- Stable Diffusion 1.5 ----
PROMPT, SIZE = "a red cat", 256


def single_file_names():
    """ldm_unet and ldm_vae of make_single_file.py, which makes files when it is imported."""
    import diffusers.loaders.single_file_utils as utils
    with open("tests/golden/make_single_file.py") as f:
        source = f.read()
    space = {"torch": torch, "convert_ldm_unet_checkpoint": utils.convert_ldm_unet_checkpoint, "convert_ldm_vae_checkpoint": utils.convert_ldm_vae_checkpoint}
    exec(source[source.index("RESNET ="):source.index("def openclip_text")], space)
    return space["ldm_unet"], space["ldm_vae"]


def draw(path, *options):
    out = f"{args.work}/drawn"
    shutil.rmtree(out, ignore_errors=True)
    seconds = run("generate", "--quiet", "--model", path, "--prompt", PROMPT, "--seed", "5", "--size", str(SIZE), "--out", out, *options)
    return np.array(Image.open(f"{out}/00000.png")).astype(int), seconds


def check_picture(name, ours, seconds, theirs, first):
    global failed
    off, same = np.abs(ours - theirs).max(), np.array_equal(ours, first)
    failed |= off > 2 or not same
    print(f"sd15      {name:34} {'the same picture' if same else 'ANOTHER PICTURE'}, from diffusers' by at most {off} grey levels, mean {np.abs(ours - theirs).mean():.4f}; "
          f"{seconds:.0f} s {'ok' if off <= 2 and same else 'FAIL'}", flush=True)


def sd15():
    from diffusers import AutoencoderKL, LCMScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel
    folder = f"{args.work}/sd15"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    unet_channels, vae_channels = ((32, 64, 128, 128), (32, 32, 64, 64)) if args.small else ((320, 640, 1280, 1280), (128, 256, 512, 512))
    tok = CLIPTokenizer.from_pretrained(vocabulary, model_max_length=77, pad_token="<|endoftext|>")
    text = randomise(CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_attention_heads=12, bos_token_id=49406, eos_token_id=49407, pad_token_id=1)), 2)
    unet = randomise(UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=unet_channels), 3)
    vae = randomise(AutoencoderKL(block_out_channels=vae_channels, layers_per_block=2, sample_size=512, down_block_types=["DownEncoderBlock2D"] * 4,
                                  up_block_types=["UpDecoderBlock2D"] * 4), 4)
    scheduler = PNDMScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", set_alpha_to_one=False, steps_offset=1, skip_prk_steps=True)
    pipe = StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=tok, unet=unet, scheduler=scheduler, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)

    def theirs(**options):
        image = pipe(PROMPT, generator=torch.Generator().manual_seed(5), height=SIZE, width=SIZE, output_type="np", **options).images[0]
        print(f"diffusers: mean {image.mean():.2f}, deviation {image.std():.2f}, not clipped {((image > 0) & (image < 1)).mean():.2f}", flush=True)
        return (image * 255).round().astype(int)

    # one file: names from the states in float16
    ldm_unet, ldm_vae = single_file_names()
    plain = theirs(num_inference_steps=2, guidance_scale=3.0)
    # LCM-LoRA of rank 64: linear layers and convolutions
    g, lora = torch.Generator().manual_seed(9), {}
    targets = ("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2", "conv1", "conv2", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv", "time_emb_proj")
    for name, module in unet.named_modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)) and name.endswith(targets):
            shape, key = module.weight.shape, "lora_unet_" + name.replace(".", "_")
            ones = [1] * (len(shape) - 2)
            lora[key + ".lora_down.weight"] = (torch.randn(64, *shape[1:], generator=g) * shape[1:].numel() ** -0.5).half()
            lora[key + ".lora_up.weight"] = (torch.randn(shape[0], 64, *ones, generator=g) * 0.05).half()
            lora[key + ".alpha"] = torch.tensor(64.0).half()
    save_file(lora, f"{folder}/lcm.safetensors")
    own = pipe.scheduler
    pipe.scheduler = LCMScheduler.from_config(own.config)
    pipe.load_lora_weights({k: v.float() for k, v in lora.items()})
    fast = theirs(num_inference_steps=4, guidance_scale=1.0)
    pipe.unload_lora_weights()
    pipe.scheduler = own
    for part in (text, unet, vae):
        part.half()
    pipe.save_pretrained(f"{folder}/safetensors")
    for name in ("vocab.json", "merges.txt"):
        if not os.path.exists(f"{folder}/safetensors/tokenizer/{name}"):
            shutil.copy(f"{vocabulary}/{name}", f"{folder}/safetensors/tokenizer/{name}")
    state = {**ldm_unet(unet.state_dict(), unet.config), **ldm_vae(vae.state_dict(), vae.config)}
    state |= {"cond_stage_model.transformer.text_model." + k.removeprefix("text_model."): v for k, v in text.state_dict().items()}
    del pipe, unet, vae, text

    first, seconds = draw(f"{folder}/safetensors", "--steps", "2", "--guidance", "3")
    check_picture("folder, safetensors", first, seconds, plain, first)
    ours, seconds = draw(f"{folder}/safetensors", "--lora", f"{folder}/lcm.safetensors", "--scheduler", "lcm", "--steps", "4", "--guidance", "1")
    check_picture("with an LCM-LoRA, four steps", ours, seconds, fast, ours)
    state = {k: v.contiguous() for k, v in state.items()}
    os.makedirs(f"{folder}/single")
    shutil.copytree(f"{folder}/safetensors/tokenizer", f"{folder}/single/tokenizer")
    save_file(state, f"{folder}/single/model.safetensors", metadata={"format": "pt"})
    ours, seconds = draw(f"{folder}/single/model.safetensors", "--steps", "2", "--guidance", "3")
    check_picture("one file, .safetensors", ours, seconds, plain, first)
    os.remove(f"{folder}/single/model.safetensors")
    torch.save({"global_step": 1, "state_dict": state}, f"{folder}/single/model.ckpt")
    del state
    ours, seconds = draw(f"{folder}/single/model.ckpt", "--steps", "2", "--guidance", "3")
    check_picture("one file, .ckpt", ours, seconds, plain, first)
    os.remove(f"{folder}/single/model.ckpt")
    from safetensors.torch import load_file
    for path in glob.glob(f"{folder}/safetensors/*/*.safetensors"):
        torch.save(load_file(path), path.replace(".safetensors", ".bin").replace("text_encoder/model", "text_encoder/pytorch_model"))
        os.remove(path)
    ours, seconds = draw(f"{folder}/safetensors", "--steps", "2", "--guidance", "3")
    check_picture("folder, .bin", ours, seconds, plain, first)
    shutil.rmtree(folder)


resnet = {"image_size": 224, "width": 64}
checks = {"RN50": lambda: clip("RN50", {**resnet, "layers": [3, 4, 6, 3]}, 1024), "RN101": lambda: clip("RN101", {**resnet, "layers": [3, 4, 23, 3]}, 512),
          "ViT-B-16": lambda: clip("ViT-B-16", {"image_size": 224, "layers": 12, "width": 768, "patch_size": 16}, 512), "sd15": sd15}
for chosen in args.models or checks:
    checks[chosen]()
sys.exit(failed)
