# Golden features of CLIP's towers for tests/test_clip_towers.c.   torch 2.15.0, open_clip_torch 3.3, safetensors 0.8.0
#   python3 tests/golden/make_clip_towers.py
# Weights are not stored: weights() draws them from a seed in the order of their names, and so does the test.
import named
import open_clip.model
import torch
from open_clip.modified_resnet import AttentionPool2d, ModifiedResNet
from open_clip.transformer import VisionTransformer
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import interpolate

torch.set_num_threads(1)
torch.set_grad_enabled(False)
out = {}


def weights(model, prefix, seed):
    """One stream over all weights, sorted by name."""
    torch.manual_seed(seed)
    state = model.state_dict()
    names = [n for n in state if "num_batches_tracked" not in n and n not in ("attn_mask", "logit_scale")]
    for name in sorted(names, key=lambda n: prefix + n):
        w = torch.randn(state[name].shape)
        if name.endswith("running_var"):
            w = 0.5 + w * w
        elif w.dim() >= 2 and "embedding" not in name:
            w *= w.shape[0] ** 0.5 / w.numel() ** 0.5
        elif name.endswith(".weight") and "embedding" not in name:
            w = 1 + 0.1 * w
        else:
            w *= 0.1
        state[name].copy_(w)
    model.eval()


def pixels(seed, batch, size):
    torch.manual_seed(seed)
    return torch.randn(batch, size, size, 3).permute(0, 3, 1, 2)


def put(name, value, step=1):
    out[name] = value[..., ::step].contiguous().clone()


def resized(table, side):
    old = round((table.shape[0] - 1) ** 0.5)
    grid = table[1:].reshape(1, old, old, -1).permute(0, 3, 1, 2)
    grid = interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([table[:1], grid.permute(0, 2, 3, 1).reshape(side * side, -1)])


def vit(name, seed, batch, size, used_size, step=1, **sizes):
    model = VisionTransformer(image_size=size, act_layer=open_clip.model.QuickGELU, **sizes)
    weights(model, "visual.", seed)
    model.positional_embedding.data = resized(model.positional_embedding, used_size // sizes["patch_size"])
    kept = {}
    model.transformer.register_forward_hook(lambda m, i, o: kept.update(x=o))
    out_global = model(pixels(seed + 1, batch, used_size))
    put(f"{name}.global", out_global, step)
    put(f"{name}.local", (model.ln_post(kept["x"]) @ model.proj)[:, 1:], step)


def make_resnet(seed, size, layers, width, heads, embed):
    stages = len(layers)
    model = ModifiedResNet(list(layers) + [1] * (4 - stages), embed, heads, size, width)
    for i in range(stages, 4):
        setattr(model, f"layer{i + 1}", nn.Identity())
    model.attnpool = AttentionPool2d(size // (2 << stages), width << (stages + 1), heads, embed)
    weights(model, "visual.", seed)
    return model


def resnet(name, seed, batch, size, used_size, layers, width, heads, embed, step=1):
    model = make_resnet(seed, size, layers, width, heads, embed)
    pool = model.attnpool
    table = resized(pool.positional_embedding, used_size // (2 << len(layers)))
    kept = {}
    pool.register_forward_pre_hook(lambda m, i: kept.update(x=i[0]))
    for position in ("on", "off"):
        pool.positional_embedding.data = table if position == "on" else torch.zeros_like(table)
        put(f"{name}.global_{position}", model(pixels(seed + 1, batch, used_size)), step)
        local = kept["x"].flatten(2).transpose(1, 2) + pool.positional_embedding[1:]
        put(f"{name}.local_{position}", pool.c_proj(pool.v_proj(local)), step)


def resnet_in_training(name, seed, batch, size, *sizes):
    """Batch statistics, gradients of sum(dy * global), and what the running statistics become."""
    model = make_resnet(seed, size, *sizes).train()
    x = pixels(seed + 1, batch, size)
    with torch.enable_grad():
        y = model(x)
        (y * torch.randn(y.shape)).sum().backward()
    put(f"{name}.global_on", y.detach())
    for weight in ("conv1.weight", "layer1.0.bn2.weight", "layer2.0.downsample.0.weight", "attnpool.positional_embedding",
                   "attnpool.q_proj.weight", "attnpool.k_proj.weight", "attnpool.v_proj.bias", "attnpool.c_proj.weight"):
        put(f"{name}.{weight}", model.get_parameter(weight).grad, 8 if "attnpool" in weight else 1)
    put(f"{name}.layer2.0.bn1.running_mean", model.layer2[0].bn1.running_mean)
    put(f"{name}.layer2.0.bn1.running_var", model.layer2[0].bn1.running_var)


vit("vit", 1, 2, 32, 32, patch_size=8, width=48, layers=2, heads=3, mlp_ratio=4, output_dim=20)
vit("vit_larger", 1, 2, 32, 56, patch_size=8, width=48, layers=2, heads=3, mlp_ratio=4, output_dim=20)
vit("vit_b_16", 3, 1, 224, 224, 16, patch_size=16, width=768, layers=12, heads=12, mlp_ratio=4, output_dim=512)
resnet("resnet", 5, 2, 64, 64, (1, 2, 1, 1), 8, 4, 20)
resnet("resnet_larger", 5, 2, 64, 96, (1, 2, 1, 1), 8, 4, 20)
resnet("two_stages", 7, 2, 32, 32, (1, 2), 16, 4, 20)
resnet_in_training("training", 7, 3, 32, (1, 2), 16, 4, 20)
resnet("rn50", 9, 1, 224, 224, (3, 4, 6, 3), 64, 32, 1024, 16)

text_config = open_clip.model.CLIPTextCfg(context_length=16, vocab_size=50, width=48, heads=3, layers=3)
vision_config = open_clip.model.CLIPVisionCfg(layers=1, width=48, patch_size=8, image_size=32, head_width=48)
clip = open_clip.model.CLIP(20, vision_config, text_config, quick_gelu=True)
del clip.visual
weights(clip, "", 11)
torch.manual_seed(12)
embedded = torch.randn(2, 9, 48)
x = clip.transformer(embedded + clip.positional_embedding[:9], attn_mask=clip.attn_mask[:9, :9])
x = clip.ln_final(x)
put("text.hidden", x)
put("text.projected", x @ clip.text_projection)

save_file(out, "tests/golden/clip_towers.safetensors")
