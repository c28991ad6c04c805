#!/usr/bin/env bash
# Makes sure that a program of crates.io is there in one version, and prints the folder that it is in.
#
#   tests/setup/cargo-tool.sh NAME VERSION
set -euo pipefail

if (($# != 2)); then
    echo "usage: cargo-tool.sh NAME VERSION" >&2
    exit 2
fi
folder=${XDG_CACHE_HOME:-$HOME/.cache}/absah/$1-$2
if [[ ! -x $folder/bin/$1 ]]; then
    # Its own target folder: it has nothing in common with ours.
    env -u CARGO_TARGET_DIR cargo install "$1" --version "$2" --locked --quiet --root "$folder" >&2
fi
echo "$folder/bin"
