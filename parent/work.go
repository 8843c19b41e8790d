package parent

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// noteWork determines what a child that is about to be killed is doing: whoever waited for
// it wants to know why. A process of its own is a hook.
func (p *process) noteWork(plan []protocol.Op) {
	if p == nil || p.ended != nil || !p.alive() {
		return
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.pid, p.pid))
	for _, field := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			continue
		}
		p.work, p.workAt = hookOf(plan, pid)
		return
	}
	if place, err := os.ReadFile(fmt.Sprintf("/proc/%d/wchan", p.pid)); err == nil && len(place) > 0 && string(place) != "0" {
		p.work = fmt.Sprintf("(pid %d, in the kernel at %s)", p.pid, place)
	}
}

// hookOf names the hook that a child of the child is running, identified by its arguments.
// The place is "" if it is not found.
func hookOf(plan []protocol.Op, pid int) (name, place string) {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	arguments := strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
	for _, op := range plan {
		hook, is := op.(*protocol.Hook)
		if is && (hook.Path == arguments[0] || len(hook.Arguments) > 0 && strings.Join(hook.Arguments, "\x00") == strings.Join(arguments, "\x00")) {
			return fmt.Sprintf("hook %s[%d] (pid %d, %s)", hook.Point, hook.Index, pid, hook.Path), hook.From()
		}
	}
	return fmt.Sprintf("a hook (pid %d, %s)", pid, arguments[0]), ""
}
