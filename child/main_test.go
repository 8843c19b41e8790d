package child

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/transport"
)

// The test binary is also the child if its name says so: on the main thread, as Main
// requires.
func init() {
	if os.Args[0] == protocol.ChildName {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if os.Args[0] == protocol.ChildName {
		Main(os.Args, nil)
	}
	os.Exit(m.Run())
}

// peer is a child in a process of its own, and the parent's end of the socket.
type peer struct {
	*testing.T
	*exec.Cmd
	channel *transport.Socket
	output  bytes.Buffer
}

// start starts a child on descriptor 3. Arguments replace those in SPEC.md.
func start(t *testing.T, arguments ...string) *peer {
	t.Helper()
	return startIn(t, 0, arguments...)
}

// startIn starts a child in new namespaces.
func startIn(t *testing.T, namespaces uintptr, arguments ...string) *peer {
	t.Helper()
	ours, theirs, err := transport.Connected()
	if err != nil {
		t.Fatal(err)
	}
	channel, err := transport.NewSocket(ours)
	if err != nil {
		t.Fatal(err)
	}
	inherited := os.NewFile(uintptr(theirs), "child")
	defer inherited.Close()
	p := &peer{T: t, channel: channel, Cmd: exec.Command("/proc/self/exe")}
	p.Args = []string{protocol.ChildName, "3"}
	if len(arguments) > 0 {
		p.Args = arguments
	}
	p.ExtraFiles = []*os.File{inherited}
	p.SysProcAttr = &syscall.SysProcAttr{Unshareflags: namespaces}
	p.Stdout, p.Stderr = &p.output, &p.output
	p.Env = []string{"GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		channel.Close()
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	return p
}

func (p *peer) send(frame protocol.Frame, descriptors ...int) {
	p.Helper()
	data, err := protocol.Encode(frame)
	if err == nil {
		err = p.channel.Send(data, descriptors)
	}
	if err != nil {
		p.Fatalf("send %s: %v", frame.Kind(), err)
	}
}

func (p *peer) receive(want protocol.Kind) protocol.Frame {
	p.Helper()
	data, descriptors, err := p.channel.Receive(patience)
	if err != nil {
		p.Fatalf("wanted %s: %v", want, err)
	}
	frame, err := protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
	if err != nil {
		p.Fatal(err)
	}
	if frame.Kind() != want {
		p.Fatalf("wanted %s, got %s %+v", want, frame.Kind(), frame)
	}
	return frame
}

// ready plays up to the child's Ready.
func (p *peer) ready(ops ...protocol.Op) {
	p.Helper()
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit})
	p.receive(protocol.KindWelcome)
	p.send(&protocol.Plan{Ops: ops})
	p.receive(protocol.KindReady)
}

// end waits for the child, or what has replaced it, to end.
func (p *peer) end() *os.ProcessState {
	p.Helper()
	ended := make(chan struct{})
	go func() {
		_ = p.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		_ = p.Process.Kill()
		<-ended
		p.Error("the child did not end by itself")
	}
	return p.ProcessState
}

func (p *peer) proc(name string) string {
	p.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.Process.Pid, name))
	if err != nil {
		p.Fatal(err)
	}
	return strings.TrimSpace(string(content))
}

// self is an execution as the user of the test.
func self(t *testing.T) *protocol.Execute {
	t.Helper()
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	op := &protocol.Execute{
		Origin: at("process"), Directory: "/", UID: uint32(os.Getuid()), GID: uint32(os.Getgid()),
		SetsGroups: os.Getuid() == 0, NoNewPrivs: true, Umask: 0o22,
	}
	for _, group := range groups {
		op.Groups = append(op.Groups, uint32(group))
	}
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	op.Permitted = uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
	op.Effective = op.Permitted
	for capability := uintptr(0); capability < 64; capability++ {
		if in, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, capability, 0, 0, 0); err == nil && in == 1 {
			op.Bounding |= 1 << capability
		}
	}
	return op
}

// TestChildsName: a child that has greeted has the name in SPEC.md, and its two arguments.
//
// SPEC: M-EXE-1, M-TRAN-11
func TestChildsName(t *testing.T) {
	p := start(t)
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit})
	p.receive(protocol.KindWelcome)
	if name := p.proc("comm"); name != "fsrun:child" {
		t.Errorf("its name is %q", name)
	}
	p.channel.Close()
	if state := p.end(); state.Success() {
		t.Errorf("it ended with %v", state)
	}
}

// TestWrongArguments: anything other than a descriptor's number as the second argument ends
// the child before it sends anything.
//
// SPEC: M-TRAN-11
func TestWrongArguments(t *testing.T) {
	for _, arguments := range [][]string{
		{protocol.ChildName}, {protocol.ChildName, "3", "3"}, {protocol.ChildName, "three"}, {protocol.ChildName, ""},
		{protocol.ChildName, "1000"}, {protocol.ChildName, "1"}, // no socket
	} {
		p := start(t, arguments...)
		if data, _, err := p.channel.Receive(patience); err == nil {
			t.Errorf("%q: the child sent %d bytes", arguments, len(data))
		}
		if state := p.end(); state.ExitCode() != 1 {
			t.Errorf("%q: it ended with %v: %s", arguments, state, &p.output)
		}
	}
}

// TestWholeStart plays a start in which no operation makes anything: what is for after
// Start takes effect after Start, in the program.
//
// SPEC: M-PLAN-3, M-PLAN-7
func TestWholeStart(t *testing.T) {
	p := start(t)
	limit := &protocol.ResourceLimit{Origin: at("process.rlimits[0]"), Resource: unix.RLIMIT_FSIZE, Soft: 512 * 77, Hard: 512 * 77}
	p.ready(limit,
		arguments("sh", "-c", `ulimit -f; umask; echo "$0,$1,$#,$A"; read -r name </proc/$$/comm; echo "$name"`, "zero"), arguments("first", ""),
		&protocol.Environment{Values: []string{"PATH=/bin:/usr/bin"}}, &protocol.Environment{Values: []string{"A=b c"}}, self(t))
	if limits := p.proc("limits"); strings.Contains(limits, fmt.Sprint(512*77)) {
		t.Errorf("the limit is set before Start:\n%s", limits)
	}
	p.send(&protocol.Committed{})
	p.send(&protocol.Start{})
	if state := p.end(); !state.Success() {
		t.Errorf("it ended with %v: %s", state, &p.output)
	}
	if want := "77\n0022\nzero,first,2,b c\nsh\n"; p.output.String() != want {
		t.Errorf("the program says %q; want %q", &p.output, want)
	}
}

// note is a hook that writes its index and a text to a file.
func note(index uint32, file, more string) *protocol.Hook {
	return &protocol.Hook{
		Origin: at(fmt.Sprintf("hooks.createContainer[%d]", index)), Point: "createContainer", Index: index, Path: "/bin/sh",
		Arguments: []string{"sh", "-c", fmt.Sprintf("echo %d >> %s; %s", index, file, more)}, Environment: []string{"PATH=/bin:/usr/bin"},
	}
}

// TestOrder: operations are carried out in the order of the plan, each once, and none after
// the first that fails, whose place is reported.
//
// SPEC: M-PLAN-3, M-PLAN-5
func TestOrder(t *testing.T) {
	file := t.TempDir() + "/notes"
	p := start(t)
	p.ready(note(2, file, "true"), note(0, file, "true"), note(1, file, "true"), arguments("/bin/true"), self(t))
	p.channel.Close()
	p.end()

	p = start(t)
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit})
	p.receive(protocol.KindWelcome)
	p.send(&protocol.Plan{Ops: []protocol.Op{note(7, file, "true"), note(8, file, "echo no >&2; exit 3"), note(9, file, "true"), arguments("/bin/true"), self(t)}})
	fault := p.receive(protocol.KindFault).(*protocol.Fault)
	p.end()
	if !strings.HasPrefix(fault.Op, "hook[1] ") || fault.Path != "hooks.createContainer[8]" || !strings.Contains(fault.Detail, "exit status 3") {
		t.Errorf("the Fault is %+v", fault)
	}
	content, err := os.ReadFile(file)
	if want := "2\n0\n1\n7\n8\n"; err != nil || string(content) != want {
		t.Errorf("carried out were %q, %v; want %q", content, err, want)
	}
}

// TestFailedCall: the Fault about a failed system call has its error number and object.
//
// SPEC: M-PLAN-5
func TestFailedCall(t *testing.T) {
	harness.Need(t, harness.Root) // for a mount namespace
	p := startIn(t, unix.CLONE_NEWNS)
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit})
	p.receive(protocol.KindWelcome)
	p.send(&protocol.Plan{Ops: []protocol.Op{&protocol.OOMScore{}, root(), pivot(), arguments("/bin/true"), self(t)}})
	fault := p.receive(protocol.KindFault).(*protocol.Fault)
	if !strings.HasPrefix(fault.Op, "root[1] ") || fault.Path != "root.path" || fault.Call == "" || fault.Object != "/nonexistent" || fault.Errno != unix.ENOENT {
		t.Errorf("the Fault is %+v", fault)
	}
	p.end()
}
