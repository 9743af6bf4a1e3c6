"""Writes what transformers' CLIPTokenizer makes of texts: the ids behind -> in tests/cases/tokens.txt (cases "mini" and "clip", its two
vocabularies), and tests/golden/tokens.json (case "captions": one number a caption of ../shared/data, so that no caption is copied).

    python tests/golden/make_tokens.py [mini] [clip] [captions]    (from the project's root; all without a name)

Made with transformers 5.23.0, tokenizers 0.23.3."""
import json
import os

import named
from transformers import CLIPTokenizer

SHARED = os.environ.get("PALBENCH_SHARED", "../shared")
VOCABULARIES = {"mini": "results/pretrained/mini-clip", "clip": f"{SHARED}/data/clip-tokenizer"}
LINES = "tests/cases/tokens.txt"


def with_ids(line, tokenizer):
    side = line.rpartition("->")[0].strip(" ")
    text = json.loads(side) if side.startswith('"') else side
    return f"{side} -> {' '.join(map(str, tokenizer(text)['input_ids']))}\n"


def fill(lines, section):
    """The file's lines, with ids where a line of this section is a case."""
    tokenizer, here = CLIPTokenizer.from_pretrained(VOCABULARIES[section]), None
    for line in lines:
        here = line[3:].strip() if line.startswith("== ") else here
        case = here == section and line.strip() and not line.startswith(("#", "== "))
        yield with_ids(line, tokenizer) if case else line


def fold(ids):
    """FNV-1a over the ids, 32 bits each."""
    value = 0xCBF29CE484222325
    for i in ids:
        for shift in (0, 8, 16, 24):
            value = ((value ^ (i >> shift & 255)) * 0x100000001B3) % 2**64
    return f"{value:016x}"


for case in named.cases("mini", "clip", "captions"):
    if case in VOCABULARIES:
        with open(LINES, encoding="utf-8") as f:
            lines = list(fill(f.readlines(), case))
        with open(LINES, "w", encoding="utf-8") as f:
            f.writelines(lines)
    else:
        tokenizer = CLIPTokenizer.from_pretrained(VOCABULARIES["clip"])
        with open(f"{SHARED}/data/coco_captions_sample.json") as f:
            captions = [c["caption"] if isinstance(c, dict) else c for c in json.load(f)]
        with open("tests/golden/tokens.json", "w") as f:
            json.dump({"captions": [fold(tokenizer(c)["input_ids"]) for c in captions]}, f, separators=(",", ":"))
