package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fsrun/fsrun/internal/cli/style"
)

// write prints a plan for people, in a width.
func (p *planJSON) write(to io.Writer, s style.Style, width int) {
	fmt.Fprintf(to, "%s %s\n", s.Bold("bundle"), oneLine(p.Bundle))
	fmt.Fprintf(to, "%s %s as %d:%d in %s, %s, %s%s\n", s.Bold("program"), oneLine(p.Program.Program),
		p.Program.UID, p.Program.GID, oneLine(p.Program.Directory), count(p.Program.Arguments-1, "argument"), count(p.Program.Environment, "environment variable"), p.Program.notes())
	p.writeNamespaces(to, s)
	p.writeLimits(to, s)
	p.writeOperations(to, s)
	if p.Devices != nil {
		fmt.Fprintf(to, "\n%s: %s; the last rule that matches decides\n", s.Bold("device program"), count(p.Devices.Instructions, "instruction"))
		for _, rule := range p.Devices.Rules {
			fmt.Fprintf(to, "  %s\n", rule)
		}
	}
	p.writeSeccomp(to, s)
	if len(p.Warnings) > 0 {
		fmt.Fprintf(to, "\n%s\n", s.Bold("warnings"))
		for _, warning := range p.Warnings {
			fmt.Fprintf(to, "  %s\n", oneLine(warning))
		}
	}
	fmt.Fprintf(to, "\n%s\n", s.Bold("checks"))
	writeChecks(to, s, p.Checks, width)
}

func (p *programJSON) notes() string {
	notes := ""
	if p.Terminal {
		notes += ", with a terminal"
	}
	if p.NoNewPrivs {
		notes += ", without new privileges"
	}
	return notes
}

func (p *planJSON) writeNamespaces(to io.Writer, s style.Style) {
	fmt.Fprintf(to, "%s new: %s; of the caller: %s\n", s.Bold("namespaces"), orNone(p.Namespaces.New), orNone(p.Namespaces.Host))
	for _, joined := range p.Namespaces.Joined {
		fmt.Fprintf(to, "  joined: %s %s\n", joined.Type, oneLine(joined.Path))
	}
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}

func (p *planJSON) writeLimits(to io.Writer, s style.Style) {
	cgroup := p.Cgroup
	switch {
	case p.Unit != "":
		cgroup = "of the unit " + p.Unit + ", which systemd makes"
	case cgroup == "":
		cgroup = "none"
	}
	fmt.Fprintf(to, "%s %s\n", s.Bold("cgroup"), oneLine(cgroup))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, limit := range p.Limits {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", limit.File, oneLine(limit.Value), s.Dim(limit.From))
	}
	table.Flush()
}

func (p *planJSON) writeOperations(to io.Writer, s style.Style) {
	fmt.Fprintf(to, "\n%s\n", s.Bold("operations, in order"))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	after := false
	for _, op := range p.Operations {
		mark := ""
		if op.When != "" {
			mark, after = "*", true
		}
		fmt.Fprintf(table, "  %d\t%s%s\t%s\t%s\n", op.Index, op.Kind, mark, oneLine(op.Object), s.Dim(op.From))
	}
	table.Flush()
	if after {
		fmt.Fprintln(to, "  * takes effect after start, under the limits")
	}
}

func (p *planJSON) writeSeccomp(to io.Writer, s style.Style) {
	f := p.Seccomp
	if f == nil {
		fmt.Fprintf(to, "\n%s none\n", s.Bold("seccomp"))
		return
	}
	var counts []string
	for _, action := range slices.Sorted(maps.Keys(f.Syscalls)) {
		counts = append(counts, fmt.Sprintf("%s for %d", action, f.Syscalls[action]))
	}
	fmt.Fprintf(to, "\n%s %s, but %s system calls; %s\n", s.Bold("seccomp"), f.DefaultAction, orNone(counts), count(f.Instructions, "instruction"))
	for _, name := range slices.Sorted(maps.Keys(f.Architectures)) {
		fmt.Fprintf(to, "  %s: rules for %s\n", name, count(f.Architectures[name], "system call"))
	}
	if len(f.Unknown) > 0 {
		fmt.Fprintf(to, "  unknown and passed over: %s\n", oneLine(strings.Join(f.Unknown, " ")))
	}
	if len(f.Blocked) > 0 {
		fmt.Fprintf(to, "  of the start itself it blocks %s\n", s.Bad(strings.Join(f.Blocked, " ")))
	}
}
