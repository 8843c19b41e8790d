package systemd

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The manager's object (org.freedesktop.systemd1(5)).
const (
	destination       = "org.freedesktop.systemd1"
	managerPath       = "/org/freedesktop/systemd1"
	managerInterface  = "org.freedesktop.systemd1.Manager"
	scopeInterface    = "org.freedesktop.systemd1.Scope"
	propertyInterface = "org.freedesktop.DBus.Properties"
)

// Names of errors that we handle (org.freedesktop.systemd1(5), D-Bus specification).
const (
	errorNoSuchUnit = "org.freedesktop.systemd1.NoSuchUnit"
	errorUnitExists = "org.freedesktop.systemd1.UnitExists"
	errorAccess     = "org.freedesktop.DBus.Error.AccessDenied"
	errorInteract   = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
)

// CallError says that the manager refused a call.
type CallError struct {
	Call string // the method
	Unit string
	Name string // the D-Bus name of the error, if any
	Err  error
}

func (e *CallError) Error() string {
	text := fmt.Sprintf("systemd: %s %s: %v", e.Call, e.Unit, e.Err)
	if hint := e.Hint(); hint != "" {
		text += "; " + hint
	}
	return text
}

func (e *CallError) Unwrap() error { return e.Err }

// Hint returns only the remedy.
func (e *CallError) Hint() string {
	switch e.Name {
	case errorUnitExists:
		return "another container or service has a unit of this name: stop it (systemctl stop " + e.Unit + "), or choose another id or linux.cgroupsPath"
	case errorAccess, errorInteract:
		return "an ordinary user has the manager of their own session make scopes: set XDG_RUNTIME_DIR, or run as root"
	}
	return ""
}

// named reports whether err is a refusal by the manager with one of the names.
func named(err error, names ...string) bool {
	var refusal *CallError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, name := range names {
		if refusal.Name == name {
			return true
		}
	}
	return false
}

// call calls a method of the manager about a unit and stores the result in answer.
func (m *Manager) call(ctx context.Context, method, unit string, answer []any, arguments ...any) error {
	return m.callAt(ctx, managerPath, managerInterface, method, unit, answer, arguments...)
}

func (m *Manager) callAt(ctx context.Context, at dbus.ObjectPath, of, method, unit string, answer []any, arguments ...any) error {
	call := m.conn.Object(destination, at).CallWithContext(ctx, of+"."+method, 0, arguments...)
	err := call.Err
	if err == nil && len(answer) > 0 {
		err = call.Store(answer...)
	}
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, ctx.Err()) {
		err = cause
	}
	failure := &CallError{Call: method, Unit: unit, Err: err}
	var refusal dbus.Error
	if errors.As(err, &refusal) {
		failure.Name = refusal.Name
		failure.Err = errors.New(describe(refusal))
	}
	return failure
}

// describe returns an error's text, or its name if it has no text.
func describe(refusal dbus.Error) string {
	if len(refusal.Body) > 0 {
		if text, is := refusal.Body[0].(string); is && text != "" {
			return text
		}
	}
	return refusal.Name
}

// property reads a property of an object.
func (m *Manager) property(ctx context.Context, at dbus.ObjectPath, of, name, unit string, into any) error {
	var value dbus.Variant
	err := m.callAt(ctx, at, propertyInterface, "Get", unit, []any{&value}, of, name)
	if err != nil {
		return err
	}
	if err := value.Store(into); err != nil {
		return &CallError{Call: "Get " + name, Unit: unit, Err: err}
	}
	return nil
}

// Version returns the manager's version, such as 252.
func (m *Manager) Version(ctx context.Context) (int, error) {
	var text string
	if err := m.property(ctx, managerPath, managerInterface, "Version", "", &text); err != nil {
		return 0, err
	}
	digits := strings.TrimLeft(text, "v")
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	version, err := strconv.Atoi(digits)
	if err != nil {
		return 0, &CallError{Call: "Get Version", Err: fmt.Errorf("%q is no version", text)}
	}
	return version, nil
}
