package devfilter

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Bounds of the verifier's log: how much is requested, and how much an error shows.
const (
	logBytes  = 256 << 10
	tailBytes = 2 << 10
)

// LoadError says why the kernel refused a device program.
type LoadError struct {
	Err     error
	Missing []string // the capabilities for loading it that the process lacks
	Log     string   // the end of the verifier's log
	remedy  string
}

func (e *LoadError) Error() string {
	message := "the kernel refused the device program: " + e.Err.Error()
	if len(e.Missing) > 0 {
		message += " (missing " + strings.Join(e.Missing, ", ") + ")"
	}
	if e.remedy != "" {
		message += "; " + e.remedy
	}
	if e.Log != "" {
		message += "; the verifier said: " + e.Log
	}
	return message
}

func (e *LoadError) Unwrap() error { return e.Err }

// Place returns where in config.json the program comes from.
func (e *LoadError) Place() string { return "linux.resources.devices" }

// Hint returns only the remedy.
func (e *LoadError) Hint() string { return e.remedy }

// explainLoad finds out why a program was refused. The log is requested only now, so that a
// program that is accepted does not pay for it.
func explainLoad(request sys.BPFProgram, err error) error {
	e := &LoadError{Err: err}
	switch {
	case errors.Is(err, unix.EPERM):
		e.Missing = missingCapabilities()
		e.remedy = "run as root of the initial user namespace or with CAP_BPF and CAP_NET_ADMIN there; " +
			"if this is a container, its seccomp profile must allow bpf(2)"
	case errors.Is(err, unix.ENOMEM):
		e.remedy = "raise the memory limit of the cgroup that this command runs in, and on vendor kernels RLIMIT_MEMLOCK (ulimit -l unlimited)"
	case errors.Is(err, unix.ENOSYS):
		e.remedy = "use a kernel with CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF, or a seccomp profile that allows bpf(2)"
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EACCES), errors.Is(err, unix.E2BIG):
		// If the verifier says nothing, the kernel does not know the type of program.
		if e.Log = verifierLog(request); e.Log == "" {
			e.remedy = "use a kernel with CONFIG_CGROUP_BPF"
		}
	}
	return e
}

// verifierLog loads the program again to get the verifier's log.
func verifierLog(request sys.BPFProgram) string {
	request.Log = make([]byte, logBytes)
	if fd, err := sys.BPFLoad(request); err == nil {
		unix.Close(fd)
		return ""
	}
	said, _, _ := strings.Cut(string(request.Log), "\x00")
	said = strings.TrimSpace(said)
	return said[max(0, len(said)-tailBytes):]
}

// missingCapabilities returns the capabilities for loading a device program that this
// thread lacks. CAP_SYS_ADMIN implies the other two.
func missingCapabilities() []string {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return nil
	}
	has := func(capability int) bool {
		return data[capability/32].Effective&(1<<(capability%32)) != 0
	}
	if has(unix.CAP_SYS_ADMIN) {
		return nil
	}
	var missing []string
	if !has(unix.CAP_BPF) {
		missing = append(missing, "CAP_BPF")
	}
	if !has(unix.CAP_NET_ADMIN) {
		missing = append(missing, "CAP_NET_ADMIN")
	}
	return missing
}

// explainAttach adds what a refused attachment means.
func explainAttach(err error) error {
	remedy := ""
	switch {
	case errors.Is(err, unix.EPERM):
		remedy = "; it takes CAP_NET_ADMIN, and no group above may hold a program that was attached without BPF_F_ALLOW_MULTI (bpftool cgroup tree)"
	case errors.Is(err, unix.E2BIG):
		remedy = fmt.Sprintf("; %d programs are attached already (bpftool cgroup show)", maxAttached)
	}
	return fmt.Errorf("device program: attaching it: %w%s", err, remedy)
}
