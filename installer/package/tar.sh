# shellcheck shell=bash
# The archive for any other Linux, with a script that installs from it.

pack_tar() {
  local name=pkarr-$version-linux-x86_64 folder
  folder=$built/tar/$name
  rm -rf "$built/tar"
  stage "$built/tar/tree"
  mkdir -p "$folder"
  local from=$built/tar/tree/usr
  install -m 755 "$program" "$folder/pkarr"
  install -m 755 "$here/package/tar/install.sh" "$folder/install.sh"
  install -m 644 "$root/LICENSE" "$root/README.md" "$folder/"
  cp -r "$from/share/man/man1" "$folder/man1"
  install -d "$folder/completions"
  install -m 644 "$from/share/bash-completion/completions/pkarr" "$folder/completions/pkarr.bash"
  install -m 644 "$from/share/zsh/vendor-completions/_pkarr" "$folder/completions/_pkarr"
  install -m 644 "$from/share/fish/vendor_completions.d/pkarr.fish" "$folder/completions/pkarr.fish"
  cp -r "$chromium_extension" "$folder/extension-chromium"
  install -m 644 "$firefox_package" "$folder/extension-firefox.xpi"
  install -d "$folder/systemd"
  install -m 644 "$here/pkarr.service" "$here/pkarr-serve.service" "$folder/systemd/"
  rm -rf "$built/tar/tree"
  chmod -R u=rwX,go=rX "$folder"
  tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C "$built/tar" "$name" | gzip -9n >"$out/$name.tar.gz"
}
