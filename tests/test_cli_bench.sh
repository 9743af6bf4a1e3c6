#!/bin/sh
# palbench bench from outside, on the tiny CLIP and the tiny Stable Diffusion of tests/golden: what it measures and what it refuses. Speeds
# themselves are no claim. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh
positive() { sed -n "s/.*\"$1\":[[:space:]]*\([-0-9.e]*\).*/\1/p" "$folder/out" | awk '$1 <= 0 {bad = 1} END {exit bad || !NR}'; }

run bench clip --model "$golden/tiny_world/clip" --batch 2 --repeats 1 --json --quiet
check the_image_tower_is_timed sh -c "[ $status -eq 0 ] && grep -q '\"images_per_second\"' '$folder/out'"
check in_seconds_above_0 positive seconds
run bench unet --model "$golden/pipeline" --size 16 --repeats 1 --json --quiet
check a_call_of_the_u_net_is_timed sh -c "[ $status -eq 0 ] && grep -q '\"attention\"' '$folder/out'"
check and_its_memory_counted positive peak_bytes
run bench vae --model "$golden/pipeline" --size 16 --repeats 1 --quiet
check decoding_is_timed_in_a_table says '^vae '
run bench clip --arch nothing --quiet; check an_unknown_architecture_is_refused sh -c "[ $status -ne 0 ] && grep -q 'there are RN50' '$folder/err'"
finish
