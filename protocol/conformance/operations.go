package conformance

import (
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// mark is what the program writes, and nobody else.
const mark = "the program has been executed"

// operations makes the operations of a plan, given their names.
func (p *play) operations(names []string) ([]protocol.Op, error) {
	var ops []protocol.Op
	for _, name := range names {
		name, count, _ := strings.Cut(name, "*")
		make, known := operations[name]
		if !known {
			return nil, fmt.Errorf("%q is no operation of the kit's", name)
		}
		times := 1
		if count != "" {
			if _, err := fmt.Sscan(count, &times); err != nil || times < 1 || times > protocol.MaxOps {
				return nil, fmt.Errorf("%s*%s: want a number of times", name, count)
			}
		}
		ops = append(ops, slices.Repeat([]protocol.Op{make()}, times)...)
	}
	if len(ops) == 0 {
		ops = []protocol.Op{operations["environment"]()}
	}
	return ops, nil
}

// operations holds those that need no image and touch nothing on the host.
var operations = map[string]func() protocol.Op{
	"arguments": func() protocol.Op {
		return &protocol.Arguments{Origin: protocol.Origin{At: "process.args"}, Values: []string{"/bin/sh", "-c", "echo " + mark}}
	},
	"nonexistent": func() protocol.Op {
		return &protocol.Arguments{Origin: protocol.Origin{At: "process.args"}, Values: []string{"/nonexistent/program"}}
	},
	"environment": func() protocol.Op {
		return &protocol.Environment{Origin: protocol.Origin{At: "process.env"}, Values: []string{"PATH=/bin:/usr/bin"}}
	},
	"hooks":   func() protocol.Op { return &protocol.ParentHooks{Origin: protocol.Origin{At: "hooks"}} },
	"console": func() protocol.Op { return &protocol.ConsoleOp{Origin: protocol.Origin{At: "process.terminal"}} },
	"enter":   func() protocol.Op { return &protocol.Enter{Origin: protocol.Origin{At: "process"}} },
	"pivot":   func() protocol.Op { return &protocol.Pivot{} },
	"mask": func() protocol.Op {
		return &protocol.Mask{Origin: protocol.Origin{At: "linux.maskedPaths[0]"}, Path: "/nonexistent"}
	},
	"root": func() protocol.Op {
		return &protocol.Root{Origin: protocol.Origin{At: "root.path"}, Source: "/nonexistent", Propagation: unix.MS_PRIVATE | unix.MS_REC}
	},
	// A limit that nobody may set: soft above hard.
	"impossible": func() protocol.Op {
		return &protocol.ResourceLimit{Origin: protocol.Origin{At: "process.rlimits[0]"}, Resource: unix.RLIMIT_CORE, Soft: 2, Hard: 1}
	},
	"label": func() protocol.Op {
		return &protocol.Label{Origin: protocol.Origin{At: "process.apparmorProfile"}, Module: protocol.LabelAppArmor, Label: "unconfined"}
	},
	"listener": func() protocol.Op {
		return &protocol.Listener{Origin: protocol.Origin{At: "linux.seccomp.listenerPath"}, Call: protocol.CallSendmsg, State: []byte("{}")}
	},
	"prestart": func() protocol.Op {
		return &protocol.Hook{Origin: protocol.Origin{At: "hooks.prestart[0]"}, Point: "prestart", Path: "/bin/true", Arguments: []string{"true"}}
	},
	"execute": func() protocol.Op { return execute("/") },
	"tailed": func() protocol.Op {
		op := execute("/")
		op.Filter = make([]byte, 9)
		return op
	},
	"unfiltered": func() protocol.Op {
		op := execute("/")
		op.FilterFlags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
		return op
	},
	"overcapable": func() protocol.Op {
		op := execute("/")
		op.Bounding |= 1 << 63
		return op
	},
	// A directory that does not exist.
	"astray": func() protocol.Op { return execute("/nonexistent") },
}

// execute executes the program with our own identity.
func execute(directory string) *protocol.Execute {
	op := &protocol.Execute{
		Origin: protocol.Origin{At: "process"}, Directory: directory, UID: uint32(os.Getuid()), GID: uint32(os.Getgid()), Umask: 0o22, NoNewPrivs: true,
		SetsGroups: os.Getuid() == 0,
	}
	if groups, err := os.Getgroups(); err == nil && op.SetsGroups {
		for _, group := range groups {
			op.Groups = append(op.Groups, uint32(group))
		}
	}
	header, data := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, [2]unix.CapUserData{}
	if err := unix.Capget(&header, &data[0]); err == nil {
		op.Permitted = uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted)
		op.Effective = op.Permitted
	}
	for capability := uintptr(0); capability < 64; capability++ {
		if has, err := unix.PrctlRetInt(unix.PR_CAPBSET_READ, capability, 0, 0, 0); err == nil && has == 1 {
			op.Bounding |= 1 << capability
		}
	}
	return op
}

func decodeHex(text string) ([]byte, error) { return hex.DecodeString(text) }
