package model

import (
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// world is one state of everything. It is comparable: equal worlds are the same.
type world struct {
	sides [2]stand
	// line is the child's connection. next is one that a caller has made and the child has
	// not accepted.
	line, next connection
	facts      fact
	held       resource
	plan       plan
	starts     uint8 // how many callers may still come
}

// stand is the state of a side.
type stand struct {
	state uint8
	phase phase
	row   uint8 // while sending: the row being taken
	sent  uint8 // how many of the row's frames have been sent
	step  uint8 // within an effect of several steps
}

type phase uint8

const (
	absent     phase = iota // does not exist yet
	sending                 // taking a row, with frames to send
	performing              // performing the effect of its state
	waiting                 // waiting for a frame
	leaving                 // its machine has ended, its process has not
	ended                   // has ended
	dead                    // killed
)

func (s stand) lives() bool { return s.phase >= sending && s.phase <= leaving }

// connection is a pair of queues, and which ends are closed, by side.
type connection struct {
	exists bool
	queues [2]queue // by the receiving side
	closed [2]bool
}

// queue holds kinds in order, five bits each, oldest lowest.
type queue uint32

const kindBits = 5

func (q queue) empty() bool         { return q == 0 }
func (q queue) head() protocol.Kind { return protocol.Kind(q & (1<<kindBits - 1)) }
func (q queue) rest() queue         { return q >> kindBits }

func (q queue) length() int {
	length := 0
	for ; q != 0; q >>= kindBits {
		length++
	}
	return length
}

func (q queue) with(kind protocol.Kind) queue { return q | queue(kind)<<(kindBits*q.length()) }

// plan is what the plan still needs from the parent.
type plan struct{ parts, opens, consoles, hooks uint8 }

// What is explored: enough for every exchange to happen, and to happen twice where it may.
var (
	exploredPlan   = plan{parts: 1, opens: 2, consoles: 1, hooks: 1}
	exploredStarts = uint8(2)

	briefPlan   = plan{opens: 1, consoles: 1, hooks: 1}
	briefStarts = uint8(1)
)

// fact is something that has happened, or was decided at the beginning.
type fact uint32

const (
	mapped          fact = 1 << iota // the child is in a new user namespace
	joins                            // the child has the role join
	leaves                           // the caller wants to have the program started later
	faulted                          // something went wrong
	limited                          // the limits are in force
	toldCommitted                    // the child has received Committed
	toldStart                        // the child has received Start
	filtered                         // the seccomp filter is loaded
	executed                         // the program has been executed
	exited                           // and has ended
	tornDown                         // this parent has performed tear_down successfully
	undone                           // this parent has tried to
	called                           // this parent is a later caller
	onNext                           // its connection is not accepted yet
	listening                        // there is a listening socket
	detached                         // the child has received Detach
	parentHangs                      // the parent no longer does anything
	childHangs                       //
	parentToldFault                  // it has received a Fault
	childToldFault                   //
	parentSentFault                  // it has sent a Fault
	childSentFault                   //
	gaveConsole                      // the parent has passed on a console
	ranHooks                         // the parent has run the hooks
)

func (f fact) has(some fact) bool { return f&some == some }

var (
	hangs     = [2]fact{parentHangs, childHangs}
	toldFault = [2]fact{parentToldFault, childToldFault}
	sentFault = [2]fact{parentSentFault, childSentFault}
)

// resource is something that must be released.
type resource uint8

const (
	process resource = 1 << iota // the child, until it is reaped
	mountNamespace
	cgroup
	stateDirectory
	deviceProgram
	hook // a hook's process
)

var resourceNames = []string{"process", "mount namespace", "cgroup", "state directory", "device program", "hook"}

func (r resource) String() string {
	var names []string
	for i, name := range resourceNames {
		if r&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

// beginnings returns the worlds from which everything starts: each verb, with and without a
// user namespace.
func (c *compiled) beginnings(asks plan, starts uint8) []world {
	var worlds []world
	for _, decided := range []fact{0, mapped, leaves, leaves | mapped, joins} {
		w := world{facts: decided, plan: asks, starts: starts}
		if decided.has(joins) {
			w.plan.hooks = 0
		}
		w.line.exists = true
		w.sides[parentSide] = stand{state: c.tables[parentSide].number(c.Parent.Initial), phase: performing}
		worlds = append(worlds, w)
	}
	return worlds
}

// connection returns a side's connection.
func (w *world) connection(side who) *connection {
	if side == parentSide && w.facts.has(onNext) {
		return &w.next
	}
	return &w.line
}

func (w *world) hung(side who) bool { return w.facts.has(hangs[side]) }
