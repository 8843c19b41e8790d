package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// sleeping starts a container that sleeps, and returns its process ID.
func sleeping(t *testing.T, edits ...harness.Edit) (c *container, pid int) {
	t.Helper()
	c = newContainer(t, append([]harness.Edit{harness.Args("/bin/sleep", "1000")}, edits...)...)
	c.start()
	return c, initOf(t, c)
}

func initOf(t *testing.T, c *container) int {
	t.Helper()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	return inspected.Init.PID
}

// field returns a field of /proc/PID/stat by its number in proc_pid_stat(5).
func field(stat string, number int) string {
	_, rest, _ := strings.Cut(stat, ") ")
	return strings.Fields(rest)[number-3]
}

// Every scheduling policy, as seen from the host and from inside.
func TestScheduler(t *testing.T) {
	const millisecond = 1_000_000
	own, err := unix.SchedGetAttr(0, 0)
	must(t, err)
	for _, test := range []struct {
		scheduler specs.Scheduler
		want      unix.SchedAttr
	}{
		{specs.Scheduler{Policy: specs.SchedOther, Nice: -5}, unix.SchedAttr{Policy: unix.SCHED_NORMAL, Nice: -5}},
		{specs.Scheduler{Policy: specs.SchedBatch, Nice: 7}, unix.SchedAttr{Policy: unix.SCHED_BATCH, Nice: 7}},
		{specs.Scheduler{Policy: specs.SchedIdle}, unix.SchedAttr{Policy: unix.SCHED_IDLE, Nice: own.Nice}},
		{specs.Scheduler{Policy: specs.SchedFIFO, Priority: 3}, unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 3}},
		{
			specs.Scheduler{Policy: specs.SchedRR, Priority: 42, Flags: []specs.LinuxSchedulerFlag{specs.SchedFlagResetOnFork}},
			unix.SchedAttr{Policy: unix.SCHED_RR, Priority: 42, Flags: unix.SCHED_FLAG_RESET_ON_FORK},
		},
		{
			specs.Scheduler{Policy: specs.SchedDeadline, Runtime: millisecond, Deadline: 20 * millisecond, Period: 40 * millisecond,
				Flags: []specs.LinuxSchedulerFlag{specs.SchedFlagReclaim, specs.SchedFlagDLOverrun}},
			unix.SchedAttr{Policy: unix.SCHED_DEADLINE, Runtime: millisecond, Deadline: 20 * millisecond, Period: 40 * millisecond,
				Flags: unix.SCHED_FLAG_RECLAIM | unix.SCHED_FLAG_DL_OVERRUN},
		},
	} {
		t.Run(string(test.scheduler.Policy), func(t *testing.T) {
			needPolicy(t, test.want.Policy)
			edit := func(spec *specs.Spec) { spec.Process.Scheduler = &test.scheduler }
			_, pid := sleeping(t, edit)
			got, err := unix.SchedGetAttr(pid, 0)
			must(t, err)
			test.want.Size = got.Size
			got.Util_min, got.Util_max = 0, 0
			if test.want.Runtime == 0 {
				got.Runtime = 0 // the slice, which newer kernels report for every policy
			}
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("from the host (-want +got):\n%s", diff)
			}
			// The probe would need threads, which a deadline forbids.
			stat := newContainer(t, harness.Args("/bin/cat", "/proc/self/stat"), harness.UserNamespace, edit).succeed()
			nice := test.want.Nice
			if test.want.Policy != unix.SCHED_NORMAL && test.want.Policy != unix.SCHED_BATCH {
				nice = own.Nice // these policies ignore it and leave what the caller has
			}
			equal(t, "nice from within", fmt.Sprint(nice), field(stat, 19))
			equal(t, "priority from within a user namespace", fmt.Sprint(test.want.Priority), field(stat, 40))
			equal(t, "policy from within a user namespace", fmt.Sprint(test.want.Policy), field(stat, 41))
		})
	}
}

// needPolicy skips a real-time policy that this machine gives to nobody in its cgroup
// (CONFIG_RT_GROUP_SCHED), which the guest does not have.
func needPolicy(t *testing.T, policy uint32) {
	t.Helper()
	if policy != unix.SCHED_FIFO && policy != unix.SCHED_RR || harness.Guest() {
		return
	}
	pid := holder(t, 0)
	if err := unix.SchedSetAttr(pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: policy, Priority: 1}, 0); errors.Is(err, unix.EPERM) {
		t.Skip("needs real-time scheduling: this kernel gives this cgroup none")
	}
}

func ioPriority(t *testing.T, pid int) int {
	t.Helper()
	const ofProcess = 1
	priority, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, ofProcess, uintptr(pid), 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	return int(priority)
}

func TestIOPriority(t *testing.T) {
	for class, number := range map[specs.IOPriorityClass]int{specs.IOPRIO_CLASS_RT: 1, specs.IOPRIO_CLASS_BE: 2, specs.IOPRIO_CLASS_IDLE: 3} {
		t.Run(string(class), func(t *testing.T) {
			c, pid := sleeping(t, harness.UserNamespace, func(spec *specs.Spec) {
				spec.Process.IOPriority = &specs.LinuxIOPriority{Class: class, Priority: 5}
			})
			equal(t, "the init's", number<<13|5, ioPriority(t, pid))
			// For exec it is what its own process says.
			process := &specs.Process{Args: []string{"/bin/sh", "-c", "ionice -p $$"}, Cwd: "/", IOPriority: &specs.LinuxIOPriority{Class: specs.IOPRIO_CLASS_BE, Priority: 1}}
			equal(t, "an exec's", "best-effort: prio 1", strings.TrimSpace(c.exec(process)))
		})
	}
}

// allowedCPUs returns a process's Cpus_allowed_list.
func allowedCPUs(status map[string]string) string { return status["Cpus_allowed_list"] }

func needTwoProcessors(t *testing.T) {
	t.Helper()
	if online, err := os.ReadFile("/sys/devices/system/cpu/online"); err != nil || strings.TrimSpace(string(online)) == "0" {
		t.Skipf("needs two processors: %s %v", online, err)
	}
}

func TestExecCPUAffinity(t *testing.T) {
	needTwoProcessors(t)
	c := newContainer(t, harness.Probing(t), harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Process.ExecCPUAffinity = &specs.CPUAffinity{Initial: "1", Final: "1"} // has no effect on the init
	})
	c.start()
	of := func(affinity *specs.CPUAffinity) string {
		process := &specs.Process{Args: []string{harness.ProbePath}, Cwd: "/", ExecCPUAffinity: affinity}
		return allowedCPUs(parseReport(t, c.exec(process)).Status)
	}
	all := of(nil)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", initOf(t, c)))
	must(t, err)
	if want := "Cpus_allowed_list:\t" + all + "\n"; !strings.Contains(string(status), want) {
		t.Errorf("the init is bound: want %q", want)
	}
	equal(t, "final", "1", of(&specs.CPUAffinity{Final: "1"}))
	equal(t, "final after initial", "1", of(&specs.CPUAffinity{Initial: "0", Final: "1"}))
	equal(t, "both processors", all, of(&specs.CPUAffinity{Final: "0-1"}))
	equal(t, "initial alone", all, of(&specs.CPUAffinity{Initial: "0"}))
}

// A service manager may have bound whoever starts the containers (CPUAffinity=).
func TestAffinityOfTheCaller(t *testing.T) {
	needTwoProcessors(t)
	var all, one unix.CPUSet
	must(t, unix.SchedGetaffinity(0, &all))
	one.Set(0)
	runtime.LockOSThread() // the affinity is the thread's
	must(t, unix.SchedSetaffinity(0, &one))
	t.Cleanup(func() {
		must(t, unix.SchedSetaffinity(0, &all))
		runtime.UnlockOSThread()
	})
	c, pid := sleeping(t)
	allowed := func(pid int) int {
		var set unix.CPUSet
		must(t, unix.SchedGetaffinity(pid, &set))
		return set.Count()
	}
	equal(t, "the init's", all.Count(), allowed(pid))
	equal(t, "an exec's", strconv.Itoa(all.Count()), c.exec(&specs.Process{Args: []string{"/bin/busybox", "nproc"}, Cwd: "/"}))
	// Before Linux 6.2 a cpuset overrode what was inherited.
	if content, err := os.ReadFile(harness.CgroupMount + "/cgroup.controllers"); err == nil && !strings.Contains(string(content), "cpuset") {
		kept := newContainer(t, harness.Args("/bin/busybox", "nproc"))
		kept.KeepAffinity = true
		equal(t, "kept", "1", kept.succeed())
	}
}

func TestPersonality(t *testing.T) {
	machine := map[specs.LinuxPersonalityDomain]string{}
	for _, domain := range []specs.LinuxPersonalityDomain{specs.PerLinux, specs.PerLinux32} {
		c := newContainer(t, harness.Args("/bin/busybox", "uname", "-m"), func(spec *specs.Spec) {
			spec.Linux.Personality = &specs.LinuxPersonality{Domain: domain}
		})
		machine[domain] = strings.TrimSpace(c.succeed())
	}
	var host unix.Utsname
	must(t, unix.Uname(&host))
	equal(t, "LINUX", unix.ByteSliceToString(host.Machine[:]), machine[specs.PerLinux])
	if machine[specs.PerLinux32] == machine[specs.PerLinux] {
		t.Errorf("LINUX32 says %q, too", machine[specs.PerLinux32])
	}
	c, pid := sleeping(t, func(spec *specs.Spec) { spec.Linux.Personality = &specs.LinuxPersonality{Domain: specs.PerLinux32} })
	persona, err := os.ReadFile(fmt.Sprintf("/proc/%d/personality", pid))
	must(t, err)
	equal(t, "from the host", "00000008", strings.TrimSpace(string(persona)))
	equal(t, "of an exec", machine[specs.PerLinux32], strings.TrimSpace(c.exec(&specs.Process{Args: []string{"/bin/busybox", "uname", "-m"}, Cwd: "/"})))
}

func TestMemoryPolicy(t *testing.T) {
	if _, err := os.Stat("/proc/self/numa_maps"); err != nil {
		t.Skipf("needs a kernel with NUMA: %v", err)
	}
	for _, test := range []struct {
		policy specs.LinuxMemoryPolicy
		want   string
	}{
		{specs.LinuxMemoryPolicy{Mode: specs.MpolDefault}, "default"},
		{specs.LinuxMemoryPolicy{Mode: specs.MpolBind, Nodes: "0"}, "bind:0"},
		{specs.LinuxMemoryPolicy{Mode: specs.MpolInterleave, Nodes: "0", Flags: []specs.MemoryPolicyFlagType{specs.MpolFStaticNodes}}, "interleave=static:0"},
		{specs.LinuxMemoryPolicy{Mode: specs.MpolPreferred, Nodes: "0"}, "prefer:0"},
		{specs.LinuxMemoryPolicy{Mode: specs.MpolPreferredMany, Nodes: "0", Flags: []specs.MemoryPolicyFlagType{specs.MpolFRelativeNodes}}, "prefer (many)=relative:0"},
		{specs.LinuxMemoryPolicy{Mode: specs.MpolLocal}, "local"},
	} {
		t.Run(string(test.policy.Mode), func(t *testing.T) {
			c, pid := sleeping(t, func(spec *specs.Spec) { spec.Linux.MemoryPolicy = &test.policy })
			maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/numa_maps", pid))
			must(t, err)
			equal(t, "from the host", test.want, policyOf(string(maps)))
			maps2 := c.exec(&specs.Process{Args: []string{"/bin/cat", "/proc/self/numa_maps"}, Cwd: "/"})
			equal(t, "of an exec, from within", test.want, policyOf(maps2))
		})
	}
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
		spec.Linux.MemoryPolicy = &specs.LinuxMemoryPolicy{Mode: specs.MpolBind, Nodes: "1000"}
	})
	if err := c.refuse(); !strings.Contains(err.Error(), "linux.memoryPolicy") {
		t.Errorf("a node that is not there: %v", err)
	}
}

// TestResourceControlThatCannotBeHad: a bundle that names a group in a missing file system
// is refused, with the remedy.
func TestResourceControlThatCannotBeHad(t *testing.T) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	if strings.Contains(string(mounts), " - resctrl ") {
		t.Skip("resctrl is mounted here")
	}
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
		spec.Linux.IntelRdt = &specs.LinuxIntelRdt{ClosID: "guaranteed"}
	})
	const want = "linux.intelRdt: no resctrl file system is mounted; where kernel and processor have resource control: mount -t resctrl resctrl /sys/fs/resctrl"
	equal(t, "the refusal", want, c.refuse().Error())
}

// policyOf returns the policy of the first mapping in numa_maps.
func policyOf(maps string) string {
	line, _, _ := strings.Cut(maps, "\n")
	_, rest, _ := strings.Cut(line, " ")
	policy, _, _ := strings.Cut(rest, " ")
	if strings.HasPrefix(rest, "prefer (many)") {
		policy = "prefer (many)" + strings.Fields(strings.TrimPrefix(rest, "prefer (many)"))[0]
	}
	return policy
}

// The container's clocks are the host's plus the offsets, even if its time namespace
// belongs to a user namespace of its own, and after exec.
func TestTimeOffsets(t *testing.T) {
	const day = 86400
	for name, edit := range map[string]harness.Edit{
		"plain": func(*specs.Spec) {}, "user namespace": harness.UserNamespace,
		"joined namespace": func(spec *specs.Spec) {
			harness.Namespace(specs.IPCNamespace, fmt.Sprintf("/proc/%d/ns/ipc", holder(t, unix.CLONE_NEWIPC)))(spec)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, harness.Args("/bin/sleep", "1000"), edit, harness.Namespace(specs.TimeNamespace, ""), func(spec *specs.Spec) {
				spec.Linux.TimeOffsets = map[string]specs.LinuxTimeOffset{"boottime": {Secs: 100 * day, Nanosecs: 5}, "monotonic": {Secs: 3 * day, Nanosecs: 999999999}}
			})
			c.start()
			uptime := c.exec(&specs.Process{Args: []string{"/bin/cat", "/proc/uptime", "/proc/self/timens_offsets"}, Cwd: "/"})
			seconds, err := strconv.ParseFloat(strings.Fields(uptime)[0], 64)
			must(t, err)
			var host unix.Timespec
			must(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &host))
			if off := seconds - float64(host.Sec); off < 100*day-10 || off > 100*day+10 {
				t.Errorf("the uptime is %.0f s off the host's", off)
			}
			lines := strings.Split(uptime, "\n")
			var offsets []string
			for _, line := range lines[1:3] {
				offsets = append(offsets, strings.Join(strings.Fields(line), " "))
			}
			equal(t, "offsets from within", []string{"monotonic 259200 999999999", "boottime 8640000 5"}, offsets)
			seen, err := os.ReadFile(fmt.Sprintf("/proc/%d/timens_offsets", initOf(t, c)))
			must(t, err)
			if !strings.Contains(string(seen), "8640000") {
				t.Errorf("from the host: %q", seen)
			}
		})
	}
}
