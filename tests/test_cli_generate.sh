#!/bin/sh
# palbench generate and probe from outside, on the tiny Stable Diffusion folder tests/golden/pipeline: what they write, what they
# refuse and how, and that a killed run ends with the same bits. Run from the project's root; PALBENCH names the program.
. tests/cli_checks.sh
model=$golden/pipeline
draw() { run generate --quiet --model "$model" --steps 2 --size 24x16 "$@"; }
has() { grep -aq -- "$1" "$2"; }
cd "$folder" || exit 1

# ---- what is written ----
draw --prompt "a red cat" --images-per-caption 2 --seed 5 --negative "a dog" --out drawn
check a_folder_has_its_pictures test -s drawn/00000.png -a -s drawn/00001.png
check and_their_list has '{"file": "00001.png", "caption": "a red cat"}' drawn/images.jsonl
check and_metadata_for_catalogues sh -c 'grep -q "http://mlcommons.org/croissant/1.0" drawn/croissant.json && grep -q "$(sha256sum drawn/images.jsonl | cut -c1-64)" drawn/croissant.json'
for text in 'prompt.a red cat' 'negative.a dog' 'seed.6' 'steps.2' 'guidance.7.5' 'scheduler.pndm' 'size.24x16' 'model.[0-9a-f]' 'version.palbench'; do
    has "tEXt$text" drawn/00001.png || { bad pictures_say_how_they_were_drawn "no $text"; text=; break; }
done
[ -n "$text" ] && ok pictures_say_how_they_were_drawn
draw --prompt "ein grüner Löwe" --out umlaut
check texts_beyond_ascii_are_utf8 has 'iTXtprompt.*ein grüner Löwe' umlaut/00000.png
check the_size_is_that_of_the_model_when_none_is_given sh -c "'$program' generate --model '$model' --steps 1 --prompt a --out own --quiet && grep -aq 'size.16x16' own/00000.png"
draw --prompt "a red cat" --images-per-caption 2 --seed 5 --out one.h5
check an_artifact_is_written test -s one.h5
check its_shards_are_removed test ! -e one.h5.shards
printf 'a cat\n\na dog\n' >captions.txt
printf '{"caption": "a cat", "labels": ["cat"]}\n{"caption": "a dog and a cat", "labels": ["dog", "cat"]}\n' >captions.jsonl
draw --captions captions.txt --out plain;      check a_caption_a_line sh -c '[ $(ls plain/*.png | wc -l) -eq 2 ]'
draw --captions captions.jsonl --out labelled
check labels_go_into_the_list has '"caption": "a dog and a cat", "labels": \["cat", "dog"\]}' labelled/images.jsonl
check and_into_the_metadata has 'records/labels' labelled/croissant.json
check which_has_none_where_there_are_none sh -c '! grep -q records/labels plain/croissant.json'

# ---- seeds: picture i of caption j has seed S + j K + i, whatever is drawn beside it ----
draw --captions captions.txt --images-per-caption 3 --seed 10 --batch 4 --out many
draw --prompt "a dog" --seed 14 --batch 1 --out alone
draw --prompt "a dog" --seed 11 --images-per-caption 4 --batch 4 --out others
pixels() { tail -c +"$(grep -abo IDAT "$1" | head -1 | cut -d: -f1)" "$1"; }
pixels many/00004.png >a; pixels others/00003.png >b
check a_seed_is_a_picture cmp a b
pixels alone/00000.png >b
check whatever_the_batch cmp a b

# ---- there already ----
cp drawn/00000.png before.png; stamp=$(stat -c %Y.%i drawn/00000.png); head -c 300 drawn/00001.png >cut && cat cut >drawn/00001.png
draw --prompt "a red cat" --images-per-caption 2 --seed 5 --negative "a dog" --out drawn
check what_is_there_is_kept test "$stamp" = "$(stat -c %Y.%i drawn/00000.png)"
check what_is_damaged_is_drawn_again sh -c '[ $(wc -c <drawn/00001.png) -gt 300 ]'
draw --prompt "a red cat" --images-per-caption 2 --seed 5 --negative "a cat" --out drawn
check other_settings_draw_again sh -c '! cmp -s before.png drawn/00000.png'
stamp=$(stat -c %i one.h5); draw --prompt "a red cat" --images-per-caption 2 --seed 5 --out one.h5
check a_whole_file_is_left test "$stamp" = "$(stat -c %i one.h5)"

# ---- killed anywhere, then run again: the same bits ----
# A file of three shards, a folder of ten batches.
start() {
    case $1 in *.h5) count=240 ;; *) count=40 ;; esac
    exec "$program" generate --model "$model" --steps 2 --guidance 1 --size 48x48 --prompt "a red cat" \
        --images-per-caption $count --batch 4 --quiet --out "$1" >"$folder/out" 2>"$folder/err"
}
stopped=0
(start whole.h5); (start whole)
for share in 1 2 3 4 5 6; do
    for out in killed.h5 killed; do
        (start $out) &
        child=$!
        # Killed after so many tenths of a second, but not before the first picture is there.
        tries=0
        while [ ! -e killed/00000.png ] && [ ! -e killed.h5.shards ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
        sleep 0.$share
        kill -9 $child 2>/dev/null && stopped=$((stopped + 1))
        wait $child 2>/dev/null
    done
done
check some_runs_were_killed test $stopped -gt 3
(start killed.h5); (start killed)
check a_killed_file_ends_with_the_same_bits cmp whole.h5 killed.h5
check a_killed_folder_ends_with_the_same_bits diff -r whole killed
check and_leaves_no_temporary_files sh -c '! find . -name "*.tmp*" -o -name "*.shards" | grep -q .'

# ---- what is refused; command lines: tests/cases/commands.txt ----
# Two blocks of 512 bytes: clang's OpenMP wants them for itself.
(trap '' XFSZ; ulimit -f 2; "$program" generate --model "$model" --steps 1 --size 128x128 --prompt a --quiet --out x.h5 >out 2>err); status=$?
refused a_full_disk_is_a_failure_and_leaves_nothing 1 "x.h5"
(trap '' XFSZ; ulimit -f 2; "$program" generate --model "$model" --steps 1 --size 128x128 --prompt a --quiet --out x >out 2>err); status=$?
refused a_full_disk_leaves_no_picture 1 "x/00000.png"

broken() { rm -rf broken; cp -r "$model" broken; chmod -R u+w broken; }
in_broken() { run generate --quiet --model broken --steps 1 --size 24x16 --prompt a --out x; }
for part in model_index.json unet/config.json unet/diffusion_pytorch_model.safetensors vae/config.json \
    vae/diffusion_pytorch_model.safetensors text_encoder/config.json tokenizer/vocab.json scheduler/scheduler_config.json; do
    broken; rm "broken/$part"
    in_broken; refused "$(echo "a_folder_without_$part" | tr '/.' '__')_is_refused" 1 "broken/${part%%/*}"
done
broken; sed -i 's/"cross_attention_dim": 8/"cross_attention_dim": 16/' broken/unet/config.json
in_broken; refused configurations_that_disagree_with_weights_are_refused 1 "diffusion_pytorch_model.safetensors.*tensor"
broken; head -c 20000 broken/unet/diffusion_pytorch_model.safetensors >cut; cp cut broken/unet/diffusion_pytorch_model.safetensors
in_broken; refused truncated_weights_are_refused 1 "unet/diffusion_pytorch_model.safetensors"
broken; size=$(wc -c <broken/unet/diffusion_pytorch_model.safetensors)
printf '\377\177' | dd of=broken/unet/diffusion_pytorch_model.safetensors bs=1 seek=$((size - 200)) conv=notrunc 2>/dev/null
in_broken; refused weights_that_are_not_numbers_are_refused 1 "unet/diffusion_pytorch_model.safetensors"
broken; size=$(wc -c <broken/vae/diffusion_pytorch_model.safetensors)
printf '\377\177' | dd of=broken/vae/diffusion_pytorch_model.safetensors bs=1 seek=$((size - 200)) conv=notrunc 2>/dev/null
in_broken; refused nor_in_the_autoencoder 1 "vae/diffusion_pytorch_model.safetensors"
broken; size=$(wc -c <broken/text_encoder/model.fp16.safetensors)
printf '\377\177' | dd of=broken/text_encoder/model.fp16.safetensors bs=1 seek=$((size - 200)) conv=notrunc 2>/dev/null
in_broken; refused nor_in_the_text_encoder 1 "text_encoder"
broken; rm -r broken/unet; cp -r broken/lcm_unet broken/unet; sed -i 's/"cross_attention_dim": 8/"cross_attention_dim": 8, "in_channels": 9/' broken/unet/config.json
in_broken; refused another_number_of_channels_is_refused 2 "unet"

# ---- LoRA ----
loras=$golden/lora
draw --prompt a --out lora_none
draw --prompt a --out lora_one --lora "$loras/kohya.safetensors=0.8";  one=$status
draw --prompt a --out lora_two --lora "$loras/kohya.safetensors=0.8" --lora "$loras/style.safetensors"
check a_lora_is_drawn_and_two_add_up sh -c "[ $one -eq 0 ] && ! cmp -s lora_none/00000.png lora_one/00000.png && ! cmp -s lora_one/00000.png lora_two/00000.png"
draw --prompt a --out lora_lcm --lora "$loras/lcm.safetensors" --scheduler lcm --steps 4 --guidance 1
check an_lcm_lora_draws test -s lora_lcm/00000.png
draw --prompt a --out x --lora "$loras/kohya.safetensors=a lot"; refused a_weight_is_a_number 2 '"a lot" is no weight'
draw --prompt a --out x --lora nowhere.safetensors;              refused a_missing_lora_is_named 1 'nowhere.safetensors'
draw --prompt a --out x --lora "$model/unet/diffusion_pytorch_model.safetensors"; refused other_files_are_no_lora 1 'is no name of a LoRA'
# In experiments: part of what a stage of pictures is named by.
printf '{"models": {"mini": {"diffusion": "%s"}}}' "$model" >paths.json
planned() { (cd "$root" && "$program" plan mini-t2ipal --paths "$folder/paths.json" --json "$@" 2>"$folder/err") | grep -o 'generate/mini-[^"]*h5' | sort -u; }
plain=$(planned) one=$(planned --set "generate.lora={\"$loras/kohya.safetensors\": 0.8}") two=$(planned --set "generate.lora={\"$loras/kohya.safetensors\": 0.9}")
check loras_and_weights_name_the_pictures_of_a_stage test -n "$plain" -a -n "$one" -a -n "$two" -a "$plain" != "$one" -a "$one" != "$two"
planned --set "generate.lora={\"$loras/nowhere.safetensors\": 1}" >/dev/null
check a_lora_that_is_not_there_stops_the_plan remarks 'nowhere.safetensors'
planned --set 'generate.lora="file"' >/dev/null
check a_lora_is_an_object remarks 'files and their weights'

# ---- probe ----
run probe unet --model "$model" --in one.h5 --out x.h5;        refused probe_names_the_missing_array 1 "one.h5.*sample"
run probe unet --model "$model" --in nowhere.h5 --out x.h5;    refused probe_names_the_missing_file 1 "nowhere.h5"

finish
