#!/bin/sh
# palbench inspect: what files and folders of every kind are told to be, and what is none of them. Run from the project's root;
# PALBENCH names the program.
. tests/cli_checks.sh
cd "$folder" || exit 1

# told NAME PATH STATUS KIND LAYOUT ARCHITECTURE [WORD]: what --json says ("null" where it says nothing), WORD anywhere in it.
told() {
    run inspect --json "$2"
    for pair in "kind=$4" "layout=$5" "architecture=$6"; do
        value=${pair#*=}; [ "$value" = null ] || value="\"$value\""
        says "\"${pair%%=*}\":[[:space:]]*$value," || { bad "$1" "$pair was asked for: $(head -c 400 "$folder/out" | tr '\n\t' '  ')"; return; }
    done
    if [ "$status" -ne "$3" ]; then bad "$1" "status $status: $(head -c 300 "$folder/err")"
    elif [ -n "${7-}" ] && ! says "$7"; then bad "$1" "\"$7\" is not said: $(head -c 900 "$folder/out" | tr '\n\t' '  ')"
    else ok "$1"; fi
}

# ---- CLIP in every container ----
clip=$golden/clip_containers tiny='ResNet 1-1, width 8, 32 pixels'
run inspect --json "$clip/float.pt"; tiny=$(sed -n 's/.*"architecture":[[:space:]]*"\(.*\)",/\1/p' "$folder/out")
told a_torchscript_archive            "$clip/script.pt"   0 clip openai-jit        "$tiny" 'encode-image --clip'
told a_state_dictionary               "$clip/float.pt"    0 clip openai-state-dict "$tiny" '"F32"'
told the_same_in_half                 "$clip/half.pt"     0 clip openai-state-dict "$tiny" '"F16"'
told a_hugging_face_folder            "$clip/huggingface" 0 clip huggingface       "$tiny" 'encode-text'
told an_open_clip_folder              "$clip/open_clip"   0 clip open_clip         "$tiny" '"missing":[[:space:]]*\[\]'
told an_image_tower_of_a_resnet       "$golden/clip/openclip_resnet" 0 clip open_clip "$(run inspect --json "$golden/clip/openclip_resnet"; sed -n 's/.*"architecture":[[:space:]]*"\(ResNet.*\)",/\1/p' "$folder/out")"
told the_embedded_clip                "$root/results/pretrained/mini-clip" 0 clip open_clip 'ResNet 2-3, width 32, 64 pixels' '1252657'

# ---- Stable Diffusion ----
model=$golden/pipeline unet='U-Net of 4, 8 channels, texts of width 8'
told a_pipelines_folder  "$model"              0 diffusion diffusers "$unet" 'palbench generate --model'
told its_u_net           "$model/unet"         0 unet      diffusers "$unet" '"F16":[[:space:]]*13604'
told its_autoencoder     "$model/vae"          0 vae       diffusers 'autoencoder of 2 levels, 2 pixels a latent'
told a_tiny_one          "$model/tiny_vae_bin" 0 vae       diffusers taesd
told its_text_encoder    "$model/text_encoder" 0 clip      huggingface 'text tower of 2 layers, width 8' 'probe text'
told its_tokenizer       "$model/tokenizer"    0 tokenizer vocab.json null '520 tokens, start 518, end 519'
told its_sampler         "$model/scheduler/scheduler_config.json" 1 scheduler diffusers null PNDMScheduler
told a_single_file       "$golden/single_file/sd1.safetensors" 0 diffusion compvis 'U-Net of 32, 32 channels, texts of width 64' 'tokenizer DIR'
told a_single_ckpt       "$golden/single_file/sd2.ckpt"        0 diffusion compvis 'U-Net of 64 channels, texts of width 64' '"missing":[[:space:]]*\[\]'
told a_parts_file_is_looked_at_with_its_folder "$model/unet/diffusion_pytorch_model.safetensors" 0 unet diffusers "$unet" 'a part of the folder'
cp "$model/unet/diffusion_pytorch_model.safetensors" alone.safetensors
told and_alone_lacks_its_configuration alone.safetensors 1 unet diffusers null config.json

cp -r "$model" lame; chmod -R u+w lame; rm lame/vae/*.safetensors lame/tokenizer/vocab.json
told what_a_folder_lacks_is_listed lame 1 diffusion diffusers "$unet" '"missing":[[:space:]]*\["vae/diffusion_pytorch_model.safetensors",[[:space:]]*"tokenizer/vocab.json"'
cp -r "$model/unet" swapped; chmod -R u+w swapped; cp "$model/lcm_unet/diffusion_pytorch_model.safetensors" swapped
told tensors_of_another_model_are_listed swapped 1 unet diffusers "$unet" '"unknown":[[:space:]]*\["time_embedding.cond_proj.weight"'

# ---- LoRA, learned words, other tensors ----
told a_lora_of_kohyas_programs "$golden/lora/kohya.safetensors" 0 lora kohya null '83 layers of the U-Net, 12 of the text tower; 20 of them'
told a_lora_of_peft            "$golden/lora/style.safetensors" 0 lora peft null 'lora .*=1 --prompt'
told a_lora_of_old_diffusers   "$golden/lora/old.bin"           0 lora diffusers null
told a_folder_of_peft          "$golden/lora/adapter"           0 lora peft null
told learned_words             "$golden/textual_inversion/learned_embeds.bin" 0 embedding null null 'the word <cat-toy>, 1 vector of width 128'
told their_folder              "$golden/textual_inversion"      0 embedding null null
told other_tensors             "$golden/torch_archive/plain.safetensors" 1 state-dict safetensors null '"unknown":[[:space:]]*\["'
told a_pickle_that_calls       "$golden/torch_archive/calls_system.pt" 1 unknown null null 'could run code'

# ---- results, artifacts ----
printf 'a red cat\n' >captions.txt
run generate --quiet --model "$model" --captions captions.txt --steps 1 --size 16x16 --out drawn.h5
run generate --quiet --model "$model" --captions captions.txt --steps 1 --size 16x16 --out drawn
run encode-text --quiet --clip "$root/results/pretrained/mini-clip" --out text.h5 "a cat"
run encode-image --quiet --clip "$root/results/pretrained/mini-clip" --out image.h5 drawn/00000.png
told drawn_pictures          drawn.h5 0 artifact generate null 'images \[1, 16, 16, 3\] of integers'
told a_folder_of_pictures    drawn    0 images generate null '1 picture, by their names, and 2 other files'
told one_picture             drawn/00000.png 0 images null null 'a picture of 16x16 pixels'
head -c 60 drawn/00000.png >cut.png
told a_cut_picture           cut.png 1 images null null 'cut.png: '
told features_of_texts       text.h5  0 artifact encode-text null 'texts \[1\] of texts'
told features_of_pictures    image.h5 0 artifact encode-image null 'global \[1, 128\] of floats'
told a_stored_reference "$(find "$root/results/reference" -name '*.h5' | sort | head -n 1)" 0 result scores null "map: "

told a_data_set_of_ones_own "$golden/tiny_world" 0 dataset folder null '"captions\\": \\"'

# ---- configurations, and nothing ----
told an_experiments_file "$root/experiments.json" 0 experiments null null 'palbench validate'
mkdir nothing; echo hello >hello.txt; echo '{"a": 1}' >a.json; head -c 100 "$clip/float.pt" >cut.pt
told an_empty_folder nothing   1 unknown null null
told a_text          hello.txt 1 unknown null null 'neither safetensors nor a PyTorch archive'
told another_json    a.json    1 unknown null null 'of no form that is known'
told a_cut_archive   cut.pt    1 unknown null null 'cut.pt: '
wrong=
for file in "$golden"/torch_archive/*; do
    run inspect "$file"
    { [ $status -eq 0 ] && [ ! -s "$folder/err" ]; } || { [ $status -eq 1 ] && [ "$(wc -l <"$folder/err")" -eq 1 ]; } || wrong="$wrong ${file##*/}:$status"
done
check hostile_archives_get_one_sentence_each test -z "$wrong"
mkfifo pipe
run inspect pipe; refused a_pipe_is_nothing_to_wait_for 1 'neither a file nor a folder'
run inspect nowhere;      refused what_is_not_there 1 'nowhere: no such file'
run inspect;              refused no_path 2 'one file or folder is needed'
run inspect "$model/unet"; check people_read_it_without_json says '^parameters    13604$'

# ---- configurations of models in the wild ----
configs=$shared/data/real/configs
if [ -d "$configs" ]; then
    wrong=
    for model in "$configs"/*; do
        [ -f "$model/model_index.json" ] || continue
        run inspect --json "$model"
        { [ $status -eq 1 ] && says '"kind":[[:space:]]*"diffusion"' && says 'unet/diffusion_pytorch_model.safetensors'; } || wrong="$wrong ${model##*/}"
    done
    check every_real_folder_is_told_and_lacks_its_weights test -z "$wrong"
    told one_of_1_4 "$configs/stable-diffusion-v1-4" 1 diffusion diffusers sd15
    told one_of_2_1 "$configs/stable-diffusion-2-1-base" 1 diffusion diffusers sd21
    told one_of_xl  "$configs/stable-diffusion-xl-base-1.0" 1 diffusion diffusers sdxl 'StableDiffusionXLPipeline.* is not built'
    told one_that_paints_in "$configs/std2-inpaint" 1 diffusion diffusers sd21-inpainting
    told configurations_of_open_clip "$configs/open_clip" 1 unknown null null 'without weights'
    told one_of_them "$configs/open_clip/RN50.json" 1 clip open_clip null 'configuration alone'
    told a_real_tiny_autoencoder "$shared/data/real/taesd" 0 vae diffusers taesd
    told voc_as_it_is_unpacked  "$shared/data/real/voc"  0 dataset voc2007 null 'data check voc2007 --root'
    told coco_as_it_is_unpacked "$shared/data/real/coco" 0 dataset coco2017 null 'data check coco2017'
    told real_features "$shared/data/real/coco500_clip_vitb16.h5" 0 "$(run inspect --json "$shared/data/real/coco500_clip_vitb16.h5"; sed -n 's/.*"kind":[[:space:]]*"\(.*\)",/\1/p' "$folder/out")" "$(sed -n 's/.*"layout":[[:space:]]*"\(.*\)",/\1/p' "$folder/out")" null
else
    echo "skip configurations_in_the_wild: $configs is not here"
fi

finish
