package console

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestKeysThatSendSignals(t *testing.T) {
	canonical := func() *unix.Termios {
		modes := &unix.Termios{Lflag: unix.ISIG | unix.ICANON | unix.IEXTEN}
		modes.Cc[unix.VINTR], modes.Cc[unix.VQUIT], modes.Cc[unix.VLNEXT] = 3, 28, 22
		return modes
	}
	for name, c := range map[string]struct {
		change func(*unix.Termios)
		typed  string
		want   []unix.Signal
	}{
		"letters":                {typed: "abc\n"},
		"interrupt and quit":     {typed: "a\x03b\x1c", want: []unix.Signal{unix.SIGINT, unix.SIGQUIT}},
		"taken literally":        {typed: "\x16\x03\x03", want: []unix.Signal{unix.SIGINT}},
		"literally twice":        {typed: "\x16\x16\x03", want: []unix.Signal{unix.SIGINT}},
		"without signals":        {change: func(m *unix.Termios) { m.Lflag &^= unix.ISIG }, typed: "\x03"},
		"raw takes no literally": {change: func(m *unix.Termios) { m.Lflag = unix.ISIG }, typed: "\x16\x03", want: []unix.Signal{unix.SIGINT}},
		"another key":            {change: func(m *unix.Termios) { m.Cc[unix.VINTR] = 'q' }, typed: "\x03q", want: []unix.Signal{unix.SIGINT}},
		"no key":                 {change: func(m *unix.Termios) { m.Cc[unix.VINTR] = 0 }, typed: "\x00\x03"},
	} {
		t.Run(name, func(t *testing.T) {
			modes := canonical()
			if c.change != nil {
				c.change(modes)
			}
			var got []unix.Signal
			k := keyboard{}
			for _, key := range []byte(c.typed) {
				if signal := k.signal(modes, key); signal != 0 {
					got = append(got, signal)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q sends %v, want %v", c.typed, got, c.want)
			}
		})
	}
}
