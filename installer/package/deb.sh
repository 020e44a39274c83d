# shellcheck shell=bash
# The package for Debian and its kin. No script of ours runs when it is installed or removed: what browsers read in /etc
# is linked to from there, so that removing the package removes it.

pack_deb() {
  local tree=$built/deb control size file
  rm -rf "$tree"
  stage "$tree"
  link_from_etc "$tree"

  install -m 644 "$here/package/debian/copyright" "$tree/usr/share/doc/pkarr/copyright"
  # The changelog is the package's own. Its newest entry has to be of this version.
  head -n 1 "$here/package/debian/changelog" | grep -qF "pkarr ($version)" ||
    fail "installer/package/debian/changelog has no entry for $version."
  gzip -9nc "$here/package/debian/changelog" >"$tree/usr/share/doc/pkarr/changelog.gz"
  gzip -9n "$tree"/usr/share/doc/pkarr/operating.md
  install -D -m 644 "$here/package/debian/lintian-overrides" "$tree/usr/share/lintian/overrides/pkarr"

  control=$tree/DEBIAN
  size=$(du -k --apparent-size -s "$tree" | cut -f1)
  install -d "$control"
  sed -e "s/@VERSION@/$version/" -e "s/@SIZE@/$size/" "$here/package/debian/control" >"$control/control"
  (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$control/md5sums"
  chmod 644 "$control"/*
  same_times "$tree"

  file=$out/pkarr_${version}_amd64.deb
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$file" >/dev/null
  lintian --allow-root --tag-display-limit 0 --fail-on error "$file" ||
    fail 'lintian found errors in the package.'
}

# Files in /etc are left when a package is removed, for an administrator may have changed them; links are not. These
# manifests name a program that is gone then.
link_from_etc() {
  local tree=$1 file name
  [ -d "$tree/etc" ] || return 0
  while IFS= read -r file; do
    name=${file#"$tree/etc/"}
    install -D -m 644 "$file" "$tree/usr/share/pkarr/etc/$name"
    ln -sf "/usr/share/pkarr/etc/$name" "$file"
  done < <(find "$tree/etc" -type f | sort)
}
