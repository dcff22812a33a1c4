#!/bin/bash
# get-virtualbox.sh PREFIX: a private, real VirtualBox whose VMs run without a kernel driver, for tests and for `npm start -- --demo`.
#
# Debian sid's packages are downloaded and unpacked under PREFIX; the host's packages stay as they are (own apt state, no
# maintainer scripts, no kernel module). A second run is instant. `npm run rig -- virtualbox` calls this with the right PREFIX.
#
# Needs: Debian-like amd64 with a merged /usr; apt, dpkg, util-linux, gcc; root, or user namespaces. Fetches 60 MB, keeps 240 MB.
# Reads: VBOX_RIG_MIRROR   the Debian mirror (default: the one in the host's own sources)
#        VBOX_RIG_UPDATE=1 fetch anew: sid's version moves
#        VBOX_RIG_EXTRA    more packages, e.g. virtualbox-qt for GUI starts under Xvfb (+100 MB to fetch, +380 MB kept)
# Makes: PREFIX/bin/        VBoxManage and the other tools: each enters a private mount namespace where sid's /usr lies over the host's
#        PREFIX/bin70/      a VBoxManage that says it is 7.0, for Vagrant 2.3.4, which knows no later one
#        PREFIX/VERSION     the package version; written last, so a half-made rig is never taken for a whole one
# Limits: a rig runs VMs only for the user who made it (VirtualBox checks that "root" owns its libraries); per VM
#   `modifyvm VM --vm-execution-engine=interpreter` is needed; NICs of running VMs are nat, null or none; no Guest Additions;
#   arguments must not name files under /usr (the tool sees sid's /usr).
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
extra=${VBOX_RIG_EXTRA:-}
keyring=${VBOX_RIG_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
die() { echo "get-virtualbox: $*" >&2; exit 1; }

# --- can this machine do it? -------------------------------------------------------------------------------------------
[ $# = 1 ] || die "usage: get-virtualbox.sh PREFIX"
for tool in apt-get dpkg-deb unshare flock gcc; do command -v "$tool" >/dev/null || die "needs $tool"; done
[ "$(dpkg --print-architecture)" = amd64 ] || die "only amd64 is supported"
[ -f "$keyring" ] || die "no $keyring: install debian-archive-keyring or set VBOX_RIG_KEYRING"
prefix=$1
[ ! -d "$prefix" ] || [ -z "$(ls -A "$prefix")" ] || [ -f "$prefix/.gaia-rig" ] || die "$prefix is not empty and not a rig"
mkdir -p "$prefix"; prefix=$(cd "$prefix" && pwd)
exec 9>"$prefix/.gaia-rig"; flock 9        # two test runs may ask for the rig at the same time

works() { "$prefix/bin/VBoxManage" --version >/dev/null 2>&1; }
if [ "${VBOX_RIG_UPDATE:-0}" != 1 ] && [ "$(cat "$prefix/EXTRA" 2>/dev/null)" = "$extra" ] && [ -f "$prefix/VERSION" ] && works; then
  echo "virtualbox $(cat "$prefix/VERSION") ready in $prefix"; exit 0
fi
rm -f "$prefix/VERSION"

# --- which mirror? The host's own, so that a local mirror or proxy is used as it is everywhere else ---------------------
mirror=${VBOX_RIG_MIRROR:-}
if [ -z "$mirror" ] && grep -qs '^ID=debian' /etc/os-release; then
  mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:.*\/debian\/?$/ { print $2; exit }')
  [ -n "$mirror" ] || mirror=$(awk '$1 == "deb" && /\/debian\/? / { for (i = 2; i <= NF; i++) if ($i ~ /^https?:/) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null)
fi
mirror=${mirror:-http://deb.debian.org/debian}

# --- a private apt state ------------------------------------------------------------------------------------------------
apt=$prefix/apt root=$prefix/root
mkdir -p "$apt"/etc/apt/{apt.conf.d,preferences.d,sources.list.d} "$apt"/var/lib/apt/lists/partial \
  "$apt"/var/cache/apt/archives/partial "$apt"/var/lib/dpkg "$prefix/bin" "$prefix/bin70"
echo "deb [signed-by=$keyring arch=amd64] $mirror sid main contrib" > "$apt/etc/apt/sources.list"

# Pretend that what the rig never runs is installed (kernel modules, Python, Mesa with LLVM): 97 packages instead of 186.
: > "$apt/var/lib/dpkg/status"
pretend() {   # multi-arch value, version, packages...
  local arch=$1 version=$2; shift 2
  for package; do
    printf 'Package: %s\nStatus: install ok installed\nPriority: optional\nSection: misc\nMaintainer: rig <rig@example.invalid>\nArchitecture: amd64\nMulti-Arch: %s\nVersion: %s\nDescription: pretended\n\n' \
      "$package" "$arch" "$version" >> "$apt/var/lib/dpkg/status"
  done
}
pretend foreign 9999 virtualbox-dkms systemd-standalone-sysusers debconf perl-base
pretend allowed 3.14.99 python3 python3.14 python3-packaging
pretend same 9999 procps iproute2 openssl-provider-legacy openssl
[ -n "$extra" ] || pretend same 9999 libglx-mesa0 libgbm1     # GUI front ends need the real ones

# The host's apt settings (a proxy, say) hold, but not its hooks, which would act on the host's own cache.
for hook in APT::Update::Pre-Invoke APT::Update::Post-Invoke APT::Update::Post-Invoke-Success DPkg::Pre-Invoke DPkg::Post-Invoke; do
  echo "#clear $hook;"
done > "$apt/apt.conf"
private_apt() {
  apt-get -c "$apt/apt.conf" -qq -o Dir="$apt" -o Dir::State::status="$apt/var/lib/dpkg/status" -o Dir::Etc::parts="$apt/etc/apt/apt.conf.d" \
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Check-Valid-Until=false \
    -o Acquire::GzipIndexes=true -o Acquire::Retries=3 -o APT::Architecture=amd64 -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 "$@"
}
private_apt update
rm -f "$apt"/var/cache/apt/archives/*.deb       # left by a run that was cut off: an older sid must not be unpacked over a newer
# dash: VirtualBox runs helpers through /bin/sh. libc-bin: the C.UTF-8 locale, without which names outside ASCII are refused.
# shellcheck disable=SC2086  # $extra is a list
private_apt install -y --no-install-recommends --download-only virtualbox dash libc-bin $extra >/dev/null

# --- unpack -------------------------------------------------------------------------------------------------------------
rm -rf "$root"; mkdir -p "$root"/usr/{bin,sbin,lib,lib64}
for dir in bin sbin lib lib64; do ln -s "usr/$dir" "$root/$dir"; done        # merged /usr, as base-files does
for deb in "$apt"/var/cache/apt/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink --no-same-owner -C "$root" -f -
done
version=$(basename "$apt"/var/cache/apt/archives/virtualbox_*_amd64.deb)
version=${version#virtualbox_} version=${version%_amd64.deb} version=${version//%3a/:}
rm -rf "$apt"

# --- VM processes without the driver: the hardened stubs insist on /dev/vboxdrv -------------------------------------------
gcc -O1 -o "$prefix/launcher" "$here/vbox_headless_driverless.c" -ldl
for tool in VBoxHeadless VBoxSDL VirtualBoxVM; do
  [ -e "$root/usr/lib/virtualbox/$tool.so" ] || continue
  [ ! -e "$root/usr/lib/virtualbox/$tool" ] || mv "$root/usr/lib/virtualbox/$tool" "$root/usr/lib/virtualbox/$tool.hardened"
  cp "$prefix/launcher" "$root/usr/lib/virtualbox/$tool"
done

# --- the wrappers -------------------------------------------------------------------------------------------------------
# Only /usr differs inside: other paths, the working folder, /dev, users and pids are the host's, so paths in arguments mean
# the same on both sides, and every call finds the one VBoxSVC by its socket in the host's temporary folder.
for tool in VBoxManage VBoxHeadless VBoxSVC VBoxSDL VirtualBox VirtualBoxVM vbox-img; do
  [ "$tool" = VBoxManage ] || [ -e "$root/usr/lib/virtualbox/$tool" ] || continue
  cat > "$prefix/bin/$tool" <<'WRAPPER'
#!/bin/sh
# Made by get-virtualbox.sh.
self=$(readlink -f -- "$0"); prefix=${self%/bin/*}; tool=${0##*/}
enter="unshare --mount --propagation slave"
[ "$(id -u)" = 0 ] || enter="unshare --user --map-root-user --mount --propagation slave"
exec $enter /bin/sh -c 'mount --bind "$1/root/usr" /usr || exit 125; tool=$2; shift 2; exec "/usr/lib/virtualbox/$tool" "$@"' sh "$prefix" "$tool" "$@"
WRAPPER
  chmod +x "$prefix/bin/$tool"
done
cat > "$prefix/bin70/VBoxManage" <<'WRAPPER'
#!/bin/sh
# Made by get-virtualbox.sh.
case "$*" in --version|-v) echo 7.0.26r168464; exit 0;; esac
exec "$(dirname "$(readlink -f "$0")")/../bin/VBoxManage" "$@"
WRAPPER
chmod +x "$prefix/bin70/VBoxManage"

works || die "unpacked, but VBoxManage does not run here (no mount namespaces?): $("$prefix/bin/VBoxManage" --version 2>&1 | head -3)"
echo "$extra" > "$prefix/EXTRA"; echo "$version" > "$prefix/VERSION"
echo "virtualbox $version ready in $prefix"
