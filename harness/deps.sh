#!/bin/sh
# Installs the Debian packages named on the command line that are missing: by apt when root or through sudo, else prints the one
# command to run. Quiet when nothing is missing. On a system without dpkg it checks that the libraries answer and names the README.
set -eu

if ! command -v dpkg-query >/dev/null 2>&1; then
    if command -v pkg-config >/dev/null 2>&1 && pkg-config --exists libcjson cairo libpng libjpeg zlib libcrypto; then exit 0; fi
    echo "deps: this is not a Debian; install the packages that README.md names for your distribution ($*)" >&2
    exit 1
fi

missing=
for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] && continue
    case "$package" in # what another package, or a compiler of one's own, provides just as well
    gcc | make | clang-format | pkg-config) command -v "$package" >/dev/null 2>&1 && continue ;;
    esac
    missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null || { command -v sudo >/dev/null 2>&1 && [ -t 0 ]; }; then
    as_root=sudo
else
    echo "deps: some packages are missing; run this as root, then try again:" >&2
    echo "  apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "deps: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq >/dev/null || echo "deps: the package lists could not be refreshed; trying with the old ones" >&2
# shellcheck disable=SC2086 # one word a package is meant
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
