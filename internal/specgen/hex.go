package main

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// minimalRun holds the plan and the frames of the shortest run of /bin/true.
var minimalRun = map[protocol.Kind]protocol.Frame{
	protocol.KindHello: &protocol.Hello{
		LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit,
		Deadlines: []protocol.Deadline{{State: "awaiting_commit", Milliseconds: 5000}},
	},
	protocol.KindWelcome: &protocol.Welcome{Version: 1},
	protocol.KindPlan: &protocol.Plan{Ops: []protocol.Op{
		&protocol.Root{Origin: protocol.Origin{At: "root.path"}, Source: "/b/rootfs", Propagation: mountSlave | mountRecursive},
		&protocol.Pivot{},
		&protocol.Arguments{Origin: protocol.Origin{At: "process.args"}, Values: []string{"/bin/true"}},
		&protocol.Execute{
			Origin: protocol.Origin{At: "process"}, Directory: "/", UID: 1000, GID: 1000, SetsGroups: true, Umask: 0o22, NoNewPrivs: true,
		},
	}},
	protocol.KindReady: &protocol.Ready{
		Rows: []protocol.Stamp{
			{Row: "C01", Nanoseconds: 4_000_000}, {Row: "C02", Nanoseconds: 4_100_000}, {Row: "C03", Nanoseconds: 4_200_000},
			{Row: "C09", Nanoseconds: 4_300_000}, {Row: "C15", Nanoseconds: 4_900_000},
		},
		Ops: []uint64{90_000, 300_000, 0, 150_000},
	},
	protocol.KindCommitted: &protocol.Committed{
		Cgroup: "/demo", Limits: []protocol.Pair{{Name: "pids.max", Value: "1"}}, Programs: []uint32{42},
	},
	protocol.KindStart: &protocol.Start{},
}

// MS_SLAVE and MS_REC of mount(2).
const (
	mountSlave     = 1 << 19
	mountRecursive = 1 << 14
)

// handshakeHex writes every frame of the shortest run, byte by byte, in the order in which
// the tables send them.
func handshakeHex() (string, error) {
	rows, err := minimal()
	if err != nil {
		return "", err
	}
	var text strings.Builder
	for _, one := range rows {
		for _, kind := range one.row.Send {
			frame := minimalRun[kind]
			if frame == nil {
				return "", fmt.Errorf("the shortest run has no %s", kind)
			}
			data, err := protocol.Encode(frame)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(&text, "%s, %s, row %s, %d bytes:\n\n%s\n", kind, kind.Direction(), one.row.ID, len(data), fenced("text", dump(data)))
		}
	}
	return text.String(), nil
}

// dump writes a frame's bytes, one item per line, with their meaning beside them.
func dump(data []byte) string {
	d := dumper{data: data}
	d.item(0, "", true)
	width := 0
	for _, line := range d.lines {
		width = max(width, len(line[0]))
	}
	var text strings.Builder
	for _, line := range d.lines {
		fmt.Fprintf(&text, "%-*s  %s\n", width, line[0], line[1])
	}
	return text.String()
}

// dumper reads what protocol.Encode wrote, and supports only that encoding.
type dumper struct {
	data   []byte
	offset int
	lines  [][2]string // pairs of bytes and meaning
}

// item writes one item. Key is its key, whose bytes precede its own.
func (d *dumper) item(depth int, key string, top bool) {
	start := d.offset
	if key != "" {
		d.read()
	}
	shown, elements, isMap := d.read()
	if key != "" {
		shown = key + ": " + shown
	}
	d.write(depth, start, shown)
	tagged := !isMap && elements == 2 && d.data[d.offset] < 0x80 // an array that begins with a number
	for i := range elements {
		switch {
		case isMap:
			d.item(depth+1, d.peekText(), false)
		case tagged && i == 0:
			d.tag(depth+1, top)
		default:
			d.item(depth+1, "", false)
		}
	}
}

// tag writes the number that identifies the kind of the frame or operation.
func (d *dumper) tag(depth int, top bool) {
	start := d.offset
	kind := d.data[start]
	d.offset++
	if top {
		d.write(depth, start, "kind "+protocol.Kind(kind).String())
		return
	}
	d.write(depth, start, "operation "+protocol.OpKind(kind).String())
}

func (d *dumper) write(depth, start int, meaning string) {
	d.lines = append(d.lines, [2]string{
		strings.Repeat("  ", depth) + fmt.Sprintf("%x", d.data[start:d.offset]), meaning,
	})
}

// peekText returns the string at the current offset.
func (d *dumper) peekText() string {
	ahead := dumper{data: d.data, offset: d.offset}
	shown, _, _ := ahead.read()
	text, err := strconv.Unquote(shown)
	if err != nil {
		return shown
	}
	return text
}

// read reads an item's head, and its content unless it is an array or map.
func (d *dumper) read() (shown string, elements int, isMap bool) {
	first := d.data[d.offset]
	d.offset++
	switch {
	case first < 0x80:
		return strconv.Itoa(int(first)), 0, false
	case first < 0x90:
		return fmt.Sprintf("map of %d", first-0x80), int(first - 0x80), true
	case first < 0xa0:
		return fmt.Sprintf("array of %d", first-0x90), int(first - 0x90), false
	case first < 0xc0:
		return d.text(int(first - 0xa0)), 0, false
	case first == 0xc2:
		return "false", 0, false
	case first == 0xc3:
		return "true", 0, false
	case first == 0xc4:
		size := d.number(1)
		d.offset += int(size)
		return fmt.Sprintf("binary, %d bytes", size), 0, false
	case first >= 0xcc && first <= 0xcf:
		return strconv.FormatUint(d.number(1<<(first-0xcc)), 10), 0, false
	case first == 0xd9:
		return d.text(int(d.number(1))), 0, false
	case first == 0xde:
		size := int(d.number(2))
		return fmt.Sprintf("map of %d", size), size, true
	}
	panic(fmt.Sprintf("a form that the shortest run does not have: 0x%02x", first))
}

func (d *dumper) text(size int) string {
	d.offset += size
	return strconv.Quote(string(d.data[d.offset-size : d.offset]))
}

func (d *dumper) number(width int) uint64 {
	var padded [8]byte
	copy(padded[8-width:], d.data[d.offset:d.offset+width])
	d.offset += width
	return binary.BigEndian.Uint64(padded[:])
}
