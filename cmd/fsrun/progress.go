package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/protocol/machine"
)

// quietTime is how long to wait before the first report, and between reports.
const quietTime = time.Second

// progress shows people at a terminal what is taking so long, in a line that stays in
// place.
type progress struct {
	to     io.Writer
	fit    func() int // returns the terminal's columns
	mutex  sync.Mutex
	began  time.Time
	doing  string
	timer  *time.Timer // nil before the start and after the end
	showed bool
}

// newProgress returns nil if nobody is watching. The methods of nil do nothing.
func newProgress() *progress {
	if !style.IsTerminal(os.Stderr) {
		return nil
	}
	return &progress{to: os.Stderr, fit: func() int { return style.Width(os.Stderr) }}
}

// at says what is being done from now on.
func (p *progress) at(doing string) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.doing = doing
	if p.timer == nil {
		p.began = time.Now()
		p.timer = time.AfterFunc(quietTime, p.tell)
	}
}

func (p *progress) tell() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.timer == nil {
		return
	}
	line := oneLine(fmt.Sprintf("fsrun: %s: %s", time.Since(p.began).Round(time.Second), p.doing))
	line = strings.TrimRight(style.Fit(line, p.fit()-1), " ")
	fmt.Fprint(p.to, "\r"+line+clearToEnd)
	p.showed = true
	p.timer.Reset(quietTime)
}

// over removes the line.
func (p *progress) over() {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	p.timer = nil
	if p.showed {
		fmt.Fprint(p.to, "\r"+clearToEnd)
	}
	p.showed = false
}

// step shows the progress of the parent's machine.
func (p *progress) step(step machine.Step) {
	if p == nil || step.Row == nil {
		return
	}
	table := tables.Parent
	if table.IsTerminal(step.Row.To) {
		p.over()
		return
	}
	doing := string(step.Row.To)
	if wait := table.Waiting(step.Row.To); wait != nil {
		doing += ", waiting for " + wait.For
	} else if at := slices.IndexFunc(table.Effects, func(known machine.Outcomes) bool { return known.Effect == step.Row.Effect }); at >= 0 {
		doing += ": " + table.Effects[at].Meaning
	}
	p.at(doing)
}

// brief lists the commands without a handshake or output that should be done at once. If
// they are not, they are waiting for the kernel or a hook.
var brief = []string{"kill", "pause", "resume", "update", "checkpoint", "delete"}
