# shellcheck shell=bash
# A Homebrew formula, which builds from source. Not yet run on a Mac.

pack_brew() {
  if [ -z "$base_url" ]; then
    note 'left out: a formula names where the sources are; say it with --base-url'
    return 0
  fi
  local name=pkarr-$version-source archive=$out/pkarr-$version-source.tar.gz
  git -C "$root" archive --format=tar --prefix="$name/" HEAD | gzip -9n >"$archive"
  local sum
  sum=$(sha256sum <"$archive" | cut -d' ' -f1)
  sed -e "s|@URL@|$base_url/${archive##*/}|" -e "s|@SHA256@|$sum|" "$here/package/brew/pkarr.rb" >"$out/pkarr.rb"
}
