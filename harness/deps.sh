#!/bin/sh
# deps.sh install|check NEED...  looks for what palbench needs to be built (build), to draw figures (draw), to be tested
#                                (test). Quiet when all is there.
# deps.sh formatter [install]    prints the command that is clang-format of the one version that the Makefile names.
#
# It asks for what is used, a header or a command, so that a library of one's own counts. What is missing is told with
# the name that its package has here. `install` installs it where there is apt, as root or through sudo; elsewhere, and
# with `check`, the command to do so is told, and the exit status is 1. Reads the Makefile's CC, FLAGS (where headers
# lie) and CLANG_FORMAT (14); OS_RELEASE is another /etc/os-release, for the tests.
set -eu
mode=$1
shift
compiler=${CC:-gcc} release=${OS_RELEASE:-/etc/os-release} version=${CLANG_FORMAT:-14}

# Debian's names are proven on Debian 12 and 13 (tests/distributions.sh). The others are what the distributions' package
# lists say; nobody has built palbench there for us yet. @ is the compiler.
table() {
    cat <<'END'
need  asked-for          module   Debian           Fedora              Arch          openSUSE        Alpine
build @                  -        @                @                   @             @               @
build stdio.h            -        libc6-dev        glibc-devel         glibc         glibc-devel     musl-dev
build omp.h              -        libomp-dev       libomp-devel        openmp        libomp-devel    openmp-dev
build pkg-config         -        pkg-config       pkgconf-pkg-config  pkgconf       pkgconf         pkgconf
build oneapi/dnnl/dnnl.h -        libdnnl-dev      onednn-devel        onednn        onednn-devel    onednn-dev
build hdf5.h             hdf5     libhdf5-dev      hdf5-devel          hdf5          hdf5-devel      hdf5-dev
build cjson/cJSON.h      libcjson libcjson-dev     cjson-devel         cjson         cJSON-devel     cjson-dev
build jpeglib.h          libjpeg  libjpeg-dev      libjpeg-turbo-devel libjpeg-turbo libjpeg8-devel  libjpeg-turbo-dev
build png.h              libpng   libpng-dev       libpng-devel        libpng        libpng16-devel  libpng-dev
build webp/demux.h       libwebpdemux libwebp-dev      libwebp-devel       libwebp       libwebp-devel   libwebp-dev
build gif_lib.h          -        libgif-dev       giflib-devel        giflib        giflib-devel    giflib-dev
build tiffio.h           libtiff-4 libtiff-dev      libtiff-devel       libtiff       libtiff-devel   tiff-dev
build zlib.h             zlib     zlib1g-dev       zlib-devel          zlib          zlib-devel      zlib-dev
build zip.h              libzip   libzip-dev       libzip-devel        libzip        libzip-devel    libzip-dev
build yaml.h             yaml-0.1 libyaml-dev      libyaml-devel       libyaml       libyaml-devel   yaml-dev
build cairo.h            cairo    libcairo2-dev    cairo-devel         cairo         cairo-devel     cairo-dev
build openssl/evp.h      libcrypto libssl-dev       openssl-devel       openssl       libopenssl-devel openssl-dev
build expat.h              expat    libexpat1-dev    expat-devel         expat         libexpat-devel  expat-dev
build yajl/yajl_parse.h    yajl     libyajl-dev      yajl-devel          yajl          libyajl-devel   yajl-dev
build unistr.h           -        libunistring-dev libunistring-devel  libunistring  libunistring-devel libunistring-dev
draw  gnuplot            -        gnuplot-nox      gnuplot             gnuplot       gnuplot         gnuplot
test  cmocka.h           cmocka   libcmocka-dev    libcmocka-devel     cmocka        libcmocka-devel cmocka-dev
END
}

# The system at hand: its name, its column in the table, the command that installs.
value() { sed -n "s/^$1=//p" "$release" 2>/dev/null | tr -d '"'; }
system=$(value PRETTY_NAME) tried=
case " $(value ID) $(value ID_LIKE) " in
*" debian "* | *" ubuntu "*) family=debian column=1 command='apt-get install -y --no-install-recommends' ;;
*" fedora "* | *" rhel "*) family=fedora column=2 command='dnf install' ;;
*" arch "*) family=arch column=3 command='pacman -S --needed' ;;
*suse*) family=suse column=4 command='zypper install' ;;
*" alpine "*) family=alpine column=5 command='apk add' ;;
*) family=unknown column=1 command= ;;
esac
case "$(value ID) $(value VERSION_ID)" in "debian 12" | "debian 13") tried=yes ;; esac

# "gcc", "clang-19", of a CC with its path or ccache in front.
compiler_name() { basename "${compiler##* }"; }

has_header() { # HEADER MODULE
    flags=
    [ "$2" = - ] || flags=$(pkg-config --cflags "$2" 2>/dev/null) || true
    # shellcheck disable=SC2086 # words are meant
    echo "#include <$1>" | $compiler ${FLAGS:-} $flags -E -x c - >/dev/null 2>&1
}

is_there() { # THING MODULE
    case "$1" in
    @) command -v "${compiler##* }" >/dev/null 2>&1 ;;
    omp.h) case "$(compiler_name)" in clang*) has_header omp.h - ;; esac ;; # gcc brings its own
    *.h) has_header "$1" "$2" ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# A line "THING PACKAGE" for all that is not there. (Without a compiler no header can be asked for: all are missing.)
missing() { # NEED...
    table | while read -r need thing module names; do
        case " $* " in *" $need "*) ;; *) continue ;; esac
        is_there "$thing" "$module" && continue
        name=$(echo "$names" | tr -s ' ' | cut -d' ' -f"$column")
        case "$thing $name" in
        @*) thing=$(compiler_name) name=$(compiler_name) ;;
        'omp.h libomp-dev') name=$(compiler_name | sed 's/^clang/libomp/')-dev ;; # Debian has one for each clang
        esac
        echo "$thing $name"
    done
}

formatter() {
    for name in "clang-format-$version" clang-format; do
        "$name" --version 2>/dev/null | grep -q "version $version\." && echo "$name" && return
    done
    echo "deps: the format is checked with clang-format $version, no other: Debian 12 has it as" \
        "clang-format-$version, PyPI as 'clang-format>=$version,<$((version + 1))'" >&2
    return 1
}

apt() { # WORD... as root or through sudo; fails quietly where neither is there
    if [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get "$@" >/dev/null
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo DEBIAN_FRONTEND=noninteractive apt-get "$@" >/dev/null
    else
        return 1
    fi
}

has_apt() { [ "$family" = debian ] && command -v apt-get >/dev/null 2>&1; }

install() { # PACKAGE...
    apt update -qq || true # the old lists may do
    apt-cache show "$@" >/dev/null 2>&1 || return 0
    echo "deps: installing $*" >&2
    apt install -y -qq --no-install-recommends "$@" || true
}

tell() { # the lines of `missing`
    echo "$1" | while read -r thing name; do echo "deps: $thing is missing; its package is $name" >&2; done
    list=$(echo "$1" | cut -d' ' -f2 | tr '\n' ' ')
    case "$family $tried" in
    unknown*) echo "deps: these are Debian's names; ${system:-this system} may have others" >&2 ;;
    *yes) echo "deps: on $system: $command $list" >&2 ;;
    *) echo "deps: on $system: $command $list(from its lists of packages; we have not tried palbench there)" >&2 ;;
    esac
}

case "$mode" in
formatter)
    if ! formatter >/dev/null 2>&1 && has_apt && [ "${1:-}" = install ]; then install "clang-format-$version"; fi
    formatter
    ;;
install | check)
    lacking=$(missing "$@")
    if [ -n "$lacking" ] && [ "$mode" = install ] && has_apt; then
        # shellcheck disable=SC2046 # one word a package is meant
        install $(echo "$lacking" | cut -d' ' -f2)
        lacking=$(missing "$@")
    fi
    [ -z "$lacking" ] || { tell "$lacking" && exit 1; }
    ;;
esac
