package handoff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// jobVariable contains, in the process that walks, what it is to execute.
const jobVariable = "FSRUN_TEST_JOB"

// job is what a walking process is given.
type job struct {
	Execution
	Socket  int
	Waits   map[machine.State]uint32 // replace the table's
	Outside string                   // made the root first, so that the working directory is outside of it
	Gone    string                   // made the working directory first, and then removed
	Greedy  bool                     // killed if it makes a thread, a process or memory
	Leaks   int                      // how many descriptors of the runtime's are open without close-on-exec
}

// The walk belongs on the main thread, where only an init function can keep it.
func init() {
	if os.Getenv(jobVariable) != "" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if os.Args[0] == leaver {
		leave()
	}
	if text := os.Getenv(jobVariable); text != "" {
		err := perform(text)
		fmt.Fprintln(os.Stderr, "the walk was not begun:", err)
		os.Exit(99)
	}
	os.Exit(m.Run())
}

// perform walks. It returns only if it could not begin.
func perform(text string) error {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return err
	}
	unix.CloseOnExec(j.Socket)
	waits := map[machine.State]uint32{}
	for _, wait := range childmachine.Table.Waits {
		waits[wait.State] = uint32(wait.Deadline / time.Millisecond)
	}
	for state, wait := range j.Waits {
		waits[state] = wait
	}
	for range j.Leaks {
		if _, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0); err != nil {
			return err
		}
	}
	null, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	j.Null = null
	handoff, err := Compile(j.Execution)
	if err != nil {
		return err
	}
	if j.Gone != "" {
		if err := errors.Join(os.Mkdir(j.Gone, 0o755), os.Chdir(j.Gone), os.Remove(j.Gone)); err != nil {
			return err
		}
	}
	if j.Outside != "" {
		if err := errors.Join(os.Chdir("/usr"), unix.Chroot(j.Outside)); err != nil {
			return err
		}
	}
	row := childmachine.Table.Find(childmachine.Preparing, childmachine.Prepared)
	if j.Greedy {
		if err := forbidGreed(); err != nil {
			return err
		}
	}
	handoff.Run(j.Socket, row, &protocol.Ready{}, waits)
	return errors.New("Run returned")
}

// end is our end of a socket, which may be closed before the test closes it.
type end struct {
	*transport.Socket
	once sync.Once
}

func newEnd(t *testing.T, descriptor int) *end {
	t.Helper()
	socket, err := transport.NewSocket(descriptor)
	if err != nil {
		t.Fatal(err)
	}
	e := &end{Socket: socket}
	t.Cleanup(e.Close)
	return e
}

func (e *end) Close() { e.once.Do(func() { e.Socket.Close() }) }

// walker is a process that walks, and the parent's end of its socket.
type walker struct {
	*testing.T
	*exec.Cmd
	channel *end
	output  bytes.Buffer
	ended   chan struct{}
}

// startWalk starts a process that is about to send Ready. Descriptors from 3 on are
// preserved ones, followed by the socket.
func startWalk(t *testing.T, j job, change func(*exec.Cmd)) *walker {
	t.Helper()
	ours, theirs, err := transport.Connected()
	if err != nil {
		t.Fatal(err)
	}
	channel := newEnd(t, ours)
	inherited := os.NewFile(uintptr(theirs), "child")
	defer inherited.Close()
	w := &walker{T: t, channel: channel, Cmd: exec.Command("/proc/self/exe"), ended: make(chan struct{})}
	for range j.Execute.PreservedFDs {
		null, err := os.Open("/dev/null")
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		w.ExtraFiles = append(w.ExtraFiles, null)
	}
	j.Socket = 3 + len(w.ExtraFiles)
	w.ExtraFiles = append(w.ExtraFiles, inherited)
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	w.Env = []string{jobVariable + "=" + string(text), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}
	w.Stdout, w.Stderr = &w.output, &w.output
	w.SysProcAttr = &syscall.SysProcAttr{}
	if change != nil {
		change(w.Cmd)
	}
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = w.Wait()
		close(w.ended)
	}()
	t.Cleanup(func() {
		_ = w.Process.Kill()
		<-w.ended
	})
	return w
}

const patience = 10 * time.Second

func send(t *testing.T, to *end, frame protocol.Frame, descriptors ...int) {
	t.Helper()
	data, err := protocol.Encode(frame)
	if err == nil {
		err = to.Send(data, descriptors)
	}
	if err != nil {
		t.Fatalf("send %s: %v", frame.Kind(), err)
	}
}

func receive(t *testing.T, from *end, kind protocol.Kind) protocol.Frame {
	t.Helper()
	data, descriptors, err := from.Receive(patience)
	if err != nil {
		t.Fatalf("wanted %s: %v", kind, err)
	}
	frame, err := protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
	if err != nil {
		t.Fatal(err)
	}
	if frame.Kind() != kind {
		t.Fatalf("wanted %s, got %s %+v", kind, frame.Kind(), frame)
	}
	return frame
}

// committed plays until the child is waiting for Start.
func (w *walker) committed() {
	w.Helper()
	receive(w.T, w.channel, protocol.KindReady)
	send(w.T, w.channel, &protocol.Committed{Cgroup: "/c", Limits: []protocol.Pair{{Name: "pids.max", Value: "1"}}, Programs: []uint32{1}})
}

func (w *walker) begin() {
	w.Helper()
	w.committed()
	send(w.T, w.channel, &protocol.Start{})
}

// end waits for the process to end.
func (w *walker) end() *os.ProcessState {
	w.Helper()
	select {
	case <-w.ended:
	case <-time.After(patience):
		_ = w.Process.Kill()
		<-w.ended
		w.Error("the child did not end by itself")
	}
	return w.ProcessState
}

// fails plays a start that fails.
func (w *walker) fails(code protocol.Code) *protocol.Fault {
	w.Helper()
	w.begin()
	fault := receive(w.T, w.channel, protocol.KindFault).(*protocol.Fault)
	if state := w.end(); fault.Code != code || fault.Machine != "child" || fault.State != "executing" || state.ExitCode() != 1 {
		w.Errorf("the Fault is %+v, want %s; the child ended with %v", fault, code, state)
	}
	return fault
}

// shell is an execution of a script as the user of the test.
func shell(script string) Execution {
	op := asOurselves()
	return Execution{Execute: op, Programs: []Program{{Path: "/bin/sh"}}, Arguments: []string{"sh", "-c", script}, Environment: []string{"PATH=/bin:/usr/bin"}}
}

// asOurselves changes nothing about the user.
func asOurselves() *protocol.Execute {
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &data[0]); err != nil {
		panic(err)
	}
	held := uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
	return &protocol.Execute{
		Directory: "/", UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Umask: 0o22, NoNewPrivs: true,
		Bounding: bounding(), Permitted: held, Effective: held,
	}
}

// bounding is our own bounding set.
func bounding() uint64 {
	content, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		panic(err)
	}
	set, err := strconv.ParseUint(parseStatus(string(content))["CapBnd"], 16, 64)
	if err != nil {
		panic(err)
	}
	return set
}

// marking is an execution that leaves a mark; marked reports whether it did.
func marking(t *testing.T) (execution Execution, marked func() bool) {
	file := filepath.Join(t.TempDir(), "mark")
	return shell("echo > " + file), func() bool {
		_, err := os.Stat(file)
		return err == nil
	}
}

// TestStart: the program replaces the child on Start, and only that closes the socket.
func TestStart(t *testing.T) {
	w := startWalk(t, job{Execution: shell("read line; exit 7")}, func(c *exec.Cmd) { _, _ = c.StdinPipe() })
	w.begin()
	if _, _, err := w.channel.Receive(patience); !errors.Is(err, io.EOF) {
		t.Errorf("after Start: %v", err)
	}
	comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", w.Process.Pid))
	if string(comm) != "sh\n" {
		t.Errorf("at the end of file its name is %q, %v", comm, err)
	}
}

// TestNeverWithoutStart: whatever happens other than Start, the program is not executed,
// nor is anything done that comes before it.
//
// SPEC: M-ACT-1, M-END-1, M-END-2
func TestNeverWithoutStart(t *testing.T) {
	for _, test := range []struct {
		name  string
		play  func(*walker)
		state string // of the expected Fault, if any
		code  protocol.Code
	}{
		{"parent dies after Ready", func(w *walker) { receive(w.T, w.channel, protocol.KindReady); w.channel.Close() }, "", 0},
		{"parent dies before Ready", func(w *walker) { w.channel.Close() }, "", 0},
		{"parent dies after Committed", func(w *walker) { w.committed(); w.channel.Close() }, "", 0},
		{"Fault for Committed", func(w *walker) {
			receive(w.T, w.channel, protocol.KindReady)
			send(w.T, w.channel, &protocol.Fault{Code: protocol.CodeCommit})
		}, "", 0},
		{"Fault for Start", func(w *walker) { w.committed(); send(w.T, w.channel, &protocol.Fault{Code: protocol.CodeAborted}) }, "", 0},
		{"Start for Committed", func(w *walker) {
			receive(w.T, w.channel, protocol.KindReady)
			send(w.T, w.channel, &protocol.Start{})
		}, "awaiting_commit", protocol.CodeUnexpected},
		{"Committed twice", func(w *walker) { w.committed(); send(w.T, w.channel, &protocol.Committed{}) }, "committed", protocol.CodeUnexpected},
		{"garbage", func(w *walker) { w.committed(); _ = w.channel.Send([]byte{0xc1, 0, 1}, nil) }, "committed", protocol.CodeMalformed},
		{"Start with a descriptor", func(w *walker) { w.committed(); send(w.T, w.channel, &protocol.Start{}, 0) }, "committed", protocol.CodeMalformed},
		{"Detach with two", func(w *walker) { w.committed(); send(w.T, w.channel, &protocol.Detach{}, 0, 1) }, "committed", protocol.CodeMalformed},
		{"silence for Committed", func(w *walker) { receive(w.T, w.channel, protocol.KindReady) }, "awaiting_commit", protocol.CodeTimeout},
		{"silence for Start", func(w *walker) { w.committed() }, "committed", protocol.CodeTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			execution, marked := marking(t)
			j := job{Execution: execution}
			if test.code == protocol.CodeTimeout {
				j.Waits = map[machine.State]uint32{machine.State(test.state): 50}
			}
			w := startWalk(t, j, nil)
			test.play(w)
			if test.code != 0 {
				fault := receive(t, w.channel, protocol.KindFault).(*protocol.Fault)
				if fault.Code != test.code || fault.State != test.state || fault.Awaited == "" {
					t.Errorf("the Fault is %+v; want %s in %s", fault, test.code, test.state)
				}
			}
			if state := w.end(); state.ExitCode() != 1 {
				t.Errorf("it ended with %v: %s", state, &w.output)
			}
			if marked() {
				t.Error("the program was executed")
			}
		})
	}
}

// TestNothingBeforeStart: until Start arrives, the child remains what it was.
//
// SPEC: M-ACT-1
func TestNothingBeforeStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "hook")
	execution := shell("exit 0")
	execution.Execute.Filter = allowAll
	execution.Execute.Permitted, execution.Execute.Effective = 0, 0
	execution.Hooks = []*protocol.Hook{{Point: "startContainer", Path: "/bin/sh", Arguments: []string{"sh", "-c", "echo > " + file}}}
	w := startWalk(t, job{Execution: execution}, nil)
	receive(t, w.channel, protocol.KindReady)
	before := status(t, w.Process.Pid)
	send(t, w.channel, &protocol.Committed{})
	time.Sleep(50 * time.Millisecond)
	after := status(t, w.Process.Pid)
	for _, field := range []string{"Uid", "Gid", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Name", "Threads"} {
		if before[field] != after[field] {
			t.Errorf("%s was %q and is %q before Start", field, before[field], after[field])
		}
	}
	if after["NoNewPrivs"] != "0" && after["Seccomp"] != "0" {
		t.Errorf("no_new_privs %s, seccomp %s", after["NoNewPrivs"], after["Seccomp"])
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the hook has run")
	}
	send(t, w.channel, &protocol.Start{})
	if state := w.end(); !state.Success() {
		t.Errorf("it ended with %v: %s", state, &w.output)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the hook has not run: %v", err)
	}
}

func status(t *testing.T, pid int) map[string]string {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return parseStatus(string(content))
}

func parseStatus(content string) map[string]string {
	fields := map[string]string{}
	for _, line := range strings.Split(content, "\n") {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.Join(strings.Fields(value), " ")
	}
	return fields
}

// listening is a socket like the one that Detach carries.
func listening(t *testing.T) (descriptor int, address *unix.SockaddrUnix) {
	t.Helper()
	directory, err := os.MkdirTemp("", "handoff") // a socket address is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	address = &unix.SockaddrUnix{Name: directory + "/start"}
	descriptor, err = unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(descriptor) })
	if err := errors.Join(unix.Bind(descriptor, address), unix.Listen(descriptor, 8)); err != nil {
		t.Fatal(err)
	}
	return descriptor, address
}

func connect(t *testing.T, address *unix.SockaddrUnix) *end {
	t.Helper()
	descriptor, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(descriptor, address)
	}
	if err != nil {
		t.Fatal(err)
	}
	return newEnd(t, descriptor)
}

// detached plays until the child is waiting for a caller to connect.
func (w *walker) detached() *unix.SockaddrUnix {
	w.Helper()
	listener, address := listening(w.T)
	w.committed()
	send(w.T, w.channel, &protocol.Detach{}, listener)
	if _, _, err := w.channel.Receive(patience); !errors.Is(err, io.EOF) {
		w.Fatalf("the first socket after Detach: %v", err)
	}
	w.channel.Close()
	return address
}

// TestDetached: the child closes the first socket, waits beyond every deadline, drops each
// caller that fails, and is started by the first that sends Start. It serves one caller at
// a time.
//
// SPEC: M-DET-2, M-DET-3, M-DET-4, M-DL-4
func TestDetached(t *testing.T) {
	execution, marked := marking(t)
	brief := map[machine.State]uint32{}
	for _, wait := range childmachine.Table.Waits {
		brief[wait.State] = 1000
	}
	brief[childmachine.Attached] = 100
	w := startWalk(t, job{Execution: execution, Waits: brief}, nil)
	address := w.detached()
	time.Sleep(1200 * time.Millisecond) // longer than each of them

	for name, fail := range map[string]func(*end){
		"EOF":             func(s *end) { s.Close() },
		"garbage":         func(s *end) { _ = s.Send([]byte("garbage"), nil) },
		"descriptors":     func(s *end) { _ = s.Send([]byte("garbage"), []int{0, 1, 2}) },
		"too long":        func(s *end) { _ = s.Send(make([]byte, protocol.MaxFrame+1), nil) },
		"Committed":       func(s *end) { send(t, s, &protocol.Committed{}) },
		"Detach":          func(s *end) { send(t, s, &protocol.Detach{}, 0) },
		"Start with more": func(s *end) { send(t, s, &protocol.Start{}, 0) },
		"Fault":           func(s *end) { send(t, s, &protocol.Fault{Code: protocol.CodeAborted}) },
		"silence":         func(*end) {},
		"hello from a parent": func(s *end) {
			send(t, s, &protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit})
		},
	} {
		caller := connect(t, address)
		fail(caller)
		if name == "EOF" {
			continue
		}
		if data, _, err := caller.Receive(patience); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the caller gets %d bytes, %v", name, len(data), err)
		}
	}
	if marked() {
		t.Fatal("the program was executed")
	}

	first, second := connect(t, address), connect(t, address)
	send(t, second, &protocol.Start{})
	time.Sleep(30 * time.Millisecond)
	if marked() {
		t.Error("the second caller was served beside the first")
	}
	first.Close()
	if _, _, err := second.Receive(patience); !errors.Is(err, io.EOF) {
		t.Errorf("after Start: %v", err)
	}
	if state := w.end(); !state.Success() || !marked() {
		t.Errorf("it ended with %v: %s", state, &w.output)
	}
}

// TestRefusedDescriptorsAreClosed: callers that send what is refused do not use up the
// child's descriptors.
//
// SPEC: M-TRAN-2, M-TRAN-5
func TestRefusedDescriptorsAreClosed(t *testing.T) {
	execution, _ := marking(t)
	w := startWalk(t, job{Execution: execution}, nil)
	address := w.detached()
	open := func() int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	fail := func() {
		empty := connect(t, address) // no bytes, and a descriptor: the end of the stream
		if _, errno := sys.NewHandover(nil).Send(empty.Descriptor(), 0, false); errno != 0 {
			t.Fatal(errno)
		}
		if _, _, err := empty.Receive(patience); !errors.Is(err, io.EOF) {
			t.Errorf("the caller gets %v", err)
		}
		for _, descriptors := range [][]int{{0}, {0, 1}, {0, 1, 2}} {
			for _, data := range [][]byte{{0xc1}, make([]byte, protocol.MaxFrame+1)} {
				caller := connect(t, address)
				if err := caller.Send(data, descriptors); err != nil {
					t.Fatal(err)
				}
				if _, _, err := caller.Receive(patience); !errors.Is(err, io.EOF) {
					t.Errorf("the caller gets %v", err)
				}
			}
		}
	}
	fail()
	before := open()
	for range 5 {
		fail()
	}
	if after := open(); after > before {
		t.Errorf("%d descriptors are open; before it were %d", after, before)
	}
}

// TestFaultAfterAttach: the caller that sends Start learns why it failed.
//
// SPEC: M-EXE-4, M-ACT-8
func TestFaultAfterAttach(t *testing.T) {
	execution := shell("")
	execution.Programs = []Program{{Path: "/nonexistent/program"}}
	w := startWalk(t, job{Execution: execution}, nil)
	caller := connect(t, w.detached())
	send(t, caller, &protocol.Start{})
	fault := receive(t, caller, protocol.KindFault).(*protocol.Fault)
	if fault.Code != protocol.CodeExec || fault.Errno != unix.ENOENT || fault.Object != "/nonexistent/program" || fault.Call != "execve" {
		t.Errorf("the Fault is %+v", fault)
	}
	if state := w.end(); state.ExitCode() != 1 {
		t.Errorf("it ended with %v", state)
	}
}
