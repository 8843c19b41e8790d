package handoff

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/internal/tinyprogram"
	"github.com/fsrun/fsrun/protocol"
)

const processState = `{"fds":["seccompFd"],"pid":7}`

// notifying is an execution whose filter sends notifications for some calls.
func notifying(script string, call protocol.HandoverCall, numbers ...uintptr) Execution {
	execution := shell(script)
	execution.Execute.Filter = refuse(unix.SECCOMP_RET_USER_NOTIF, numbers...)
	execution.Execute.FilterFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	execution.Listener = &protocol.Listener{Call: call, State: []byte(processState)}
	return execution
}

// agentSocket returns a connection to an agent, as the parent makes one, and the agent's
// end. (Package net would link a C library, which maps memory.)
func agentSocket(t *testing.T) (connection, agent *os.File) {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	connection, agent = os.NewFile(uintptr(ends[0]), "connection"), os.NewFile(uintptr(ends[1]), "agent")
	t.Cleanup(func() { connection.Close(); agent.Close() })
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(ends[1], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	return connection, agent
}

// takeListener receives what the child hands over: the state and a descriptor.
func takeListener(t *testing.T, agent *os.File) (listener int) {
	t.Helper()
	data, control := make([]byte, 4096), make([]byte, 256)
	size, controlSize, _, _, err := unix.Recvmsg(int(agent.Fd()), data, control, unix.MSG_CMSG_CLOEXEC)
	for err == unix.EINTR { //nolint:errorlint // bare errno
		size, controlSize, _, _, err = unix.Recvmsg(int(agent.Fd()), data, control, unix.MSG_CMSG_CLOEXEC)
	}
	if err != nil {
		t.Fatal(err)
	}
	if string(data[:size]) != processState {
		t.Errorf("the agent gets %q", data[:size])
	}
	messages, err := unix.ParseSocketControlMessage(control[:controlSize])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d control messages, %v", len(messages), err)
	}
	rights, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(rights) != 1 {
		t.Fatalf("descriptors %v, %v", rights, err)
	}
	t.Cleanup(func() { unix.Close(rights[0]) })
	return rights[0]
}

// answer allows the next call that is notified.
func answer(t *testing.T, listener int) (number int32) {
	t.Helper()
	poll := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
	if ready, err := unix.Poll(poll, int(patience.Milliseconds())); ready != 1 {
		t.Fatalf("no call is notified of: %v", err)
	}
	notification, err := sys.ReceiveNotification(listener)
	if err != nil {
		t.Fatal(err)
	}
	if err := sys.ContinueNotified(listener, notification.ID); err != nil {
		t.Fatal(err)
	}
	return notification.Call
}

// TestListener: the listener reaches the agent before anything that the agent must answer,
// whichever call hands it over, even if the other call is notified.
//
// SPEC: M-LST-5
func TestListener(t *testing.T) {
	for _, test := range []struct {
		name       string
		call       protocol.HandoverCall
		noNewPrivs bool
		notified   []uintptr
	}{
		{"by sendmsg, loaded last", protocol.CallSendmsg, true, []uintptr{unix.SYS_EXECVE, unix.SYS_SENDMMSG}},
		{"by sendmmsg, loaded last", protocol.CallSendmmsg, true, []uintptr{unix.SYS_EXECVE, unix.SYS_SENDMSG}},
		{"loaded first", protocol.CallSendmsg, false, []uintptr{unix.SYS_CAPSET, unix.SYS_EXECVE}},
		{"closing is notified of", protocol.CallSendmsg, true, []uintptr{unix.SYS_CLOSE}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !test.noNewPrivs && os.Geteuid() != 0 {
				t.Skip("only root may load a filter without no_new_privs")
			}
			execution := notifying("exit 7", test.call, test.notified...)
			execution.Execute.NoNewPrivs = test.noNewPrivs
			w := startWalk(t, job{Execution: execution}, nil)
			w.committed()
			connection, agent := agentSocket(t)
			send(t, w.channel, &protocol.Start{}, int(connection.Fd()))
			connection.Close()
			listener := takeListener(t, agent)
			if first := answer(t, listener); first != int32(test.notified[0]) {
				t.Errorf("the first call notified of is %d, want %d", first, test.notified[0])
			}
			go func() { // the rest, until the program is gone
				for {
					notification, err := sys.ReceiveNotification(listener)
					if err != nil {
						return
					}
					_ = sys.ContinueNotified(listener, notification.ID)
				}
			}()
			if state := w.end(); state.ExitCode() != 7 {
				t.Errorf("it ended with %v: %s", state, &w.output)
			}
			// The connection is closed without anything else.
			if size, err := agent.Read(make([]byte, 1)); size != 0 || err == nil {
				t.Errorf("the agent reads %d bytes more, %v", size, err)
			}
		})
	}
}

// TestListenerIsNotGreedy: handing it over makes no thread and allocates no memory.
//
// SPEC: M-COM-7
func TestListenerIsNotGreedy(t *testing.T) {
	program := filepath.Join(t.TempDir(), "tiny")
	if err := os.WriteFile(program, tinyprogram.Exit(42), 0o700); err != nil {
		t.Fatal(err)
	}
	execution := notifying("", protocol.CallSendmsg, unix.SYS_GETPRIORITY)
	execution.Programs, execution.Arguments = []Program{{Path: program}}, []string{"tiny"}
	w := startWalk(t, job{Execution: execution, Greedy: true}, nil)
	w.committed()
	connection, agent := agentSocket(t)
	send(t, w.channel, &protocol.Start{}, int(connection.Fd()))
	connection.Close()
	takeListener(t, agent)
	if state := w.end(); state.ExitCode() != 42 {
		t.Errorf("it ended with %v: %s", state, &w.output)
	}
}

// TestAgentThatIsGone: a listener that nobody takes is a failure.
//
// SPEC: M-LST-5
func TestAgentThatIsGone(t *testing.T) {
	execution, marked := marking(t)
	execution.Execute.Filter = refuse(unix.SECCOMP_RET_USER_NOTIF, unix.SYS_GETPRIORITY)
	execution.Execute.FilterFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	execution.Listener = &protocol.Listener{Call: protocol.CallSendmsg, State: []byte(processState)}
	w := startWalk(t, job{Execution: execution}, nil)
	w.committed()
	connection, agent := agentSocket(t)
	agent.Close()
	send(t, w.channel, &protocol.Start{}, int(connection.Fd()))
	connection.Close()
	fault := receive(t, w.channel, protocol.KindFault).(*protocol.Fault)
	if fault.Code != protocol.CodeSeccomp || fault.Path != "linux.seccomp.listenerPath" || fault.Errno != unix.EPIPE {
		t.Errorf("the Fault is %+v", fault)
	}
	if w.end(); marked() {
		t.Error("the program was executed")
	}
}

// TestStartWithoutAConnection: what Start carries is what the plan needs. (That
// no descriptor is taken where none is needed is in TestNeverWithoutStart.)
//
// SPEC: M-LST-2
func TestStartWithoutAConnection(t *testing.T) {
	w := startWalk(t, job{Execution: notifying("exit 0", protocol.CallSendmsg, unix.SYS_GETPRIORITY)}, nil)
	w.begin()
	fault := receive(t, w.channel, protocol.KindFault).(*protocol.Fault)
	if fault.Code != protocol.CodeMalformed || fault.State != string(childmachine.Committed) {
		t.Errorf("the Fault is %+v", fault)
	}
}
