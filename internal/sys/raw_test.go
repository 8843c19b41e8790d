package sys

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func connected(t *testing.T) (one, other int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(pair[0])
		unix.Close(pair[1])
	})
	return pair[0], pair[1]
}

func pipe(t *testing.T) (reading, writing int) {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(ends[0])
		unix.Close(ends[1])
	})
	return ends[0], ends[1]
}

// undisturbed keeps the test on its thread, and blocks the signal with which the Go runtime
// preempts, which would end a poll early. The processes that make these calls run without
// that signal.
func undisturbed(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	preempting := &unix.Sigset_t{Val: [len(unix.Sigset_t{}.Val)]uint64{1 << (unix.SIGURG - 1)}}
	before := &unix.Sigset_t{}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, preempting, before); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, before, nil); err != nil {
			t.Error(err)
		}
		runtime.UnlockOSThread()
	})
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestSendAndReceive(t *testing.T) {
	one, other := connected(t)
	receiver := NewReceiver(16)
	for _, message := range []string{"a", strings.Repeat("b", 16), "c"} {
		if errno := Send(one, []byte(message)); errno != 0 {
			t.Fatal(errno)
		}
		data, descriptor, truncated, errno := receiver.Receive(other, 0)
		if string(data) != message || descriptor != -1 || truncated || errno != 0 {
			t.Fatalf("sent %q, received %q with descriptor %d, truncated %t, %v", message, data, descriptor, truncated, errno)
		}
	}
	if errno := Send(one, make([]byte, 17)); errno != 0 {
		t.Fatal(errno)
	}
	if data, _, truncated, errno := receiver.Receive(other, 0); len(data) != 16 || !truncated || errno != 0 {
		t.Fatalf("17 bytes: received %d, truncated %t, %v", len(data), truncated, errno)
	}
}

// TestReceiveDescriptors: there is room for one, which is close-on-exec. If there are more,
// the second never arrives, and the message counts as truncated.
func TestReceiveDescriptors(t *testing.T) {
	one, other := connected(t)
	receiver := NewReceiver(16)
	before := descriptors(t)
	for count := range 5 {
		var rights []byte
		if count > 0 {
			rights = unix.UnixRights([]int{0, 1, 2, one}[:count]...)
		}
		if err := unix.Sendmsg(one, []byte{1}, rights, nil, 0); err != nil {
			t.Fatal(err)
		}
		data, descriptor, truncated, errno := receiver.Receive(other, 0)
		if len(data) != 1 || errno != 0 || (descriptor >= 0) != (count > 0) || truncated != (count > 1) {
			t.Errorf("%d descriptors: received %d, truncated %t, %v", count, descriptor, truncated, errno)
		}
		if descriptor < 0 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("flags %#x, %v", flags, err)
		}
		unix.Close(descriptor)
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open; before it were %d", after, before)
	}
}

// TestReceiveEnds: what the end of the stream looks like, and a deadline.
func TestReceiveEnds(t *testing.T) {
	undisturbed(t)
	one, other := connected(t)
	receiver := NewReceiver(16)
	began := time.Now()
	if _, descriptor, _, errno := receiver.Receive(other, 20); errno != unix.EAGAIN || descriptor != -1 {
		t.Errorf("error %v with descriptor %d", errno, descriptor)
	}
	if waited := time.Since(began); waited < 5*time.Millisecond || waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
	unix.Shutdown(one, unix.SHUT_RDWR)
	if data, _, _, errno := receiver.Receive(other, 0); len(data) != 0 || errno != 0 {
		t.Errorf("received %d bytes, %v", len(data), errno)
	}
	if errno := Send(other, []byte{1}); errno != unix.EPIPE { // without SIGPIPE
		t.Errorf("send to nobody: %v", errno)
	}
	if _, _, _, errno := receiver.Receive(-1, 0); errno != unix.EBADF {
		t.Errorf("error %v", errno)
	}
}

// TestSignalsDoNotProlongAReceive: signals that come more often than the limit do not
// postpone it, and do not end a wait without one.
//
// SPEC: M-DL-1, M-TRAN-9
func TestSignalsDoNotProlongAReceive(t *testing.T) {
	one, other := connected(t)
	receiver := NewReceiver(16)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func(thread int) {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
				_ = unix.Tgkill(os.Getpid(), thread, unix.SIGURG) // the runtime handles and ignores it
			}
		}
	}(unix.Gettid())
	defer func() { close(stop); <-stopped }()

	began := time.Now()
	if _, _, _, errno := receiver.Receive(other, 200); errno != unix.EAGAIN {
		t.Errorf("error %v", errno)
	}
	if waited := time.Since(began); waited < 150*time.Millisecond || waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
	late := time.AfterFunc(100*time.Millisecond, func() { Send(one, []byte{1}) })
	defer late.Stop()
	if data, _, _, errno := receiver.Receive(other, 0); len(data) != 1 || errno != 0 {
		t.Errorf("received %d bytes, %v", len(data), errno)
	}
}

func TestPoll(t *testing.T) {
	undisturbed(t)
	reading, writing := pipe(t)
	wait := []unix.PollFd{{Fd: -1}, {Fd: int32(reading), Events: unix.POLLIN}}
	began := time.Now()
	if ready, errno := Poll(wait, 20); ready != 0 || errno != 0 {
		t.Errorf("%d ready, %v", ready, errno)
	}
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
	if _, err := unix.Write(writing, []byte("four")); err != nil {
		t.Fatal(err)
	}
	for _, timeout := range []int{0, 1000, -1} {
		if ready, errno := Poll(wait, timeout); ready != 1 || errno != 0 || wait[1].Revents != unix.POLLIN {
			t.Errorf("timeout %d: %d ready, %v, %#x", timeout, ready, errno, wait[1].Revents)
		}
	}
	into := make([]byte, 3)
	if size, errno := Read(reading, into); size != 3 || errno != 0 || string(into) != "fou" {
		t.Errorf("read %d of %q, %v", size, into, errno)
	}
}

func TestWorkingDirectory(t *testing.T) {
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	path, errno := WorkingDirectory(make([]byte, unix.PathMax))
	if string(path) != directory || errno != 0 {
		t.Errorf("%q, %v; want %q", path, errno, directory)
	}
	if _, errno := WorkingDirectory(make([]byte, 1)); errno != unix.ERANGE {
		t.Errorf("error %v", errno)
	}
}

func requireRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() == 0 {
		return
	}
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Fatal("the guest's user is not root")
	}
	t.Skip("needs root")
}

// onThread calls run on a thread with its own file system state, which then ends.
func onThread(t *testing.T, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			t.Errorf("unshare CLONE_FS: %v", err)
			return
		}
		run()
	}()
	<-done
}

// TestWorkingDirectoryOutside: the kernel shows that a directory is not beneath the root,
// or no longer exists.
func TestWorkingDirectoryOutside(t *testing.T) {
	requireRoot(t) // for chroot(2)
	inside := t.TempDir()
	onThread(t, func() {
		if err := errors.Join(os.Mkdir(inside+"/gone", 0o755), unix.Chdir(inside+"/gone"), os.Remove(inside+"/gone")); err != nil {
			t.Error(err)
			return
		}
		if path, errno := WorkingDirectory(make([]byte, unix.PathMax)); errno != unix.ENOENT {
			t.Errorf("a removed directory is %q, %v", path, errno)
		}
		if err := errors.Join(unix.Chdir("/usr"), unix.Chroot(inside)); err != nil {
			t.Error(err)
			return
		}
		if path, errno := WorkingDirectory(make([]byte, unix.PathMax)); errno != 0 || !bytes.HasPrefix(path, []byte("(unreachable)")) {
			t.Errorf("a directory outside is %q, %v", path, errno)
		}
	})
}

// TestRun: a program stops at the first call that must succeed and does not, and names it.
func TestRun(t *testing.T) {
	reading, writing := pipe(t)
	write := func(p *Program, name, text string) {
		p.Must("write", name, unix.SYS_WRITE, uintptr(writing), p.String(text), uintptr(len(text)))
	}
	var program Program
	write(&program, "first", "1")
	program.May("close", unix.SYS_CLOSE, 1<<20)
	write(&program, "second", "2")
	program.Must("chdir", "/nonexistent", unix.SYS_CHDIR, program.String("/nonexistent"))
	write(&program, "third", "3")
	var failed *fs.PathError
	if err := program.Run(); !errors.As(err, &failed) || failed.Op != "chdir" || failed.Path != "/nonexistent" || failed.Err != unix.ENOENT {
		t.Errorf("error %v", err)
	}
	into := make([]byte, 8)
	if size, errno := Read(reading, into); string(into[:max(size, 0)]) != "12" || errno != 0 {
		t.Errorf("written were %q, %v", into[:max(size, 0)], errno)
	}

	program = Program{}
	program.Must("close", "", unix.SYS_CLOSE, 1<<20)
	var call *os.SyscallError
	if err := program.Run(); !errors.As(err, &call) || call.Syscall != "close" || call.Err != unix.EBADF {
		t.Errorf("error %v", err)
	}
	if err := (&Program{}).Run(); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
}

// TestMemoryIsKept: what a program points to survives garbage collections.
func TestMemoryIsKept(t *testing.T) {
	reading, writing := pipe(t)
	var program Program
	for range 100 {
		text := strings.Repeat("kept", 8)
		program.Must("write", "", unix.SYS_WRITE, uintptr(writing), program.String(text), uintptr(len(text)))
	}
	for range 3 {
		runtime.GC()
		_ = make([][]byte, 1<<12)
	}
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	into := make([]byte, 4096)
	if size, _ := Read(reading, into); string(into[:max(size, 0)]) != strings.Repeat("kept", 800) {
		t.Errorf("%d bytes, or others than were written", size)
	}
}

func TestSetName(t *testing.T) {
	onThread(t, func() {
		if err := SetName("fifteen letters and more"); err != nil {
			t.Error(err)
		}
		if name, err := os.ReadFile("/proc/thread-self/comm"); string(name) != "fifteen letters\n" {
			t.Errorf("the name is %q, %v", name, err)
		}
	})
}

// TestPin: a pinned process goes on with raw calls, and its runtime starts no thread for
// them, however long they block. It never gives up its processor, so it has to be another
// process.
func TestPin(t *testing.T) {
	if os.Getenv("FSRUN_TEST_PIN") != "" {
		pinned()
	}
	var program Program
	reading, writing := pipe(t)
	program.Must("dup3", "", unix.SYS_DUP3, uintptr(writing), 1, 0)
	program.Must("execve", "", unix.SYS_EXECVE, program.String("/proc/self/exe"),
		program.Strings([]string{"pinned", "-test.run=^TestPin$"}), program.Strings([]string{"FSRUN_TEST_PIN=1", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1"}))
	pid, err := Clone(0, -1, &program)
	if err != nil {
		t.Fatal(err)
	}
	if status := wait(t, pid); !status.Exited() || status.ExitStatus() != 0 {
		into := make([]byte, 256)
		unix.SetNonblock(reading, true)
		size, _ := Read(reading, into)
		t.Errorf("status %#x; it says %q", status, into[:max(size, 0)])
	}
}

// pinned blocks in raw calls and counts its threads before and after.
func pinned() {
	var none []unix.PollFd
	count := func() int { entries, _ := os.ReadDir("/proc/self/task"); return len(entries) }
	before := count()
	Pin()
	for range 20 {
		Poll(append(none, unix.PollFd{Fd: -1}), 5)
	}
	var stat unix.Stat_t
	path := append([]byte("/proc/self/task"), 0)
	_, errno := Raw(unix.SYS_NEWFSTATAT, ^uintptr(99), address(path), addressOf(&stat), 0)
	if threads := int(stat.Nlink) - 2; errno != 0 || threads > before {
		message := []byte("threads were started")
		Raw(unix.SYS_WRITE, 1, address(message), uintptr(len(message)))
		Raw(unix.SYS_EXIT_GROUP, 1)
	}
	Raw(unix.SYS_EXIT_GROUP, 0)
}
