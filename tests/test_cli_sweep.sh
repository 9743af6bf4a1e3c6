#!/bin/sh
# Sweeps from outside, on the folder data set and the tiny CLIP of tests/golden/tiny_world: several processes, what fails among them,
# what is left of them when the parent is killed, ablation suites. Run from the project's root; PALBENCH names the program.
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
cp -r images broken
head -c 60 images/0.png >broken/0.png
cat >experiments.json <<'END'
{
  "models": {"tiny": {"clip": "clip"}, "gone": {"clip": "nowhere"}},
  "datasets": {
    "tiny": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"],
             "captions": "captions.jsonl", "test": "test.jsonl", "images": "images/"},
    "bad": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"],
            "captions": "captions.jsonl", "test": "test.jsonl", "images": "broken/"}
  },
  "suites": {"tiny": ["base"], "ablate-lr": ["base", "lr"], "ablate-local": ["base", "global"],
             "mixed": ["nomodel", "base"]},
  "reproduce": ["tiny"],
  "experiments": {
    "base": {"dataset": "tiny", "model": "tiny", "method": "tai_dpt",
             "options": {"epochs": 3, "batch": 32, "lr": 0.001, "warmup_lr": 0.0004}},
    "lr": {"extends": "base", "options": {"lr": {"grid": [0.01, 0.02]}}},
    "global": {"extends": "base", "options": {"local": false}},
    "nomodel": {"extends": "base", "model": "gone"},
    "broken": {"extends": "base", "dataset": "bad", "options": {"lr": {"grid": [0.01, 0.02]}}},
    "long": {"extends": "base", "options": {"epochs": 1000, "lr": {"grid": [0.01, 0.02, 0.03, 0.04]}}}
  }
}
END

# ---- the best of a sweep ----
cat >tune.json <<'END'
{
  "models": {"tiny": {"clip": "clip"}},
  "datasets": {"tiny": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"],
                        "captions": "captions.jsonl", "test": "test.jsonl", "tune": "test.jsonl", "images": "images/"}},
  "protocols": {"tune": {"split": "tune"}},
  "experiments": {
    "swept": {"dataset": "tiny", "model": "tiny", "method": "tai_dpt", "protocol": "tune", "seeds": [1, 2],
              "options": {"epochs": {"zip": [1, 3]}, "lr": {"zip": [0.0001, 0.001]}, "batch": 32, "warmup_lr": 0.0001}}
  }
}
END
run run swept --experiments tune.json --store tuned --quiet
run sweep best swept --experiments tune.json --store tuned --json
check the_best_of_a_sweep_has_the_highest_mean sh -c "grep -q '\"experiment\":.*swept.epochs=' '$folder/out' && grep -q '\"images\":.*[0-9]' '$folder/out'"
check and_what_it_has_seen_is_said says "on the tuning split of tiny"
run sweep best swept --experiments tune.json --store tuned
check a_sweep_marks_its_best_alone test "$(grep -c ' best *$' "$folder/out")" -eq 1
run sweep best swept --experiments tune.json --store tuned --set protocol=default
refused a_sweep_by_the_test_split_is_refused 2 "by what is reported"
run sweep best swept --experiments tune.json --store nowhere
refused a_sweep_without_results_is_refused 1 "palbench run swept"

# ---- one failed experiment does not stop the rest ----
for jobs in 1 2; do
    run run nomodel broken base --store failing$jobs --jobs $jobs --quiet
    check "failed_experiments_fail_the_run_with_jobs_$jobs" test $status -eq 1
    check "and_the_others_have_their_results_$jobs" says "^base "
    check "the_summary_counts_and_names_them_$jobs" remarks "3 of 4 experiments failed: nomodel, broken\[lr=0.01\], broken\[lr=0.02\]"
    check "each_has_its_sentence_$jobs" sh -c \
        "grep -q 'palbench: nomodel: nowhere' '$folder/err' && grep -q 'palbench: broken.lr=0.02.: broken/0.png' '$folder/err'"
    check "nothing_else_is_said_$jobs" test "$(wc -l <"$folder/err")" -eq 4
done
run run nomodel base --store failing1 --quiet
check a_single_failure_stands_in_the_last_line sh -c \
    "[ $status -eq 1 ] && [ \$(wc -l <'$folder/err') -eq 1 ] && grep -q '1 of 2 experiments failed: nomodel: nowhere' '$folder/err'"
run plan nomodel base --quiet
check a_plan_names_what_cannot_be_planned sh -c "[ $status -eq 1 ] && grep -q '1 of 2 experiments cannot be planned' '$folder/err'"

run reproduce --suite mixed --store failing1 --out mixed
check a_report_is_written_of_the_others sh -c "[ $status -eq 1 ] && [ -s mixed/index.html ] && grep -q base '$folder/out'"
run run nomodel --quiet
check a_failure_alone_is_told_without_ado test "$(cat "$folder/err")" = \
    "palbench: nowhere: model gone is not there; put the checkpoint there or name its place in paths.json"

cat >place.json <<'END'
{"models": {"mini-mine": {"clip": "weights"}, "theirs": {"clip": "results/pretrained/mini-clip"},
            "drawn": {"clip": "clip", "diffusion": "sub/results/pretrained/mini-sd"}, "minimal": {"clip": "clip", "diffusion": "sd"}},
 "experiments": {"a": {"dataset": "mini", "model": "mini-mine", "method": "zsclip"}, "b": {"dataset": "mini", "model": "theirs", "method": "zsclip"},
                 "c": {"dataset": "mini", "model": "drawn", "method": "t2i_pal"}, "d": {"dataset": "mini", "model": "minimal", "method": "t2i_pal"}}}
END
advice() { run run "$1" --experiments place.json --store places --limit 20 --quiet; remarks "$2"; }
check what_a_model_is_called_says_nothing_of_how_it_is_made advice a "mini-mine is not there; put the checkpoint there"
check a_model_in_pretrains_place_is_made_by_it advice b "theirs is not there; make it with: palbench pretrain clip --out results/pretrained/mini-clip"
check wherever_the_experiments_lie advice c "palbench pretrain diffusion --out sub/results/pretrained/mini-sd"
check and_another_diffusers_folder_is_put_there advice d "put the diffusers folder there"

# ---- what two jobs need is made once ----
run run lr base --store shared --jobs 3
check what_is_shared_is_made_once test "$(grep -c 'encode the' "$folder/err")" -eq 2
check and_every_stage_is_told test "$(grep -c '^\[[0-9]*/9\] ' "$folder/err")" -eq 9

# ---- killed parents leave no children ----
of_store() { grep -l "[o]rphans-$1" /proc/[0-9]*/cmdline 2>/dev/null | grep -vc "^/proc/$$/"; }
for signal in KILL TERM; do
    "$program" run long --jobs 2 --store "orphans-$signal" --quiet --no-table >/dev/null 2>&1 &
    parent=$!
    for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(of_store "$signal")" -ge 3 ] && break; sleep 0.3; done
    check "workers_are_there_before_$signal" test "$(of_store "$signal")" -ge 3
    kill -$signal $parent
    wait $parent 2>/dev/null
    for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(of_store "$signal")" -eq 0 ] && break; sleep 0.3; done
    check "no_worker_outlives_its_parent_$signal" test "$(of_store "$signal")" -eq 0
done

# ---- ablations ----
run reproduce --suite 'ablate*' --out report --jobs 2
check a_pattern_stands_for_its_suites sh -c "[ $status -eq 0 ] && [ -s report/ablate-lr/index.html ] && [ -s report/ablate-local/index.html ]"
check pages_link_to_each_other sh -c "grep -q 'href=\"../ablate-local/index.html' report/ablate-lr/index.html && grep -q 'href=\"../ablate-lr/index.html' report/ablate-local/index.html"
run reproduce --suite 'ablate*' --out report
check a_second_time_does_nothing_and_says_so remarks "nothing to do: all 4 results are stored"
run plan --suite 'ablate*';        check and_so_does_the_plan says "Nothing to do: all 4 results"

# ---- --set and the plan ----
run reproduce --set options.tau_test=20 --set 'seeds=[5]' --out set-report
check set_reaches_suites sh -c "[ $status -eq 0 ] && grep -q 'tau_test=20' set-report/index.html"
run plan base --set options.lr=0.03
check a_plan_tells_times_by_what_was_measured sh -c "grep -q '^train .* to do .* measured' '$folder/out' && grep -q '^Measured' '$folder/out'"
run plan base --store empty
check and_says_when_nothing_was sh -c "grep -q '^train .* to do .* estimated' '$folder/out' && grep -q '^Estimated' '$folder/out'"
run plan lr --json --set options.epochs=7
check plan_json_says_so_too says '"expected_from":.*"measured"'

finish
