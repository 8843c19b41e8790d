package parent

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Whatever the child reports in Ready, the parent commits the same, and keeps the report
// for people.
//
// SPEC: M-TELL-2
func TestReadyChangesNothing(t *testing.T) {
	var honest *protocol.Committed
	for i, ready := range []*protocol.Ready{
		{},
		{Rows: []protocol.Stamp{{Row: "P21", Nanoseconds: 1 << 63}, {Row: "\x1b[2J", Nanoseconds: 0}}, Ops: []uint64{1 << 63, 1 << 63}},
	} {
		recorder := recording.NewRecorder("exec", "c1")
		recorder.Observe(machine.Step{Frame: ready})
		j := &joining{
			container: &state.Container{}, spec: &specs.Spec{Linux: &specs.Linux{}}, plan: &plan.Plan{},
			options: &ExecOptions{Process: &specs.Process{}}, child: &process{},
		}
		event, err := j.commit(machine.Message{Frame: ready})
		if event != machine.Done || err != nil {
			t.Fatalf("%q, %v", event, err)
		}
		if i == 0 {
			honest = j.committed
		}
		if diff := cmp.Diff(honest, j.committed); diff != "" {
			t.Errorf("(-honest +lying):\n%s", diff)
		}
		if told := recorder.End(nil).Child; len(told) != len(ready.Rows) {
			t.Errorf("%d rows were told, %d are recorded", len(ready.Rows), len(told))
		}
	}
}

// TestKeptWhileWritten: whoever asks at that moment is told what is known so far.
func TestKeptWhileWritten(t *testing.T) {
	store, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	handle, err := store.Reserve("a", "/bundle")
	if err != nil {
		t.Fatal(err)
	}
	defer handle.Close()
	for _, name := range []string{handshakeFile, startFile, endFile} {
		if err := handle.Keep(name, nil); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := Recordings(filepath.Dir(store.Path("a")), "a"); len(found) > 0 || err != nil {
		t.Errorf("recordings: %v, %v", found, err)
	}
	if end, err := readEnd(store, &state.Container{ID: "a"}); end != nil || err != nil {
		t.Errorf("end: %v, %v", end, err)
	}
}
