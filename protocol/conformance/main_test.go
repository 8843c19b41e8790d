package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/fsrun/fsrun/child"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/conformance"
	stories "github.com/fsrun/fsrun/testdata/conformance"
)

var update = flag.Bool("update", false, "rewrite the stories as they went")

// The test binary is also the child if its name says so: on the main thread, as Main
// requires.
func init() {
	if os.Args[0] == protocol.ChildName {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	if os.Args[0] == protocol.ChildName {
		child.Main(os.Args, nil)
	}
	os.Exit(m.Run())
}

// environment is our child's (parent/spawn).
var environment = []string{"GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1"}

// told reads the stories about a subject.
func told(t *testing.T, subject string) []conformance.Case {
	t.Helper()
	cases, err := conformance.Stories(stories.FS, subject)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

// TestChild plays everything against the child as a process.
//
// SPEC: M-TRUST-1, M-TRUST-2, M-TRUST-8, M-TRAN-4, M-TRAN-5, M-ENC-10, M-ENC-11, M-END-2, M-DET-4, M-LST-2
func TestChild(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	subject := conformance.ChildProgram{Path: self, Env: environment}
	if *update {
		rewrite(t, subject, told(t, conformance.Child))
	}
	cases := slices.Concat(told(t, conformance.Child), conformance.Matrix(conformance.Child), conformance.Deviations(conformance.Child))
	report := conformance.Run(subject, cases, conformance.Options{Parallel: 4})
	judge(t, &report)
	t.Logf("figure: conformance cases (child) %d/%d", report.Passed, report.Passed+report.Failed)
}

// rewrite writes each story as it went.
func rewrite(t *testing.T, subject conformance.Subject, cases []conformance.Case) {
	t.Helper()
	for _, c := range cases {
		went, _ := conformance.Play(subject, c)
		name := filepath.Join("../../testdata/conformance", c.Subject, c.Name+".txt")
		if err := os.WriteFile(name, []byte(went.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStoriesAreWrittenAsTheyAreRead: a rewrite changes only what went differently.
func TestStoriesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, subject := range []string{conformance.Child, conformance.Parent} {
		for _, c := range told(t, subject) {
			again, err := conformance.Parse(c.Name, subject, c.String())
			if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
				t.Errorf("%s: %v\n%v\n%v", c.Name, err, again, c)
			}
		}
	}
}
