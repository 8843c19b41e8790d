package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// takesDefault reports whether a process neither catches nor ignores a signal
// (proc_pid_status(5), SigCgt and SigIgn). The signal would kill an ordinary process, but
// for process 1 of a PID namespace the kernel drops it (pid_namespaces(7)).
func takesDefault(pid int, signal unix.Signal) bool {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	defer file.Close()
	found := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, mask, _ := strings.Cut(lines.Text(), ":")
		if name != "SigCgt" && name != "SigIgn" {
			continue
		}
		bits, err := strconv.ParseUint(strings.TrimSpace(mask), 16, 64)
		if err != nil || bits&(1<<(uint(signal)-1)) != 0 {
			return false
		}
		found++
	}
	return found == 2
}
