package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent"
)

// seccompAgent is an agent that answers every notification with 27. (With package net the
// test would link a C library, which the child is not made for.)
type seccompAgent struct {
	path   string
	states chan specs.ContainerProcessState
}

func startAgent(t *testing.T) *seccompAgent {
	t.Helper()
	directory := harness.Directory(t)
	agent := &seccompAgent{path: filepath.Join(directory, "agent"), states: make(chan specs.ContainerProcessState, 8)}
	listener, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	must(t, unix.Bind(listener, &unix.SockaddrUnix{Name: agent.path}))
	must(t, unix.Listen(listener, 8))
	t.Cleanup(func() { _ = unix.Shutdown(listener, unix.SHUT_RDWR); unix.Close(listener) })
	go func() {
		for {
			connection, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
			if err != nil {
				return
			}
			go agent.serve(t, connection)
		}
	}()
	return agent
}

// serve receives what one connection brings, up to its end, and answers.
func (a *seccompAgent) serve(t *testing.T, connection int) {
	defer unix.Close(connection)
	var content []byte
	descriptor := -1
	for {
		data, control := make([]byte, 4096), make([]byte, 256)
		size, controlSize, _, _, err := unix.Recvmsg(connection, data, control, unix.MSG_CMSG_CLOEXEC)
		if err != nil || size == 0 {
			break
		}
		content = append(content, data[:size]...)
		if messages, err := unix.ParseSocketControlMessage(control[:controlSize]); err == nil && len(messages) == 1 {
			if rights, err := unix.ParseUnixRights(&messages[0]); err == nil && len(rights) == 1 && descriptor < 0 {
				descriptor = rights[0]
			}
		}
	}
	var state specs.ContainerProcessState
	if err := json.Unmarshal(content, &state); err != nil || descriptor < 0 {
		t.Errorf("the agent gets %q with descriptor %d: %v", content, descriptor, err)
		return
	}
	defer unix.Close(descriptor)
	a.states <- state
	for {
		notification, err := sys.ReceiveNotification(descriptor)
		if err != nil {
			return
		}
		_ = sys.AnswerNotified(descriptor, notification.ID, 27)
	}
}

func (a *seccompAgent) state(t *testing.T) specs.ContainerProcessState {
	t.Helper()
	select {
	case state := <-a.states:
		return state
	case <-time.After(10 * time.Second):
		t.Fatal("the agent gets no state")
		panic("unreachable")
	}
}

// notifying makes a filter notify the agent of getuid(2) and geteuid(2).
func notifying(agent string, newPrivs bool, more ...string) harness.Edit {
	return func(spec *specs.Spec) {
		spec.Process.NoNewPrivileges = !newPrivs
		spec.Annotations = map[string]string{"key": "value"}
		spec.Linux.Seccomp = &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow, ListenerPath: agent, ListenerMetadata: "metadata of ours",
			Syscalls: []specs.LinuxSyscall{{Names: append([]string{"getuid", "geteuid"}, more...), Action: specs.ActNotify}},
		}
	}
}

// whoami prints the user ID according to the kernel, or to the agent.
var whoami = []string{"/bin/busybox", "id", "-u"}

// An agent answers for the init and for processes that join it, and is told about both.
//
// SPEC: M-LST-1
func TestSeccompAgent(t *testing.T) {
	for name, newPrivs := range map[string]bool{"loaded last": false, "loaded first": true} {
		t.Run(name, func(t *testing.T) {
			agent := startAgent(t)
			c := newContainer(t, harness.Args("/bin/sleep", "1000"), notifying(agent.path, newPrivs))
			c.create()
			select {
			case state := <-agent.states:
				t.Errorf("the agent is told of a container that is not started: %+v", state)
			case <-time.After(50 * time.Millisecond):
			}
			must(t, parent.Start(c.StateRoot, c.ID, parent.Handshake{}))
			pid := initOf(t, c)
			state := agent.state(t)
			want := specs.ContainerProcessState{
				Version: specs.Version, Fds: []string{"seccompFd"}, Pid: pid, Metadata: "metadata of ours",
				State: specs.State{Version: specs.Version, ID: c.ID, Status: specs.StateCreated, Pid: pid, Bundle: c.Bundle, Annotations: map[string]string{"key": "value"}},
			}
			state.Version, state.State.Version = specs.Version, specs.Version
			equal(t, "the state of the init", want, state)

			equal(t, "an exec's user", "27", c.exec(&specs.Process{Args: whoami, Cwd: "/", NoNewPrivileges: !newPrivs}))
			state = agent.state(t)
			if state.Pid == pid || state.Pid == 0 || state.State.Pid != pid || state.State.Status != specs.StateRunning {
				t.Errorf("the state of an exec is %+v", state)
			}
			equal(t, "the user of an init", "27", newContainer(t, harness.Args(whoami...), notifying(agent.path, newPrivs)).succeed())
		})
	}
}

// The agent can even be notified of the call that hands over the listener: there is another
// one.
func TestSeccompAgentOfSendmsg(t *testing.T) {
	agent := startAgent(t)
	c := newContainer(t, harness.Args(whoami...), notifying(agent.path, false, "sendmsg"))
	equal(t, "user", "27", c.succeed())
}

// A missing agent is reported before any program runs.
//
// SPEC: M-LST-1
func TestSeccompAgentThatIsNotThere(t *testing.T) {
	path := filepath.Join(harness.Directory(t), "agent")
	err := newContainer(t, harness.Args("/bin/true"), notifying(path, false)).refuse()
	for _, words := range []string{"linux.seccomp.listenerPath", path, "no such file"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q does not say %q", err, words)
		}
	}
	c := newContainer(t, harness.Args("/bin/true"), notifying(path, false))
	c.create()
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{}); err == nil || !strings.Contains(err.Error(), "linux.seccomp.listenerPath") {
		t.Errorf("start: %v", err)
	}
}

// The path has no effect if no rule notifies (config-linux.md, "Seccomp").
func TestListenerPathWithoutNotification(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"), func(spec *specs.Spec) {
		spec.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/nobody/is/there"}
	})
	c.succeed()
}
