# shellcheck shell=bash
# What tests/run and everything in installer/ need before they can start: packages, npm modules, builds. To be sourced.
#
# Every step says what it does and why, and does nothing when nothing is to be done.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

bold='' dim='' red='' green='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s  %s%s\n' "$dim" "$*" "$plain"; }
fail() {
  printf '%s%s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

misuse() {
  printf '%s%s%s Try --help.\n' "$red" "$*" "$plain" >&2
  exit 2
}

# patiently WHAT COMMAND…   says now and then how far it is, and shows what it printed only when it fails
patiently() {
  local what=$1 log pid started=$SECONDS told=15 status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  # shellcheck disable=SC2064 # the values of now are meant
  trap "kill $pid 2>/dev/null; rm -f '$log'; exit 130" INT TERM HUP
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - started)) -ge "$told" ]; then
      note "$what: $(tail -n 1 "$log" | tr -s '[:space:]' ' ' | cut -c -80), $((SECONDS - started)) s"
      told=$((told + 15))
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM HUP
  [ "$status" = 0 ] || tail -n 80 "$log" >&2
  rm -f "$log"
  return "$status"
}

# --- Debian packages -------------------------------------------------------------------------------------------------

wanted=()

# need PACKAGE WHY COMMAND…   remembers the package unless one of the commands is there
need() {
  local package=$1 why=$2 command
  shift 2
  for command in "$@"; do
    if command -v "$command" >/dev/null 2>&1; then return 0; fi
  done
  wanted+=("$package|$why")
}

# need_font   browsers draw nothing readable without one
need_font() {
  if compgen -G '/usr/share/fonts/*/*/*.[to]tf' >/dev/null || compgen -G '/usr/share/fonts/*/*.[to]tf' >/dev/null; then
    return 0
  fi
  wanted+=("fonts-dejavu-core|letters for the browser to draw")
}

# need_libtorrent   a module of the system's own Python
need_libtorrent() {
  if /usr/bin/python3 -c 'import libtorrent' 2>/dev/null; then return 0; fi
  wanted+=("python3-libtorrent|nodes of a DHT that others wrote")
}

# Installs what `need` found missing: by apt-get as root on Debian and its kin, else says what to install and stops.
install_wanted() {
  [ ${#wanted[@]} -gt 0 ] || return 0
  local entry packages=()
  say 'Missing on this machine:'
  for entry in "${wanted[@]}"; do
    packages+=("${entry%%|*}")
    note "$(printf '%-18s %s' "${entry%%|*}" "${entry#*|}")"
  done
  if ! command -v apt-get >/dev/null 2>&1; then
    fail "Install these with your system's package manager (the names are Debian's), then try again."
  fi
  if [ "$(id -u)" != 0 ]; then
    fail "Install them as root, then try again:  sudo apt-get install ${packages[*]}"
  fi
  say 'Installing them with apt-get …'
  export DEBIAN_FRONTEND=noninteractive
  patiently 'reading lists' apt-get update || fail 'apt-get could not read the lists of packages.'
  patiently installing apt-get install -y --no-install-recommends "${packages[@]}" ||
    fail "apt-get could not install: ${packages[*]}"
  wanted=()
}

# --- Rust ------------------------------------------------------------------------------------------------------------

need_rust() {
  command -v cargo >/dev/null 2>&1 || fail 'Rust is missing: install it from https://rustup.rs, then try again.'
  need build-essential 'links the program and compiles its SQLite' cc gcc clang
}

# need_windows   what builds programs for Windows (installer/package/windows/cargo), and packs them
need_windows() {
  need gcc-mingw-w64-x86-64-posix 'links programs for Windows and compiles their SQLite' x86_64-w64-mingw32-gcc
  need nsis 'packs the setup program' makensis
  has_library_for_windows || need_library_for_windows
}

# has_library_for_windows   or whether the compiler has no standard library for it
has_library_for_windows() {
  compgen -G "$(rustc --print target-libdir --target x86_64-pc-windows-gnu 2>/dev/null)/libstd-*.rlib" >/dev/null
}

# Debian's newer Rust, which its browsers are built with. It brings the sources of the library for Windows, not the library.
need_library_for_windows() {
  if ! dpkg-query --show rustc-web >/dev/null 2>&1; then wanted+=('rustc-web|a compiler that may build its own library'); fi
  if ! dpkg-query --show cargo-web >/dev/null 2>&1; then wanted+=('cargo-web|has it do so'); fi
  if ! [ -e /usr/lib/rustlib/src/rust/library/Cargo.lock ]; then wanted+=('rust-web-src|that library'); fi
}

# --- npm -------------------------------------------------------------------------------------------------------------

need_npm() {
  need nodejs 'runs npm' node
  need npm 'fetches what the extension is built with' npm
}

# modules FOLDER   installs what its lock file says, unless exactly that is installed already
modules() {
  local folder=$1
  if modules_match "$root/$folder"; then return 0; fi
  say "Installing the npm modules of $folder/ …"
  patiently "$folder/" npm --prefix "$root/$folder" ci --no-audit --no-fund --loglevel=error || fail "npm ci failed in $folder/"
}

modules_match() {
  [ -e "$1/node_modules/.package-lock.json" ] || return 1
  node -e '
    const read = (path) => JSON.parse(require("fs").readFileSync(path, "utf8")).packages;
    const [locked, installed] = process.argv.slice(1).map(read);
    const same = ([path, entry]) => path === "" || entry.optional || installed[path]?.version === entry.version;
    process.exit(Object.entries(locked).every(same) ? 0 : 1);
  ' "$1/package-lock.json" "$1/node_modules/.package-lock.json"
}

# The extension's development dependencies bring the Node that runs TypeScript as it is; from here on it comes first.
use_node() {
  # An npm that runs on an older Node than a module wants leaves it out without a word, so an older one is replaced first.
  [ "$(node -p 'Number.parseInt(process.versions.node)')" -ge 22 ] || fetch_node
  modules extension
  export PATH="$root/extension/node_modules/.bin:$PATH"
}

fetch_node() {
  local package folder=$root/target/node
  package=$(cd "$root/extension" &&
    node -p '`node-${process.platform}-${process.arch}@${require("./package.json").devDependencies.node}`')
  if ! [ -x "$folder/node_modules/.bin/node" ]; then
    say "Fetching Node ${package##*@}: this one, $(node --version), is too old to build the extension …"
    patiently 'node' npm --prefix "$folder" install --no-save --no-audit --no-fund --loglevel=error "$package" ||
      fail "npm could not install $package"
  fi
  export PATH="$folder/node_modules/.bin:$PATH"
}

# --- builds ----------------------------------------------------------------------------------------------------------

build_extension() {
  (cd "$root/extension" && npm run --silent build </dev/null)
}
