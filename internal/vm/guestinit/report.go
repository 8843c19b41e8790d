package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"golang.org/x/sys/unix"
)

// report writes events to the second serial port.
type report struct {
	mutex sync.Mutex
	port  *os.File
}

func openReport() (*report, error) {
	port, err := os.OpenFile(wire.ReportPath, os.O_WRONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if err := makeRaw(int(port.Fd())); err != nil {
		return nil, fmt.Errorf("%s: %w", wire.ReportPath, err)
	}
	return &report{port: port}, nil
}

// send writes an event. If that fails it cannot be reported either, but the host will miss
// the final event and fail the run.
func (r *report) send(event wire.Event) {
	line, err := json.Marshal(event)
	if err != nil {
		line = fmt.Appendf(nil, `{"Kind":%q,"Text":"an event cannot be encoded"}`, wire.Fail)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if _, err := r.port.Write(append(line, '\n')); err != nil {
		fmt.Fprintln(os.Stderr, "guestinit: report:", err)
	}
}

// drain waits until everything has been transmitted, like tcdrain(3).
func (r *report) drain() {
	if err := unix.IoctlSetInt(int(r.port.Fd()), unix.TCSBRK, 1); err != nil {
		fmt.Fprintln(os.Stderr, "guestinit: drain the report:", err)
	}
}

// makeRaw makes the terminal pass bytes unchanged, like cfmakeraw(3).
func makeRaw(terminal int) error {
	mode, err := unix.IoctlGetTermios(terminal, unix.TCGETS)
	if err != nil {
		return err
	}
	mode.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	mode.Oflag &^= unix.OPOST
	mode.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	mode.Cflag = mode.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD) | unix.CS8 | unix.B115200
	return unix.IoctlSetTermios(terminal, unix.TCSETS, mode)
}
