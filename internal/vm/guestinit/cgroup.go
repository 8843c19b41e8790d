package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"golang.org/x/sys/unix"
)

const (
	cgroupRoot = "/sys/fs/cgroup"
	initCgroup = cgroupRoot + "/init"
)

// enableControllers moves every process in the root cgroup to a leaf and enables all
// controllers for the root's children.
func enableControllers() error {
	if err := os.Mkdir(initCgroup, 0o755); err != nil {
		return err
	}
	for _, pid := range []int{1, os.Getpid()} {
		if err := writeFile(initCgroup+"/cgroup.procs", strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	controllers, err := os.ReadFile(cgroupRoot + "/cgroup.controllers")
	if err != nil {
		return err
	}
	for _, controller := range strings.Fields(string(controllers)) {
		if err := writeFile(cgroupRoot+"/cgroup.subtree_control", "+"+controller); err != nil {
			return fmt.Errorf("enable the %s controller: %w", controller, err)
		}
	}
	return nil
}

// parentOfUnits returns the cgroup in which the units' cgroups are made: the root or, if
// that is systemd's, the worker's own cgroup, which was delegated to it.
func parentOfUnits(manifest wire.Manifest) (string, error) {
	if !manifest.Systemd {
		return cgroupRoot, nil
	}
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	own, found := strings.CutPrefix(strings.TrimSpace(string(text)), "0::")
	if !found {
		return "", fmt.Errorf("/proc/self/cgroup holds %q, want one line beginning with 0:: and a path", text)
	}
	return filepath.Join(cgroupRoot, own), nil
}

// unitCgroup is the leaf in which a unit starts. It makes it possible to kill whatever the
// unit leaves behind.
type unitCgroup struct {
	path      string
	directory *os.File
}

func newUnitCgroup(parent string, index int) (*unitCgroup, error) {
	path := filepath.Join(parent, "unit-"+strconv.Itoa(index))
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, err
	}
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &unitCgroup{path: path, directory: directory}, nil
}

func (c *unitCgroup) kill() error {
	return writeFile(c.path+"/cgroup.kill", "1")
}

// remove kills what is left and waits until the cgroup can be removed.
func (c *unitCgroup) remove() error {
	defer c.directory.Close()
	if err := c.kill(); err != nil {
		return err
	}
	const attempts = 200
	var err error
	for range attempts {
		if err = unix.Rmdir(c.path); !errors.Is(err, unix.EBUSY) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", c.path, err)
	}
	return nil
}

// writeFile writes to an existing file of the kernel.
func writeFile(path, value string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(value)
	return errors.Join(err, file.Close())
}
