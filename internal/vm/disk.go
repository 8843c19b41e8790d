package main

import (
	"context"
	"slices"

	"github.com/fsrun/fsrun/internal/vm/debian"
	"github.com/fsrun/fsrun/internal/vm/wire"
)

// diskPackages are in every Debian system that the guest boots: guestinit uses busybox, and
// the kernel calls kmod's modprobe.
var diskPackages = []string{"busybox-static", "kmod"}

// systemdPackages are those for systemd as process 1, reached over D-Bus.
var systemdPackages = []string{"systemd", "systemd-sysv", "dbus"}

// diskModules are the modules for a virtio disk.
var diskModules = []string{"virtio_pci", "virtio_blk"}

// diskUsers are the guest's ordinary users, as in configuration.
var diskUsers = []string{"tester"}

// diskConfiguration holds the files that differ from what the packages install.
var diskConfiguration = map[string]string{
	"hosts":    configuration["hosts"],
	"hostname": configuration["hostname"],
	// systemd takes an empty file for a first boot, and then spends a long time configuring
	// itself.
	"machine-id": "667372756e67756573740000000000a1\n",
}

// systemdUnit starts the worker. Delegation gives it a cgroup below which it may make its
// own.
const systemdUnit = `[Unit]
Description=What the guest was booted for
After=basic.target dbus.service
Wants=dbus.service

[Service]
Type=exec
ExecStart=` + wire.InitPath + ` ` + wire.WorkerArgument + `
Environment=HOME=/root USER=root LOGNAME=root SHELL=/bin/sh TERM=linux TMPDIR=/tmp FSRUN_GUEST=1
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
StandardOutput=tty
StandardError=tty
TTYPath=` + wire.ConsolePath + `
`

// systemdFiles make systemd start only the worker, and nothing on its terminals.
var systemdFiles = map[string]string{
	"etc/systemd/system/fsrun-guest.service": systemdUnit,
}

var systemdLinks = map[string]string{
	"etc/systemd/system/default.target":                              "/lib/systemd/system/multi-user.target",
	"etc/systemd/system/multi-user.target.wants/fsrun-guest.service": "../fsrun-guest.service",
	"etc/systemd/system/getty.target":                                "/dev/null",
}

// addDisk makes the disk, adds to the initial file system what the disk needs, and returns
// the path of its image.
func (g *guest) addDisk(ctx context.Context, o options) (string, error) {
	_, moduleDirectory, err := g.kernel(ctx)
	if err != nil {
		return "", err
	}
	packages := slices.Concat(diskPackages, o.debian)
	if o.systemd {
		packages = append(packages, systemdPackages...)
	}
	image, err := g.cache.Image(ctx, debian.Image{
		Packages: packages,
		Modules:  moduleDirectory,
		Users:    diskUsers,
		MiB:      o.disk,
	})
	if err != nil {
		return "", err
	}
	for name, content := range diskConfiguration {
		g.tree.AddBytes("etc/"+name, 0o644, []byte(content))
	}
	g.manifest.Disk = true
	g.manifest.DiskModules, err = g.addModules(moduleDirectory, diskModules)
	if err != nil {
		return "", err
	}
	if o.systemd {
		g.manifest.Systemd = true
		for name, content := range systemdFiles {
			g.tree.AddBytes(name, 0o644, []byte(content))
		}
		for name, target := range systemdLinks {
			g.tree.AddSymlink(name, target)
		}
	}
	return image, nil
}
