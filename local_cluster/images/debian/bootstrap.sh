#!/bin/sh
# Make the root file system of a small Debian image: bootstrap.sh SUITE MIRROR FOLDER
set -eu
suite=$1 mirror=$2 root=$3

# The sid script serves every suite, also those that this debootstrap does not know yet.
debootstrap --variant=minbase "$suite" "$root" "$mirror" sid

# As in the published slim images: no manuals, no translations, no package lists, no caches.
cat > "$root/etc/dpkg/dpkg.cfg.d/01-slim" <<EOF
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
EOF
# A mirror's frozen copy of a suite is past its date.
cat > "$root/etc/apt/apt.conf.d/01-image" <<EOF
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "false";
EOF
# Services are started by nobody inside a build.
printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root"/usr/share/man/* "$root"/usr/share/info/* "$root"/usr/share/locale/* \
  "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/etc/machine-id
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
