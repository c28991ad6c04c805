#!/usr/bin/env bash
# Makes a Python environment from a list of pinned versions, and prints its folder.
#
#   tests/setup/venv.sh NAME REQUIREMENTS.txt
#
# The folder's name ends with the hash of the list, so that a changed list makes a new environment and an
# unchanged one costs nothing. An environment holds absolute paths to itself, so it is made in its place and
# marked at the end: a broken install is made again.
set -euo pipefail

if (($# != 2)); then
    echo "usage: venv.sh NAME REQUIREMENTS.txt" >&2
    exit 2
fi
name=$1
requirements=$2
python=${PYTHON:-python3}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/absah/python
key=$( (cat "$requirements" && "$python" --version) | sha256sum | cut -c 1-12)
folder=$cache/$name-$key

if [[ ! -e $folder/complete ]]; then
    mkdir -p "$cache"
    exec 9>"$cache/$name.lock"
    flock 9
    if [[ ! -e $folder/complete ]]; then
        rm -rf "$folder"
        "$python" -m venv "$folder" >&2
        "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements" >&2
        touch "$folder/complete"
    fi
fi
echo "$folder"
