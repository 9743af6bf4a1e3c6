"""Writes tests/golden/tokens.json: what transformers' CLIPTokenizer makes of the captions in ../shared/data (one number a caption,
so that no caption is copied) and of hard Unicode strings.

    python tests/golden/make_tokens.py    (from the project's root)

Made with transformers 5.23.0, tokenizers 0.23.3."""
import json
import os

from transformers import CLIPTokenizer

shared = os.environ.get("PALBENCH_SHARED", "../shared")
tokenizer = CLIPTokenizer.from_pretrained(f"{shared}/data/clip-tokenizer")
hard = [
    "", " \t\n ", "A photo of a CAT.", "it's they're I'LL we'd 'tis don''t 'S", "abc123 45.6%", "...!?--", "hello\u00a0world\u3000\u2003x",
    "cafe\u0301 caf\u00e9", "e\u0323\u0301 e\u0301\u0323", "\u0130stanbul \u0131I", "\u039f\u0394\u039f\u03a3 \u03a3", "\u01c5\u01c8 \u01f2",
    "\ufb01n \ufb03", "\u212b \u2126 \u212a", "Stra\u00dfe STRA\u1e9eE", "\U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f", "\U0001f1e9\U0001f1ea",
    "\u4e2d\u6587\u5b57 \u65e5\u672c\u8a9e", "\uff21\uff22\uff43\uff11", "\u1100\u1161\u11a8 \uac01", "\u0e44\u0e17\u0e22", "\u0928\u093f\u0928\u093e", "\u0661\u0662 \u00bd\u00b2 \u2167",
    "a\u0001b\u007fc", "a\u0085b\u2028c\u180ed", "\ufeffbom \u200bzero", "\U00010400\U00010428 \U0001d400", "\U0001e900\U0001e922", "\ua7cb\U00010d50\U00016ea0",
    "<|startoftext|>cat<|endoftext|> dog", "<|STARTOFTEXT|>!<|EndOfText|>x", "<|endoftext", "<|<|endoftext|>|>", "a<|startoftext|>b",
    "\ud55c\uad6d\uc5b4 x\u0327\u0301", "a\u05a3\U00011070b", "a\u089f\u08e9b", "\u0344 \u0958 \u2adc", "\ufffd\U0010ffff\ue000", "supercalifragilistic" * 12,
    "Zu\u0308rich, na\u00efve \u2014 \u201cquoted\u201d \u2026", "\u1e9b\u0323 \u0345\u03b1", "x" * 300, "'\u017f 'M'RE'Ve",
]


def fold(ids):
    """FNV-1a over the ids, 32 bits each."""
    value = 0xCBF29CE484222325
    for i in ids:
        for shift in (0, 8, 16, 24):
            value = ((value ^ (i >> shift & 255)) * 0x100000001B3) % 2**64
    return f"{value:016x}"


with open(f"{shared}/data/coco_captions_sample.json") as f:
    captions = json.load(f)
captions = [c["caption"] for c in captions] if isinstance(captions[0], dict) else captions
golden = {
    "captions": [fold(tokenizer(c)["input_ids"]) for c in captions],
    "hard": [{"text": t, "ids": tokenizer(t)["input_ids"], "cut": tokenizer(t, truncation=True, max_length=9)["input_ids"]} for t in hard],
}
with open("tests/golden/tokens.json", "w") as f:
    json.dump(golden, f, separators=(",", ":"))
