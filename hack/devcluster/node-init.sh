#!/bin/sh
# The first process of a node. Runs in mount, network and UTS namespaces of the node's own and makes
# the node's folder its root, so that a path such as /run/containerd means another place on each node,
# for the daemons as for every hostPath. The programs come from the host, read-only.
# usage: node-init.sh ROOT HOSTNAME READ-ONLY-FOLDER...
set -eu
root=$1 name=$2
shift 2
hostname "$name" 2>/dev/null || echo "$name" >/proc/sys/kernel/hostname

readonly_bind() {
  mkdir -p "$root$1"
  mount --rbind "$1" "$root$1"
  mount -o remount,bind,ro "$root$1"
}

mount --bind "$root" "$root"
for dir in /usr /bin /sbin /lib /lib32 /lib64 /libx32; do
  if [ -h "$dir" ]; then
    [ -h "$root$dir" ] || cp -P "$dir" "$root$dir"
  elif [ -d "$dir" ]; then
    readonly_bind "$dir"
  fi
done
for dir in "$@"; do readonly_bind "$dir"; done
for dir in /proc /sys /dev; do
  mkdir -p "$root$dir"
  mount --rbind "$dir" "$root$dir"
done

# The kubelet sets these as it likes them; here they are the machine's, so it gets copies.
mkdir -p "$root/run/sysctl"
for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops \
  kernel/keys/root_maxkeys kernel/keys/root_maxbytes; do
  copy=$root/run/sysctl/$(echo "$setting" | tr / .)
  cat "/proc/sys/$setting" >"$copy"
  mount --bind "$copy" "$root/proc/sys/$setting"
done

cd "$root"
# Old and new root on one place: the old one is then on top and can be let go.
pivot_root . .
umount -l .
cd /
# Mounts of the kubelet and of pods with mountPropagation travel within the node and no further.
mount --make-rshared /
echo 1 >/proc/sys/net/ipv4/ip_forward
: >/run/node-ready
exec sleep infinity
