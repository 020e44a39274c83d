# shellcheck shell=bash
# The package for Fedora, openSUSE and their kin.

pack_rpm() {
  local tree=$built/rpm top=$built/rpmbuild
  # Their Firefox looks in the folder of 64 bit libraries, which the program sees to where there is one.
  rm -rf "$tree"
  install -d "$tree/usr/lib64"
  stage "$tree"
  install -D -m 644 "$root/LICENSE" "$tree/usr/share/licenses/pkarr/LICENSE"
  # Their shells look in a folder of another name.
  mv "$tree/usr/share/zsh/vendor-completions" "$tree/usr/share/zsh/site-functions"
  same_times "$tree"

  rm -rf "$top"
  mkdir -p "$top"
  # Folders that are only ours go with the package; those of others it leaves alone.
  (
    cd "$tree"
    find . \( -type f -o -type l \) -printf '"/%P"\n'
    find usr/share/{doc,licenses}/pkarr usr/share/chromium/extensions/pkarr -type d -printf '%%dir "/%p"\n'
  ) | sort >"$top/files"
  patiently 'rpmbuild' rpmbuild -bb --quiet --target x86_64 \
    --define "_topdir $top" --define "_rpmdir $top" --define "_tree $tree" --define "_files $top/files" \
    --define "_version $version" \
    --define '_buildhost localhost' --define 'use_source_date_epoch_as_buildtime 1' \
    --define 'clamp_mtime_to_source_date_epoch 1' --define 'source_date_epoch_from_changelog 0' \
    "$here/package/rpm/pkarr.spec" || fail 'rpmbuild could not pack.'
  mv "$top/x86_64/pkarr-$version-1.x86_64.rpm" "$out/"
}
