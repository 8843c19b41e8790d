package transport

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/fsrun/fsrun/protocol/machine"
)

// Memory is one end of an in-memory channel. Its descriptors are plain numbers.
type Memory struct {
	in, out   chan packet
	closed    chan struct{} // this end
	peer      *Memory
	patience  time.Duration // how long the peer may leave frames unread
	closeOnce sync.Once
}

type packet struct {
	data        []byte
	descriptors []int
}

// Pair returns two connected ends. Each holds up to depth unread frames.
func Pair(depth int) (*Memory, *Memory) {
	forth, back := make(chan packet, depth), make(chan packet, depth)
	one := &Memory{in: back, out: forth, closed: make(chan struct{}), patience: sendTimeout}
	two := &Memory{in: forth, out: back, closed: make(chan struct{}), patience: sendTimeout, peer: one}
	one.peer = two
	return one, two
}

var _ machine.Channel = (*Memory)(nil)

// Close closes this end. The peer can still read what was sent, and then sees EOF.
func (m *Memory) Close() error {
	m.closeOnce.Do(func() { close(m.closed) })
	return nil
}

// Send implements machine.Channel.
func (m *Memory) Send(data []byte, descriptors []int) error {
	sent := packet{append([]byte(nil), data...), append([]int(nil), descriptors...)}
	select {
	case <-m.peer.closed:
		return io.ErrClosedPipe
	default:
	}
	select {
	case m.out <- sent:
		return nil
	default:
	}
	passed := time.NewTimer(m.patience)
	defer passed.Stop()
	select {
	case m.out <- sent:
		return nil
	case <-m.peer.closed:
		return io.ErrClosedPipe
	case <-passed.C:
		return fmt.Errorf("the peer left frames unread for %s", m.patience)
	}
}

// Receive implements machine.Channel.
func (m *Memory) Receive(wait time.Duration) ([]byte, []int, error) {
	var passed <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		passed = timer.C
	}
	select {
	case got := <-m.in:
		return got.data, got.descriptors, nil
	default:
	}
	select {
	case got := <-m.in:
		return got.data, got.descriptors, nil
	case <-m.peer.closed:
		// What was sent before the close can still be read.
		select {
		case got := <-m.in:
			return got.data, got.descriptors, nil
		default:
			return nil, nil, io.EOF
		}
	case <-passed:
		return nil, nil, os.ErrDeadlineExceeded
	}
}

// Discard implements machine.Channel.
func (m *Memory) Discard([]int) {}
