package child

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/handoff"
	"github.com/fsrun/fsrun/child/loopback"
	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/child/rootfs"
	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// carryOut carries out one operation. Most end in Done; a few need the parent to continue.
func (c *child) carryOut(index int, operation protocol.Op) (machine.Event, error) {
	if c.builder == nil {
		c.builder = rootfs.New()
	}
	var err error
	switch op := operation.(type) {
	case *protocol.ConsoleOp:
		return c.console(op)
	case *protocol.ParentHooks:
		return childmachine.Hooks, nil
	case *protocol.Execute:
		return c.prepareExecution(op)

	case *protocol.ResourceLimit:
		// Set just before the program starts: a limit on memory, processes or descriptors
		// must not hit the runtime.
		c.left.Limits = append(c.left.Limits, op)
	case *protocol.Arguments:
		c.left.Arguments = append(c.left.Arguments, op.Values...)
	case *protocol.Environment:
		c.left.Environment = append(c.left.Environment, op.Values...)
	case *protocol.Hook:
		err = c.hook(op)
	case *protocol.Personality:
		c.left.Personality = op
	case *protocol.MemoryPolicy:
		c.left.MemoryPolicy = op
	case *protocol.Listener:
		c.left.Listener = op
	case *protocol.Label:
		c.left.Label, err = c.label(op)

	case *protocol.OOMScore:
		err = setOOMScore(op.Value)
	case *protocol.Hostname:
		err = named("sethostname", op.Name, unix.Sethostname([]byte(op.Name)))
	case *protocol.Domainname:
		err = named("setdomainname", op.Name, unix.Setdomainname([]byte(op.Name)))
	case *protocol.Loopback:
		err = loopback.Up()
	case *protocol.Keyring:
		err = joinKeyring(op.Name)
	case *protocol.Enter:
		err = c.enter(index)

	case *protocol.Root:
		err = c.builder.Root(op)
	case *protocol.Mount:
		err = c.builder.Mount(op)
	case *protocol.Bind:
		err = c.bind(index, op)
	case *protocol.Remount:
		err = c.builder.Remount(op)
	case *protocol.Device:
		err = c.builder.Device(op)
	case *protocol.Link:
		err = c.builder.Link(op)
	case *protocol.Directory:
		err = c.builder.Directory(op)
	case *protocol.Sysctl:
		err = c.builder.Sysctl(op)
	case *protocol.Pivot:
		err = c.builder.Pivot(op)
	case *protocol.RootAttributes:
		err = c.builder.RootAttributes(op)
	case *protocol.Mask:
		err = c.builder.Mask(op)
	case *protocol.ReadOnly:
		err = c.builder.ReadOnly(op)
	default:
		err = fmt.Errorf("no one carries out %s", op.Kind())
	}
	return machine.Done, err
}

// label opens the file that sets the label of this thread's next execution; only the thread
// itself may do so (proc_pid_attr(5)). It is written after Start.
func (c *child) label(op *protocol.Label) (*handoff.Label, error) {
	name, content := "exec", op.Label
	if op.Module == protocol.LabelAppArmor {
		name, content = "apparmor/exec", "exec "+op.Label
	}
	file, err := c.builder.Attribute(name)
	return &handoff.Label{At: op.At, Content: content, File: file}, err
}

func (c *child) bind(index int, op *protocol.Bind) error {
	tree, given := c.trees[index]
	if !given {
		return c.builder.Bind(op, -1)
	}
	delete(c.trees, index)
	defer unix.Close(tree)
	return c.builder.Bind(op, tree)
}

// enter joins the container's mount namespace. Afterwards this thread has its own root and
// working directory, not shared with the runtime's other threads.
func (c *child) enter(index int) error {
	namespace := c.trees[index]
	delete(c.trees, index)
	defer unix.Close(namespace)
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return named("unshare", "CLONE_FS", err)
	}
	if err := unix.Setns(namespace, unix.CLONE_NEWNS); err != nil {
		return named("setns", "the container's mount namespace", err)
	}
	var err error
	c.builder, err = rootfs.Join()
	return err
}

// hook runs a createContainer hook. A startContainer hook is kept for the handoff.
func (c *child) hook(op *protocol.Hook) error {
	if op.Point == startContainer {
		c.left.Hooks = append(c.left.Hooks, op)
		return nil
	}
	return hooks.RunOne(op.Point, int(op.Index), hooks.Hook{
		Path: op.Path, Args: op.Arguments, Env: op.Environment,
		Timeout: time.Duration(op.Milliseconds) * time.Millisecond,
	}, op.State)
}

// console opens the container's terminal and makes it this process's controlling terminal
// and standard descriptors.
func (c *child) console(op *protocol.ConsoleOp) (machine.Event, error) {
	master, peer, err := c.builder.Console(op)
	if err != nil {
		return "", err
	}
	c.master = master
	if err := c.giveConsole(peer); err != nil {
		return "", err
	}
	if err := unix.IoctlSetInt(peer, unix.TIOCSCTTY, 0); err != nil {
		return "", named("ioctl TIOCSCTTY", "the console", err)
	}
	for standard := range 3 {
		if err := unix.Dup3(peer, standard, 0); err != nil {
			return "", named("dup3", "the console", err)
		}
	}
	return childmachine.Console, unix.Close(peer)
}
