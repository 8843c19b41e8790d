package recording

import (
	"errors"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// secret stands for what no recording may contain.
const secret = "hunter2"

// record plays steps to a recorder, as a runner would.
func record(failure error, steps ...machine.Step) *Recording {
	r := NewRecorder("run", "c1")
	for _, step := range steps {
		r.Observe(step)
	}
	return r.End(failure)
}

func row(id string) machine.Step { return machine.Step{Row: &machine.Row{ID: id}} }

func sent(frame protocol.Frame) machine.Step {
	data, err := protocol.Encode(frame)
	if err != nil {
		panic(err)
	}
	return machine.Step{Frame: frame, Sent: true, Size: len(data)}
}

func received(frame protocol.Frame) machine.Step {
	step := sent(frame)
	step.Sent = false
	return step
}

// whole is a recording with something of everything.
func whole() *Recording {
	plan := &protocol.Plan{Ops: []protocol.Op{
		&protocol.Mount{Origin: protocol.Origin{At: "mounts[0]"}, Filesystem: "tmpfs", Destination: "/x", Options: []protocol.Pair{{Name: "password", Value: secret}}},
		&protocol.Arguments{Origin: protocol.Origin{At: "process.args"}, Values: []string{"/bin/login", secret}},
		&protocol.Environment{Origin: protocol.Origin{At: "process.env"}, Values: []string{"PASSWORD=" + secret}},
		&protocol.Execute{Origin: protocol.Origin{At: "process"}, Directory: "/"},
	}}
	fault := &protocol.Fault{
		Code: protocol.CodeHook, Machine: "child", State: "executing", Op: "hook[3] startContainer[0] /bin/hook", Path: "hooks.startContainer[0]",
		Call: "execve", Errno: syscall.ENOENT, Object: "/bin/hook\x00\xff\n", Detail: "it wrote: " + secret, Hint: secret,
	}
	return record(fault,
		row("P03"), sent(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit}),
		received(&protocol.Welcome{Version: 1}), row("P04"), row("P05"), sent(plan),
		received(&protocol.Ready{Rows: []protocol.Stamp{{Row: "C01", Nanoseconds: 1}, {Row: "C15", Nanoseconds: math.MaxUint64}}, Ops: []uint64{7, 8, 9}}),
		row("P15"))
}

func TestFileHoldsTheRecording(t *testing.T) {
	want := whole()
	content := Encode(want)
	got, err := Decode(string(content))
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	if diff := cmp.Diff([]*Recording{want}, got); diff != "" {
		t.Errorf("(-recorded +read):\n%s", diff)
	}
	if len(want.Child) != 2 || len(want.Operations) != 3 || want.Operations[0].Name != "mount[0] tmpfs on /x" || want.LeftOut != 1 {
		t.Errorf("recorded: %+v", want)
	}
}

func TestNoSecretIsRecorded(t *testing.T) {
	if content := string(Encode(whole())); strings.Contains(content, secret) {
		t.Errorf("the file holds what it must not:\n%s", content)
	}
}

// Whatever is recorded can be read back, even if it is as long as possible.
func TestRecordingIsBounded(t *testing.T) {
	var steps []machine.Step
	for range MaxSteps + 10 {
		steps = append(steps, row("P07"))
	}
	plan := &protocol.Plan{}
	ready := &protocol.Ready{}
	long := strings.Repeat("\x01ü", 2000)
	for range protocol.MaxTimings {
		plan.Ops = append(plan.Ops, &protocol.Mask{Origin: protocol.Origin{At: strings.Repeat("ü", 127)}, Path: long})
		ready.Ops = append(ready.Ops, math.MaxUint64)
	}
	for range protocol.MaxStamps {
		ready.Rows = append(ready.Rows, protocol.Stamp{Row: strings.Repeat("\x01", 255), Nanoseconds: math.MaxUint64})
	}
	made := record(errors.New("no fault"), append(steps, machine.Step{Frame: plan}, machine.Step{Frame: ready})...)
	if made.LeftOut != 12 || made.Fault != nil {
		t.Errorf("%d are left out, the fault is %v", made.LeftOut, made.Fault)
	}
	content := Encode(made)
	if len(content) > MaxBytes {
		t.Fatalf("a file of %d bytes; allowed are %d", len(content), MaxBytes)
	}
	got, err := Decode(string(content))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*Recording{made}, got); diff != "" {
		t.Errorf("(-recorded +read):\n%s", diff)
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	for content, want := range map[string]string{
		``:                          "the document ends",
		`[]`:                        "a list",
		`{}`:                        `none in a property "fsrun"`,
		`{"fsrun":[{}]}`:            "version 1",
		`{"fsrun":[{"version":2}]}`: "is version 2; allowed: version 1",
		`{"fsrun":[{"version":1,"parent":[{"at":1}]}]}`:                             "fsrun[0].parent[0]: is neither a row nor a frame",
		`{"fsrun":[{"version":1,"parent":[{"row":"P01","sent":"Hello"}]}]}`:         "fsrun[0].parent[0]: is neither a row nor a frame",
		`{"fsrun":[{"version":1,"parent":[{"sent":"Hello","received":"Hello"}]}]}`:  "a second frame",
		`{"fsrun":[{"version":1,"parent":[{"sent":"Goodbye"}]}]}`:                   "the name of a kind of frame",
		`{"fsrun":[{"version":1,"child":[{"row":"P01","bytes":-1}]}]}`:              "negative",
		`{"fsrun":[{"version":1,"at":2,"ended":1}]}`:                                "ended before it began",
		`{"fsrun":[{"version":1,"began":"yesterday"}]}`:                             "RFC 3339",
		`{"fsrun":[{"version":1,"verb":"` + strings.Repeat("x", MaxText+1) + `"}]}`: "is longer",
	} {
		if _, err := Decode(content); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v; want %q", content, err, want)
		}
	}
	if _, err := Read(strings.NewReader(strings.Repeat(" ", MaxBytes+1))); err == nil {
		t.Error("a file that is too long is read")
	}
}

// What can be read can be written, and is the same when read again.
func FuzzDecode(f *testing.F) {
	f.Add(string(Encode(whole())))
	f.Add(`{"fsrun":[{"version":1}],"traceEvents":[{"ph":"X"}]}`)
	f.Fuzz(func(t *testing.T, content string) {
		one, err := Decode(content)
		if err != nil {
			return
		}
		two, err := Decode(string(Encode(one...)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(one, two, equalEmpty); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

// equalEmpty makes nil and empty equal.
var equalEmpty = cmp.FilterValues(func(a, b *Fault) bool {
	return (a == nil || *a == Fault{}) && (b == nil || *b == Fault{})
}, cmp.Ignore())

// The cost of a recording to a start: observing it, then making and encoding the recording.
func BenchmarkRecorder(b *testing.B) {
	plan, ready := &protocol.Plan{}, &protocol.Ready{}
	for range 50 {
		plan.Ops = append(plan.Ops, &protocol.Mask{Origin: protocol.Origin{At: "linux.maskedPaths[0]"}, Path: "/proc/kcore"})
		ready.Ops = append(ready.Ops, 20_000)
	}
	steps := []machine.Step{{Frame: plan, Sent: true}, {Frame: ready}}
	for range 16 {
		steps = append(steps, row("P07"))
	}
	b.Run("observe", func(b *testing.B) {
		for b.Loop() {
			r := NewRecorder("run", "c1")
			for _, step := range steps {
				r.Observe(step)
			}
		}
	})
	b.Run("end", func(b *testing.B) {
		for b.Loop() {
			Encode(record(nil, steps...))
		}
	})
}
