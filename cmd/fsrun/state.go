package main

import (
	"encoding/json"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/moby/sys/user"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// stateJSON is a container's state: what runtime.md, "State", specifies, and what engines
// read in addition.
type stateJSON struct {
	OCIVersion  string            `json:"ociVersion"`
	ID          string            `json:"id"`
	PID         int               `json:"pid"`
	Status      state.Status      `json:"status"`
	Bundle      string            `json:"bundle"`
	Rootfs      string            `json:"rootfs"`
	Created     time.Time         `json:"created"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Owner       string            `json:"owner"`
}

func stateCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "state", Arguments: "CONTAINER", Least: 1, Most: 1,
		Elsewhere: []string{"status"},
		Short:     "print the state of a container as JSON",
		Run: func(operands []string) (int, error) {
			inspected, err := parent.Inspect(g.root, operands[0])
			if err != nil {
				return 0, err
			}
			return 0, writeJSON(os.Stdout, stateOf(inspected))
		},
	}
}

func stateOf(inspected *parent.Inspected) stateJSON {
	pid := inspected.Init.PID
	if inspected.Status == state.Stopped {
		pid = 0 // the ID may be another process's by now
	}
	return stateJSON{
		OCIVersion: inspected.OCIVersion, ID: inspected.ID, PID: pid, Status: inspected.Status,
		Bundle: inspected.Bundle, Rootfs: inspected.Rootfs, Created: inspected.Created,
		Annotations: inspected.Annotations, Owner: userName(inspected.Owner),
	}
}

// userName returns a user's name, or the ID if there is none.
func userName(uid uint32) string {
	entry, err := user.LookupUid(int(uid))
	if err != nil {
		return "#" + strconv.FormatUint(uint64(uid), 10)
	}
	return entry.Name
}

func writeJSON(to io.Writer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
