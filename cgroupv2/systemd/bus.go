package systemd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// systemBus is the address of the system bus (D-Bus specification, "Well-known Message Bus
// Instances").
const systemBus = "unix:path=/run/dbus/system_bus_socket"

// connectTimeout bounds the time to connect to a bus, which may listen but not answer.
const connectTimeout = 10 * time.Second

// Manager is a connection to systemd, to the system manager or to a user's. It is not safe
// for concurrent use.
type Manager struct {
	conn *dbus.Conn
	end  context.CancelCauseFunc // ends the connection's context
	user bool
}

// BusError says that systemd cannot be reached.
type BusError struct {
	Address string
	Err     error
	User    bool
}

func (e *BusError) Error() string {
	whose := "system"
	if e.User {
		whose = "user"
	}
	return fmt.Sprintf("systemd: the %s bus at %s: %v; %s", whose, e.Address, e.Err, e.Hint())
}

func (e *BusError) Unwrap() error { return e.Err }

// Hint returns only the remedy.
func (e *BusError) Hint() string {
	if e.User {
		return "start the user's manager (loginctl enable-linger, package dbus-user-session) and set XDG_RUNTIME_DIR=/run/user/UID, or use --cgroup-manager cgroupfs"
	}
	return "start dbus.service, or use --cgroup-manager cgroupfs"
}

// Connect connects to the system manager, or to that of this process's user.
func Connect(ctx context.Context, user bool) (*Manager, error) {
	address, err := address(user, os.Getenv)
	if err != nil {
		return nil, err
	}
	// The connection lives as long as its context; only the attempt to connect has a time
	// limit.
	lives, end := context.WithCancelCause(context.WithoutCancel(ctx))
	attempt, attempted := context.WithTimeoutCause(ctx, connectTimeout, fmt.Errorf("no answer within %s", connectTimeout))
	defer attempted()
	stop := context.AfterFunc(attempt, func() { end(context.Cause(attempt)) })
	conn, err := dbus.Connect(address, dbus.WithContext(lives))
	if !stop() && err == nil {
		conn.Close()
		err = context.Cause(lives)
	}
	if err != nil {
		if cause := context.Cause(lives); cause != nil {
			err = cause
		}
		end(err)
		return nil, &BusError{Address: address, Err: err, User: user}
	}
	return &Manager{conn: conn, end: end, user: user}, nil
}

// address returns the address of the bus. It accepts only sockets: an address can also name
// a program to execute.
func address(user bool, variable func(string) string) (string, error) {
	name, found := "DBUS_SYSTEM_BUS_ADDRESS", ""
	if user {
		name = "DBUS_SESSION_BUS_ADDRESS"
	}
	if found = variable(name); found == "" {
		found = systemBus
		if user {
			directory := variable("XDG_RUNTIME_DIR")
			if directory == "" {
				return "", &BusError{Address: "$XDG_RUNTIME_DIR/bus", Err: errors.New("XDG_RUNTIME_DIR is not set"), User: true}
			}
			found = "unix:path=" + dbus.EscapeBusAddressValue(directory+"/bus")
		}
	}
	if !strings.HasPrefix(found, "unix:") {
		return "", &BusError{Address: found, Err: fmt.Errorf("%s is of another transport; allowed: unix:path=… or unix:abstract=…", name), User: user}
	}
	return found, nil
}

// Close closes the connection.
func (m *Manager) Close() {
	_ = m.conn.Close()
	m.end(nil)
}
