package parent

import (
	"errors"
	"math"
	"testing"
	"time"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestAgree: a child that accepts what was not offered is not ours.
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

// TestDeadlinesDoNotWrap: a deadline that does not fit on the wire becomes forever, rather
// than its lower 32 bits; the shortest becomes a millisecond, rather than forever.
//
// SPEC: M-DL-3
func TestDeadlinesDoNotWrap(t *testing.T) {
	const most = math.MaxUint32 * time.Millisecond
	for deadline, want := range map[time.Duration]uint32{
		0: 0, 1: 1, time.Millisecond - 1: 1, time.Millisecond: 1, time.Millisecond + 1: 2, 10 * time.Second: 10_000,
		most - 1: math.MaxUint32, most: math.MaxUint32, most + 1: 0, most + time.Second: 0, math.MaxInt64: 0,
	} {
		told := childDeadlines(map[machine.State]time.Duration{awaitingHooks: deadline})
		if len(told) != 1 || told[0] != (protocol.Deadline{State: string(awaitingHooks), Milliseconds: want}) {
			t.Errorf("%s is told as %+v; want %d ms", deadline, told, want)
		}
	}
}

// TestManyHooksTogether: if the sum of the hooks' timeouts exceeds what a deadline can
// hold, they are waited for forever.
func TestManyHooksTogether(t *testing.T) {
	const longest = hookTimeout(math.MaxUint32 * time.Millisecond)
	if sum := extend(time.Second, []hookTimeout{longest, longest}); sum != time.Second+2*time.Duration(longest) {
		t.Errorf("two hooks: %s", sum)
	}
	many := make([]hookTimeout, 4000)
	for i := range many {
		many[i] = longest
	}
	for count := 1; count <= len(many); count++ {
		if sum := extend(time.Second, many[:count]); sum < 0 || sum != 0 && sum <= time.Duration(longest) {
			t.Fatalf("%d hooks: %s", count, sum)
		}
	}
	if sum := extend(time.Second, many); sum != 0 {
		t.Errorf("%d hooks: %s; want forever", len(many), sum)
	}
	if sum := extend(time.Second, []hookTimeout{longest, 0}); sum != 0 {
		t.Errorf("a hook that may take forever: %s", sum)
	}
}

func wantFault(t *testing.T, err error, code protocol.Code) {
	t.Helper()
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Code != code {
		t.Errorf("got error %v, want a fault of code %v", err, code)
	}
}
