package parent

import (
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/state"
)

// TestJoiningWhatEnds: that the namespaces of a container have gone while they were opened
// says that it is not running, in the words for that.
func TestJoiningWhatEnds(t *testing.T) {
	missing := &fs.PathError{Op: "open", Path: "/proc/1/ns/cgroup", Err: unix.ENOENT}
	living, err := state.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	ended := living
	ended.StartTime--
	for init, want := range map[state.Process]error{living: missing, ended: ErrNotRunning} {
		j := &joining{container: &state.Container{ID: "a", Init: init}}
		if err := j.orEnded(missing); !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%v: %v; want %v", init, err, want)
		}
	}
}
