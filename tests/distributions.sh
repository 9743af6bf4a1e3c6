#!/bin/sh
# distributions.sh [SYSTEM...]  both commands of the README on a bare system of each Debian, from nothing: one line a
#                               system, and one about how far their results lie apart. Default: bookworm trixie.
#
# A system is made in a folder by mmdebstrap, with apt and make alone, from where this machine's own apt gets its
# packages and through its proxies; the commands run in it as root, away from this machine's files and processes. Needs
# root, some 6 GB in TMPDIR and about half an hour a system on two cores. What went wrong leaves its folder with logs.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- bookworm trixie
stop() { echo "distributions: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || stop "making a system needs root"
for tool in mmdebstrap apt-config unshare; do
    command -v $tool >/dev/null || stop "$tool is missing; on Debian: apt-get install mmdebstrap"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/distributions-XXXXXX")

# Where this machine's apt gets what is labelled so; apt itself reads its files, old or deb822, for us.
mirror() { # LABEL
    # shellcheck disable=SC2016 # apt's own names
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n "s/^Debian|$1|//p" | head -1
}
[ -n "$(mirror Debian)" ] || apt-get update -qq
main=$(mirror Debian) security=$(mirror Debian-Security)
[ -n "$main" ] || stop "this machine's apt has no source of Debian's packages"

# Its ways through the network. A program that finds the proxy is asked here: the new system does not have it.
apt-config dump | grep -E '^Acquire::(http|https|Check-[A-Za-z-]+|Retries)\b' | grep -v 'Proxy-Auto-Detect\|CaInfo' \
    >"$work/apt.conf" || true
finder=$(apt-config dump | sed -n 's/^Acquire::http::Proxy-Auto-Detect "\(.*\)";/\1/p')
proxy=$([ -z "$finder" ] || "$finder" "$main" || true)
case $proxy in *://*) echo "Acquire::http::Proxy \"$proxy\";" >>"$work/apt.conf" ;; esac

sources() { # SYSTEM
    echo "deb $main $1 main"
    echo "deb $main $1-updates main"
    [ -z "$security" ] || echo "deb $security $1-security main"
}

# What is in the repository, as it lies here; the tests that read ../shared find it where it is.
project() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T -
    else tar -cf - --exclude=./build --exclude=./results/store --exclude=./reports/out .; fi
}

make_system() { # SYSTEM
    certificates=
    case "$main $security" in *https:*) certificates=,ca-certificates ;; esac
    sources "$1" >"$work/$1.list"
    mmdebstrap --variant=apt --include=make$certificates --aptopt="$work/apt.conf" "$1" "$work/$1" "$work/$1.list" \
        >"$work/$1.log" 2>&1 || return 1
    mkdir -p "$work/$1/home/palbench"
    project | tar -xf - -C "$work/$1/home/palbench"
    [ ! -d ../shared/data ] || { mkdir "$work/$1/home/shared" && cp -R ../shared/data "$work/$1/home/shared/"; }
}

# inside SYSTEM COMMAND: in its own mounts and processes, with nothing of this machine's environment but the way to the
# network.
inside() {
    # shellcheck disable=SC2016 # $0 and $1 are the inner shell's
    unshare --mount --pid --fork --kill-child --propagation private sh -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" || exit 1
        exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
            ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
            ${no_proxy:+no_proxy="$no_proxy"} sh -c "cd /home/palbench && $1"' "$work/$1" "$2"
}

# timed SYSTEM NAME: `make NAME`; leaves the seconds and the log, or says what failed.
timed() {
    begin=$(date +%s)
    status=0
    inside "$1" "make $2" >"$work/$1.$2.log" 2>&1 </dev/null || status=$?
    seconds=$(($(date +%s) - begin))
    [ $status -eq 0 ] && return
    tail -n 20 "$work/$1.$2.log" | sed 's/^/    /'
    return 1
}

versions() { # SYSTEM
    # shellcheck disable=SC2016 # for the shell inside
    inside "$1" 'echo "$(cat /etc/debian_version), gcc $(gcc -dumpfullversion)$(
        dpkg-query -W -f ", \${source:Package} \${Version}" libdnnl-dev libhdf5-dev)"'
}

try() { # SYSTEM
    make_system "$1" || { tail -n 5 "$work/$1.log"; echo "$1: the system could not be made ($work/$1.log)"; return 1; }
    timed "$1" reproduce || { echo "$1: make reproduce failed after $seconds s ($work/$1.reproduce.log)"; return 1; }
    reproduce=$seconds outcome=
    timed "$1" test || outcome=" ($work/$1.test.log)"
    counts=$(tail -n 5 "$work/$1.test.log" | grep ' passed, ' || echo failed)
    echo "$1: Debian $(versions "$1"): make reproduce $reproduce s, make test $seconds s, $counts$outcome"
    inside "$1" "build/palbench results --json --quiet" | tr -d '",' | awk -F'\t' '
        /^\t\texperiment:/ {name = $4} /^\t\tseed:/ {seed = $4} /^\t\tmap:/ {print name "\t" seed "\t" $4}' \
        >"$work/$1.results"
    [ -z "$outcome" ]
}

# apart ONE OTHER: the same results, their means over seeds at most 0.1 apart. (Pictures are the same; the bits of features are not,
# since oneDNN adds in another order.)
apart() {
    awk -F'\t' -v one="$1" -v other="$2" '
        function size(x) {return x < 0 ? -x : x}
        NR == FNR {first[$1, $2] = $3; count[$1]++; sum[$1] += $3; next}
        !(($1, $2) in first) {alone++; next}
        {
            both++; equal += first[$1, $2] == $3; seeds[$1]++; other_sum[$1] += $3
            apart = size($3 - first[$1, $2])
            if (apart > most) {most = apart; where = " (" $1 " seed " $2 ")"}
        }
        END {
            for (name in seeds) {
                mean = sum[name] / count[name]
                other_mean = other_sum[name] / seeds[name]
                apart = size(mean - other_mean)
                if (apart > means) {means = apart; which = " (" name ")"}
                if (apart > 0.1) {printf "%s: %.2f and %.2f: not the same\n", name, mean, other_mean; bad++}
            }
            alone += (NR - FNR) - both
            printf "%s and %s: %d results, %d with the same bits; mAP at most ", one, other, both, equal
            printf "%.3f apart%s; means over seeds at most %.3f%s", most, where, means, which
            print alone ? "; " alone " in one alone" : ""
            exit !both || alone || bad
        }' "$work/$1.results" "$work/$2.results"
}

bad=0
for system in "$@"; do try "$system" || bad=1; done
first=$1
shift
for system in "$@"; do
    [ -s "$work/$first.results" ] && [ -s "$work/$system.results" ] && apart "$first" "$system" || bad=1
done
if [ $bad = 0 ]; then rm -rf "$work"; fi
exit $bad
