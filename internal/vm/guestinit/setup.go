package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"golang.org/x/sys/unix"
)

const hostname = "guest"

// environment is what every process in the guest starts with.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"USER=root",
	"LOGNAME=root",
	"SHELL=/bin/sh",
	"TERM=linux",
	"TMPDIR=/tmp",
	"FSRUN_GUEST=1",
}

// moduleParameters are passed to the modules that need some.
var moduleParameters = map[string]string{
	// A disk of 1 GiB that stores what is written to it, for io limits.
	"null_blk": "nr_devices=1 memory_backed=1 gb=1",
}

// settings are written to the kernel once the modules are loaded.
var settings = []struct{ path, value, why string }{
	{"/proc/sys/kernel/printk", "3 4 1 3", "keep the console for what is wrong"},
	{"/proc/sys/kernel/dmesg_restrict", "0", "tests may look for OOM kills"},
	{"/proc/sys/vm/nr_hugepages", "4", "pages for the hugetlb controller to limit"},
	{"/proc/sys/user/max_user_namespaces", "1024", "rootless containers"},
	{"/sys/block/nullb0/queue/scheduler", "bfq", "the scheduler that honours io.bfq.weight"},
	{"/sys/block/zram0/disksize", "256M", "the size of the swap device"},
}

// commands complete the setup with the help of busybox.
var commands = [][]string{
	{"/bin/busybox", "mkswap", "/dev/zram0"},
	{"/bin/busybox", "swapon", "/dev/zram0"},
}

// setUp prepares the guest for its units and returns the kernel's release.
func setUp(manifest wire.Manifest) (string, error) {
	if err := unix.Sethostname([]byte(hostname)); err != nil {
		return "", fmt.Errorf("set the host name: %w", err)
	}
	if !manifest.Systemd {
		if err := enableControllers(); err != nil {
			return "", err
		}
	}
	if err := loadModules(manifest.Modules); err != nil {
		return "", err
	}
	for _, setting := range settings {
		if err := writeFile(setting.path, setting.value); err != nil {
			return "", fmt.Errorf("write %q (%s): %w", setting.value, setting.why, err)
		}
	}
	for _, command := range commands {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w: %s", strings.Join(command, " "), err, output)
		}
	}
	if err := bringUpLoopback(); err != nil {
		return "", err
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "", fmt.Errorf("uname: %w", err)
	}
	return unix.ByteSliceToString(name.Release[:]), nil
}

// loadModules loads the modules that are not loaded yet.
func loadModules(files []string) error {
	for _, file := range files {
		if err := loadModule(filepath.Join(wire.ModulesPath, file)); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load %s: %w", file, err)
		}
	}
	return nil
}

func loadModule(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	name := strings.TrimSuffix(filepath.Base(path), ".ko")
	return unix.FinitModule(int(file.Fd()), moduleParameters[name], 0)
}

func bringUpLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bring up lo: %w", err)
	}
	return nil
}
