# shellcheck shell=bash
# What the packages have in common: version and time, the program, the extension, the tree below /. To be sourced by
# installer/build, after tests/prepare.sh.

# Pinned: another compiler makes other bytes.
ZIG=ziglang==0.17.1
ZIGBUILD=cargo-zigbuild==0.24.1
# The oldest C library that the program has to run with: that of CentOS 7, Debian 8 and Ubuntu 14.04.
TARGET=x86_64-unknown-linux-gnu
GLIBC=2.17

# The extension: an unpacked folder, and packages of it.
chromium_extension=''
chromium_package=''
firefox_package=''
sources_package=''

read_version() {
  version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
  [ -n "$version" ] || fail 'There is no version in Cargo.toml.'
  local extension
  extension=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' "$root/extension/package.json")
  [ "$version" = "$extension" ] || fail "The program is $version and the extension $extension: give both the same version."
}

# All files get this time, so that packages come out the same whenever they are built.
set_epoch() {
  if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
    SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null) ||
      fail 'This is no git repository: say what time files get, in SOURCE_DATE_EPOCH.'
  fi
  export SOURCE_DATE_EPOCH
  export TZ=UTC LC_ALL=C
  umask 022
}

# --- the program -----------------------------------------------------------------------------------------------------

fetch_zig() {
  local folder=$root/target/zig
  if [ "$(cat "$folder/version" 2>/dev/null)" != "$ZIG $ZIGBUILD" ]; then
    say "Fetching $ZIGBUILD and $ZIG …"
    rm -rf "$folder"
    patiently 'the compiler' python3 -m pip install --quiet --no-deps --target "$folder" "$ZIG" "$ZIGBUILD" ||
      fail "pip could not install $ZIG and $ZIGBUILD. Install them by hand, or name a program with --program."
    printf '%s' "$ZIG $ZIGBUILD" >"$folder/version"
  fi
  export PATH="$folder/bin:$PATH" CARGO_ZIGBUILD_ZIG_PATH="$folder/ziglang/zig"
}

build_program() {
  fetch_zig
  say "Building the program for glibc $GLIBC, which takes a quarter of an hour the first time …"
  local cargo_home=${CARGO_HOME:-$HOME/.cargo}
  # Places on this machine are no part of the program. A panic ends it at once, so that tables for unwinding the stack,
  # a twelfth of it, are of no use: where they are made all the same, the linker leaves them out.
  export RUSTFLAGS="--remap-path-prefix=$root=pkarr --remap-path-prefix=$cargo_home/registry/src=crates -Cforce-unwind-tables=no"
  export CFLAGS="-fno-asynchronous-unwind-tables -fno-unwind-tables"
  patiently 'building pkarr' cargo-zigbuild rustc --locked --profile dist --target "$TARGET.$GLIBC" -p pkarr-host \
    --bin pkarr -- "-Clink-arg=-Wl,-T,$here/package/no-unwinding.ld" || fail 'pkarr did not build.'
  unset RUSTFLAGS CFLAGS
  program=${CARGO_TARGET_DIR:-$root/target}/$TARGET/dist/pkarr
}

# --- the extension ---------------------------------------------------------------------------------------------------

build_extensions() {
  say 'Building the extension …'
  rm -f "$root"/extension/.output/*.zip
  # Packing makes that for Firefox.
  patiently 'building the extension' npm --prefix "$root/extension" run --silent build:chromium || fail 'The extension did not build.'
  patiently 'packing the extension' npm --prefix "$root/extension" run --silent packages || fail 'The extension could not be packed.'
  local output=$root/extension/.output
  chromium_extension=$output/chrome-mv3
  chromium_package=$output/pkarr-$version-chrome.zip
  firefox_package=$output/pkarr-$version-firefox.zip
  sources_package=$output/pkarr-$version-sources.zip
}

# --- the tree below / ------------------------------------------------------------------------------------------------

# stage FOLDER   puts there all that a package of the system brings, but what tells of the package itself
stage() {
  local tree=$1 share=$1/usr/share
  install -D -m 755 "$program" "$tree/usr/bin/pkarr"

  write_manual "$share/man/man1"
  write_completions bash "$share/bash-completion/completions/pkarr"
  write_completions zsh "$share/zsh/vendor-completions/_pkarr"
  write_completions fish "$share/fish/vendor_completions.d/pkarr.fish"
  stage_units "$tree"
  stage_browsers "$tree"

  install -d "$share/doc/pkarr"
  install -m 644 "$root/README.md" "$root"/docs/*.md "$share/doc/pkarr/"
  rm "$share/doc/pkarr/releasing.md"
  find "$tree" -type d -exec chmod 755 {} +
}

# write_manual FOLDER
write_manual() {
  "$program" man "$1" >/dev/null
  gzip -9n "$1"/*
}

# write_completions SHELL FILE
write_completions() {
  install -d "$(dirname "$2")"
  "$program" completions "$1" >"$2"
}

# The units of this folder name places of programs that are installed by hand.
stage_units() {
  local units=$1/usr/lib/systemd
  install -d "$units/system" "$units/user"
  {
    printf '# The server: relay, DNS over HTTPS, DNS, web app. Off until somebody says: systemctl enable --now pkarr-serve\n'
    printf '# Configuration: /etc/pkarr/serve.toml, which need not be there. A user pkarr is used if there is one.\n\n'
    sed -e '1,/^$/d' -e 's,/usr/local/bin/,/usr/bin/,' -e 's,^Group=pkarr$,&\nDynamicUser=yes,' "$here/pkarr-serve.service"
  } >"$units/system/pkarr-serve.service"
  {
    printf '# Keeps published and pinned keys published. Off until somebody says: systemctl --user enable --now pkarr\n\n'
    sed -e '1,/^$/d' -e 's,%h/.local/bin/,/usr/bin/,' "$here/pkarr.service"
  } >"$units/user/pkarr.service"
}

# The manifests that browsers find the program by, and the extension where browsers take it without a click: the program
# knows the places (manifests/browsers.toml).
stage_browsers() {
  local xpi=$built/extension.xpi
  cp "$firefox_package" "$xpi"
  "$program" install --system --all --root "$1" --program /usr/bin/pkarr --extension "$chromium_extension" \
    --extension "$xpi" >"$built/places" || fail 'The program could not place what browsers read.'
}

# same_times FOLDER   no file is younger than the sources
same_times() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

# --- checksums -------------------------------------------------------------------------------------------------------

write_checksums() {
  (cd "$out" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs -r sha256sum >SHA256SUMS)
}
