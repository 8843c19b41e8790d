package child

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/entry"
	"github.com/fsrun/fsrun/child/handoff"
	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/child/rootfs"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// child is the state of one walk through the table.
type child struct {
	hello     *protocol.Hello
	deadlines map[machine.State]time.Duration // as the parent asked
	welcome   protocol.Welcome
	history   history
	builder   *rootfs.Builder
	plan      []protocol.Op
	size      int  // of the plan's frames, in bytes
	whole     bool // the Plan has arrived
	next      int  // the next operation to carry out
	trees     map[int]int
	wanted    []uint32 // operations whose descriptors have been requested
	master    int      // of a console that is yet to be sent
	left      handoff.Execution
	prepared  *handoff.Handoff
}

func newChild() *child {
	return &child{history: newHistory(), master: -1, trees: map[int]int{}, deadlines: map[machine.State]time.Duration{}}
}

// Main runs the child, or the process that starts it where others could look into it
// (package entry), depending on the arguments. It does not return. It must be called on the
// process's main thread and stays there, because namespaces, IDs and file system state
// belong to a thread. Observe, if not nil, is called for every step up to the handoff.
func Main(arguments []string, observe func(machine.Step)) {
	if len(arguments) == 3 && arguments[2] == protocol.EntryArgument {
		entry.Main(arguments[:2])
	}
	socket, err := socketArgument(arguments)
	if err != nil {
		os.Exit(1)
	}
	unix.CloseOnExec(socket)
	// The parent lowered it for the runtime's monitor thread; the program gets the caller's
	// value (prctl(2), PR_SET_TIMERSLACK).
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0)
	sys.SetName(protocol.ChildComm)
	channel, err := transport.NewSocket(socket)
	if err != nil {
		os.Exit(1)
	}
	c := newChild()
	runner, err := c.runner(channel, observe)
	if err != nil {
		os.Exit(1)
	}
	if state, _ := runner.Drive(machine.Begin); state != childmachine.Handoff {
		os.Exit(1) // the Fault has been sent
	}
	c.prepared.Run(socket, childmachine.Table.Find(childmachine.Preparing, childmachine.Prepared), &c.history.ready, c.waits())
}

// socketArgument returns the descriptor number of the child's end of the socket.
func socketArgument(arguments []string) (int, error) {
	if len(arguments) != 2 {
		return -1, fmt.Errorf("%d arguments; wanted are %q and a descriptor", len(arguments), protocol.ChildName)
	}
	number, err := strconv.ParseUint(arguments[1], 10, 31)
	return int(number), err
}

func (c *child) runner(channel machine.Channel, observe func(machine.Step)) (*machine.Runner, error) {
	walker, err := machine.New(childmachine.Table, "")
	if err != nil {
		return nil, err
	}
	return &machine.Runner{
		Machine: walker,
		Channel: channel,
		Until:   childmachine.Handoff,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			childmachine.Greet:      c.greet,
			childmachine.BecomeRoot: c.becomeRoot,
			childmachine.Collect:    c.collect,
			childmachine.Prepare:    c.prepare,
		},
		Compose: map[protocol.Kind]func() ([]machine.Message, error){
			protocol.KindWelcome:     c.composeWelcome,
			protocol.KindOpenRequest: c.composeOpenRequest,
			protocol.KindConsole:     c.composeConsole,
		},
		Deadlines: c.deadlines,
		Observe:   both(c.history.observe, observe),
	}, nil
}
