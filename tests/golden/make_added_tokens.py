"""Writes tests/golden/added_tokens.json: folders of tokenizer files with added tokens in all the places where transformers keeps them (the
vocabulary is the mini pipeline's, results/pretrained/mini-sd/tokenizer), texts, and the ids that transformers' CLIPTokenizer gives them.

    python tests/golden/make_added_tokens.py    (from the project's root)

Made with transformers 5.23.0, tokenizers 0.23.3."""
import glob
import json
import os
import shutil
import tempfile

import named
from transformers import CLIPTokenizer

SOURCE = "results/pretrained/mini-sd/tokenizer"
with open(f"{SOURCE}/vocab.json") as f:
    vocab = json.load(f)
N = len(vocab)
SPECIAL = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}


def token(content, **flags):
    return {"content": content, "lstrip": False, "normalized": True, "rstrip": False, "single_word": False, "special": False} | flags


DECODER = {str(vocab["<|startoftext|>"]): token("<|startoftext|>", normalized=False, special=True), str(vocab["<|endoftext|>"]): token("<|endoftext|>", special=True)}
FLAGS = [token("<left>", lstrip=True), token("<right>", rstrip=True), token("word", single_word=True), token("<Raw>", normalized=False), token("two words"),
         token("caf\u00e9"), token("<both>", lstrip=True, rstrip=True, normalized=False), token("\u00c9t\u00e9", single_word=True, lstrip=True)]
CASES = [
    {"added_tokens.json": {"<cat-toy>": N, "sks": N + 1, "<cat-toy>_1": N + 2}},
    {"tokenizer_config.json": SPECIAL | {"added_tokens_decoder": {str(N): token("<cat-toy>"), str(N + 1): token("sks")}}},
    {"tokenizer_config.json": SPECIAL | {"added_tokens_decoder": DECODER | {str(N + i): t for i, t in enumerate(FLAGS)}}},
    {"tokenizer_config.json": SPECIAL | {"pad_token": "!"}},
    {"special_tokens_map.json": {"pad_token": {"content": "!", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}}, "tokenizer_config.json": SPECIAL},
    {"special_tokens_map.json": SPECIAL | {"pad_token": token("a</w>", rstrip=True)}, "added_tokens.json": {"<Raw>": N, "Sks": N + 1},
     "tokenizer_config.json": SPECIAL | {"additional_special_tokens": ["<Raw>"]}},
    {"tokenizer.json": [token("<cat-toy>") | {"id": N}, token("sks") | {"id": N + 1}, token("<Raw>", special=True, normalized=False) | {"id": N + 2}]},
]
TEXTS = ["a <cat-toy> on a red bus sks", "<CAT-TOY>SKSsks_1 <cat-toy>_1x", "skss, x sks.", "a <left> b  <right>  c  <both>  d<both>e", " <left><left>  <right> ", "word words swords word. wörd wordé _word",
         "<Raw><raw> <RAW>", "two words two   words TWO\twords twowords", "cafe\u0301 CAF\u00c9 cafés", "Stop!! <|startoftext|> a!b <|ENDOFTEXT|>!", "x \u00e9t\u00e9 \u00c9T\u00c9s  e\u0301te\u0301",
         "", "   ", "a</w> a", "<|endoftext|><|endoftext|>", "<cat-toy", "<<cat-toy>>", "<|STARTOFTEXT|>cat"]

golden = []
for files in CASES:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(f"{SOURCE}/{name}", folder)
        if "tokenizer.json" in files:
            tokenizer = CLIPTokenizer.from_pretrained(SOURCE)
            whole = json.loads(tokenizer.backend_tokenizer.to_str())
            whole["added_tokens"] += files["tokenizer.json"]
            for name in ("vocab.json", "merges.txt"):
                os.remove(f"{folder}/{name}")
        for name, content in files.items():
            with open(f"{folder}/{name}", "w") as f:
                json.dump(whole if name == "tokenizer.json" else content, f)
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        golden.append({"files": files, "size": len(tokenizer), "ids": [tokenizer(t)["input_ids"] for t in TEXTS]})
        print(len(tokenizer), [t.content for t in tokenizer.added_tokens_decoder.values()])

# The tokenizer folders of real pipelines, whose side files lie in ../shared/data (their vocabulary is CLIP's).
shared = os.environ.get("PALBENCH_SHARED", "../shared") + "/data"
REAL_TEXTS = ["a cat! <|STARTOFTEXT|>", "Stop !! now", "<|endoftext|>x<|EndOfText|> !", "it's  a\ttest  <|startoftext|> b"]
real = {}
for source in sorted(glob.glob(f"{shared}/real/configs/*/tokenizer*")):
    with tempfile.TemporaryDirectory() as folder:
        for path in [f"{shared}/clip-tokenizer/vocab.json", f"{shared}/clip-tokenizer/merges.txt"] + glob.glob(f"{source}/*.json"):
            shutil.copy(path, folder)
        tokenizer = CLIPTokenizer.from_pretrained(folder)
        real[os.path.relpath(source, f"{shared}/real/configs")] = [tokenizer(t)["input_ids"] for t in REAL_TEXTS]
with open("tests/golden/added_tokens.json", "w") as f:
    json.dump({"texts": TEXTS, "cases": golden, "real_texts": REAL_TEXTS, "real": real}, f, separators=(",", ":"))
