package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent"
)

// usage is what a container has used, including its start. What could not be measured is
// nil, and Unmeasured says why.
type usage struct {
	began time.Time

	ExitStatus int     `json:"exit_status"`
	TimedOut   bool    `json:"timed_out"`
	Wall       int64   `json:"wall_usec"`
	CPU        *uint64 `json:"cpu_usec"`
	CPUUser    *uint64 `json:"cpu_user_usec"`
	CPUSystem  *uint64 `json:"cpu_system_usec"`
	MemoryPeak *uint64 `json:"memory_peak_bytes"`
	OOMKills   *uint64 `json:"oom_kills"`
	PidsPeak   *uint64 `json:"pids_peak"`
	PidsDenied *uint64 `json:"pids_refused"`

	Unmeasured []string `json:"unmeasured,omitempty"`
}

// ended records how the program ended.
func (u *usage) ended(status unix.WaitStatus, killed bool) {
	u.Wall = time.Since(u.began).Microseconds()
	u.ExitStatus = exitStatus(status)
	if killed && status.Signaled() && status.Signal() == unix.SIGKILL {
		u.TimedOut, u.ExitStatus = true, timedOutStatus
	}
}

// measure reads the counters of a container that has not been deleted yet.
func (u *usage) measure(root, id string) error {
	inspected, err := parent.Inspect(root, id)
	if err != nil {
		return err
	}
	if inspected.Cgroup == "" {
		u.Unmeasured = append(u.Unmeasured, "the container has no cgroup")
		return nil
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		return err
	}
	defer tree.Close()
	group, err := tree.Open(strings.TrimPrefix(inspected.Cgroup, inspected.CgroupMount))
	if err != nil {
		return err
	}
	defer group.Close()
	stats, err := group.Stats()
	if err != nil {
		return err
	}
	u.take(&stats)
	u.explain(tree, &stats)
	return nil
}

func (u *usage) take(stats *cgroupv2.Stats) {
	if cpu := stats.CPU; cpu != nil {
		u.CPU, u.CPUUser, u.CPUSystem = &cpu.Usage, &cpu.User, &cpu.System
	}
	if memory := stats.Memory; memory != nil {
		u.MemoryPeak, u.OOMKills = known(memory.Peak), &memory.Events.OOMKill
	}
	if pids := stats.Pids; pids != nil {
		u.PidsPeak, u.PidsDenied = known(pids.Peak), &pids.Refused
	}
}

// known returns nil for a peak of zero: the kernel does not count it.
func known(peak uint64) *uint64 {
	if peak == 0 {
		return nil
	}
	return &peak
}

func (u *usage) explain(tree *cgroupv2.Tree, stats *cgroupv2.Stats) {
	for _, part := range []struct {
		controller string
		counted    bool
		peak       *uint64
		file       string
	}{
		{"memory", stats.Memory != nil, u.MemoryPeak, "memory.peak, which Linux 5.19 has"},
		{"pids", stats.Pids != nil, u.PidsPeak, "pids.peak, which Linux 6.8 has"},
	} {
		switch {
		case !part.counted:
			u.Unmeasured = append(u.Unmeasured, whyUncounted(tree, part.controller))
		case part.peak == nil:
			u.Unmeasured = append(u.Unmeasured, "this kernel lacks "+part.file)
		}
	}
}

// whyUncounted returns the tree's error for the smallest of limits.
func whyUncounted(tree *cgroupv2.Tree, controller string) string {
	unlimited := int64(-1)
	asking := &specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &unlimited}}
	if controller == "pids" {
		asking = &specs.LinuxResources{Pids: &specs.LinuxPids{Limit: &unlimited}}
	}
	limits, err := cgroupv2.Compute(asking)
	if err == nil {
		err = tree.Check(limits)
	}
	var lacking *cgroupv2.ControllerError
	if errors.As(err, &lacking) {
		lacking.Setting = cgroupv2.Setting{} // the user did not ask for it
		return lacking.Error()
	}
	return "the " + controller + " controller is not handed down to the container's cgroup"
}

// report writes what was used where the caller wants it.
func (w *wrapping) report(u *usage) error {
	if w.stats {
		u.write(os.Stderr)
	}
	switch w.statsFile {
	case "":
		return nil
	case "-":
		return writeJSON(os.Stdout, u)
	}
	file, err := os.Create(w.statsFile)
	if err != nil {
		return fmt.Errorf("--stats-json: %w", err)
	}
	return errors.Join(writeJSON(file, u), file.Close())
}

// write prints the usage for people.
func (u *usage) write(to io.Writer) {
	fmt.Fprintf(to, "wall time    %s\n", microseconds(uint64(u.Wall)))
	if u.CPU != nil {
		fmt.Fprintf(to, "cpu time     %s (user %s, system %s)\n", microseconds(*u.CPU), microseconds(*u.CPUUser), microseconds(*u.CPUSystem))
	}
	for _, row := range []struct {
		name  string
		value *uint64
		show  func(uint64) string
	}{
		{"peak memory", u.MemoryPeak, mebibytes},
		{"OOM kills", u.OOMKills, decimal},
		{"peak pids", u.PidsPeak, decimal},
		{"pids refused", u.PidsDenied, decimal},
	} {
		if row.value != nil {
			fmt.Fprintf(to, "%-12s %s\n", row.name, row.show(*row.value))
		}
	}
	for _, reason := range u.Unmeasured {
		fmt.Fprintf(to, "not measured: %s\n", reason)
	}
}
