package conformance

import (
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// stubSocket is where a stub finds the kit. It is in the working directory, which the stub
// inherits from the parent under test.
const stubSocket = "fsrun-conformance"

// A stub is the process that a parent under test takes for its child. It hands its end of
// the socket to the kit, which then plays the child, and does what only the process itself
// can do. The kit tells it what with a single byte.
const (
	stubExecutes = 'e' // execute a program
	stubDies     = 'd' // be killed
	stubCloses   = 'c' // close the socket and live on
)

// What a stub reports along with its socket: whether it was executed as SPEC.md says.
const (
	stubFine      = 'f'
	stubNoSession = 's' // it does not lead a session
)

// stubProgram is what the stub executes.
const stubProgram = "/bin/true"

// IsStub reports whether a parent under test started this process as its child.
func IsStub() bool {
	if os.Args[0] != protocol.ChildName {
		return false
	}
	_, err := os.Lstat(stubSocket)
	return err == nil
}

// StubMain runs the stub. It does not return.
func StubMain() { os.Exit(stub()) }

func stub() int {
	if len(os.Args) != 2 {
		return 2
	}
	number, err := strconv.ParseUint(os.Args[1], 10, 31)
	if err != nil {
		return 2
	}
	end := int(number)
	unix.CloseOnExec(end)
	// The process's name, which is that of its first thread (SPEC.md, M-EXE-1).
	if err := os.WriteFile("/proc/self/comm", []byte(protocol.ChildComm), 0); err != nil {
		return 2
	}
	kit, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 2
	}
	if err := unix.Connect(kit, &unix.SockaddrUnix{Name: stubSocket}); err != nil {
		return 2
	}
	greeting := byte(stubFine)
	if session, err := unix.Getsid(0); err != nil || session != os.Getpid() {
		greeting = stubNoSession
	}
	if err := unix.Sendmsg(kit, []byte{greeting}, unix.UnixRights(end), nil, 0); err != nil {
		return 2
	}
	for {
		command := make([]byte, 1)
		count, err := unix.Read(kit, command)
		if err == unix.EINTR { //nolint:errorlint // bare errno
			continue
		}
		if err != nil || count != 1 {
			return 1 // the kit is gone
		}
		switch command[0] {
		case stubCloses, stubDies:
			// Its end is closed on exit. SIGKILL would not do: the stub may be process 1 of
			// a PID namespace, which the kernel protects from signals it sends to itself.
			return 1
		case stubExecutes:
			_ = syscall.Exec(stubProgram, []string{stubProgram}, nil)
			return 1
		}
	}
}
