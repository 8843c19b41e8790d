package parent

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

// Activation is what a service manager gives to the services that it starts, to be passed
// on to the program: listening sockets (sd_listen_fds(3)) and a socket for readiness
// notifications (sd_notify(3)).
type Activation struct {
	// Sockets is how many descriptors from 3 on are listening sockets. They come before
	// those of PreservedFDs. Names holds the sockets' names, "" if they have none.
	Sockets int
	Names   string
	// Notify is the value of NOTIFY_SOCKET, "" if it is not set.
	Notify string
}

// notifyPlace is the path of the notification socket in the container.
const notifyPlace = "/run/notify/notify.sock"

const listenPID = "LISTEN_PID"

// passed returns how many descriptors from 3 on the program gets.
func (o *Options) passed() int { return o.PreservedFDs + o.Activation.Sockets }

// apply adds the activation to the configuration.
func (a *Activation) apply(spec *specs.Spec, warn func(string)) error {
	process := spec.Process
	if a.Sockets > 0 {
		set(process, "LISTEN_FDS", strconv.Itoa(a.Sockets))
		set(process, listenPID, "1") // in its own PID namespace; see nameListener
		if a.Names != "" {
			set(process, "LISTEN_FDNAMES", a.Names)
		}
	}
	switch {
	case a.Notify == "":
		return nil
	case strings.HasPrefix(a.Notify, "@"):
		// The names of abstract sockets belong to a network namespace.
		if bundle.Isolated(spec, specs.NetworkNamespace) {
			warn("NOTIFY_SOCKET is an abstract socket, which the container's network namespace hides: it is not passed on")
			return nil
		}
		set(process, "NOTIFY_SOCKET", a.Notify)
		return nil
	case !path.IsAbs(a.Notify):
		return fmt.Errorf("NOTIFY_SOCKET is %q; allowed: an absolute path, or an abstract socket that begins with @", a.Notify)
	}
	// A service passes the variable on to whatever it starts, which may outlive the socket.
	if err := unix.Access(a.Notify, unix.F_OK); errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		warn(fmt.Sprintf("NOTIFY_SOCKET is %q, which is not there: it is not passed on", a.Notify))
		return nil
	}
	set(process, "NOTIFY_SOCKET", notifyPlace)
	spec.Mounts = append(spec.Mounts, specs.Mount{Destination: notifyPlace, Type: "bind", Source: a.Notify, Options: []string{"bind"}})
	return nil
}

// set sets a variable, replacing any value that it has.
func set(process *specs.Process, name, value string) {
	process.Env = slices.DeleteFunc(process.Env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	process.Env = append(process.Env, name+"="+value)
}

// nameListener tells the program its process ID if it is not process 1: a program takes the
// sockets only if LISTEN_PID is its own ID.
func (h *handshake) nameListener() error {
	if h.options.Activation.Sockets == 0 || h.plan.New&bundleFlag(specs.PIDNamespace) != 0 {
		return nil
	}
	pid, err := innermostPID(h.child.pid)
	if err != nil {
		return err
	}
	for _, op := range h.plan.Ops {
		environment, is := op.(*protocol.Environment)
		if !is {
			continue
		}
		for i, entry := range environment.Values {
			if strings.HasPrefix(entry, listenPID+"=") {
				environment.Values[i] = listenPID + "=" + pid
			}
		}
	}
	return h.requests.cut()
}

// innermostPID returns a process's ID in its own PID namespace (proc_pid_status(5)).
func innermostPID(pid int) (string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if ids, found := strings.CutPrefix(line, "NSpid:"); found {
			all := strings.Fields(ids)
			return all[len(all)-1], nil
		}
	}
	return strconv.Itoa(pid), nil // a kernel without PID namespaces
}
