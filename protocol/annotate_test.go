package protocol

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// annotate prints a msgpack value for people, one item per line: its bytes in hexadecimal
// and, after a #, what they mean. It is written from the msgpack specification alone and
// shares nothing with the codec, so that a golden vector is a second opinion about what the
// codec writes.
func annotate(data []byte) (string, error) {
	var out strings.Builder
	reader := annotator{data: data, out: &out}
	if err := reader.item(0); err != nil {
		return "", err
	}
	if len(reader.data) != 0 {
		return "", fmt.Errorf("%d trailing bytes", len(reader.data))
	}
	return out.String(), nil
}

type annotator struct {
	data []byte
	out  *strings.Builder
}

func (a *annotator) take(count int) ([]byte, error) {
	if count > len(a.data) {
		return nil, errors.New("truncated")
	}
	taken := a.data[:count]
	a.data = a.data[count:]
	return taken, nil
}

// item prints a value and, a level deeper, what it contains.
func (a *annotator) item(level int) error {
	head, err := a.take(1)
	if err != nil {
		return err
	}
	first := head[0]
	switch {
	case first <= 0x7f:
		return a.line(level, head, fmt.Sprint(first))
	case first <= 0x8f:
		return a.pairs(level, head, uint64(first&0x0f))
	case first <= 0x9f:
		return a.elements(level, head, uint64(first&0x0f))
	case first <= 0xbf:
		return a.content(level, head, uint64(first&0x1f), "%q")
	case first >= 0xe0:
		return a.line(level, head, fmt.Sprint(int8(first)))
	}
	switch first {
	case 0xc2, 0xc3:
		return a.line(level, head, fmt.Sprint(first == 0xc3))
	case 0xc4, 0xc5, 0xc6:
		return a.sized(head, 1<<(first-0xc4), func(head []byte, size uint64) error { return a.content(level, head, size, "%x") })
	case 0xcc, 0xcd, 0xce, 0xcf:
		return a.sized(head, 1<<(first-0xcc), func(head []byte, value uint64) error { return a.line(level, head, fmt.Sprint(value)) })
	case 0xd0, 0xd1, 0xd2, 0xd3:
		width := 1 << (first - 0xd0)
		return a.sized(head, width, func(head []byte, value uint64) error {
			unused := 64 - 8*width
			return a.line(level, head, fmt.Sprint(int64(value<<unused)>>unused))
		})
	case 0xd9, 0xda, 0xdb:
		return a.sized(head, 1<<(first-0xd9), func(head []byte, size uint64) error { return a.content(level, head, size, "%q") })
	case 0xdc, 0xdd:
		return a.sized(head, 2<<(first-0xdc), func(head []byte, size uint64) error { return a.elements(level, head, size) })
	case 0xde, 0xdf:
		return a.sized(head, 2<<(first-0xde), func(head []byte, size uint64) error { return a.pairs(level, head, size) })
	}
	return fmt.Errorf("byte 0x%02x has no place in a frame", first)
}

func (a *annotator) sized(head []byte, width int, then func([]byte, uint64) error) error {
	number, err := a.take(width)
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[8-width:], number)
	return then(append(append([]byte(nil), head...), number...), binary.BigEndian.Uint64(wide[:]))
}

func (a *annotator) content(level int, head []byte, size uint64, format string) error {
	content, err := a.take(int(size))
	if err != nil {
		return err
	}
	return a.line(level, append(append([]byte(nil), head...), content...), fmt.Sprintf(format, content))
}

func (a *annotator) elements(level int, head []byte, count uint64) error {
	if err := a.line(level, head, fmt.Sprintf("array of %d", count)); err != nil {
		return err
	}
	for range count {
		if err := a.item(level + 1); err != nil {
			return err
		}
	}
	return nil
}

func (a *annotator) pairs(level int, head []byte, count uint64) error {
	if err := a.line(level, head, fmt.Sprintf("map of %d", count)); err != nil {
		return err
	}
	for range 2 * count {
		if err := a.item(level + 1); err != nil {
			return err
		}
	}
	return nil
}

func (a *annotator) line(level int, bytes []byte, meaning string) error {
	fmt.Fprintf(a.out, "%-48s # %s%s\n", hex.EncodeToString(bytes), strings.Repeat("  ", level), meaning)
	return nil
}

// parseVector parses a golden vector: hexadecimal digits, with comments after #. One
// comment says how many descriptors travel with it.
func parseVector(text string) (data []byte, descriptors int, err error) {
	for line := range strings.Lines(text) {
		if count, found := strings.CutPrefix(line, "# descriptors: "); found {
			if _, err := fmt.Sscan(count, &descriptors); err != nil {
				return nil, 0, err
			}
		}
		digits, _, _ := strings.Cut(line, "#")
		some, err := hex.DecodeString(strings.TrimSpace(digits))
		if err != nil {
			return nil, 0, err
		}
		data = append(data, some...)
	}
	return data, descriptors, nil
}
