package style

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal opens a pseudoterminal. Its master has the same size and settings.
func terminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}); err != nil {
		t.Fatal(err)
	}
	return master
}

func TestColourIsForTerminals(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tty := terminal(t, 132)
	for _, test := range []struct {
		name, noColor, term string
		file                *os.File
		want                string
	}{
		{"terminal", "", "xterm", tty, "\x1b[31mx\x1b[0m"},
		{"NO_COLOR", "1", "xterm", tty, "x"},
		{"dumb terminal", "", "dumb", tty, "x"},
		{"file", "", "xterm", file, "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", test.noColor)
			t.Setenv("TERM", test.term)
			if got := Of(test.file).Bad("x"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if Width(tty) != 132 || Height(tty) != 24 || Width(file) != DefaultWidth || Height(file) != 0 {
		t.Errorf("sizes: %d x %d, %d x %d", Width(tty), Height(tty), Width(file), Height(file))
	}
	if got := Colourful.Bold(""); got != "" {
		t.Errorf("nothing in bold is %q", got)
	}
}
