#!/usr/bin/env bash
# Makes sure that cargo-deny is there in the pinned version, and prints the folder of its program.
set -euo pipefail

version=0.20.2
folder=${XDG_CACHE_HOME:-$HOME/.cache}/absah/cargo-deny-$version
if [[ ! -x $folder/bin/cargo-deny ]]; then
    cargo install cargo-deny --version "$version" --locked --quiet --root "$folder" >&2
fi
echo "$folder/bin"
