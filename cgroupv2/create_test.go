package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestCreateAndDelete(t *testing.T) {
	tree := openTree(t)
	at := base(t) + "/a/ctr"
	missing, err := tree.Missing(at)
	if err != nil {
		t.Fatal(err)
	}
	g := create(t, tree, at, Limits{})
	if diff := cmp.Diff(missing, g.Created()); diff != "" || len(missing) == 0 {
		t.Errorf("Missing said before what Create made (-missing +created):\n%s", diff)
	}
	if !exists(t, tree, at) || g.Path() != at || g.Dir() != tree.Mount()+at {
		t.Errorf("the group is %s at %s, wanted %s", g.Path(), g.Dir(), at)
	}
	if missing, err := tree.Missing(at); err != nil || missing != nil {
		t.Errorf("Missing of what is there: %q, %v", missing, err)
	}
	if err := g.Delete(context.Background()); err != nil {
		t.Fatal(err)
	}
	if exists(t, tree, missing[0]) {
		t.Errorf("%s is still there", missing[0])
	}
	for range 2 {
		if err := tree.Delete(context.Background(), at, missing); err != nil {
			t.Errorf("deleting what is gone: %v", err)
		}
	}
}

func TestDeleteLeavesWhatIsNotOurs(t *testing.T) {
	tree := openTree(t)
	first := create(t, tree, base(t)+"/shared/one", Limits{})
	second := create(t, tree, base(t)+"/shared/two", Limits{})
	if err := first.Delete(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !exists(t, tree, second.Path()) || exists(t, tree, first.Path()) {
		t.Error("deleting one group touched its neighbour, or not itself")
	}
	// An existing empty group may be used, but is not ours to remove.
	again := create(t, tree, second.Path(), Limits{})
	if created := again.Created(); created != nil {
		t.Errorf("created %q, want nothing", created)
	}
	if err := again.Delete(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !exists(t, tree, second.Path()) {
		t.Error("a group that existed before was deleted")
	}
	if _, err := tree.Open(second.Path(), base(t)+"/other"); err == nil {
		t.Error("a record of directories that do not belong to the group was taken")
	}
}

// A container with its own subtree may leave it wide and deep.
func TestDeleteRemovesDescendants(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	deep := g.Dir()
	for i := range 40 {
		deep = path.Join(deep, fmt.Sprintf("d%d", i))
		if err := os.Mkdir(deep, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(path.Join(path.Dir(deep), fmt.Sprintf("w%d", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Delete(context.Background()); err != nil {
		t.Fatal(err)
	}
	if exists(t, tree, g.Path()) {
		t.Error("the group is still there")
	}
}

// TestDeepGroupsTakeFewDescriptors: visiting all of a deep subtree that a container has
// made takes two descriptors, not one for each level, and reaches every group.
func TestDeepGroupsTakeFewDescriptors(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	defer g.Delete(context.Background())
	deep, made := g.Dir(), 1
	for i := range 20 {
		deep = path.Join(deep, fmt.Sprintf("d%d", i))
		for _, directory := range []string{deep, deep + "-beside", path.Join(deep, "below")} {
			if err := os.Mkdir(directory, 0o755); err != nil {
				t.Fatal(err)
			}
			made++
		}
	}
	before, most := descriptors(t), 0
	var seen []string
	if err := descend(g.dir, func(d dir) error {
		seen = append(seen, d.path)
		most = max(most, descriptors(t)-before)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if most > 2 || descriptors(t) != before {
		t.Errorf("%d descriptors at most, and %d in the end; there were %d", most, descriptors(t)-before, before)
	}
	for _, name := range seen {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			t.Errorf("came by %s: %v", name, err)
		}
	}
	if slices.Sort(seen); len(slices.Compact(seen)) != made {
		t.Errorf("came by %d groups of %d", len(slices.Compact(seen)), made)
	}
}

// descriptors returns how many descriptors this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestDeleteGoesOn: removing what a container leaves behind may take longer than the time
// allowed. The error says so, with a remedy, and what has been removed by then is gone.
func TestDeleteGoesOn(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	if err := os.Mkdir(path.Join(g.Dir(), "left"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := tree.Delete(Within(0), g.Path(), g.Created())
	var state *StateError
	if !errors.As(err, &state) || !errors.Is(err, context.DeadlineExceeded) || state.Remedy == "" {
		t.Errorf("got %v, want one that tells what is left, and a remedy", err)
	}
	if err := g.Delete(context.Background()); err != nil {
		t.Error(err)
	}
	if exists(t, tree, g.Path()) {
		t.Error("the group is still there")
	}
}

func TestDeleteOfABusyGroupNamesItsProcesses(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	p := start(t, g, "wait")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	err := tree.Delete(ctx, g.Path(), g.Created())
	var state *StateError
	if !errors.As(err, &state) || !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), fmt.Sprint(p.Process.Pid)) {
		t.Errorf("got %v, want EBUSY that names process %d", err, p.Process.Pid)
	}
	// Delete waits for a process that is about to end.
	time.AfterFunc(100*time.Millisecond, func() { _ = p.Process.Kill() })
	if err := g.Delete(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestCreateRefusesUnfitGroups(t *testing.T) {
	tree := openTree(t)
	refused := func(t *testing.T, path, names string) {
		t.Helper()
		g, err := tree.Create(path, Limits{})
		if err == nil {
			g.Close()
		}
		var state *StateError
		if !errors.As(err, &state) || !strings.Contains(err.Error(), names) || state.Hint() == "" {
			t.Errorf("got %v, want a refusal with a remedy that names %q", err, names)
		}
	}
	t.Run("not empty", func(t *testing.T) {
		g := create(t, tree, base(t), Limits{})
		p := start(t, g, "wait")
		refused(t, g.Path(), g.Dir()+" is not empty")
		command, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", p.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		refused(t, g.Path(), fmt.Sprintf("%d (%s)", p.Process.Pid, strings.TrimSpace(string(command))))
		p.end()
	})
	t.Run("frozen", func(t *testing.T) {
		g := create(t, tree, base(t), Limits{})
		if err := g.Freeze(within2s(t)); err != nil {
			t.Fatal(err)
		}
		refused(t, g.Path(), g.Dir()+" is frozen")
		if err := g.Add(os.Getpid()); err == nil {
			t.Error("a process was added to a frozen group")
		}
	})
	t.Run("frozen above", func(t *testing.T) {
		above := create(t, tree, base(t), Limits{})
		if err := above.Freeze(within2s(t)); err != nil {
			t.Fatal(err)
		}
		refused(t, above.Path()+"/x/ctr", above.Dir()+" is frozen")
		if exists(t, tree, above.Path()+"/x") {
			t.Error("the refused creation left a directory")
		}
	})
	t.Run("threaded", func(t *testing.T) {
		above := create(t, tree, base(t), Limits{})
		// Made by hand: Create would enable controllers that a threaded subtree cannot
		// have.
		if err := os.Mkdir(above.Dir()+"/threaded", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(above.Dir()+"/threaded/cgroup.type", []byte("threaded"), 0); err != nil {
			t.Fatal(err)
		}
		refused(t, above.Path()+"/threaded", `"threaded"`)
		refused(t, above.Path()+"/beside", `"domain invalid"`)
		if exists(t, tree, above.Path()+"/beside") {
			t.Error("the refused creation left a directory")
		}
	})
	t.Run("no more groups", func(t *testing.T) {
		above := create(t, tree, base(t), Limits{})
		if err := above.dir.write("cgroup.max.descendants", "1"); err != nil {
			t.Fatal(err)
		}
		refused(t, above.Path()+"/x/y", "cgroup.max.descendants")
		if exists(t, tree, above.Path()+"/x") {
			t.Error("the refused creation left a directory")
		}
	})
}

// A group with processes of its own cannot hand down controllers. Trying to must not turn
// it into the root of a threaded subtree.
func TestCreateBelowProcesses(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}`)
	above := create(t, tree, base(t), limits)
	p := start(t, above, "wait")
	defer p.end()
	_, err := tree.Create(base(t)+"/ctr", limits)
	var state *StateError
	if !errors.As(err, &state) || !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "hugetlb") || !strings.Contains(err.Error(), "it has 1 process of its own") || state.Hint() == "" {
		t.Errorf("got %v, want EBUSY that names the controller", err)
	}
	create(t, tree, base(t)+"/without", Limits{}) // it works without accounting
	if kind, enabled := content(t, above, "cgroup.type"), content(t, above, "cgroup.subtree_control"); kind != "domain\n" || enabled != "" {
		t.Errorf("the group above is of type %q with %q enabled", kind, enabled)
	}
}

func TestPathsAreBeneathTheTree(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t)+"/ctr", Limits{})
	evil := create(t, tree, base(t)+"/ctr-evil", Limits{})
	for _, path := range []string{g.Path() + "/../ctr-evil", "../etc", g.Path() + "/..", "/", ""} {
		if opened, err := tree.Open(path); err == nil {
			opened.Close()
			t.Errorf("Open(%q) led to %s", path, opened.Dir())
		}
		if made, err := tree.Create(path, Limits{}); err == nil {
			made.Close()
			t.Errorf("Create(%q) made %s", path, made.Dir())
		}
		if err := tree.Delete(context.Background(), path, []string{path}); err == nil {
			t.Errorf("Delete(%q) was accepted", path)
		}
	}
	if !exists(t, tree, evil.Path()) {
		t.Error("the neighbour is gone")
	}
	if _, err := tree.Open(base(t) + "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening what is not there: %v", err)
	}
	if _, err := tree.Open(g.Path() + "/cgroup.procs"); !errors.Is(err, unix.ENOTDIR) {
		t.Errorf("opening a file as a group: %v", err)
	}
}

// Containers come and go beneath a directory that each of them may remove.
func TestConcurrentCreateAndDelete(t *testing.T) {
	tree := openTree(t)
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for range 20 {
				g, err := tree.Create(fmt.Sprintf("%s/deep/shared/%d", base(t), worker), Limits{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := g.Delete(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	// A container that finds a directory made by another leaves it to that one, so an
	// empty, removable directory may remain.
	for _, left := range []string{"/deep/shared", "/deep", ""} {
		if err := os.Remove(path.Join(tree.Mount(), base(t)+left)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	_ = os.Remove(path.Join(tree.Mount(), path.Dir(base(t))))
}

func TestDelegate(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	const user = 12345
	if err := g.Delegate(user); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint32{
		"": user, "cgroup.procs": user, "cgroup.subtree_control": user, "cgroup.threads": user,
		"cgroup.freeze": 0, "cgroup.kill": 0, "cgroup.max.depth": 0,
	} {
		var stat unix.Stat_t
		if err := unix.Stat(path.Join(g.Dir(), name), &stat); err != nil {
			t.Fatal(err)
		}
		if stat.Uid != want || stat.Gid != 0 {
			t.Errorf("%q belongs to %d:%d, want %d:0", name, stat.Uid, stat.Gid, want)
		}
	}
}

// Another user is refused, and told what would help. With delegation, the user can make
// groups beneath.
func TestCreateAsAnotherUser(t *testing.T) {
	tree := openTree(t)
	const user = 12345
	g := create(t, tree, base(t), Limits{})
	try := func(path string) string {
		t.Helper()
		command := exec.Command("/proc/self/exe")
		command.Env = []string{roleVariable + "=create", pathVariable + "=" + path}
		command.SysProcAttr = intoGroup(g)
		command.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
		said, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return string(said)
	}
	inner := g.Path() + "/inner"
	if said := try(inner); !strings.Contains(said, "Delegate=yes") || exists(t, tree, inner) {
		t.Errorf("without delegation: %q", said)
	}
	if err := g.Delegate(user); err != nil {
		t.Fatal(err)
	}
	if said := try(inner); said != "" || !exists(t, tree, inner) {
		t.Errorf("with delegation: %q", said)
	}
}

// Only an empty group is pruned, whoever made it. A missing one is no error.
func TestPrune(t *testing.T) {
	tree := openTree(t)
	t.Cleanup(func() { // remove what the groups below are made to forget that they created
		for _, path := range []string{base(t), path.Dir(base(t))} {
			if err := tree.Prune(path); err != nil {
				t.Error(err)
			}
		}
	})
	g := create(t, tree, base(t)+"/slice/one", Limits{})
	slice := base(t) + "/slice"
	for _, path := range []string{slice, base(t) + "/missing", base(t) + "/missing/too"} {
		if err := tree.Prune(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if !exists(t, tree, g.Path()) {
		t.Error("a group that is in use was pruned")
	}
	again := create(t, tree, slice+"/two", Limits{})
	for _, each := range []*Group{g, again} {
		each.created = []string{each.Path()} // as if another had made the slice
		if err := each.Delete(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Prune(slice); err != nil || exists(t, tree, slice) {
		t.Errorf("an empty group is still there: %v", err)
	}
}
