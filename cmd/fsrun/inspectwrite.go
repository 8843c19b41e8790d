package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/internal/recording/draw"
	"github.com/fsrun/fsrun/parent/state"
)

// write prints the inspection for people.
func (i *inspectionJSON) write(to io.Writer, s style.Style) {
	fmt.Fprintf(to, "%s  %s%s\n", s.Bold(i.ID), i.status(s), i.process())
	i.writeFacts(to, s)
	i.writeLimits(to, s)
	i.writeDevices(to, s)
	i.writeUsed(to, s)
	for _, handshake := range i.Handshakes {
		var steps []string
		for _, step := range handshake.Slowest {
			steps = append(steps, fmt.Sprintf("%s %s", step.Name, draw.Duration(step.Took)))
		}
		failed := ""
		if handshake.Failed != "" {
			failed = ", " + s.Bad("failed: "+handshake.Failed)
		}
		fmt.Fprintf(to, "\n%s %s, %s%s; longest: %s\n", s.Bold(handshake.Verb), handshake.Began.Format(time.DateTime), draw.Duration(handshake.Took), failed, oneLine(strings.Join(steps, ", ")))
	}
}

func (i *inspectionJSON) status(s style.Style) string {
	switch i.Status {
	case state.Running:
		return s.Good(string(i.Status))
	case state.Stopped:
		return s.Dim(string(i.Status)) + i.end(s)
	}
	return s.Doubtful(string(i.Status))
}

func (i *inspectionJSON) process() string {
	if i.PID == 0 {
		return ""
	}
	return fmt.Sprintf("  pid %d", i.PID)
}

// end says briefly how the container ended.
func (i *inspectionJSON) end(s style.Style) string {
	switch e := i.End; {
	case e == nil:
		return ": only the process that reaped it knows how it ended"
	case e.OOMKilled:
		return ": " + s.Bad("killed by the OOM killer")
	case e.Signal != "":
		return ": " + s.Bad("killed by "+e.Signal)
	case e.ExitStatus != 0:
		return ": " + s.Bad(fmt.Sprintf("exit status %d", e.ExitStatus))
	}
	return ": " + s.Good("exit status 0")
}

func (i *inspectionJSON) writeFacts(to io.Writer, s style.Style) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	ended := ""
	if i.End != nil && i.End.At != nil {
		ended = i.End.At.Format(time.DateTime)
	}
	for _, fact := range []struct{ name, value string }{
		{"bundle", i.Bundle}, {"rootfs", i.Rootfs}, {"created", i.Created.Format(time.DateTime)}, {"ended", ended},
		{"owner", i.Owner}, {"cgroup", i.Cgroup}, {"unit", i.Unit},
	} {
		if fact.value != "" {
			fmt.Fprintf(table, "  %s\t%s\n", s.Dim(fact.name), oneLine(fact.value))
		}
	}
	table.Flush()
}

func (i *inspectionJSON) writeLimits(to io.Writer, s style.Style) {
	if len(i.Limits) == 0 {
		return
	}
	fmt.Fprintf(to, "\n%s\n", s.Bold("limits"))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  %s\t%s\t%s\n", "FILE", "COMMITTED", "NOW")
	for _, limit := range i.Limits {
		now := oneLine(limit.Now)
		switch now {
		case "":
			now = "gone"
		case oneLine(limit.Committed):
		default:
			now = s.Doubtful(now)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", limit.File, oneLine(limit.Committed), now)
	}
	table.Flush()
}

func (i *inspectionJSON) writeDevices(to io.Writer, s style.Style) {
	if len(i.Rules) > 0 {
		fmt.Fprintf(to, "\n%s: the last rule that matches decides\n", s.Bold("device rules"))
	}
	for _, rule := range i.Rules {
		fmt.Fprintf(to, "  %s\n", rule)
	}
	for _, program := range i.Programs {
		whose := s.Doubtful("not fsrun's")
		if program.Ours {
			whose = "fsrun's"
		}
		fmt.Fprintf(to, "  program %d %s %s on %s, %s\n", program.ID, oneLine(program.Name), program.Tag, oneLine(program.Cgroup), whose)
	}
}

func (i *inspectionJSON) writeUsed(to io.Writer, s style.Style) {
	if i.Used == nil {
		return
	}
	fmt.Fprintf(to, "\n%s\n", s.Bold("used"))
	if cpu := i.Used.CPU; cpu != nil {
		fmt.Fprintf(to, "  cpu     %s (user %s, system %s)\n", microseconds(cpu.Usage), microseconds(cpu.User), microseconds(cpu.System))
	}
	if memory := i.Used.Memory; memory != nil {
		fmt.Fprintf(to, "  memory  %s%s, limit %s; reached it %s, OOM kills %s\n", mebibytes(memory.Current), peak(memory.Peak, mebibytes),
			orUnlimited(memory.Limit, mebibytes), count(memory.Events.Max, "time"), alarming(s, memory.Events.OOMKill))
	}
	if pids := i.Used.Pids; pids != nil {
		fmt.Fprintf(to, "  pids    %d%s, limit %s; refused %s\n", pids.Current, peak(pids.Peak, decimal), orUnlimited(pids.Limit, decimal), alarming(s, pids.Refused))
	}
	if len(i.Used.IO) > 0 {
		var read, written uint64
		for _, device := range i.Used.IO {
			read, written = read+device.ReadBytes, written+device.WrittenBytes
		}
		fmt.Fprintf(to, "  io      %s read, %s written\n", mebibytes(read), mebibytes(written))
	}
}

func peak(value uint64, show func(uint64) string) string {
	if value == 0 {
		return ""
	}
	return ", at most " + show(value)
}

func orUnlimited(value uint64, show func(uint64) string) string {
	if value == cgroupv2.Unlimited {
		return "none"
	}
	return show(value)
}

func alarming(s style.Style, count uint64) string {
	if count == 0 {
		return "0"
	}
	return s.Bad(decimal(count))
}
