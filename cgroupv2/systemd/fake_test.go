package systemd

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// fakeBus is a bus with a manager, in this process. A test sets how the manager answers;
// the calls are recorded.
type fakeBus struct {
	t        *testing.T
	listener net.Listener

	mutex   sync.Mutex
	answers map[string]answer
	calls   []call
	matches []string
}

// answer is what the manager does with a call.
type answer func(*peer, call)

// call is a received call.
type call struct {
	Method string
	Body   []any
	serial uint32
}

// peer is a connection to the bus.
type peer struct {
	bus    *fakeBus
	conn   net.Conn
	serial uint32
}

// newFakeBus starts one and makes Connect use it as both buses.
func newFakeBus(t *testing.T) *fakeBus {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "bus")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+socket)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+socket)
	b := &fakeBus{t: t, listener: listener, answers: map[string]answer{
		"Hello":     reply(":1.42"),
		"AddMatch":  func(p *peer, c call) { p.bus.match(c.Body[0].(string)); p.reply(c) },
		"Subscribe": reply(), "ResetFailedUnit": reply(), "SetUnitProperties": reply(),
	}}
	go b.serve()
	return b
}

func (b *fakeBus) serve() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		go (&peer{bus: b, conn: conn}).serve()
	}
}

func (b *fakeBus) match(rule string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.matches = append(b.matches, rule)
}

// on sets the answer to a method.
func (b *fakeBus) on(method string, do answer) *fakeBus {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.answers[method] = do
	return b
}

// of returns the calls of a method.
func (b *fakeBus) of(method string) []call {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var found []call
	for _, c := range b.calls {
		if c.Method == method {
			found = append(found, c)
		}
	}
	return found
}

// reply answers with values.
func reply(values ...any) answer { return func(p *peer, c call) { p.reply(c, values...) } }

// refuse answers with an error.
func refuse(name, text string) answer {
	return func(p *peer, c call) {
		p.send(dbus.TypeError, c.serial, map[dbus.HeaderField]any{dbus.FieldErrorName: name}, text)
	}
}

// job answers with a job, which ends with the result, possibly before the answer.
func job(number uint32, result string) answer {
	return func(p *peer, c call) {
		p.ends(number-1, c.Body[0].(string), "canceled") // another job of the same unit
		p.ends(number, c.Body[0].(string), result)
		p.reply(c, jobPath(number))
	}
}

func jobPath(number uint32) dbus.ObjectPath {
	return dbus.ObjectPath(fmt.Sprintf("%s/job/%d", managerPath, number))
}

func (p *peer) ends(number uint32, unit, result string) {
	p.send(dbus.TypeSignal, 0, map[dbus.HeaderField]any{
		dbus.FieldPath: dbus.ObjectPath(managerPath), dbus.FieldInterface: managerInterface, dbus.FieldMember: "JobRemoved",
		dbus.FieldSender: destination,
	}, number, jobPath(number), unit, result)
}

func (p *peer) reply(c call, values ...any) {
	p.send(dbus.TypeMethodReply, c.serial, nil, values...)
}

func (p *peer) send(kind dbus.Type, to uint32, headers map[dbus.HeaderField]any, body ...any) {
	message := &dbus.Message{Type: kind, Headers: map[dbus.HeaderField]dbus.Variant{}, Body: body}
	for field, value := range headers {
		message.Headers[field] = dbus.MakeVariant(value)
	}
	if to != 0 {
		message.Headers[dbus.FieldReplySerial] = dbus.MakeVariant(to)
	}
	if len(body) > 0 {
		message.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(body...))
	}
	p.serial++
	var encoded strings.Builder
	if err := message.EncodeTo(&encoded, binary.LittleEndian); err != nil {
		p.bus.t.Errorf("fake bus: %v", err)
		return
	}
	// The library numbers messages in an unexported field.
	bytes := []byte(encoded.String())
	binary.LittleEndian.PutUint32(bytes[8:], p.serial)
	_, _ = p.conn.Write(bytes)
}

// serve authenticates the peer by what it says, as EXTERNAL does by its credentials, and
// answers its calls.
func (p *peer) serve() {
	defer p.conn.Close()
	in := bufio.NewReader(p.conn)
	if _, err := in.ReadByte(); err != nil {
		return
	}
	answers := map[string]string{
		"AUTH": "REJECTED EXTERNAL", "AUTH EXTERNAL": "DATA", "DATA": "OK 0123456789abcdef0123456789abcdef",
		"NEGOTIATE_UNIX_FD": "ERROR",
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if line = strings.TrimSpace(line); line == "BEGIN" {
			break
		}
		fmt.Fprintf(p.conn, "%s\r\n", answers[line])
	}
	for {
		message, err := dbus.DecodeMessage(in)
		if err != nil {
			return
		}
		c := call{serial: message.Serial(), Body: message.Body}
		_ = message.Headers[dbus.FieldMember].Store(&c.Method)
		p.bus.mutex.Lock()
		p.bus.calls = append(p.bus.calls, c)
		do := p.bus.answers[c.Method]
		p.bus.mutex.Unlock()
		if do == nil {
			do = refuse("org.freedesktop.DBus.Error.UnknownMethod", "no "+c.Method)
		}
		do(p, c)
	}
}

func connect(t *testing.T, user bool) *Manager {
	t.Helper()
	manager, err := Connect(context.Background(), user)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(manager.Close)
	return manager
}
