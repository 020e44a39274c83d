#!/bin/sh
# Installs pkarr from the folder that this script is in. See --help.
set -eu

usage() {
  cat <<'TEXT'
Usage: ./install.sh [--system] [--dry-run] [OPTION…]
       ./install.sh --uninstall [--system] [--dry-run] [OPTION…]

Installs pkarr for you: the program in ~/.local/bin, the extension in ~/.local/lib/pkarr, manual and completions below
~/.local/share, and what your browsers find the program by. No root is needed, and nothing is downloaded. It can be run
again at any time, with a newer version too.

  --system      for everybody on this computer, below /usr/local; needs root
  --uninstall   removes what this script and `pkarr install` put there; your keys stay
  --dry-run     says what would be done, and does nothing
  --help        shows this

All other options go to `pkarr install` or `pkarr uninstall`: --browser NAME, --all, --autostart, --purge and others,
which `./pkarr install --help` and `./pkarr uninstall --help` explain.
TEXT
}

here=$(cd "$(dirname "$0")" && pwd)
remove='' dry='' system=''
for argument in "$@"; do
  shift
  case $argument in
    -h | --help)
      usage
      exit 0
      ;;
    --uninstall) remove=yes ;;
    --dry-run) dry=yes && set -- "$@" --dry-run ;;
    --system) system=yes && set -- "$@" --system ;;
    *) set -- "$@" "$argument" ;;
  esac
done

if [ -n "$system" ]; then
  prefix=/usr/local
  zsh=$prefix/share/zsh/site-functions
  if [ "$(id -u)" != 0 ] && [ -z "$dry" ]; then
    echo 'install.sh: --system writes to /usr/local and /etc: run it as root, or without --system for you alone.' >&2
    exit 1
  fi
else
  : "${HOME:?install.sh: there is no home folder: set HOME, or use --system as root}"
  prefix=$HOME/.local
  zsh=${XDG_DATA_HOME:-$HOME/.local/share}/zsh/site-functions
fi
share=$prefix/share
[ -n "$system" ] || share=${XDG_DATA_HOME:-$share}
extension=$prefix/lib/pkarr

# each COMMAND   runs it with every file beside the program, and its place
each() {
  for page in "$here"/man1/*; do "$1" "$page" "$share/man/man1/${page##*/}"; done
  "$1" "$here/completions/pkarr.bash" "$share/bash-completion/completions/pkarr"
  "$1" "$here/completions/_pkarr" "$zsh/_pkarr"
  "$1" "$here/completions/pkarr.fish" "$share/fish/vendor_completions.d/pkarr.fish"
  (cd "$here" && find extension-* -type f) | while IFS= read -r file; do "$1" "$here/$file" "$extension/$file"; done
}

# In one step, so that nobody reads half a file.
put() {
  if cmp -s "$1" "$2"; then return 0; fi
  mkdir -p "$(dirname "$2")"
  cp "$1" "$2.new"
  chmod 644 "$2.new"
  mv -f "$2.new" "$2"
}

# Folders that are empty then go too, but not those of the system that others use.
take() {
  rm -f "$2"
  case $system$2 in
    yes"$extension"/*) ;;
    yes*) return 0 ;;
  esac
  folder=$(dirname "$2")
  while [ "$folder" != "$prefix" ] && [ "$folder" != "${HOME:-/}" ] && [ "$folder" != / ]; do
    if [ -d "$folder" ] && ! rmdir "$folder" 2>/dev/null; then break; fi
    folder=$(dirname "$folder")
  done
}

show() { echo "  $2"; }

if [ -n "$remove" ]; then
  # Not the one of that name where it was installed, which may be somebody else's.
  "$here/pkarr" uninstall "$@" || {
    status=$?
    # Why, it has said itself; and what is to be done about it.
    echo 'install.sh: so the extension, the manual and the completions stay as well. Run this again whenever you like.' >&2
    exit "$status"
  }
  if [ -n "$dry" ]; then
    echo 'And these would be removed:'
    each show
  else
    rm -rf "$extension/extension-chromium"
    each take
    [ -n "$system" ] || rmdir "$prefix" 2>/dev/null || true
  fi
  exit 0
fi

# A program for another processor says so here, and not half way through.
"$here/pkarr" --version >/dev/null || {
  echo 'install.sh: this program does not run here. It is for Linux on x86_64 with glibc 2.17 or newer.' >&2
  exit 1
}
if [ -n "$dry" ]; then
  "$here/pkarr" install --extension "$here/extension-chromium" --extension "$here/extension-firefox.xpi" "$@"
  echo 'And these would be written:'
  each show
  exit 0
fi
# Browsers load the extension from where it stays, so it is put there first.
each put
# An older version had other files.
(cd "$extension" && find extension-chromium -type f) | while IFS= read -r file; do
  [ -e "$here/$file" ] || rm -f "$extension/$file"
done
status=0
"$here/pkarr" install --extension "$extension/extension-chromium" --extension "$extension/extension-firefox.xpi" "$@" ||
  status=$?
case :$PATH: in
  *":$prefix/bin:"*) ;;
  *) echo "Note: $prefix/bin is not in your PATH; add it to call pkarr by its name." ;;
esac
exit "$status"
