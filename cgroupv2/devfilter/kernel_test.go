package devfilter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/sys"
)

// probeVariable makes the test binary a process that tries devices. It contains a JSON list
// of probes; the answers go to standard output.
const probeVariable = "FSRUN_TEST_DEVICE_PROBES"

// probe opens a device, or makes one with mknod(2).
type probe struct {
	Path  string
	Flags int    // for open
	Mode  uint32 // for mknod, if not 0
	Major uint32
	Minor uint32
}

func TestMain(m *testing.M) {
	if probes := os.Getenv(probeVariable); probes != "" {
		os.Exit(answer(probes))
	}
	os.Exit(m.Run())
}

// answer runs in the cgroup and prints an errno for each probe.
func answer(text string) int {
	var probes []probe
	if err := json.Unmarshal([]byte(text), &probes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	errnos := make([]syscall.Errno, 0, len(probes))
	for _, p := range probes {
		errnos = append(errnos, try(p))
	}
	if err := json.NewEncoder(os.Stdout).Encode(errnos); err != nil {
		return 1
	}
	return 0
}

func try(p probe) syscall.Errno {
	var err error
	if p.Mode != 0 {
		err = unix.Mknod(p.Path, p.Mode, int(unix.Mkdev(p.Major, p.Minor)))
	} else {
		var fd int
		if fd, err = unix.Open(p.Path, p.Flags|unix.O_CLOEXEC|unix.O_NOCTTY, 0); err == nil {
			unix.Close(fd)
		}
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}

// ask starts a process in the cgroup with CLONE_INTO_CGROUP, and returns its answers.
func ask(t *testing.T, group *cgroupv2.Group, probes ...probe) []syscall.Errno {
	t.Helper()
	text, err := json.Marshal(probes)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = []string{probeVariable + "=" + string(text)}
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: group.FD(), Pdeathsig: syscall.SIGKILL}
	output, err := command.Output()
	if err != nil {
		t.Fatalf("the probing process: %v", err)
	}
	var errnos []syscall.Errno
	if err := json.Unmarshal(output, &errnos); err != nil || len(errnos) != len(probes) {
		t.Fatalf("the probing process said %q: %v", output, err)
	}
	return errnos
}

func expect(t *testing.T, group *cgroupv2.Group, want map[probe]syscall.Errno) {
	t.Helper()
	var probes []probe
	for p := range want {
		probes = append(probes, p)
	}
	for i, errno := range ask(t, group, probes...) {
		if errno != want[probes[i]] {
			t.Errorf("%+v: %v, want %v", probes[i], errno, want[probes[i]])
		}
	}
}

// newGroup makes a cgroup for the test, and checks at the end that it is gone.
func newGroup(t *testing.T, path string) *cgroupv2.Group {
	t.Helper()
	if os.Geteuid() != 0 {
		absent(t, "device programs need root")
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		absent(t, err.Error())
	}
	t.Cleanup(tree.Close)
	group, err := tree.Create(fmt.Sprintf("fsrun-test-devfilter-%d/%s", os.Getpid(), path), cgroupv2.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := group.Delete(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return group
}

// absent ends a test that this machine cannot run: a skip natively, a failure in the guest,
// which has everything.
func absent(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func load(t *testing.T, program Instructions) *Program {
	t.Helper()
	p, err := Load(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func rules(t *testing.T, text string) Instructions {
	t.Helper()
	program, err := Compile(parseRules(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

const (
	onlyNull = `[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"}]`
	onlyZero = `[{"allow":true,"type":"c","major":1,"minor":5,"access":"r"}]`
)

var (
	readNull  = probe{Path: "/dev/null", Flags: unix.O_RDONLY}
	writeNull = probe{Path: "/dev/null", Flags: unix.O_RDWR}
	readZero  = probe{Path: "/dev/zero", Flags: unix.O_RDONLY}
	bothZero  = probe{Path: "/dev/zero", Flags: unix.O_RDWR}
)

func TestProgramDecidesInTheKernel(t *testing.T) {
	group := newGroup(t, "decides")
	dir := t.TempDir()
	makeNull := probe{Path: filepath.Join(dir, "null"), Mode: unix.S_IFCHR | 0o600, Major: 1, Minor: 3}
	makeZero := probe{Path: filepath.Join(dir, "zero"), Mode: unix.S_IFCHR | 0o600, Major: 1, Minor: 5}
	makeDisk := probe{Path: filepath.Join(dir, "disk"), Mode: unix.S_IFBLK | 0o600, Major: 7, Minor: 0}
	makeFIFO := probe{Path: filepath.Join(dir, "fifo"), Mode: unix.S_IFIFO | 0o600}

	p := load(t, rules(t, onlyNull))
	standing, err := p.Commit(group.FD())
	if err != nil {
		t.Fatal(err)
	}
	if len(standing.Programs) != 1 || standing.Programs[0].ID != p.ID() || standing.Programs[0].Name != programName || standing.Rewritten {
		t.Errorf("standing is %+v, want program %d alone", standing, p.ID())
	}
	expect(t, group, map[probe]syscall.Errno{
		readNull: 0, writeNull: 0, readZero: unix.EPERM, bothZero: unix.EPERM,
		makeNull: unix.EPERM, makeZero: unix.EPERM, makeDisk: unix.EPERM, makeFIFO: 0,
	})
}

func TestDefaultsInTheKernel(t *testing.T) {
	group := newGroup(t, "defaults")
	program, err := Compile(WithDefaults([]specs.LinuxDeviceCgroup{{Allow: false, Access: "rwm"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, program).Commit(group.FD()); err != nil {
		t.Fatal(err)
	}
	const other = "/dev/kmsg"
	if fd, err := unix.Open(other, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		absent(t, "no device beside the default ones: "+err.Error())
	} else {
		unix.Close(fd)
	}
	want := map[probe]syscall.Errno{{Path: other, Flags: unix.O_RDONLY}: unix.EPERM}
	for _, name := range []string{"null", "zero", "full", "random", "urandom"} {
		want[probe{Path: "/dev/" + name, Flags: unix.O_RDWR}] = 0
	}
	expect(t, group, want)
}

// A rule that denies part of a request denies the request.
func TestPartialDenyInTheKernel(t *testing.T) {
	group := newGroup(t, "partial")
	p := load(t, rules(t, `[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":5,"access":"w"}]`))
	if _, err := p.Commit(group.FD()); err != nil {
		t.Fatal(err)
	}
	expect(t, group, map[probe]syscall.Errno{
		readZero: 0, bothZero: unix.EPERM, writeNull: 0, {Path: "/dev/zero", Flags: unix.O_WRONLY}: unix.EPERM,
	})
}

// TestVerifierTakesTheLargest loads the largest programs that Compile can make.
func TestVerifierTakesTheLargest(t *testing.T) {
	newGroup(t, "largest")
	for name, make := range map[string]func(i int64) specs.LinuxDeviceCgroup{
		"whole": func(i int64) specs.LinuxDeviceCgroup {
			return specs.LinuxDeviceCgroup{Allow: i%2 == 0, Type: "c", Major: new(i % maxMajor), Minor: new(i), Access: "rwm"}
		},
		"parts": func(i int64) specs.LinuxDeviceCgroup {
			return specs.LinuxDeviceCgroup{Allow: i%3 != 0, Type: "bc"[i%2 : i%2+1], Major: new(i % maxMajor), Minor: new(i), Access: []string{"r", "w", "m", "rw"}[i%4]}
		},
		"parts of all": func(i int64) specs.LinuxDeviceCgroup {
			return specs.LinuxDeviceCgroup{Allow: i%2 != 0, Minor: new(i % 7), Access: []string{"r", "w", "m"}[i%3]}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var list []specs.LinuxDeviceCgroup
			for i := range int64(MaxRules) {
				list = append(list, make(i))
			}
			start := time.Now()
			program, err := Compile(list)
			if err != nil {
				t.Fatal(err)
			}
			load(t, program)
			t.Logf("%d instructions, %v", len(program), time.Since(start))
		})
	}
}

// SPEC: M-HOOK-2
func TestHookRewrites(t *testing.T) {
	group := newGroup(t, "hook")
	p := load(t, rules(t, onlyNull))
	if err := p.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	// This is what a GPU's hook does: replace the program that it finds with one that
	// allows more.
	hook := load(t, rules(t, `[{"allow":true,"type":"c","major":1,"minor":3,"access":"rw"},{"allow":true,"type":"c","major":1,"minor":5,"access":"r"}]`))
	if err := hook.replace(group.FD(), p.ID()); err != nil {
		t.Fatal(err)
	}
	standing, err := p.Commit(group.FD())
	if err != nil {
		t.Fatal(err)
	}
	if !standing.Rewritten || len(standing.Programs) != 1 || standing.Own != hook.ID() || standing.Programs[0].ID != hook.ID() {
		t.Errorf("standing is %+v, want the hook's program %d alone", standing, hook.ID())
	}
	expect(t, group, map[probe]syscall.Errno{readNull: 0, readZero: 0, bothZero: unix.EPERM})

	_, err = Update(group.FD(), rules(t, onlyNull), rules(t, `[]`))
	var rewritten *RewrittenError
	if !errors.As(err, &rewritten) || rewritten.Attached[0].ID != hook.ID() {
		t.Errorf("updating over the hook's program: %v, want a RewrittenError", err)
	}
	expect(t, group, map[probe]syscall.Errno{readNull: 0, readZero: 0})
}

func TestHookRemoves(t *testing.T) {
	group := newGroup(t, "removes")
	p := load(t, rules(t, onlyNull))
	if err := p.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	if err := sys.BPFDetach(group.FD(), p.fd, attachType); err != nil {
		t.Fatal(err)
	}
	expect(t, group, map[probe]syscall.Errno{readZero: 0})
	standing, err := p.Commit(group.FD())
	if err != nil {
		t.Fatal(err)
	}
	if standing.Rewritten || !standing.has(p.ID()) {
		t.Errorf("standing is %+v, want program %d again", standing, p.ID())
	}
	expect(t, group, map[probe]syscall.Errno{readZero: unix.EPERM})
}

// Programs that were attached before ours are neither ours nor a hook's.
func TestAttachBesideAnother(t *testing.T) {
	group := newGroup(t, "beside")
	other := load(t, rules(t, `[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":7,"access":"rwm"}]`))
	if err := other.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	p := load(t, rules(t, `[{"allow":true,"access":"rwm"},{"allow":false,"type":"c","major":1,"minor":5,"access":"rwm"}]`))
	if err := p.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	if err := sys.BPFDetach(group.FD(), p.fd, attachType); err != nil {
		t.Fatal(err)
	}
	standing, err := p.Commit(group.FD())
	if err != nil {
		t.Fatal(err)
	}
	if standing.Rewritten || !standing.has(p.ID()) || !standing.has(other.ID()) || standing.Own != p.ID() {
		t.Errorf("standing is %+v, want both programs, and that %d is ours", standing, p.ID())
	}
	expect(t, group, map[probe]syscall.Errno{readNull: 0, readZero: unix.EPERM, {Path: "/dev/full"}: unix.EPERM})
}

func TestUpdateReplaces(t *testing.T) {
	group := newGroup(t, "update")
	p := load(t, rules(t, onlyNull))
	if _, err := p.Commit(group.FD()); err != nil {
		t.Fatal(err)
	}
	standing, err := Update(group.FD(), rules(t, onlyNull), rules(t, onlyZero))
	if err != nil {
		t.Fatal(err)
	}
	if len(standing.Programs) != 1 || standing.Programs[0].ID == p.ID() || standing.Own != standing.Programs[0].ID {
		t.Errorf("standing is %+v, want one new program instead of %d", standing, p.ID())
	}
	expect(t, group, map[probe]syscall.Errno{readNull: unix.EPERM, readZero: 0, bothZero: unix.EPERM})

	if err := p.replace(group.FD(), p.ID()); !errors.Is(err, unix.ENOENT) {
		t.Errorf("replacing a program that is not attached: %v, want ENOENT", err)
	}
}

// TestOwnProgramStandsBehindAnother: the kernel lists the older program first, so the first
// is not always ours.
func TestOwnProgramStandsBehindAnother(t *testing.T) {
	group := newGroup(t, "behind")
	other := load(t, rules(t, `[{"allow":true,"access":"rwm"}]`))
	if err := other.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	p := load(t, rules(t, onlyNull))
	standing, err := p.Commit(group.FD())
	if err != nil || standing.Own != p.ID() || standing.Programs[0].ID != other.ID() {
		t.Errorf("standing is %+v, %v; want that %d is ours, behind %d", standing, err, p.ID(), other.ID())
	}
	standing, err = Update(group.FD(), rules(t, onlyNull), rules(t, onlyZero))
	if err != nil || standing.Own == 0 || standing.Own == p.ID() || standing.Own == other.ID() || !standing.has(standing.Own) {
		t.Errorf("after an update standing is %+v, %v; want a new one of ours", standing, err)
	}
}

// TestUpdateWithoutRulesBesideAnother: a container without rules has no program that could
// be recognized, and the error says so.
func TestUpdateWithoutRulesBesideAnother(t *testing.T) {
	group := newGroup(t, "no-rules")
	other := load(t, rules(t, onlyNull))
	if err := other.Attach(group.FD()); err != nil {
		t.Fatal(err)
	}
	_, err := Update(group.FD(), nil, rules(t, onlyZero))
	var rewritten *RewrittenError
	if !errors.As(err, &rewritten) || rewritten.Attached[0].ID != other.ID() || !strings.Contains(err.Error(), "this container had no device rules") {
		t.Errorf("%v, want a RewrittenError that says that there were no rules", err)
	}
	expect(t, group, map[probe]syscall.Errno{readNull: 0, readZero: unix.EPERM})
}

func TestUpdateAttachesWhereNothingIs(t *testing.T) {
	group := newGroup(t, "update-empty")
	if _, err := Update(group.FD(), rules(t, `[]`), rules(t, onlyZero)); err != nil {
		t.Fatal(err)
	}
	expect(t, group, map[probe]syscall.Errno{readNull: unix.EPERM, readZero: 0})
}

// A program lives exactly as long as its cgroup.
func TestProgramGoesWithTheCgroup(t *testing.T) {
	group := newGroup(t, "gone")
	p, err := Load(rules(t, onlyNull))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Commit(group.FD()); err != nil || !loaded(t, p.ID()) {
		t.Fatalf("committing: %v", err)
	}
	p.Close()
	if programs, err := Query(group.FD()); err != nil || len(programs) != 1 {
		t.Fatalf("attached after Close: %+v, %v", programs, err)
	}
	if err := group.Delete(context.Background()); err != nil {
		t.Fatal(err)
	}
	// The kernel frees it after an RCU grace period.
	for deadline := time.Now().Add(5 * time.Second); loaded(t, p.ID()); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("program %d is still loaded", p.ID())
		}
	}
}

// loaded looks for the program among all those in the kernel.
func loaded(t *testing.T, id uint32) bool {
	t.Helper()
	next, err := sys.BPFNext(id - 1)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		t.Fatal(err)
	}
	return err == nil && next == id
}

func TestLoadErrorShowsTheVerifiersLog(t *testing.T) {
	newGroup(t, "log")
	_, err := Load(Instructions{exit()}) // without a verdict
	var refused *LoadError
	if !errors.As(err, &refused) || !strings.Contains(refused.Log, "R0 !read_ok") || len(refused.Missing) != 0 {
		t.Errorf("got %v, want the verifier's complaint about R0", err)
	}
	if !strings.Contains(err.Error(), "R0 !read_ok") {
		t.Errorf("the message %q does not show the log", err)
	}
}

func TestLoadErrorNamesCapabilities(t *testing.T) {
	newGroup(t, "capabilities")
	result := make(chan error)
	go func() {
		// The thread loses its capabilities and ends with the goroutine.
		runtime.LockOSThread()
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			result <- err
			return
		}
		_, err := Load(decide(true))
		result <- err
	}()
	err := <-result
	var refused *LoadError
	if !errors.As(err, &refused) || !errors.Is(err, unix.EPERM) || strings.Join(refused.Missing, " ") != "CAP_BPF CAP_NET_ADMIN" || refused.Hint() == "" {
		t.Errorf("got %v, want EPERM with the missing capabilities and a remedy", err)
	}
}

func TestAttachBelowAnExclusiveProgram(t *testing.T) {
	above := newGroup(t, "exclusive")
	below := newGroup(t, "exclusive/below")
	exclusive := load(t, rules(t, `[{"allow":true,"access":"rwm"}]`))
	if err := sys.BPFAttach(above.FD(), exclusive.fd, attachType, 0, 0); err != nil {
		t.Fatal(err)
	}
	_, err := load(t, rules(t, onlyNull)).Commit(below.FD())
	if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "BPF_F_ALLOW_MULTI") {
		t.Errorf("got %v, want EPERM that names the flag", err)
	}
}

// TestLoadUnderPreemption loads while the runtime preempts: EAGAIN must not be returned.
func TestLoadUnderPreemption(t *testing.T) {
	newGroup(t, "preemption")
	program := rules(t, onlyNull)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	for i := range 200 {
		p, err := Load(program)
		if err != nil {
			t.Fatalf("load %d: %v", i, err)
		}
		p.Close()
	}
}
