package protocol

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFaultError(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault Fault
		want  string
	}{
		{"whole", Fault{
			Code: CodeOperation, Op: "mount[3] tmpfs on /dev/shm", Path: "mounts[3]", Call: "fsmount", Object: "/dev/shm",
			Errno: syscall.EPERM, Detail: "size=64k is refused", Hint: "needs CAP_SYS_ADMIN",
		}, "mounts[3]: mount[3] tmpfs on /dev/shm: size=64k is refused; needs CAP_SYS_ADMIN"},
		{"code alone", Fault{Code: CodeTimeout}, "the deadline of a waiting state passed"},
		{"code and state", Fault{Code: CodeTimeout, Machine: "child", State: "committed", Hint: "wait longer"},
			"the child in committed: the deadline of a waiting state passed; wait longer"},
		{"code and what was awaited", Fault{Code: CodeGone, Machine: "child", State: "awaiting_commit", Awaited: "Committed"},
			"the child in awaiting_commit, awaiting Committed: the peer closed its end, or died, without a Fault; never sent, only reported"},
		{"unknown code", Fault{Code: 99}, "code 99"},
		{"code and hint", Fault{Code: CodeAborted, Hint: "run it again"}, "the caller gave up; run it again"},
		{"detail", Fault{Code: CodeGone, Detail: "the peer died"}, "the peer died"},
		{"path", Fault{Code: CodeExec, Path: "process.args[0]", Detail: "not found"}, "process.args[0]: not found"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.fault.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestFaultUnwrapsToTheKernelsAnswer(t *testing.T) {
	if err := error(&Fault{Code: CodeExec, Errno: syscall.ENOENT}); !errors.Is(err, syscall.ENOENT) {
		t.Error("ENOENT is not to be seen")
	}
	if err := errors.Unwrap(&Fault{Code: CodeExec}); err != nil {
		t.Errorf("a Fault without errno unwraps to %v", err)
	}
}

// TestBoundedFaultsCanBeSent bounds a Fault that breaks every limit.
//
// SPEC: M-FAULT-3
func TestBoundedFaultsCanBeSent(t *testing.T) {
	long := "\x00" + strings.Repeat("x", 2*MaxText)
	fault := &Fault{
		Code: CodeOperation, Machine: long, State: long, Awaited: long, Op: long, Path: long,
		Call: long, Errno: 100_000, Object: long, Detail: long, Hint: long,
	}
	if _, err := Encode(fault); err == nil {
		t.Fatal("the unbounded Fault is accepted")
	}
	bounded := fault.Bounded()
	_, decoded := mustDecode(t, mustEncode(t, bounded), 0)
	if diff := cmp.Diff(bounded, decoded); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(bounded.Detail, `\0xxx`) || len(bounded.Detail) != MaxText || len(bounded.Call) != MaxName {
		t.Errorf("detail of %d bytes %.8q, call of %d", len(bounded.Detail), bounded.Detail, len(bounded.Call))
	}
	if fault.Errno != 100_000 || len(fault.Detail) != len(long) {
		t.Error("Bounded changed the original")
	}
	if _, err := Encode((&Fault{}).Bounded()); err != nil {
		t.Errorf("a Fault whose code was forgotten: %v", err)
	}
}

func TestNamesOfCodesKindsAndSets(t *testing.T) {
	for _, code := range Codes() {
		if code.String() == "" || code.Meaning() == "" {
			t.Errorf("code %d lacks its name or meaning", uint16(code))
		}
	}
	for _, code := range []Code{0, Code(len(codes))} {
		if code.Meaning() != "" {
			t.Errorf("code %d means %q", uint16(code), code.Meaning())
		}
	}
	for _, test := range []struct{ got, want string }{
		{KindHello.String(), "Hello"},
		{Kind(0).String(), "kind 0"},
		{Kind(17).String(), "kind 17"},
		{OpMount.String(), "mount"},
		{OpKind(0).String(), "operation 0"},
		{OpKind(99).String(), "operation 99"},
		{KindFault.Direction().String(), "both"},
		{KindHello.Direction().String(), "parent → child"},
		{KindReady.Direction().String(), "child → parent"},
		{Kind(0).Direction().String(), "direction 0"},
		{SetOf(KindStart, KindDetach).String(), "Start, Detach"},
		{KindSet(0).String(), "nothing"},
		{Describe(&Mount{Filesystem: "tmpfs", Destination: "/dev/shm"}, 3), "mount[3] tmpfs on /dev/shm"},
		{Describe(&Pivot{}, 9), "pivot[9]"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
	if SetOf(Kinds()...).Has(Kind(40)) {
		t.Error("a set has a kind that does not exist")
	}
}

// TestObjectsKeepSecrets: what people are shown contains neither the program's arguments
// nor its environment.
func TestObjectsKeepSecrets(t *testing.T) {
	for _, op := range []Op{&Arguments{Values: []string{"secret"}}, &Environment{Values: []string{"TOKEN=secret"}}} {
		if text := Describe(op, 0); strings.Contains(text, "secret") {
			t.Errorf("%s shows its values: %s", op.Kind(), text)
		}
	}
}
