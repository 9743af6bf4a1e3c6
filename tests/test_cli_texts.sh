#!/bin/sh
# Texts from outside: lists in the encodings that people's editors leave, and what is given on the command line. Run from the
# project's root; PALBENCH names the program.
. tests/cli_checks.sh
cp -r "$golden/tiny_world" "$folder/world"
pipeline=$golden/pipeline
cd "$folder/world" || exit 1
# same NAME: the last run's output is that of the file `right`.
same() { if [ $status -eq 0 ] && cmp -s "$folder/out" right; then ok "$1"; else bad "$1" "$(head -c 300 "$folder/out" "$folder/err" | tr '\n' ' ')"; fi; }

# ---- one reader of lists: byte order mark, line ends, NUL, other encodings ----
printf 'bus at a stop\na dog\n' >plain.txt
printf '\357\273\277bus at a stop\r\na dog' >marked.txt
printf 'bus at a stop\ra dog\r' >returns.txt
printf 'a red bus\0 and more\n' >nul.txt
printf '\377\376a\0 \0c\0a\0t\0\n\0' >utf16.txt
printf 'a cat\nun caf\351\n' >latin.txt
run tokenize --tokenizer clip --file plain.txt; cp "$folder/out" right
for list in marked returns; do run tokenize --tokenizer clip --file $list.txt; same tokens_of_a_${list}_list; done
"$program" tokenize --tokenizer clip --file - <marked.txt >"$folder/out"; same tokens_of_marked_standard_input
run label --dataset voc2007 --file plain.txt; cp "$folder/out" right
run label --dataset voc2007 --file marked.txt; same labels_of_a_marked_list
run generate --quiet --model "$pipeline" --captions marked.txt --steps 1 --size 16x16 --out drawn
check captions_of_a_marked_list grep -q '"caption": "bus at a stop"' drawn/images.jsonl
printf '\357\273\277{"caption": "a cat"}\r\n' >marked.jsonl
run generate --quiet --model "$pipeline" --captions marked.jsonl --steps 1 --size 16x16 --out drawn.jsonl
cp marked.jsonl .jsonl
run generate --quiet --model "$pipeline" --captions .jsonl --steps 1 --size 16x16 --out bare
check a_name_that_is_an_ending_has_it grep -q '"caption": "a cat"' bare/images.jsonl
check captions_of_a_marked_json_list grep -q '"caption": "a cat"' drawn.jsonl/images.jsonl
for command in "tokenize --tokenizer clip --file" "label --dataset voc2007 --file" "encode-text --clip clip --out x.h5 --file" \
    "generate --quiet --model $pipeline --out x --captions"; do
    name=${command%% *}
    run $command nul.txt;   refused "${name}_names_the_place_of_a_nul" 1 'nul.txt:1: column 10: a NUL'
    run $command utf16.txt; refused "${name}_refuses_utf16" 1 'utf16.txt:1: column 1: this is UTF-16'
    run $command latin.txt; refused "${name}_names_the_place_of_what_is_not_utf8" 1 'latin.txt:2: column 7: the byte 0xE9'
done
bad_text=$(printf 'un caf\351')
run tokenize --tokenizer clip "a cat" "$bad_text"; refused an_argument_that_is_not_utf8 2 'text 2: column 7: the byte 0xE9'
run generate --model "$pipeline" --out x --prompt "$bad_text"; refused a_prompt_that_is_not_utf8 2 '--prompt: column 7'
run generate --model "$pipeline" --out x --prompt a --negative "$bad_text"; refused a_negative_that_is_not_utf8 2 '--negative: column 7'

# ---- texts beyond the context are cut, and said ----
long=$(printf 'a cat and a dog %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
run encode-text --clip clip --out cut.h5 "a cat" "$long" "$long"
check encode_text_says_what_it_cuts remarks '2 of 3 texts have more than the [0-9]* tokens .* the first, number 2 with [0-9]* tokens, is "a cat and a dog'
run tokenize --tokenizer clip --limit 9 "$long"; check tokenize_says_what_it_cuts remarks '1 of 1 texts have more than the 9 tokens'
run encode-text --quiet --clip clip --out cut.h5 "$long"; check quiet_says_nothing test ! -s "$folder/err"

run generate --model "$pipeline" --prompt "$long$long" --negative "$long$long" --steps 1 --size 16x16 --out cut
check generate_says_what_it_cuts remarks '1 of 1 captions have more than the 77 tokens'
check and_of_the_negative_prompt remarks '1 of 1 negative prompts have more'

# ---- words that were learned ----
words=$golden/textual_inversion mini=$root/results/pretrained/mini-sd
learned() { run generate --quiet --model "$mini" --steps 1 --size 16x16 "$@"; }
run tokenize --tokenizer "$mini" --embedding "$words" --embedding "$words/art.safetensors" "a <cat-toy> and dog-art"
check tokenize_knows_learned_words says '^\[823, 320, 825, 597, 826, 827, 824\]$'
learned --prompt "a <cat-toy>" --out without
learned --prompt "a <cat-toy>" --embedding "$words" --out with
check a_learned_word_is_drawn sh -c 'test -s with/00000.png && ! cmp -s with/00000.png without/00000.png'
learned --prompt "a <cat-toy>" --embedding "$words/learned_embeds.bin" --out with
check the_same_word_in_another_form_is_the_same_picture sh -c '[ $(ls with/*.png | wc -l) -eq 1 ]'
learned --prompt a --embedding "$words/wide.safetensors" --out x; refused a_word_of_another_model 2 '129 values, .* takes 128'
learned --prompt a --embedding "$words/two_encoders.safetensors" --out x; refused words_of_two_text_encoders 1 '2 tensors'
learned --prompt a --embedding "$words/art.safetensors=<|endoftext|>" --out x; refused a_word_that_is_there 2 'already'
learned --prompt a --embedding nowhere.safetensors --out x; refused a_file_of_words_that_is_not_there 1 'nowhere.safetensors'

# ---- the same in experiments: part of what a stage of pictures is named by ----
drawn() { (cd "$root" && "$program" plan mini-t2ipal --json "$@" 2>"$folder/err") | grep -o 'generate/mini-[^"]*h5' | sort -u; }
plain=$(drawn)
one=$(drawn --set "generate.embedding=$words/art.safetensors") two=$(drawn --set "generate.embedding=[\"$words/art.safetensors\", \"$words\"]")
check learned_words_name_the_pictures_of_a_stage test -n "$plain" -a -n "$one" -a -n "$two" -a "$plain" != "$one" -a "$one" != "$two"
drawn --set "generate.embedding=$words/wide.safetensors" >/dev/null
check words_of_another_model_stop_the_plan remarks '129 values, .* takes 128'

finish
