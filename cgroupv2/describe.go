package cgroupv2

import (
	"fmt"
	"strconv"
	"strings"
)

// shownProcs is how many processes a message names.
const shownProcs = 5

// describeProcs names the first few processes of a group for a message.
func describeProcs(d dir) string {
	pids, err := procs(d)
	if err != nil || len(pids) == 0 {
		return "processes that are not visible here"
	}
	var names []string
	for _, pid := range pids[:min(shownProcs, len(pids))] {
		names = append(names, describeProc(pid))
	}
	if more := len(pids) - shownProcs; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return "the processes " + strings.Join(names, " ")
}

// describeProc names a process. If it is in uninterruptible sleep, and so neither stops nor
// ends, describeProc also says where in the kernel it sleeps.
func describeProc(pid int) string {
	process := "/proc/" + strconv.Itoa(pid)
	stat, _ := readHost(process + "/stat")
	// The name of a command may itself contain parentheses (proc_pid_stat(5)).
	begin, end := strings.IndexByte(stat, '('), strings.LastIndexByte(stat, ')')
	if begin < 0 || end < begin {
		return strconv.Itoa(pid) // it has ended in the meantime
	}
	told := stat[begin+1 : end]
	if strings.HasPrefix(stat[end+1:], " D ") {
		told += ", in uninterruptible sleep"
		if place, err := readHost(process + "/wchan"); err == nil && place != "" && place != "0" {
			told += " at " + place
		}
	}
	return fmt.Sprintf("%d (%s)", pid, told)
}
