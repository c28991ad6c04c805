#!/usr/bin/env bash
# Installs the Debian packages that the tests use, and only those that are missing.
#
#   tests/setup/apt.sh          install what is missing
#   tests/setup/apt.sh --list   print the packages
set -euo pipefail

packages=(
    build-essential    # linking, and the C parts of aws-lc and SQLite
    chromium           # prints permits to PDF, and opens the verification page as a phone would
    fonts-dejavu-core  # the letters of the permits that browsers and typesetters make
    fonts-liberation
    libharfbuzz-subset0 # WeasyPrint loads these by name
    libpango-1.0-0
    libpangoft2-1.0-0
    poppler-utils      # pdfsig and pdftoppm: the second opinion on signatures, and what a printer shows
    python3
    python3-venv
    qpdf               # the second opinion on structure, and the maker of structural variants
    zbar-tools         # reads the QR code as a phone does
)

if [[ ${1:-} == --list ]]; then
    printf '%s\n' "${packages[@]}"
    exit 0
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
    echo "apt: ${#packages[@]} packages are there"
    exit 0
fi

as_root=()
if ((EUID != 0)); then
    command -v sudo >/dev/null || {
        echo "apt: ${missing[*]} are missing; install them, or run this as root or with sudo" >&2
        exit 1
    }
    as_root=(sudo)
fi
echo "apt: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
