package parent

import (
	"errors"
	"testing"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestAgree: a child that takes what was not offered is not of our making.
//
// SPEC: M-VER-5
func TestAgree(t *testing.T) {
	for _, test := range []struct {
		name    string
		welcome protocol.Welcome
		refused bool
	}{
		{"what was offered", protocol.Welcome{Version: protocol.Version}, false},
		{"no version", protocol.Welcome{}, true},
		{"later version", protocol.Welcome{Version: protocol.Version + 1}, true},
		{"unoffered feature", protocol.Welcome{Version: protocol.Version, Features: []string{"x"}}, true},
		{"both", protocol.Welcome{Version: protocol.Version + 1, Features: []string{"x"}}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			event, err := agreePlain(machine.Message{Frame: &test.welcome})
			if test.refused {
				wantFault(t, err, protocol.CodeVersion)
			} else if err != nil || event != parentmachine.Plain {
				t.Errorf("got %q, %v, want %q", event, err, parentmachine.Plain)
			}
		})
	}
}

func wantFault(t *testing.T, err error, code protocol.Code) {
	t.Helper()
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Code != code {
		t.Errorf("got error %v, want a fault of code %v", err, code)
	}
}
