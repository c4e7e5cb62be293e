# Sourced by the commands in this folder: finds or installs what they all need (Node 24, the
# project's packages) and says what to do when it cannot. Nothing is written outside the cache.
set -euo pipefail
MESOS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export MESOS_ROOT
export MESOS_DEV_CACHE=${MESOS_DEV_CACHE:-$HOME/.cache/mesos-operator}
NODE_VERSION=24.21.0

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# The npm package node-<os>-<arch> carries the official Node binary, so that no URL is downloaded.
ensure_node() {
  if [ "$(node_major node)" -ge 24 ]; then return; fi
  local arch dir
  case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) die "No Node $NODE_VERSION for $(uname -m): install Node 24 or newer and run this again." ;;
  esac
  dir=$MESOS_DEV_CACHE/node-$NODE_VERSION
  if [ "$(node_major "$dir/bin/node")" -lt 24 ]; then
    command -v npm >/dev/null || die "npm is missing: install Node 20 or newer (with npm) and run this again."
    say "installing Node $NODE_VERSION into $dir"
    mkdir -p "$dir"
    npm install --prefix "$dir" --no-save --silent "node-linux-$arch@$NODE_VERSION" ||
      die "Node $NODE_VERSION could not be installed from npm: check the registry with 'npm ping'."
    ln -sfn "node_modules/node-linux-$arch/bin" "$dir/bin"
  fi
  export PATH=$dir/bin:$PATH
}

# Only when the lock file is another than what is installed. Not `npm ci`: it refuses a lock file made
# from a registry that lacks some of the optional packages for other systems.
ensure_packages() {
  local stamp=$MESOS_ROOT/node_modules/.lock-stamp
  if [ -f "$stamp" ] && cmp -s "$stamp" "$MESOS_ROOT/package-lock.json"; then return; fi
  say "installing the project's npm packages"
  (cd "$MESOS_ROOT" && npm install --no-save --no-audit --no-fund --loglevel=error >&2) ||
    die "npm install failed: see the message above, and check the registry with 'npm ping'."
  cp "$MESOS_ROOT/package-lock.json" "$stamp"
}

ensure_node
