package cgroupv2

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFreezeThawKill(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	p := start(t, g, "wait") // first, because a group that hands down controllers accepts no process
	inner := create(t, tree, base(t)+"/inner", Limits{})
	q := start(t, inner, "wait")

	pids, err := g.Procs()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{p.Process.Pid, q.Process.Pid}, pids); diff != "" {
		t.Errorf("processes (-want +got):\n%s", diff)
	}
	for range 2 { // freezing a frozen group is no error
		if err := g.Freeze(within2s(t)); err != nil {
			t.Fatal(err)
		}
	}
	if events, err := inner.Events(); err != nil || !events.Frozen || !events.Populated {
		t.Errorf("events of the group beneath: %+v, %v", events, err)
	}
	// A frozen process does not see the end of its input.
	p.input.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := inner.Thaw(ctx); err == nil || !strings.Contains(err.Error(), "above") {
		t.Errorf("thawing beneath a frozen group: %v", err)
	}
	if err := g.Thaw(within2s(t)); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("the thawed process: %v", err)
	}

	ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	var state *StateError
	if err := g.WaitEmpty(ctx); !errors.As(err, &state) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a group with a process: %v", err)
	}
	// Kill reaches frozen processes, and those in the groups beneath.
	if err := g.Freeze(within2s(t)); err != nil {
		t.Fatal(err)
	}
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitEmpty(within2s(t)); err != nil {
		t.Fatal(err)
	}
	_ = q.Wait()
	if status := q.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
		t.Errorf("the process beneath ended with %v", q.ProcessState)
	}
}

func TestWaitEmptyOfADeletedGroup(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	if err := tree.Delete(context.Background(), g.Path(), g.Created()); err != nil {
		t.Fatal(err)
	}
	if err := g.WaitEmpty(within2s(t)); err != nil {
		t.Error(err)
	}
	if err := g.Kill(); err != nil {
		t.Errorf("killing a deleted group: %v", err)
	}
	if err := g.Freeze(within2s(t)); !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENODEV) {
		t.Errorf("freezing a deleted group: %v", err)
	}
}

func TestUseAfterClose(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	g.Close()
	g.Close()
	if _, err := g.Events(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("events of a closed group: %v", err)
	}
	if err := g.Kill(); !errors.Is(err, syscall.EBADF) {
		t.Errorf("killing a closed group: %v", err)
	}
}

func TestAdd(t *testing.T) {
	tree := openTree(t)
	from := create(t, tree, base(t)+"/from", Limits{})
	to := create(t, tree, base(t)+"/to", Limits{})
	p := start(t, from, "wait")
	if err := to.Add(p.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if pids, err := to.Procs(); err != nil || len(pids) != 1 || pids[0] != p.Process.Pid {
		t.Errorf("moved to: %v, %v", pids, err)
	}
	if err := to.Add(0); err == nil {
		t.Error("pid 0, which means the caller, was taken")
	}
	p.end()
}

func TestOwnIsWhereThisProcessIs(t *testing.T) {
	tree := openTree(t)
	before, err := tree.Own()
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, tree, base(t), Limits{})
	if err := g.Add(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	inside, err := tree.Own()
	if back := os.WriteFile(tree.Mount()+before+"/cgroup.procs", []byte("0"), 0); back != nil {
		t.Fatal(back)
	}
	if err != nil || inside != g.Path() {
		t.Errorf("Own is %q, %v; want %q", inside, err, g.Path())
	}
}
