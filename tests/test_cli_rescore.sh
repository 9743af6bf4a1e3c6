#!/bin/sh
# Post-processings of scores: on a method's results, on an ensemble's, on other post-processings', on scores from elsewhere of which
# nothing else is there. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
# map EXPERIMENT: its mAP in the last JSON.
map() { tr -d '\n' <"$folder/out" | sed -n "s/.*\"experiment\":[[:space:]]*\"$1\"[^}]*\"map\":[[:space:]]*\([-0-9.]*\).*/\1/p"; }

sed 's/"zs": {/"norm": {"method": "sparc_norm", "of": {"grid": ["zs", "tai-dpt"]}},\
    "stream": {"method": "bcp", "of": "zs", "seeds": [1, 2], "options": {"start": 2, "mu": 0.25}},\
    "twice": {"method": "sparc_norm", "of": "stream"},\
    "mix": {"method": "ensemble", "of": ["norm[of=zs]", "tai-dpt"]},\
    "over-mix": {"method": "bcp", "of": "mix", "options": {"start": 2, "mu": 0.25}},\
    "friends": {"method": "companions", "of": "zs"},\
    "branches": {"method": "sparc_norm", "of": "tai-dpt", "options": {"branches": true}},\
    "one-branch": {"method": "sparc_norm", "of": "zs", "options": {"branches": true}},\
    "theirs-norm": {"method": "sparc_norm", "of": {"stored": "theirs"}, "dataset": "unnamed"},\
    "theirs-back": {"method": "ensemble", "of": [{"stored": "theirs"}, {"stored": "backwards"}], "dataset": "unnamed"},\
    "theirs-tiny": {"method": "sparc_norm", "of": {"stored": "theirs"}, "dataset": "tiny"},\
    &/' experiments.json >post.json
run run norm stream twice mix over-mix friends branches --experiments post.json --json --quiet
check every_post_processing_runs test "$status" -eq 0
check a_result_a_member sh -c "grep -q 'norm\[of=zs\]' '$folder/out' && grep -q 'norm\[of=tai-dpt\]' '$folder/out'"
check seeds_are_its_own_and_its_users test "$(grep -c '"experiment":.*"twice"' "$folder/out")" -eq 2
run run stream over-mix --experiments post.json
check what_is_stored_is_not_made_again remarks 'nothing to do'
run results friends
check a_note_says_whose_definition_it_is says "companions: ours"
run run one-branch --experiments post.json;   refused one_branch_is_not_two 1 '"branches" is for results of two branches'
run plan twice --experiments post.json --store empty
check what_it_works_on_is_planned_before says "encode the"

# ---- scores from elsewhere, without a data set ----
{
    echo 'file,cat,dog,bus,person,dining table'
    for i in 0 1 2 3 4 5 6 7; do echo "$i.png,0.$i,0.$((9 - i)),0.5$i,0.$(((i * 7) % 10)),0.$(((i * 3) % 10))1"; done
} >theirs.csv
{
    echo 'file,cat,dog,bus,person,dining table'
    for i in 0 1 2 3 4 5 6 7; do echo "$i.png,$((i % 2)),$(((i + 1) % 2)),$((i / 4)),$(((i / 2) % 2)),$(((i + 1) / 5))"; done
} >labels.csv
{ head -n 1 theirs.csv; tail -n +2 theirs.csv | sort -r; } >backwards.csv
{ head -n 1 labels.csv; tail -n +2 labels.csv | sort -r; } >back.csv
run import-scores theirs.csv --as theirs --labels labels.csv
run import-scores backwards.csv --as backwards --labels back.csv
run run theirs-norm theirs-back --experiments post.json --json --quiet
ours=$(map theirs-norm) both=$(map theirs-back)
check no_data_set_is_opened_for_scores_from_elsewhere test "$status" -eq 0 -a -n "$ours"
run results theirs --json
check the_same_rows_in_another_order_are_found test "$both" = "$(map theirs)"
run run theirs-tiny --experiments post.json; refused scores_of_another_data_set_are_refused 2 "is needed on tiny"

# ---- the authors' own scores ----
if [ -r "$shared/data/taidpt_voc2007_scores.h5" ]; then
    cat >voc.json <<'JSON'
{"experiments": {
  "voc-norm": {"method": "sparc_norm", "of": {"stored": "taidpt"}, "dataset": "voc2007",
               "options": {"branches": true, "normalise_prompt": false}},
  "voc-bcp": {"method": "bcp", "of": {"stored": "taidpt"}, "dataset": "voc2007", "options": {"scale": 25, "branches": true}}}}
JSON
    run import-scores "$shared/data/taidpt_voc2007_scores.h5" --as taidpt --dataset voc2007
    check class_names_of_voc_are_those_of_its_files test "$status" -eq 0
    run run voc-norm voc-bcp --experiments voc.json --json --quiet
    # numpy: 87.8852; merged without it 88.0747
    check sparcs_normalisation_does_not_help_them sh -c "echo '$(map voc-norm)' | grep -q '^87\.885'"
else
    echo "skip sparcs_normalisation_does_not_help_them: ../shared/data is not here"
fi

finish
