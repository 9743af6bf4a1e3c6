#!/bin/sh
# The seed corpora, made from what the tests have: tests/fuzz/seeds.sh FOLDER, from the project's root. A target's seeds lie in
# FOLDER/TARGET; where its first byte chooses a kind, so do these.
set -eu
out=$1
seed() { # seed TARGET NAME FILE [FIRST BYTE, octal]
    mkdir -p "$out/$1"
    { [ -z "${4:-}" ] || printf "\\$4"; cat "$3"; } >"$out/$1/$2"
}
small() { find "$@" -type f -size -200k | sort; } # what is large slows the fuzzer down

n=0
for file in $(small tests/golden -name '*.safetensors') $(small tests/golden/torch_archive) $(small tests/golden -name '*.bin' -o -name '*.pt'); do
    n=$((n + 1)); seed fuzz_tensors "$n" "$file"
done
for file in $(small tests/golden -name '*.pkl'); do n=$((n + 1)); seed fuzz_pickle "$n" "$file"; done
# The pickle of an archive lies in it as it is.
for file in $(small tests/golden/torch_archive); do
    unzip -p "$file" '*/data.pkl' >"$out/pickle" 2>/dev/null && { n=$((n + 1)); seed fuzz_pickle "$n" "$out/pickle"; }
done
rm -f "$out/pickle"
printf '\200\002}q\000(X\001\000\000\000aK\001u.' >"$out/tiny"; seed fuzz_pickle tiny "$out/tiny"; rm "$out/tiny"
for file in experiments.json $(small tests/golden -name '*.json'); do n=$((n + 1)); seed fuzz_json "$n" "$file"; done
for file in $(small tests/golden -name '*.yaml'); do n=$((n + 1)); seed fuzz_yaml "$n" "$file"; done
printf 'model:\n  params:\n    parameterization: v\n    list: [1, {a: b}]\n' >"$out/tiny"; seed fuzz_yaml tiny "$out/tiny"; rm "$out/tiny"
for file in $(small tests/golden/io_image tests/golden/tiny_world/images tests/golden -name '*.png' -o -name '*.jpg' -o -name '*.bmp' \
    -o -name '*.gif' -o -name '*.webp' -o -name '*.tif*'); do n=$((n + 1)); seed fuzz_image "$n" "$file"; done
world=tests/golden/tiny_world
seed fuzz_lists lines "$world/captions.jsonl" 000
printf 'file,cat,dog\na.png,0.5,-1e3\n"b,c.png",nan,inf\n' >"$out/tiny"; seed fuzz_lists table "$out/tiny" 001
printf '1,-1\n0,1\n-1,1\n' >"$out/tiny"; seed fuzz_lists mask "$out/tiny" 002; rm "$out/tiny"
seed fuzz_lists captions "$world/captions.jsonl" 003
seed fuzz_lists test "$world/test.jsonl" 004
printf '[["cat", "kitten"], ["dog"]]' >"$out/tiny"; seed fuzz_lists synonyms "$out/tiny" 005; rm "$out/tiny"
seed fuzz_tokenizer merges "$world/clip/merges.txt" 000
seed fuzz_tokenizer vocab "$world/clip/vocab.json" 001
k=2
for name in tokenizer.json tokenizer_config.json added_tokens.json special_tokens_map.json; do
    for file in $(small tests/golden -name "$name"); do n=$((n + 1)); seed fuzz_tokenizer "$n" "$file" 00$k; done
    k=$((k + 1))
done
seed fuzz_config clip "$world/clip/open_clip_config.json" 000
k=1
for name in config.json preprocessor_config.json unet/config.json vae/config.json text_encoder/config.json scheduler_config.json model_index.json; do
    for file in $(small tests/golden -path "*/$name"); do n=$((n + 1)); seed fuzz_config "$n" "$file" "00$k"; done
    k=$((k + 1))
done
for file in $(small tests/golden -name scheduler_config.json); do n=$((n + 1)); seed fuzz_config "$n" "$file" 010; done
seed fuzz_experiments own experiments.json
seed fuzz_experiments tiny "$world/experiments.json"
seed fuzz_experiments plugin methods/example_plugin/experiments.json
for file in $(small results/reference tests/golden -name '*.h5' | head -n 12) $(small ../shared/cases/hostile -name '*.h5' 2>/dev/null); do
    n=$((n + 1)); seed fuzz_hdf5 "$n" "$file"
done
printf '0 1\n0.jpg 0 1\n' >"$out/tiny"; seed fuzz_datasets ids "$out/tiny" 000
printf '0.jpg,cat,dog\n' >"$out/tiny"; seed fuzz_datasets names "$out/tiny" 001
printf '{"images": [["0.jpg", ["cat", "cat"]]]}' >"$out/tiny"; seed fuzz_datasets json "$out/tiny" 002
printf 'file,cat,dog\n0.jpg,1,-1\n' >"$out/tiny"; seed fuzz_datasets csv "$out/tiny" 003
printf 'cat\ndog\nmouse, mice\n' >"$out/tiny"; seed fuzz_datasets classes "$out/tiny" 004
printf '{"images": [{"id": 1, "file_name": "0.jpg"}], "annotations": [{"image_id": 1, "category_id": 17}], "categories": [{"id": 17, "name": "cat"}]}' \
    >"$out/tiny"; seed fuzz_datasets instances "$out/tiny" 005
printf '{"annotations": [{"image_id": 1, "id": 2, "caption": "a cat"}]}' >"$out/tiny"; seed fuzz_datasets captions "$out/tiny" 006
printf '{"image_id": "a", "caption": "a dog"}\n' >"$out/tiny"; seed fuzz_datasets narratives "$out/tiny" 007
printf '<annotation><object><name>cat</name><difficult>1</difficult><part><name>head</name></part></object></annotation>' >"$out/tiny"
seed fuzz_datasets annotation "$out/tiny" 010; rm "$out/tiny"
for file in $(small tests/golden/lora -name '*.safetensors' -o -name '*.bin'); do
    n=$((n + 1)); seed fuzz_lora "$n" "$file" 000; seed fuzz_inspect "$n" "$file" 000
done
seed fuzz_lora config tests/golden/lora/adapter/adapter_config.json 001
for file in $(small tests/golden/clip_containers tests/golden/single_file "$world" -type f | head -n 60) experiments.json; do
    n=$((n + 1)); seed fuzz_inspect "$n" "$file" 000
done
k=1
for file in "$world/clip/open_clip_config.json" "$world/clip/vocab.json" tests/golden/pipeline/model_index.json tests/golden/pipeline/unet/config.json \
    tests/golden/pipeline/vae/config.json tests/golden/pipeline/scheduler/scheduler_config.json tests/golden/pipeline/tokenizer/tokenizer_config.json \
    tests/golden/lora/adapter/adapter_config.json tests/golden/clip/huggingface/config.json "$world/clip/open_clip_model.safetensors" \
    tests/golden/io_shard.safetensors.index.json tests/golden/pipeline/text_encoder/model.fp16.safetensors tests/golden/pipeline/scheduler/scheduler_config.json; do
    seed fuzz_inspect "kind-$k" "$file" "$(printf '%03o' $k)"; k=$((k + 1))
done
