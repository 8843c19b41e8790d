package machine_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stories are whole handshakes, told in testdata/stories.
var stories = []scenario{
	{
		name:  "run",
		about: "fsrun run: no user namespace, console or hooks; the program is started at once.",
	},
	{
		name:   "user_namespace",
		about:  "The child is in a new user namespace and asks for its maps.",
		parent: scripts{parent.Agree: {parent.Mapped}},
		child:  scripts{child.Greet: {child.Mapped}},
	},
	{
		name:  "requests",
		about: "Operations that need the parent: a source is opened, a console delivered, hooks are run.",
		child: scripts{child.Prepare: {child.Open, child.Console, child.Hooks, child.Prepared}},
	},
	{
		name:    "detach",
		about:   "fsrun create, then fsrun start.",
		parent:  scripts{parent.Release: {parent.Leave}},
		callers: []scripts{{}},
	},
	{
		name:    "start_again",
		about:   "A caller connects and dies before it says Start: the child waits for the next.",
		parent:  scripts{parent.Release: {parent.Leave}},
		callers: []scripts{nil, {}},
	},
	{
		name: "exec_fails_later",
		about: "A caller dies, the next one's program cannot be executed: what it is told is that,\n" +
			"# and not what became of the first.",
		parent:  scripts{parent.Release: {parent.Leave}},
		child:   scripts{child.Execute: {&protocol.Fault{Code: protocol.CodeExec, Call: "execve", Object: "/bin/nothing", Errno: syscall.ENOENT}}},
		callers: []scripts{nil, {}},
	},
	{
		name:   "spawn_fails",
		about:  "The child cannot be created: nobody is there to hear a Fault.",
		parent: scripts{parent.Spawn: {&protocol.Fault{Code: protocol.CodeSpawn, Call: "clone3", Errno: syscall.EPERM}}},
		// A child that was never created sees only a closed channel.
	},
	{
		name:  "mount_fails",
		about: "An operation fails in the child: its Fault reaches the parent whole.",
		child: scripts{child.Prepare: {child.Open, &protocol.Fault{
			Code: protocol.CodeOperation, Op: "mount[3] tmpfs on /dev/shm", Path: "mounts[3]",
			Call: "fsmount", Errno: syscall.EPERM, Hint: "a remedy",
		}}},
	},
	{
		name:   "commit_fails",
		about:  "Limits cannot be committed: the child never starts the program.",
		parent: scripts{parent.Commit: {&protocol.Fault{Code: protocol.CodeCommit, Call: "write", Object: "pids.max", Errno: syscall.EBUSY}}},
	},
	{
		name:  "exec_fails",
		about: "The program cannot be executed.",
		child: scripts{child.Execute: {&protocol.Fault{Code: protocol.CodeExec, Call: "execve", Object: "/bin/nothing", Errno: syscall.ENOENT}}},
	},
	{
		name:   "teardown_fails",
		about:  "A failure whose teardown fails too: the first failure is the one told.",
		parent: scripts{parent.RunHooks: {errors.New("hook 0 exited with status 1")}, parent.TearDown: {errors.New("the cgroup is busy")}},
		child:  scripts{child.Prepare: {child.Hooks}},
	},
}

// SPEC: M-SM-3, M-SM-2
func TestStories(t *testing.T) {
	for _, scenario := range stories {
		t.Run(scenario.name, func(t *testing.T) {
			golden(t, filepath.Join("testdata", "stories", scenario.name+".txt"), story(scenario, play(t, scenario)))
		})
	}
}

// golden compares text with a file, which -update rewrites.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-golden +played):\n%s", path, diff)
	}
}
