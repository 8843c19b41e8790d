package parent

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// checkTerminal refuses a terminal whose master nobody would receive, and a console socket
// to which none would be sent.
func checkTerminal(process *specs.Process, socket string, on func(master int) error) error {
	const path = "process.terminal"
	switch {
	case process.Terminal && socket == "" && on == nil:
		return &bundle.Error{Path: path, Found: "true, which needs --console-socket with create and --detach", Allowed: "false, or fsrun run in the foreground"}
	case !process.Terminal && socket != "":
		return &bundle.Error{Path: path, Found: "false, but there is a console socket", Allowed: "true, or no console socket"}
	}
	return nil
}
