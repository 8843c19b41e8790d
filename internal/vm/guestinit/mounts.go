package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const safe = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mounts are made in this order before anything else is done.
var mounts = []struct {
	kind, target string
	flags        uintptr
	data         string
}{
	{"proc", "/proc", safe, ""},
	{"sysfs", "/sys", safe, ""},
	{"devtmpfs", "/dev", unix.MS_NOSUID, "mode=0755"},
	{"devpts", "/dev/pts", unix.MS_NOSUID | unix.MS_NOEXEC, "mode=0620,gid=5,ptmxmode=0666"},
	{"tmpfs", "/dev/shm", unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	{"mqueue", "/dev/mqueue", safe, ""},
	{"tmpfs", "/run", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	// Without nosuid and nodev, like a /tmp on the root file system: tests make device
	// nodes there.
	{"tmpfs", "/tmp", 0, "mode=1777"},
	{"cgroup2", cgroupRoot, safe, "nsdelegate,memory_recursiveprot"},
	{"bpf", "/sys/fs/bpf", safe, "mode=0700"},
	{"securityfs", "/sys/kernel/security", safe, ""},
	{"tracefs", "/sys/kernel/tracing", safe, ""},
}

// links are the symbolic links in every /dev.
var links = map[string]string{
	"/dev/fd":     "/proc/self/fd",
	"/dev/stdin":  "/proc/self/fd/0",
	"/dev/stdout": "/proc/self/fd/1",
	"/dev/stderr": "/proc/self/fd/2",
}

func mountAll() error {
	for _, mount := range mounts {
		if err := os.MkdirAll(mount.target, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(mount.kind, mount.target, mount.kind, mount.flags, mount.data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", mount.kind, mount.target, err)
		}
	}
	// As service managers do: containers are expected to make their own private.
	if err := unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("share the mounts: %w", err)
	}
	for link, target := range links {
		if err := os.Symlink(target, link); err != nil {
			return err
		}
	}
	return nil
}
