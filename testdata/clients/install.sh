#!/usr/bin/env bash
# Installs the clients of testdata/clients, as their lock files say, and a node that is new enough for them.
# Usage: testdata/clients/install.sh FOLDER. What is there already is left alone and needs no network.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)

# What the Vercel AI SDK asks for.
oldest=22

# How many installations run at once: they wait for the network half of the time.
width=$(($(getconf _NPROCESSORS_ONLN) * 2))

fail() { echo "install.sh: $*" >&2; exit 1; }

# new_enough NODE says whether a node runs and is not too old.
new_enough() {
  local major
  major=$("$1" --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p')
  [ -n "$major" ] && [ "$major" -ge "$oldest" ]
}

# current NAME says whether the packages of a folder are those of its lock file.
current() { cmp -s "$here/$1/package-lock.json" "$target/$1/installed"; }

# need_npm installs npm as a Debian package where there is none.
need_npm() {
  if command -v npm >/dev/null; then return; fi
  command -v apt-get >/dev/null || fail "there is no npm, and no apt-get to install it with; install Node.js"
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "there is no npm; run as root: apt-get install nodejs npm"
    root=(sudo -n)
  fi
  "${root[@]}" apt-get update -qq || fail "there is no npm, and apt-get update has failed (as $(id -un))"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm ||
    fail "there is no npm, and apt-get could not install it (as $(id -un))"
}

# install NAME [OPTION] installs the packages of a folder; a copy of its lock file says that they are there.
install() {
  if current "$1"; then return; fi
  rm -rf "${target:?}/$1"
  mkdir -p "$target/$1"
  cp "$here/$1/package.json" "$here/$1/package-lock.json" "$target/$1/"
  (cd "$target/$1" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --no-update-notifier --loglevel=error "${@:2}")
  cp "$here/$1/package-lock.json" "$target/$1/installed"
}

# bin/node is the node that the tests start: the system's, or one from the npm registry where that is too old.
mkdir -p "$target/bin"
if ! new_enough "$target/bin/node" || { [ -d "$target/node" ] && ! current node; }; then
  need_npm
  node=$(command -v node || true)
  if ! new_enough "$node"; then
    install node
    node=$(cd "$target/bin" && echo ../node/node_modules/node-*/bin/node)
  fi
  ln -sf "$node" "$target/bin/node"
  new_enough "$target/bin/node" || fail "the clients need Node.js $oldest or newer, and the npm registry has none for $(uname -sm)"
fi

# All others, a few at once. What is optional is for other things than these clients do, and most of what they would bring.
missing=()
for folder in "$here"/*/; do
  client=$(basename "$folder")
  if [ "$client" != node ] && ! current "$client"; then missing+=("$client"); fi
done
if [ ${#missing[@]} -eq 0 ]; then exit; fi
need_npm
pids=()
for client in "${missing[@]}"; do
  if [ ${#pids[@]} -ge "$width" ]; then wait "${pids[0]}" || fail "npm ci has failed: see above"; pids=("${pids[@]:1}"); fi
  install "$client" --omit=optional &
  pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || fail "npm ci has failed: see above"; done
