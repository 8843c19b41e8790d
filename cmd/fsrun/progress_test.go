package main

import (
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/parent/machine"
	steps "github.com/fsrun/fsrun/protocol/machine"
)

// shown returns what has been written to a terminal of some columns.
func shown(columns int, do func(*progress)) string {
	var terminal strings.Builder
	p := &progress{to: &terminal, fit: func() int { return columns }}
	do(p)
	p.over()
	return terminal.String()
}

func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		columns int
		do      func(*progress)
		want    string
	}{
		"nothing of what is soon over":  {80, func(p *progress) { p.at("create") }, ""},
		"a line, and then none":         {80, func(p *progress) { p.at("delete web"); p.tell() }, "\rfsrun: 0s: delete web\x1b[K\r\x1b[K"},
		"what it is at by now":          {80, func(p *progress) { p.at("one"); p.at("two"); p.tell() }, "\rfsrun: 0s: two\x1b[K\r\x1b[K"},
		"no more than the terminal has": {20, func(p *progress) { p.at("delete a-long-name"); p.tell() }, "\rfsrun: 0s: delete …\x1b[K\r\x1b[K"},
		"no control of the terminal":    {80, func(p *progress) { p.at("delete \x1b[2J"); p.tell() }, "\rfsrun: 0s: delete \\x1b[2J\x1b[K\r\x1b[K"},
		"nothing when it is over":       {80, func(p *progress) { p.at("x"); p.over(); p.tell() }, ""},
		"what a state waits for": {200, func(p *progress) {
			p.step(steps.Step{Row: &steps.Row{To: machine.Preparing}})
			p.tell()
		}, "\rfsrun: 0s: preparing, waiting for " + machine.Table.Waiting(machine.Preparing).For + "\x1b[K\r\x1b[K"},
	} {
		if got := shown(c.columns, c.do); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	shown(80, func(p *progress) { // each state has a text, and a terminal state ends it
		for i := range machine.Table.Rows {
			row := &machine.Table.Rows[i]
			p.step(steps.Step{Row: row})
			if over := p.timer == nil; over != machine.Table.IsTerminal(row.To) {
				t.Errorf("in %s over is %v", row.To, over)
			} else if !over && !strings.ContainsAny(p.doing, ",:") {
				t.Errorf("in %s it does %q", row.To, p.doing)
			}
		}
	})
	var nobody *progress
	nobody.at("x")
	nobody.step(steps.Step{Row: &machine.Table.Rows[0]})
	nobody.over()
}

// What takes more than a second is reported, repeatedly.
func TestProgressInTime(t *testing.T) {
	lines := make(chan string)
	p := &progress{to: tellTo(lines), fit: func() int { return 80 }}
	p.at("delete web")
	for range 2 {
		select {
		case line := <-lines:
			if !strings.Contains(line, "s: delete web") {
				t.Errorf("%q", line)
			}
		case <-time.After(time.Minute):
			t.Fatal("nothing is said")
		}
	}
	go p.over()
	<-lines
}

type tellTo chan string

func (t tellTo) Write(text []byte) (int, error) { t <- string(text); return len(text), nil }
