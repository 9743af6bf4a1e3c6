#!/bin/sh
# The program from outside, on the folder data set and the tiny CLIP of tests/golden/tiny_world: what works, what is refused and how,
# and what a killed run leaves. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1

# ---- manners ----
run --help;                        check overview_names_every_command says reproduce
for command in $("$program" --help | sed -n 's/^  \([a-z-]*\) .*/\1/p'); do
    run $command --help
    [ $status -eq 0 ] && says Example && says "palbench $command" || { bad "help_of_$command" "status $status"; continue; }
    ok "help_of_$command"
done
"$program" ls methods --json >/dev/full 2>"$folder/err"; status=$?; : >"$folder/out"
refused full_standard_output_is_a_failure 1 "standard output"

# ---- lists ----
for list in $("$program" ls --help | sed -n '1s/^palbench ls //p' | tr '|' ' '); do
    run ls $list --json --quiet
    if [ $status -eq 0 ] && [ "$(head -c 1 "$folder/out")" = "[" ]; then ok "list_of_$list"; else bad "list_of_$list" "status $status"; fi
done
run validate;                      check a_right_file_is_valid says "all right"

# ---- single steps ----
run tokenize --tokenizer clip "a photo of a cat" "dog"
check tokenize_prints_a_line_a_text test "$(wc -l <"$folder/out")" -eq 2
printf 'cat\n\ndog\n' | "$program" tokenize --tokenizer clip --file - >"$folder/out"
check standard_input_has_a_text_a_line test "$(wc -l <"$folder/out")" -eq 3
run label --dataset voc2007 "two people and a dog on a sofa"
check label_knows_plurals says '"person"'
run label --dataset tiny "a dining table near a cat"
check label_knows_ones_own_classes says '\["cat","dining table"\]'
run encode-text --clip clip --out text.h5 "a cat" "a dog";  check encode_text_writes test -s text.h5
run encode-image --clip clip --out image.h5 images/0.png;   check encode_image_writes test -s image.h5
run encode-image --clip clip --out pictures.h5 images/*.png
run eval pictures.h5 --real pictures.h5 --nearest 1 --json
check density_and_coverage_are_measured sh -c "grep -q '\"coverage\":' '$folder/out' && grep -q '\"density\":' '$folder/out'"
run eval image.h5 --real pictures.h5; refused one_picture_has_no_neighbours 1 "nearest neighbours"
run encode-image --clip clip --out image.h5 --size 33 images/0.png
refused a_size_the_tower_cannot_take_is_refused 2 33

# ---- a suite, whole, then again ----
run plan --suite tiny;             check plan_names_what_is_to_do says "to do"
run reproduce --suite tiny --out report
check reproduce_prints_the_table says tai-dpt
check reproduce_writes_the_report test -s report/index.html
run reproduce --suite tiny --out report
check a_second_reproduce_does_nothing_and_says_so grep -q "nothing to do: all 2 results are stored" "$folder/err"
run plan --suite tiny;             check plan_sees_what_is_stored says "Nothing to do"
run results --json;                cp "$folder/out" whole.json
check results_have_the_maps says '"map"'
file=$(sed -n 's/.*"file":.*"\(.*tai-dpt.*\)".*/\1/p' whole.json)
run eval "$file" --json;           cp "$folder/out" whole-eval.json
check eval_reads_a_stored_result says '"scores_local"'
check eval_says_what_the_measures_are sh -c "for name in p3 r5 f5 ece ace mce subsets harmonic by_labels; do grep -q '\"'\$name'\":' '$folder/out' || exit 1; done"
run eval "$file" --scores scores --subset pets=cat --subset "things=dining table"
check eval_has_ones_own_subsets sh -c "grep -q 'pets *things *head' '$folder/out'"
printf 'dining table\n\n' >seen.txt
run eval "$file" --scores scores --subset seen=seen.txt --subset unseen=cat --json
check seen_and_unseen_have_a_harmonic_mean sh -c "grep -q '\"harmonic\":[^n]*[0-9]' '$folder/out'"
run eval "$file" --subset pets=cow;   refused a_subset_of_an_unknown_class_is_refused 2 '"cow"'
run results tai-dpt --measures --json
check results_have_measures_where_asked sh -c "grep -q '\"f5\":' '$folder/out' && grep -q '\"ece\":' '$folder/out'"
run results --groups --json
check results_have_letters_where_asked sh -c "grep -q '\"group\":.*\"a' '$folder/out'"
run results card tai-dpt
check a_card_says_all_of_an_experiment sh -c "for part in '^# tai-dpt' '^## Numbers' '^## Beside mAP' '^## Options' '^## Provenance' 'palbench run .tai-dpt.'; do grep -q \"\$part\" '$folder/out' || exit 1; done"
run results card;                  refused a_card_of_nothing_is_refused 2 "card needs an experiment"
run results --csv --measures
check results_are_a_table_for_spreadsheets sh -c "head -1 '$folder/out' | grep -q '^experiment,method,dataset,model,protocol,setting,seed,map,file,options,.*ece' && test \$(wc -l <'$folder/out') -eq 3"
run run tai-dpt --set options.tau_test=20 --set 'seeds=[7]' --dry-run
check a_changed_test_option_scores_again_and_trains_not sh -c "grep -q '^train.* stored' '$folder/out' && grep -q '^score.* to do' '$folder/out'"
run run tai-dpt --set options.lr=0.01 --dry-run
check a_changed_training_option_trains_again sh -c "grep -q '^train.* to do' '$folder/out' && grep -q '^encode-text.* stored' '$folder/out'"

# ---- a paper's table ----
if command -v pdflatex >/dev/null && kpsewhich booktabs.sty inputenc.sty >/dev/null 2>&1; then
    (cd report && pdflatex -interaction=nonstopmode -halt-on-error paper.tex) >"$folder/out" 2>&1; status=$?
    check the_tables_compile_as_a_document sh -c "[ $status -eq 0 ] && [ -s report/paper.pdf ]"
else
    echo "skip the_tables_compile_as_a_document: pdflatex with booktabs is not here"
fi

# ---- what curves are drawn from ----
run run tai-dpt --store logged --log steps.jsonl --quiet --no-table
check a_log_has_a_line_a_step sh -c "grep -q '^{\"experiment\": \"tai-dpt\", \"seed\": 7, \"step\": 1, \"epoch\": 0, \"loss\": [0-9.]*, \"lr\": [0-9.e-]*, \"seconds\": [0-9.]*, \"time\": [0-9.]*}\$' steps.jsonl"
cp steps.jsonl before.jsonl
run run tai-dpt --store logged --log steps.jsonl --quiet --no-table
check what_is_stored_is_not_logged_again cmp steps.jsonl before.jsonl
run run tai-dpt --store logged2 --log /dev/full --quiet --no-table
refused a_log_that_is_not_whole_is_told 1 /dev/full
run run tai-dpt --store logged2 --log nowhere/steps.jsonl --quiet --no-table
refused a_log_that_cannot_be_written_is_told 1 nowhere/steps.jsonl

# ---- killed anywhere, then run again: the same numbers ----
run_until_done() {
    for delay in 0.02 0.05 0.08 0.11 0.14 0.17 0.2 0.25 0.3; do
        "$program" run tai-dpt zs --quiet --no-table --store killed >/dev/null 2>&1 &
        child=$!
        sleep $delay
        kill -9 $child 2>/dev/null
        wait $child 2>/dev/null
    done
    run run tai-dpt zs --quiet --no-table --store killed
}
run_until_done
run results --json --store killed; sed 's/"file":.*//' "$folder/out" >killed.json
sed 's/"file":.*//' whole.json >expected.json
check a_killed_run_ends_with_the_same_results cmp killed.json expected.json
run eval "$(echo "$file" | sed 's,results/store,killed,')" --json
check and_with_the_same_average_precisions cmp "$folder/out" whole-eval.json
check and_leaves_no_temporary_files test -z "$(find killed -name '*.tmp*' -o -name '*.lock*')"
run run tai-dpt zs --quiet --no-table --store jobs --jobs 2
run results --json --store jobs;   sed 's/"file":.*//' "$folder/out" >jobs.json
check two_processes_end_with_the_same_results cmp jobs.json expected.json

# ---- what is broken is named, and what was whole stays whole ----
sed 's/"epochs": 4/"epochss": 4/' experiments.json >wrong.json
run validate wrong.json;           refused unknown_option_is_named_with_its_path 2 "experiments.tai-dpt.options.epochss\|epochss"
head -c 200 experiments.json >wrong.json
run validate wrong.json;           refused malformed_json_is_refused 2 "wrong.json"

broken_clip() { rm -rf clip2; cp -r clip clip2; }
broken_clip; head -c 20000 clip/open_clip_model.safetensors >clip2/open_clip_model.safetensors
run encode-text --clip clip2 --out x.h5 cat;  refused truncated_safetensors_are_refused 1 clip2
broken_clip; printf '\377\377\377\377\377\377\377\177' | dd of=clip2/open_clip_model.safetensors conv=notrunc 2>/dev/null
run encode-text --clip clip2 --out x.h5 cat;  refused absurd_header_is_refused 1 clip2
broken_clip; sed 's/"embed_dim": 16/"embed_dim": 24/' clip/open_clip_config.json >clip2/open_clip_config.json
run encode-text --clip clip2 --out x.h5 cat;  refused wrong_shape_is_refused 1 clip2
broken_clip; echo '{"model_cfg": ' >clip2/open_clip_config.json
run encode-text --clip clip2 --out x.h5 cat
check malformed_model_config_is_refused sh -c "[ $status -ne 0 ] && grep -q clip2 '$folder/err'"
head -c 700 "$golden/io_image/baseline_444.jpg" >cut.jpg
run encode-image --clip clip --out x.h5 cut.jpg;  refused corrupt_jpeg_is_refused 1 cut.jpg
head -c 5000 image.h5 >half.h5
run eval half.h5;                  refused halved_hdf5_is_refused 1 half.h5
check nothing_is_left_of_what_failed sh -c '! ls | grep -q "^x.h5"'

# A disk that takes no more: a limit on the size of files, with the signal ignored, makes writing fail as a full disk does.
(trap '' XFSZ; ulimit -f 16; "$program" run tai-dpt --quiet --no-table --store full >"$folder/out" 2>"$folder/err"); status=$?
check a_full_disk_is_a_failure sh -c "[ $status -eq 1 ] && grep -q 'full/' '$folder/err' && [ \$(wc -l <'$folder/err') -eq 1 ]"
check and_leaves_no_half_files test -z "$(find full -name '*.tmp*')"
run run tai-dpt zs --quiet --no-table --store full
run results --json --store full;   sed 's/"file":.*//' "$folder/out" >full.json
check and_goes_on_when_there_is_room cmp full.json expected.json

# A stored file that was cut short, or does not match its digest, counts as missing and is made again; one without a digest that was
# damaged inside is named, the others as they were.
cp -r results/store cut.store; train=$(ls cut.store/train/*.h5)
head -c 3000 "$train" >cut && cat cut >"$train"
run run tai-dpt --set options.tau_test=20 --no-table --store cut.store
check cut_artifact_is_made_again sh -c "[ $status -eq 0 ] && grep -q '$train: damaged; it is made again' '$folder/err'"
cp -r results/store bent.store; train=$(ls bent.store/train/*.h5)
printf U | dd of="$train" bs=1 seek=$(($(wc -c <"$train") / 2)) conv=notrunc 2>/dev/null
run run tai-dpt --set options.tau_test=20 --no-table --store bent.store
check bent_artifact_is_made_again sh -c "[ $status -eq 0 ] && grep -q '$train: damaged; it is made again' '$folder/err'"
train=$(ls results/store/train/*.h5)
truncate -s -64 "$train"
head -c 512 /dev/zero | tr '\0' U | dd of="$train" bs=1 seek=$(($(wc -c <"$train") * 3 / 4)) conv=notrunc 2>/dev/null
run run tai-dpt --set options.tau_test=20 --quiet
refused damaged_artifact_is_named 1 "$train"
run results --json;                check whole_results_stay cmp "$folder/out" whole.json

# ---- the authors' own scores ----
if [ -r "$shared/data/taidpt_voc2007_scores.h5" ]; then
    run eval "$shared/data/taidpt_voc2007_scores.h5" --scores scores_global,scores_local,scores_global=0.5+scores_local=0.5
    check published_scores_give_published_maps sh -c "grep -q 86.0784 '$folder/out' && grep -q 73.5070 '$folder/out' && grep -q 88.0747 '$folder/out'"
    run eval "$shared/data/taidpt_voc2007_scores.h5" --scores scores_global,scores_local,scores_global=0.5+scores_local=0.5 --difficult ignore
    check and_without_difficult_ones sh -c "grep -q 86.8127 '$folder/out' && grep -q 74.8771 '$folder/out' && grep -q 88.9862 '$folder/out'"
else
    echo "skip published_scores_give_published_maps: ../shared/data is not here"
fi

finish
