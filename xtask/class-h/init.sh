#!/bin/busybox sh
# The first process of the emulated host: mounts what a Linux system has, loads KVM, runs /class-h/job and
# powers off. The console (ttyS0) is left to the kernel; all that is written here goes to ttyS1, where lines that begin with
# "@" are read by xtask.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/ TERM=dumb

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for folder in /dev/shm /tmp /run; do
    mount -t tmpfs -o mode=1777 tmpfs $folder
done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
hostname class-h
ip link set lo up

stty raw -F /dev/ttyS1
exec </dev/null >/dev/ttyS1 2>&1
for module in irqbypass kvm kvm-amd; do
    insmod /class-h/$module.ko || echo "@fatal cannot load $module.ko"
done
[ -c /dev/kvm ] || echo "@fatal no /dev/kvm on the emulated host"

read -r uptime idle </proc/uptime
echo "@ready $uptime"
sh /class-h/job
echo "@end $?"
poweroff -f
