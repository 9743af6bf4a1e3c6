# Golden trajectories of the samplers for tests/test_diffusion_schedulers.c.
#   diffusers 0.42.1, torch 2.15.0, numpy 2.4.6, safetensors 0.6 or later.   python3 tests/golden/make_schedulers.py [WORD...]
# With words only the cases that are new or have one of them in their name are walked, the others stay as they are stored.
# A pseudo model stands in for the U-Net: 0.7 x + 0.3 sin(0.013 t + 0.37 k), k the index within an image; two images of
# [4, 2, 3] with a generator each. Stored: timesteps, the noise's scale, every fifth value of each step, all of the last.
# "spread": how far diffusers itself moves, relative, when initial noise and abar change by a rounding of float32. Where
# the noise starts at thousands (zero SNR, cosine betas), that is more than the 1e-5 asked for elsewhere.
import json, math, os, sys, warnings

import diffusers, numpy as np, torch
from diffusers.utils.torch_utils import randn_tensor
from safetensors.numpy import load_file, save_file

warnings.filterwarnings("ignore")
diffusers.logging.set_verbosity_error()
torch.set_num_threads(1)

CLASSES = {"ddim": "DDIM", "pndm": "PNDM", "dpmpp2m": "DPMSolverMultistep", "euler": "EulerDiscrete",
           "euler_a": "EulerAncestralDiscrete", "lcm": "LCM", "heun": "HeunDiscrete"}
BETAS = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
         "trained_betas": None}
SD15 = {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", **BETAS, "set_alpha_to_one": False,
        "skip_prk_steps": True, "steps_offset": 1, "clip_sample": False}
SD21 = {"_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", **BETAS, "clip_sample": False,
        "prediction_type": "v_prediction", "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1}
TURBO = {"_class_name": "EulerAncestralDiscreteScheduler", "_diffusers_version": "0.24.0.dev0", **BETAS,
         "clip_sample": False, "interpolation_type": "linear", "prediction_type": "epsilon", "sample_max_value": 1.0,
         "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "trailing",
         "use_karras_sigmas": False}
LCM = {"_class_name": "LCMScheduler", "_diffusers_version": "0.22.0.dev0", **BETAS, "clip_sample": False,
       "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995, "original_inference_steps": 50,
       "prediction_type": "epsilon", "rescale_betas_zero_snr": False, "sample_max_value": 1.0,
       "set_alpha_to_one": True, "steps_offset": 0, "thresholding": False, "timestep_scaling": 10.0,
       "timestep_spacing": "leading"}
DPM = {"_class_name": "DPMSolverMultistepScheduler", **BETAS, "algorithm_type": "dpmsolver++", "solver_order": 2,
       "solver_type": "midpoint", "lower_order_final": True, "lambda_min_clipped": -math.inf, "variance_type": None,
       "prediction_type": "epsilon", "thresholding": False, "use_karras_sigmas": False, "steps_offset": 1}
ZERO = {**BETAS, "rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing",
        "clip_sample": False}


def of(name, **more):
    return {"_class_name": CLASSES[name] + "Scheduler", **more}


V, X0, TRAIL, LIN, LEAD = ({"prediction_type": "v_prediction"}, {"prediction_type": "sample"},
                           {"timestep_spacing": "trailing"}, {"timestep_spacing": "linspace"},
                           {"timestep_spacing": "leading"})
COS = {"beta_schedule": "squaredcos_cap_v2"}
TRAINED = {"num_train_timesteps": 20, "trained_betas": [0.001 * (i + 1) + 0.0003 * (i % 3) for i in range(20)]}

cases = []  # (name, config, kind or None: the config's class, steps)


def add(name, config, kind, *steps):
    cases.extend((f"{name}-{n}", config, kind, n) for n in steps)


add("sd15", SD15, None, 1, 2, 4, 10, 25, 50)
add("sd21", SD21, None, 1, 2, 4, 10, 25, 50)
add("turbo", TURBO, None, 1, 2, 4, 10)
add("lcm", LCM, None, 1, 2, 4, 10, 50)
for kind in CLASSES:  # what --scheduler does to the folders of real models
    add("sd15-" + kind, SD15, kind, 2, 10, 25)
    add("sd21-" + kind, SD21, kind, 4, 10)
    add("turbo-" + kind, TURBO, kind, 4, 7)
    if kind not in ("pndm", "heun"):  # take no zero SNR
        add("zero-" + kind, {**of(kind), **ZERO}, None, 1, 4, 10)
        add("zero-linspace-" + kind, {**of(kind), **ZERO, **LIN}, None, 10)
        if kind != "lcm":  # always begins at the last timestep, where a model of epsilon says nothing
            add("zero-leading-" + kind, {**of(kind), **ZERO, **LEAD, "prediction_type": "epsilon"}, None, 10)
    add("linear-" + kind, {**of(kind), "skip_prk_steps": True}, None, 10)  # every class's own defaults
    add("cosine-" + kind, {**of(kind, skip_prk_steps=True), **COS, **TRAIL, **V}, None, 10)
    add("trained-" + kind, {**of(kind, skip_prk_steps=True), **TRAINED, "original_inference_steps": 10}, None, 5)
    add("linspace-" + kind, {**of(kind, skip_prk_steps=True), **BETAS, **LIN}, None, 3, 25)
    if kind not in ("pndm", "euler_a"):
        add("x0-" + kind, {**of(kind), **BETAS, **X0}, None, 10)
add("ddim-clip", {**of("ddim"), **BETAS, "clip_sample": True, "clip_sample_range": 0.7}, None, 10)
add("ddim-eta", {**SD21, "eta": 0.5}, None, 10)
add("ddim-eta-one", {**SD21, "eta": 1.0}, None, 10)
add("ddim-eta-zero-snr", {**of("ddim"), **ZERO, "eta": 0.5}, None, 10)  # at 1 the root of a rounding error is taken
add("pndm-prk", {**SD15, "skip_prk_steps": False}, None, 4, 10, 25)
add("pndm-prk-v", {**SD15, **V, **TRAIL, "skip_prk_steps": False}, None, 7)
add("pndm-one", {**SD15, "set_alpha_to_one": True}, None, 10)
add("dpm", DPM, None, 1, 2, 10, 25)
add("dpm-leading", {**DPM, **LEAD}, None, 10)
add("dpm-heun", {**DPM, "solver_type": "heun"}, None, 10)
add("dpm-first", {**DPM, "solver_order": 1}, None, 10)
add("dpm-no-lower", {**DPM, "lower_order_final": False, "final_sigmas_type": "sigma_min"}, None, 10)
add("dpm-sigma-min", {**DPM, "final_sigmas_type": "sigma_min"}, None, 10, 20)
add("dpm-euler-at-final", {**DPM, "final_sigmas_type": "sigma_min", "euler_at_final": True}, None, 20)
add("dpm-clipped", {**DPM, "lambda_min_clipped": -2.0}, None, 10)
add("dpm-clipped-trailing", {**DPM, **TRAIL, "lambda_min_clipped": -2.0}, None, 10)
add("dpm-karras", {**DPM, "use_karras_sigmas": True}, None, 1, 4, 10, 25, 50)
add("dpm-karras-v", {**DPM, **V, "use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, None, 20)
add("dpm-karras-cosine", {**DPM, **COS, **V, "use_karras_sigmas": True}, None, 10)
add("dpm-karras-range", {**DPM, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0}, None, 10)
add("dpm-sde", {**DPM, "algorithm_type": "sde-dpmsolver++"}, None, 10, 20)
add("dpm-sde-karras", {**DPM, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}, None, 10)
add("dpm-sde-heun", {**DPM, **V, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}, None, 10)
add("euler-karras", {**of("euler"), **BETAS, "use_karras_sigmas": True}, None, 4, 10, 25)
add("euler-karras-v", {**of("euler"), **BETAS, **V, **LEAD, "use_karras_sigmas": True, "steps_offset": 1}, None, 10)
add("euler-karras-range", {**of("euler"), **BETAS, "use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 12},
    None, 10)
add("euler-sigma-min", {**of("euler"), **BETAS, "final_sigmas_type": "sigma_min"}, None, 10)
add("heun", {**of("heun"), **BETAS}, None, 1, 2, 4, 10, 25, 50)
add("heun-zero", {**of("heun"), **ZERO}, None, 4, 10)  # the key is not one of its own
add("heun-leading", {**of("heun"), **BETAS, **LEAD, "steps_offset": 1}, None, 10)
add("heun-v-clip", {**of("heun"), **BETAS, **V, "clip_sample": True, "clip_sample_range": 0.7}, None, 10)
add("heun-karras", {**of("heun"), **BETAS, "use_karras_sigmas": True}, None, 1, 4, 10, 25)
add("heun-karras-v", {**of("heun"), **BETAS, **V, **TRAIL, "use_karras_sigmas": True}, None, 10)
add("heun-karras-x0", {**of("heun"), **BETAS, **X0, **LEAD, "use_karras_sigmas": True, "steps_offset": 1}, None, 10)
add("heun-karras-range", {**of("heun"), **BETAS, "use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 12},
    None, 10)
add("heun-of-dpm", {**DPM, "final_sigmas_type": "sigma_min"}, "heun", 10)
add("lcm-original", {**LCM, "original_inference_steps": 100, "timestep_scaling": 1.0}, None, 8)
add("lcm-clip", {**LCM, **V, "clip_sample": True, "clip_sample_range": 2.0}, None, 4)


def model(x, t):
    wave = [0.3 * math.sin(0.013 * float(t) + 0.37 * k) for k in range(x[0].numel())]
    return 0.7 * x + torch.tensor(wave, dtype=torch.float64).to(torch.float32).reshape(x[0].shape)


def nudged(x, seed):
    """Values moved by up to a rounding of float32; seed None: not at all."""
    if seed is None:
        return x
    return x * (1 + 2.0**-23 * (2 * np.random.default_rng(seed).random(np.shape(x)) - 1)).astype(np.float32)


def trajectory(config, kind, steps, seed=None):
    cls = getattr(diffusers, CLASSES[kind] + "Scheduler" if kind else config["_class_name"])
    s = cls.from_config(dict(config))
    late = s.alphas_cumprod < 0.5  # near 1 the rounding of 1 - alpha would be what moves, and torch's is matched there
    s.alphas_cumprod[late] = torch.from_numpy(nudged(s.alphas_cumprod[late].numpy(), seed))
    s.set_timesteps(steps)
    if hasattr(s, "set_begin_index"):
        s.set_begin_index(0)
    generators = [torch.Generator().manual_seed(seed) for seed in (7, 8)]
    extra = {} if cls in (diffusers.PNDMScheduler, diffusers.HeunDiscreteScheduler) else {"generator": generators}
    if cls is diffusers.DDIMScheduler:
        extra["eta"] = config.get("eta", 0.0)
    x = randn_tensor((2, 4, 2, 3), generator=generators, dtype=torch.float32)
    x = torch.from_numpy(nudged(x.numpy(), seed)) * s.init_noise_sigma
    some = []
    for t in s.timesteps:
        x = s.step(model(s.scale_model_input(x, t), t), t, x, return_dict=False, **extra)[0]
        assert torch.isfinite(x).all(), t
        some.append(x.flatten()[::5].numpy().copy())
    scale = np.float32(float(s.init_noise_sigma))
    return [[scale], s.timesteps.numpy().astype(np.float32), x.flatten().numpy(), *some]


def spread(golden, config, kind, steps):
    worst = 0
    for seed in range(5):
        other = trajectory(config, kind, steps, seed)
        worst = max(worst, *(np.abs(a - b).max() / np.abs(b).max() for a, b in zip(other[2:], golden[2:])))
    return float(f"{worst:.1e}")


GOLDEN = "tests/golden/schedulers"
words = sys.argv[1:]
kept = {c["name"]: c for c in json.load(open(GOLDEN + ".json"))} if words else {}
old = load_file(GOLDEN + ".safetensors") if words else {}
arrays, listed, walked = {}, [], 0
for name, config, kind, steps in cases:
    if name in kept and not any(word in name for word in words):
        assert kept[name]["config"] == json.dumps(config), f"{name} has another configuration; name it"
        arrays[name] = old[name]
        listed.append(kept[name])
        continue
    walked += 1
    try:
        golden = trajectory(config, kind, steps)
        arrays[name] = np.concatenate(golden).astype(np.float32)
        moved = spread(golden, config, kind, steps)
    except Exception as e:
        raise SystemExit(f"{name}: {type(e).__name__}: {e}")
    listed.append({"name": name, "kind": kind, "steps": steps, "spread": moved, "config": json.dumps(config)})
save_file(arrays, GOLDEN + ".safetensors")
os.chmod(GOLDEN + ".safetensors", 0o644)
with open(GOLDEN + ".json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in listed) + "\n]\n")
print(len(cases), "cases,", walked, "of them walked")
