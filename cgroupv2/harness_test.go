package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// roleVariable makes the test binary a process in a test's group.
const (
	roleVariable = "FSRUN_TEST_CGROUP_ROLE"
	pathVariable = "FSRUN_TEST_CGROUP_PATH"
)

var roles = map[string]func(){
	// wait lives until its standard input ends.
	"wait": func() { _, _ = io.Copy(io.Discard, os.Stdin) },
	// create makes the group named by the second variable, and reports the result.
	"create": func() {
		tree, err := Find()
		if err == nil {
			_, err = tree.Create(os.Getenv(pathVariable), Limits{})
		}
		if err != nil {
			fmt.Print(err)
		}
	},
	// eat uses memory until it is killed.
	"eat": func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		var held [][]byte
		for range 1024 {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = byte(i)
			}
			held = append(held, block)
		}
		fmt.Fprintln(os.Stderr, "ate all of", len(held), "MiB")
	},
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		roles[role]()
		return
	}
	os.Exit(m.Run())
}

// absent ends a test that this machine cannot run: a skip natively, a failure in the guest,
// which has everything.
func absent(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("FSRUN_GUEST") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// openTree finds the tree for a test that writes to it.
func openTree(t *testing.T) *Tree {
	t.Helper()
	if os.Geteuid() != 0 {
		absent(t, "writing to the cgroup tree needs root here")
	}
	tree, err := Find()
	if err != nil {
		absent(t, err.Error())
	}
	t.Cleanup(tree.Close)
	return tree
}

// base is a directory for one run of the tests.
func base(t *testing.T) string {
	return fmt.Sprintf("/fsrun-test-%d/%s", os.Getpid(), t.Name())
}

// create makes a group for the test, and deletes it at the end.
func create(t *testing.T, tree *Tree, path string, l Limits) *Group {
	t.Helper()
	if err := tree.Check(l); err != nil {
		absent(t, err.Error())
	}
	g, err := tree.Create(path, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Delete(context.Background(), g.Path(), g.Created()); err != nil {
			t.Error(err)
		}
		g.Close()
	})
	return g
}

// process is a child in a group.
type process struct {
	*exec.Cmd
	input io.WriteCloser
}

// start starts a process in the group with CLONE_INTO_CGROUP.
func start(t *testing.T, g *Group, role string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = []string{roleVariable + "=" + role, "GOMAXPROCS=1"}
	command.SysProcAttr = intoGroup(g)
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: command, input: input}
	t.Cleanup(func() { p.end() })
	return p
}

// intoGroup starts a process in the group, and kills it when this one dies.
func intoGroup(g *Group) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: g.FD(), Pdeathsig: syscall.SIGKILL}
}

// disk returns the number of a block device that io.max accepts.
func disk(t *testing.T) (major, minor int) {
	t.Helper()
	numbers, err := filepath.Glob("/sys/block/*/dev")
	if err != nil || len(numbers) == 0 {
		absent(t, "there is no block device")
	}
	text, err := os.ReadFile(numbers[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(text), "%d:%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return major, minor
}

// end kills the process, if it is alive, and reaps it.
func (p *process) end() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

func compute(t *testing.T, text string) Limits {
	t.Helper()
	l, err := Compute(parseResources(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// exists looks at the tree by path, as an administrator would.
func exists(t *testing.T, tree *Tree, group string) bool {
	t.Helper()
	_, err := os.Stat(path.Join(tree.Mount(), group))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return err == nil
}

// content reads an interface file by path.
func content(t *testing.T, g *Group, file string) string {
	t.Helper()
	text, err := os.ReadFile(path.Join(g.Dir(), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func within2s(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	t.Cleanup(cancel)
	return ctx
}
