#!/bin/sh
# Make .venv, ready to run, as requirements.txt says; on Debian, as root, the system's packages too.
#
#   sh scripts/setup.sh         set up (`make setup` calls this when something changed)
#   sh scripts/setup.sh lock    write requirements.txt anew from pyproject.toml (`make lock`)
#
# What is already there is left alone, so it may be called again at any time. UV_PYTHON=3.12 asks
# for another Python than the first suitable one.
set -eu
cd "$(dirname "$0")/.."

# What PsychoPy's windows (OpenGL), dialogs (Qt), keyboard (Psychtoolbox) and sound load, and what
# the tests need: a virtual screen, a hand for it, a false clock.
SYSTEM_PACKAGES="
    fonts-dejavu-core libdbus-1-3 libegl1 libfontconfig1 libgl1 libgl1-mesa-dri libglib2.0-0
    libglu1-mesa libportaudio2 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
    libxcb-render-util0 libxcb-shape0 libxcb-xkb1 libxkbcommon-x11-0
    faketime git xauth xdotool xvfb"

say() { echo "setup: $*" >&2; }

works() { "$@" >/dev/null 2>&1; }

find_uv() {
    for uv in "$(command -v uv || true)" "$HOME/.local/bin/uv" .venv-uv/bin/uv; do
        # Asked, not only looked at: pyenv leaves a `uv` that fails under another Python.
        if [ -n "$uv" ] && works "$uv" --version; then return 0; fi
    done
    return 1
}

missing_packages() {
    wanted=$SYSTEM_PACKAGES
    # `python3 -m venv` is what fetches uv, where nobody installed uv.
    find_uv || works python3 -c 'import ensurepip, venv' || wanted="$wanted python3 python3-venv"
    for package in $wanted; do
        # Debian 13 and Ubuntu 24.04 call some of them NAMEt64.
        dpkg-query -W -f '${db:Status-Status}\n' "$package" "${package}t64" 2>/dev/null |
            grep -qx installed || echo "$package"
    done
}

install_system_packages() {
    if ! works dpkg-query --version; then
        [ "$(uname)" = Darwin ] || say "not a Debian system: install what corresponds to" $SYSTEM_PACKAGES
        return 0
    fi
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "not root, so please let somebody run: apt-get install --no-install-recommends" $missing
        return 0
    fi
    say "installing" $missing
    apt-get update -qq || say "apt-get update failed; trying with the old list"
    # shellcheck disable=SC2086  # one word a package
    apt_install $missing ||
        say "apt-get could not install them; going on without, so windows or their tests may fail"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        "$@" >/dev/null
}

# For itself, since Ubuntu has no such package, and what apt-get doesn't know stops all the others.
install_browser() {
    for browser in chromium chromium-browser google-chrome; do
        if works command -v "$browser"; then return 0; fi
    done
    works dpkg-query --version || return 0
    if [ "$(id -u)" = 0 ]; then
        say "installing chromium"
        { apt-get update -qq && apt_install chromium; } && return 0
    fi
    say "no chromium: the test that looks at the live page in a browser needs it"
}

get_uv() {
    find_uv && return 0
    say "fetching uv into .venv-uv"
    if works python3 -m venv .venv-uv && .venv-uv/bin/python -m pip install --quiet uv >&2; then
        uv=.venv-uv/bin/uv
    else
        rm -rf .venv-uv
        say "no uv, and no python3 with venv that could fetch it: install one of them (docs/install.md)"
        exit 1
    fi
}

suitable() { works "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))'; }

make_venv() {
    # Without a Python 3.11 or 3.12 on the machine, uv fetches one.
    suitable .venv/bin/python || "$uv" venv --quiet --clear .venv || {
        say "no Python 3.11 or 3.12 here, and uv could not fetch one: install one and try again"
        exit 1
    }
    "$uv" pip install --quiet --python .venv --require-hashes -r requirements.txt
    "$uv" pip install --quiet --python .venv --no-deps --no-build-isolation --editable .
    "$uv" pip check --quiet --python .venv || {
        "$uv" pip check --python .venv || true
        say "requirements.txt and pyproject.toml disagree: run 'make lock', then 'make setup'"
        exit 1
    }
    touch .venv/.ready
}

lock() {
    # Every extra but cedrus, which only a room with a Cedrus box needs.
    UV_CUSTOM_COMPILE_COMMAND="make lock" "$uv" pip compile --quiet --universal --python-version 3.11 \
        --fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate \
        --extra calibration --extra dev --extra group --extra lsl --extra monitor \
        ${UPGRADE:+--upgrade} pyproject.toml --output-file requirements.txt
}

case ${1-setup} in
    setup) install_system_packages; install_browser; get_uv; make_venv ;;
    lock) get_uv; lock ;;
    *) say "unknown word '$1'; it takes none, or 'lock'"; exit 2 ;;
esac
