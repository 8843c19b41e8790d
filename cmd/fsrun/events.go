package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

// shortestInterval keeps events from becoming a busy loop.
const shortestInterval = 10 * time.Millisecond

func eventsCommand(g *global) *cli.Command {
	var as format
	var once bool
	var interval time.Duration
	return &cli.Command{
		Name: "events", Arguments: "CONTAINER", Least: 1, Most: 1,
		Short: "print what a container uses, and when it runs out of memory",
		Long: `Until the container ends, its statistics are printed every --interval, and an
oom event whenever the OOM killer kills one of its processes. As JSON each is
a line {"type": "stats" or "oom", "id": CONTAINER, "data": ...}: times are in
nanoseconds, sizes in bytes, and swap counts memory and swap together.`,
		Examples: []cli.Example{
			{Line: "fsrun events --stats web", Meaning: "what the container web has used so far"},
			{Line: "fsrun events --interval 1s --format table web", Meaning: "watch it"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&once, "stats", false, "print the statistics once, and exit")
			flags.DurationVar(&interval, "interval", 5*time.Second, "print them every `DURATION`")
			as.flags(flags, asJSON)
		},
		Run: func(operands []string) (int, error) {
			if interval < shortestInterval {
				return 0, fmt.Errorf("--interval %s: allowed: a duration of at least %s", interval, shortestInterval)
			}
			printer := &eventPrinter{id: operands[0], table: !as.isJSON()}
			if once {
				stats, err := parent.Statistics(g.root, operands[0])
				if err != nil {
					return 0, err
				}
				return 0, printer.stats(&stats)
			}
			return 0, parent.Watch(g.root, operands[0], interval, parent.Observer{Stats: printer.stats, OutOfMemory: printer.oom})
		},
	}
}

// eventPrinter prints events, one per line.
type eventPrinter struct {
	id     string
	table  bool
	header bool // whether it has been printed
}

// eventJSON is an event in the format that engines read.
type eventJSON struct {
	Type string     `json:"type"`
	ID   string     `json:"id"`
	Data *statsJSON `json:"data,omitempty"`
}

func (p *eventPrinter) stats(stats *cgroupv2.Stats) error {
	if p.table {
		return p.row(stats)
	}
	return p.print(eventJSON{"stats", p.id, statsOf(stats)})
}

func (p *eventPrinter) oom() error {
	if p.table {
		_, err := fmt.Println("out of memory: a process was killed")
		return err
	}
	return p.print(eventJSON{Type: "oom", ID: p.id})
}

func (p *eventPrinter) print(event eventJSON) error { return json.NewEncoder(os.Stdout).Encode(event) }

// row prints what people want to know first. The columns have a fixed width, because later
// lines are not known yet.
func (p *eventPrinter) row(stats *cgroupv2.Stats) error {
	const form = "%-8s  %12s  %12s  %12s  %8s  %8s\n"
	if !p.header {
		fmt.Printf(form, "TIME", "CPU", "MEMORY", "LIMIT", "PIDS", "OOM")
		p.header = true
	}
	cpu, used, limit, pids, kills := "-", "-", "-", "-", "-"
	if stats.CPU != nil {
		cpu = microseconds(stats.CPU.Usage)
	}
	if m := stats.Memory; m != nil {
		used, limit, kills = mebibytes(m.Current), "none", decimal(m.Events.OOMKill)
		if m.Limit != cgroupv2.Unlimited {
			limit = mebibytes(m.Limit)
		}
	}
	if stats.Pids != nil {
		pids = decimal(stats.Pids.Current)
	}
	_, err := fmt.Printf(form, time.Now().Format(time.TimeOnly), cpu, used, limit, pids, kills)
	return err
}
