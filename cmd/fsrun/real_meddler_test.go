package main

import (
	"encoding/json"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/transport"
)

// meddling is how a frame is tampered with on its way to the other side.
type meddling struct {
	By   side   // whose frame
	N    int    // which one, counted from 1
	What string // a key of damages
}

// packet is what a socket carries at once.
type packet struct {
	data        []byte
	descriptors []int
}

// damages are the ways: what is sent in place of a frame, and whether it is held back until
// after the next.
var damages = map[string]func(packet) []packet{
	"malformed": func(p packet) []packet { p.data[0] ^= 0xff; return []packet{p} },
	"truncated": func(p packet) []packet { p.data = p.data[:len(p.data)-1]; return []packet{p} },
	"longer":    func(p packet) []packet { p.data = append(p.data, 0); return []packet{p} },
	"oversized": func(p packet) []packet {
		p.data = append(p.data, make([]byte, protocol.MaxFrame+1-len(p.data))...)
		return []packet{p}
	},
	"a descriptor more": func(p packet) []packet { p.descriptors = append(p.descriptors, 2, 2); return []packet{p} },
	"a descriptor less": func(p packet) []packet {
		p.descriptors = p.descriptors[:max(len(p.descriptors)-1, 0)]
		return []packet{p}
	},
	"duplicated": func(p packet) []packet { return []packet{p, p} },
	"skipped":    func(packet) []packet { return nil },
	reordered:    func(packet) []packet { return nil },
	silence:      func(packet) []packet { return nil },
}

const (
	reordered = "reordered" // the frame comes after the next
	silence   = "silence"   // and nothing after it arrives either
)

// meddlerName is the argv[0] of the process between child and parent.
const meddlerName = "fsrun-test-meddler"

// between puts a process between the child and its parent, and returns the arguments for
// the child. The process ends when the child does or becomes the program. It cannot be one
// of the child's own threads, which get no processor once the child makes raw calls.
func between(arguments []string, m meddling) ([]string, error) {
	descriptor, err := strconv.Atoi(arguments[1])
	if err != nil {
		return nil, err
	}
	ours, childs, err := transport.Connected()
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	outside, inside := os.NewFile(uintptr(descriptor), "outside"), os.NewFile(uintptr(ours), "inside")
	_, err = os.StartProcess("/proc/self/exe", []string{meddlerName, string(content)}, &os.ProcAttr{
		Env: []string{}, Files: []*os.File{nil, nil, os.Stderr, outside, inside},
	})
	outside.Close()
	inside.Close()
	return []string{arguments[0], strconv.Itoa(childs)}, err
}

// meddlerMain is that process.
func meddlerMain() {
	var m meddling
	if err := json.Unmarshal([]byte(os.Args[1]), &m); err != nil {
		os.Exit(1)
	}
	var ends []*transport.Socket
	for _, descriptor := range []int{3, 4} {
		unix.CloseOnExec(descriptor)
		// A frame that is too large must fit into one message, too.
		if err := unix.SetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_SNDBUF, 8*protocol.MaxFrame); err != nil {
			os.Exit(1)
		}
		end, err := transport.NewSocket(descriptor)
		if err != nil {
			os.Exit(1)
		}
		ends = append(ends, end)
	}
	var both sync.WaitGroup
	both.Go(func() { m.carry(callerSide, ends[0], 4) })
	both.Go(func() { m.carry(childSide, ends[1], 3) })
	both.Wait()
	os.Exit(0)
}

// carry carries one side's frames to the other until the side is gone.
func (m meddling) carry(of side, from *transport.Socket, to int) {
	defer unix.Shutdown(to, unix.SHUT_WR)
	var held []packet
	for n := 1; ; n++ {
		data, descriptors, err := from.Receive(0)
		if err != nil {
			return
		}
		p := packet{append([]byte(nil), data...), descriptors}
		out := []packet{p}
		if of == m.By {
			switch {
			case n == m.N:
				if out = damages[m.What](p); m.What == reordered {
					held = []packet{p}
				}
			case n > m.N && m.What == silence:
				out = nil
			default:
				out, held = append(out, held...), nil
			}
		}
		for _, one := range out {
			err := unix.Sendmsg(to, one.data, unix.UnixRights(one.descriptors...), nil, unix.MSG_NOSIGNAL)
			for _, descriptor := range one.descriptors {
				if descriptor > 4 {
					unix.Close(descriptor)
				}
			}
			if err != nil {
				return
			}
		}
	}
}
