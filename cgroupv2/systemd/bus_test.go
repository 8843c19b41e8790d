package systemd

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAddress(t *testing.T) {
	for name, test := range map[string]struct {
		user      bool
		variables map[string]string
		want      string
	}{
		"system":              {false, nil, systemBus},
		"system, elsewhere":   {false, map[string]string{"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/x"}, "unix:path=/x"},
		"user":                {true, map[string]string{"XDG_RUNTIME_DIR": "/run/user/1000"}, "unix:path=/run/user/1000/bus"},
		"user, elsewhere":     {true, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:abstract=/x"}, "unix:abstract=/x"},
		"user, nowhere":       {true, nil, "error: systemd: the user bus at $XDG_RUNTIME_DIR/bus: XDG_RUNTIME_DIR is not set"},
		"a program":           {true, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unixexec:path=/bin/sh"}, "error: systemd: the user bus at unixexec:path=/bin/sh: DBUS_SESSION_BUS_ADDRESS is of another transport; allowed"},
		"a machine":           {false, map[string]string{"DBUS_SYSTEM_BUS_ADDRESS": "tcp:host=h,port=1"}, "error: systemd: the system bus at tcp:host=h,port=1"},
		"others have no say":  {false, map[string]string{"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"}, systemBus},
		"what must be quoted": {true, map[string]string{"XDG_RUNTIME_DIR": "/a;b"}, "unix:path=/a%3bb/bus"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := address(test.user, func(name string) string { return test.variables[name] })
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != test.want && (err == nil || !strings.HasPrefix(got, test.want)) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestConnectFails(t *testing.T) {
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "none"))
	_, err := Connect(context.Background(), false)
	if err == nil || !strings.Contains(err.Error(), "no such file") || !strings.Contains(err.Error(), "--cgroup-manager cgroupfs") {
		t.Errorf("%v, want what is missing and what can be done", err)
	}
}

// The wait for a bus that accepts the connection but says nothing is bounded.
func TestConnectIsBounded(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = Connect(ctx, false)
	if err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
		t.Errorf("%v, want the deadline", err)
	}
}
