package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// disk is a file with an empty ext4 file system, and a block device for it.
type disk struct{ image, device string }

func newDisk(t *testing.T, flags uint32) disk {
	t.Helper()
	harness.Need(t, harness.Root)
	harness.NativeOnly(t, "the guest's mke2fs makes another file system")
	mke2fs := harness.NeedProgram(t, "mke2fs")
	d := disk{image: filepath.Join(t.TempDir(), "image")}
	if said, err := exec.Command(mke2fs, "-q", "-t", "ext4", d.image, "4M").CombinedOutput(); err != nil {
		t.Fatalf("mke2fs: %v: %s", err, said)
	}
	file, err := os.OpenFile(d.image, os.O_RDWR, 0)
	must(t, err)
	defer file.Close()
	d.device = attach(t, file, flags)
	return d
}

// attach makes a block device from a file, for the duration of the test (loop(4)).
func attach(t *testing.T, file *os.File, flags uint32) string {
	t.Helper()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("native only: no block devices on files here: %v", err)
	}
	defer control.Close()
	for {
		number, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		must(t, err)
		name := fmt.Sprintf("/dev/loop%d", number)
		device, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Skipf("native only: no block devices on files here: %v", err)
		}
		config := &unix.LoopConfig{Fd: uint32(file.Fd()), Info: unix.LoopInfo64{Flags: flags | unix.LO_FLAGS_AUTOCLEAR}}
		err = unix.IoctlLoopConfigure(int(device.Fd()), config)
		if errors.Is(err, unix.EBUSY) { // another process was faster
			device.Close()
			continue
		}
		must(t, err)
		t.Cleanup(func() { device.Close() })
		return name
	}
}

func (d disk) mounted(options ...string) harness.Edit {
	return func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/disk", Type: "ext4", Source: d.device, Options: options})
	}
}

// TestReadOnlyDisk: a file system is mounted read-only as a whole, as with mount -o ro:
// from a device that cannot be written, and from one that can be, without writing to it.
func TestReadOnlyDisk(t *testing.T) {
	for name, flags := range map[string]uint32{"device for reading": unix.LO_FLAGS_READ_ONLY, "device for writing": 0} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(t, flags)
			before, err := os.ReadFile(d.image)
			must(t, err)
			mount := byPoint(newContainer(t, harness.Probing(t), d.mounted("ro")).probe())["/disk"]
			equal(t, "the mount", "ro,relatime", mount.Options)
			equal(t, "its file system", "ro", mount.Superblock)
			after, err := os.ReadFile(d.image)
			must(t, err)
			if !bytes.Equal(before, after) {
				t.Error("the device was written to")
			}
		})
	}
}

// TestRemountedDisk: a file system that was mounted read-only can be made writable.
func TestRemountedDisk(t *testing.T) {
	d := newDisk(t, 0)
	newContainer(t, harness.Shell("echo written > /disk/file && cat /disk/file"), d.mounted("ro"), d.mounted("remount", "rw")).succeed()
	report := newContainer(t, harness.Probing(t, "/disk/file"), d.mounted(), d.mounted("remount", "ro")).probe()
	equal(t, "what was written", "written\n", report.Files["/disk/file"].Content)
	equal(t, "the file system", "ro", byPoint(report)["/disk"].Superblock)
}
