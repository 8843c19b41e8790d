package state

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "rewrite testdata/state.json")

var ignoreCreator = cmpopts.IgnoreUnexported(Container{})

func open(t testing.TB) *Store {
	t.Helper()
	store, err := Open(filepath.Join(t.TempDir(), "fsrun"))
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func reserve(t testing.TB, store *Store, id string) *Handle {
	t.Helper()
	handle, err := store.Reserve(id, "/bundles/"+id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { handle.Close() })
	return handle
}

// full returns a container in which every property is set.
func full(id string) *Container {
	five := 5
	return &Container{
		OCIVersion: "1.3.0", ID: id, Init: Process{PID: 4321, StartTime: 987654},
		Bundle: "/bundles/a", Rootfs: "/bundles/a/rootfs",
		Created: time.Date(2026, 11, 23, 12, 0, 0, 5, time.UTC), Owner: 1000,
		Cgroup: "/sys/fs/cgroup/a", CgroupMount: "/sys/fs/cgroup", Unit: "fsrun-a.scope", UserUnit: true, OwnPIDNamespace: true,
		Namespaces:    map[string]string{"pid": "/proc/4321/ns/pid", "mount": "/proc/4321/ns/mnt"},
		Limits:        map[string]string{"pids.max": "1", "memory.max": "131072"},
		DeviceProgram: 77,
		Stdio:         []string{"/dev/null", "pipe:[123]", "socket:[5]"},
		StartSocket:   "start",
		SeccompAgent:  "/run/agent.sock", CallersKeyring: true, StartDeadline: 90 * time.Second, UserNamespace: 4026531837,
		Annotations: map[string]string{"key": "value", "\x01 \"odd\"\n\\": "ключ 🔑"},
		Poststart:   []specs.Hook{{Path: "/bin/true"}},
		Poststop:    []specs.Hook{{Path: "/bin/x", Args: []string{"x", "y"}, Env: []string{"A=1"}, Timeout: &five}, {Path: "/bin/z", Args: []string{}}},
	}
}

// TestLoadOfAnOlderRecord: a running container survives an upgrade.
func TestLoadOfAnOlderRecord(t *testing.T) {
	want := full("older")
	content := appendRecord(nil, want, containerFields[:len(containerFields)-laterFields])
	var got Container
	if err := json.Decode(string(content), func(d *json.Decoder) { readContainer(d, &got) }); err != nil {
		t.Fatal(err)
	}
	want.CallersKeyring, want.StartDeadline, want.UserNamespace = false, 0, 0
	if diff := cmp.Diff(want, &got, ignoreCreator); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	content = appendRecord(nil, want, containerFields[:len(containerFields)-laterFields-1])
	if json.Decode(string(content), func(d *json.Decoder) { readContainer(d, &got) }) == nil {
		t.Error("a record that lacks what every record has was taken")
	}
}

func TestSaveAndLoad(t *testing.T) {
	store := open(t)
	for _, container := range []*Container{full("all"), {ID: "empty"}} {
		handle := reserve(t, store, container.ID)
		if err := handle.Save(container); err != nil {
			t.Fatal(err)
		}
		got, err := store.Load(container.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(container, got, ignoreCreator); diff != "" {
			t.Errorf("%s (-saved +loaded):\n%s", container.ID, diff)
		}
	}
	// A property that is added to Container must be added to full, so that the
	// comparison above covers it.
	value := reflect.ValueOf(*full("all"))
	for i := range value.NumField() {
		if name := value.Type().Field(i).Name; name != "creator" && value.Field(i).IsZero() {
			t.Errorf("full leaves %s unset", name)
		}
	}
}

func TestStateFileIsGolden(t *testing.T) {
	got := appendContainer(nil, full("all"))
	const golden = "testdata/state.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestValidateID(t *testing.T) {
	for _, id := range []string{"a", "A-z_0.9+", "...", "-", strings.Repeat("x", MaxIDBytes)} {
		if err := ValidateID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	store := open(t)
	for _, id := range []string{"", ".", "..", "a/b", "../a", "a b", "ä", "a\x00", "a\n", strings.Repeat("x", MaxIDBytes+1)} {
		if err := ValidateID(id); err == nil {
			t.Errorf("%q was accepted", id)
		}
		_, reserveError := store.Reserve(id, "/b")
		_, loadError := store.Load(id)
		_, intentsError := store.Intents(id)
		for _, err := range []error{reserveError, loadError, intentsError, store.Remove(id)} {
			if err == nil || !strings.HasPrefix(err.Error(), "invalid container ID format: ") {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}

func TestMissingContainer(t *testing.T) {
	store := open(t)
	if _, err := store.Load("nobody"); !errors.Is(err, ErrNotExist) || err.Error() != `container does not exist: "nobody"` {
		t.Errorf("Load: %v", err)
	}
	if _, err := store.Lock("nobody"); !errors.Is(err, ErrNotExist) {
		t.Errorf("Lock: %v", err)
	}
	for range 2 {
		if err := store.Remove("nobody"); err != nil {
			t.Errorf("Remove: %v", err)
		}
	}
	if entries, err := store.List(); err != nil || len(entries) != 0 {
		t.Errorf("List: %v %v", entries, err)
	}
}

// TestStrangersAreNoContainers: if the state directory is given by mistake, nothing is
// listed, and so nothing is deleted.
func TestStrangersAreNoContainers(t *testing.T) {
	store := open(t)
	if err := os.MkdirAll(store.Path("stranger")+"/deep", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(store.Path("leftover"), 0o755); err != nil { // from a creator that was killed
		t.Fatal(err)
	}
	if _, err := store.Load("stranger"); !errors.Is(err, ErrNotExist) {
		t.Errorf("a stranger's directory: %v", err)
	}
	unfinished := reserve(t, store, "unfinished")
	defer unfinished.Close()
	entries, err := store.List()
	if err != nil || len(entries) != 2 || entries[0].ID != "leftover" || entries[1].ID != "unfinished" {
		t.Fatalf("List: %+v, %v", entries, err)
	}
	for _, entry := range entries {
		if c := entry.Container; c == nil || c.OCIVersion != specs.Version || time.Since(c.Created).Abs() > time.Hour {
			t.Errorf("%s: %+v, %v", entry.ID, c, entry.Err)
		}
	}
}

// TestBusyNamesTheCreator: whoever waits in vain learns for whom.
func TestBusyNamesTheCreator(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "slow")
	if _, err := store.lock("slow", 10*time.Millisecond); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process %d is creating it", os.Getpid())) {
		t.Errorf("while it is created: %v", err)
	}
	container := full("slow")
	if err := handle.Save(container); err != nil {
		t.Fatal(err)
	}
	if _, err := store.lock("slow", 10*time.Millisecond); err == nil || strings.Contains(err.Error(), "is creating") {
		t.Errorf("once it is created: %v", err)
	}
}

func TestReserveHasOneWinner(t *testing.T) {
	store := open(t)
	const callers = 32
	for round := range 5 {
		id := fmt.Sprintf("contested-%d", round)
		var group sync.WaitGroup
		results := make([]error, callers)
		handles := make([]*Handle, callers)
		for i := range callers {
			group.Go(func() { handles[i], results[i] = store.Reserve(id, "/b") })
		}
		group.Wait()
		winners := 0
		for i, err := range results {
			switch {
			case err == nil:
				winners++
				handles[i].Close()
			case !errors.Is(err, ErrExist) || !strings.HasPrefix(err.Error(), "container with given ID already exists: "):
				t.Errorf("a loser got %v", err)
			}
		}
		if winners != 1 {
			t.Errorf("%d winners", winners)
		}
		intents, err := store.Intents(id)
		if err != nil || len(intents) != 1 || intents[0].Step != Reserved || intents[0].Process.PID != os.Getpid() {
			t.Errorf("intents: %v %v", intents, err)
		}
	}
}

// TestReserveAgainstRemove runs both at once: each reservation either lasts or fails with a
// clear error, and no two have the same directory.
func TestReserveAgainstRemove(t *testing.T) {
	store := open(t)
	var group sync.WaitGroup
	var holders sync.Mutex
	for range 4 {
		group.Go(func() {
			for range 50 {
				handle, err := store.Reserve("x", "/b")
				if err == nil {
					if !holders.TryLock() {
						t.Error("two hold the container")
						handle.Close()
						return
					}
					if err := handle.Save(&Container{ID: "x"}); err != nil {
						t.Error(err)
					}
					holders.Unlock()
					handle.Close()
				} else if !errors.Is(err, ErrExist) && !errors.Is(err, ErrNotExist) {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		group.Go(func() {
			for range 100 {
				if err := store.Remove("x"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := store.Remove("x"); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(store.Path("x")); !errors.Is(err, os.ErrNotExist) {
		t.Error("something is left:", err)
	}
}

// TestReserveLeavesNothing: whichever call of a reservation finds no free descriptor, the
// ID is free afterwards.
func TestReserveLeavesNothing(t *testing.T) {
	store, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	failed := 0
	for free := range uint64(8) {
		handle, err := withDescriptors(t, free, func() (*Handle, error) { return store.Reserve("a", "/bundle") })
		if err == nil {
			if err := handle.Remove(); err != nil {
				t.Error(err)
			}
			continue
		}
		failed++
		if !errors.Is(err, unix.EMFILE) {
			t.Errorf("%d descriptors: %v, want too many open files", free, err)
		}
		if _, err := os.Lstat(store.Path("a")); !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("%d descriptors: a failed reservation left something: %v", free, err)
		}
	}
	if failed < 2 {
		t.Errorf("%d reservations failed; want one for lack of the directory's descriptor, and one of the record's", failed)
	}
}

// withDescriptors calls do when only that many descriptors can be opened.
func withDescriptors(t *testing.T, free uint64, do func() (*Handle, error)) (*Handle, error) {
	t.Helper()
	lowest, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.Close(lowest)
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest) + free, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
			t.Fatal(err)
		}
	}()
	return do()
}

func TestLockIsBounded(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "a")
	start := time.Now()
	_, err := store.lock("a", 50*time.Millisecond)
	if want := fmt.Sprintf("container is busy: process %d has held its lock for 50ms", os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	if elapsed := time.Since(start); elapsed > 5*time.Second {
		t.Errorf("took %v", elapsed)
	}
	if _, err := store.Load("a"); err != nil {
		t.Errorf("reading must not need the lock: %v", err)
	}
	if err := handle.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Lock("a")
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// TestLockAfterRemove waits for a lock whose holder removes the container.
func TestLockAfterRemove(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "a")
	waiting := make(chan error)
	go func() {
		_, err := store.Lock("a")
		waiting <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := handle.Remove(); err != nil {
		t.Fatal(err)
	}
	if err := <-waiting; !errors.Is(err, ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestIntents(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "a")
	want := []Intent{
		{Step: "cgroup", Object: "/sys/fs/cgroup/a"},
		{Step: "child", Object: "line\nbreak", Process: Process{PID: 5, StartTime: 6}},
	}
	for _, intent := range want {
		if err := handle.Intend(intent); err != nil {
			t.Fatal(err)
		}
	}
	got, err := handle.Intents()
	if err != nil || len(got) != 3 {
		t.Fatalf("%v %v", got, err)
	}
	if diff := cmp.Diff(want, got[1:]); diff != "" {
		t.Error(diff)
	}
	if got[0].Step != Reserved || got[0].Object != "/bundles/a" || !got[0].Process.Alive() {
		t.Errorf("first intent: %+v", got[0])
	}
	for {
		if err = handle.Intend(Intent{Step: "again", Object: strings.Repeat("x", 1000)}); err != nil {
			break
		}
	}
	if !strings.Contains(err.Error(), "the intent record is full; allowed: at most 65536 bytes") {
		t.Errorf("got %v", err)
	}
	if _, err := handle.Intents(); err != nil {
		t.Errorf("the full record: %v", err)
	}
}

// TestIntentsTornAtEveryByte cuts the record as a killed writer would.
func TestIntentsTornAtEveryByte(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "a")
	if err := handle.Intend(Intent{Step: "cgroup", Object: "/a"}); err != nil {
		t.Fatal(err)
	}
	handle.Close()
	path := filepath.Join(store.Path("a"), intentName)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for length := range len(content) {
		if err := os.WriteFile(path, content[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		whole := strings.Count(string(content[:length]), "\n")
		got, err := store.Intents("a")
		if err != nil || len(got) != whole {
			t.Fatalf("%d bytes: %d intents, %v; want %d", length, len(got), err, whole)
		}
		// The next writer continues after the last complete line.
		next, err := store.Lock("a")
		if err != nil {
			t.Fatal(err)
		}
		if err := next.Intend(Intent{Step: "next"}); err != nil {
			t.Fatal(err)
		}
		next.Close()
		got, err = store.Intents("a")
		if err != nil || len(got) != whole+1 || got[whole].Step != "next" {
			t.Fatalf("%d bytes and one more: %v, %v", length, got, err)
		}
	}
	if err := os.WriteFile(path, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Intents("a"); err == nil || !strings.Contains(err.Error(), "the intent record is damaged: line 1: ") {
		t.Errorf("got %v", err)
	}
	if err := store.Remove("a"); err != nil {
		t.Error(err)
	}
}

func TestStateTruncatedAtEveryByte(t *testing.T) {
	store := open(t)
	content := appendContainer(nil, full("a"))
	for length := range len(content) - 1 {
		reserve(t, store, "a").Close()
		if err := os.WriteFile(filepath.Join(store.Path("a"), stateName), content[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := store.Load("a")
		if err == nil || !strings.Contains(err.Error(), "state.json is damaged") {
			t.Fatalf("%d bytes: %v", length, err)
		}
		entries, err := store.List()
		if err != nil || len(entries) != 1 || entries[0].Err == nil {
			t.Fatalf("%d bytes: list: %v %v", length, entries, err)
		}
		if err := store.Remove("a"); err != nil {
			t.Fatalf("%d bytes: %v", length, err)
		}
	}
}

func TestLoadRefusesForeignFiles(t *testing.T) {
	store := open(t)
	reserve(t, store, "a").Close()
	path := filepath.Join(store.Path("a"), stateName)
	for name, prepare := range map[string]func() error{
		"another id":    func() error { return os.WriteFile(path, appendContainer(nil, full("b")), 0o600) },
		"symbolic link": func() error { return os.Symlink("/dev/zero", path) },
		"directory":     func() error { return os.Mkdir(path, 0o700) },
		"huge":          func() error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, MaxStateBytes+1)) },
		"nested":        func() error { return os.WriteFile(path, []byte(strings.Repeat("[", 1<<20)), 0o600) },
	} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		if err := prepare(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load("a"); err == nil || errors.Is(err, ErrNotExist) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := store.Remove("a"); err != nil {
		t.Error(err)
	}
}

func TestStatus(t *testing.T) {
	store := open(t)
	handle := reserve(t, store, "a")
	self, err := ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	status := func(frozen bool) Status {
		t.Helper()
		container, err := store.Load("a")
		if err != nil {
			t.Fatal(err)
		}
		return store.Status(container, frozen)
	}
	save := func(container *Container) {
		t.Helper()
		container.ID = "a"
		if err := handle.Save(container); err != nil {
			t.Fatal(err)
		}
	}
	check := func(want Status, frozen bool) {
		t.Helper()
		if got := status(frozen); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	check(Creating, false)
	save(&Container{Init: self, StartSocket: "start"})
	check(Running, false)
	if err := os.WriteFile(filepath.Join(store.Path("a"), "start"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check(Created, false)
	check(Paused, true)
	save(&Container{Init: self})
	check(Running, false)
	save(&Container{Init: Process{PID: self.PID, StartTime: self.StartTime + 1}})
	check(Stopped, false)
	check(Stopped, true)

	zombie := exec.Command("/bin/true")
	if err := zombie.Start(); err != nil {
		t.Fatal(err)
	}
	started, err := StartTime(zombie.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	save(&Container{Init: Process{PID: zombie.Process.Pid, StartTime: started}})
	for range 500 {
		if status(false) == Stopped {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	check(Stopped, false)
	zombie.Wait()
}

// TestStatusAfterTheCreatorDied has only an intent record.
func TestStatusAfterTheCreatorDied(t *testing.T) {
	store := open(t)
	reserve(t, store, "a").Close()
	line := append(appendRecord(nil, &Intent{Step: Reserved, Object: "/b", Process: Process{PID: 1, StartTime: 1 << 60}}, intentFields[:]), '\n')
	for name, record := range map[string][]byte{"dead creator": line, "torn at once": line[:5], "nothing": nil} {
		if err := os.WriteFile(filepath.Join(store.Path("a"), intentName), record, 0o600); err != nil {
			t.Fatal(err)
		}
		container, err := store.Load("a")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := store.Status(container, false); got != Stopped {
			t.Errorf("%s: %s, want stopped", name, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	const rest = " S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12345 0 0"
	for _, command := range []string{"sh", "a b", ") R 1 2 3", "((", "x) S 1"} {
		found, err := parseStat("77 (" + command + ")" + rest)
		if err != nil || found.status != 'S' || found.startTime != 12345 || found.ended() {
			t.Errorf("%q: %+v %v", command, found, err)
		}
	}
	for _, damaged := range []string{"", "77", "77 (sh)", "77 (sh) S 1 2 3", strings.Replace("77 (sh)"+rest, "12345", "x", 1)} {
		if _, err := parseStat(damaged); err == nil {
			t.Errorf("%q was accepted", damaged)
		}
	}
}

func TestRoot(t *testing.T) {
	for _, test := range []struct {
		uid           int
		userNamespace bool
		directory     string
		want          string
	}{
		{0, false, "", "/run/fsrun"},
		{0, false, "/run/user/0", "/run/fsrun"},
		{0, true, "/run/user/1000", "/run/user/1000/fsrun"},
		{0, true, "", "/run/fsrun"},
		{1000, false, "/run/user/1000", "/run/user/1000/fsrun"},
		{1000, false, "", ""},
		{1000, false, "relative", ""},
	} {
		got, err := root(test.uid, test.userNamespace, test.directory)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	if _, err := Open("relative"); err == nil {
		t.Error("a relative state directory was accepted")
	}
}

func TestList(t *testing.T) {
	store := open(t)
	for _, id := range []string{"b", "a", "c"} {
		if err := reserve(t, store, id).Save(&Container{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(store.root, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(store.root, "not an id"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store.Path("b"), stateName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, fmt.Sprint(entry.ID, " ", entry.Err == nil))
	}
	if diff := cmp.Diff([]string{"a true", "b false", "c true"}, got); diff != "" {
		t.Error(diff)
	}
}

// FuzzRecords tries arbitrary state files and intent records: what is accepted can be
// written and read again without change.
func FuzzRecords(f *testing.F) {
	intent := append(appendRecord(nil, &Intent{Step: Reserved, Object: "/b", Process: Process{PID: 1, StartTime: 2}}, intentFields[:]), '\n')
	f.Add(appendContainer(nil, full("a")), intent)
	f.Add(appendContainer(nil, &Container{ID: "a"}), append(intent, intent[:9]...))
	f.Fuzz(func(t *testing.T, content, record []byte) {
		if intents, err := parseIntents(record); err == nil && len(intents) > strings.Count(string(record), "\n") {
			t.Fatalf("%d intents from %q", len(intents), record)
		}
		var container, again Container
		if json.Decode(string(content), func(d *json.Decoder) { readContainer(d, &container) }) != nil {
			return
		}
		written := appendContainer(nil, &container)
		if err := json.Decode(string(written), func(d *json.Decoder) { readContainer(d, &again) }); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(container, again) {
			t.Fatalf("(-first +second):\n%s", cmp.Diff(container, again, ignoreCreator))
		}
	})
}

// A child that nobody has waited for can be asked for its status until somebody does.
func TestUnreaped(t *testing.T) {
	command := exec.Command("sh", "-c", "exit 7")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	started, err := StartTime(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	process := Process{PID: command.Process.Pid, StartTime: started}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, is := process.Unreaped(); is {
			break
		}
	}
	if status, is := process.Unreaped(); !is || syscall.WaitStatus(status).ExitStatus() != 7 {
		t.Errorf("before it is reaped: %#x, %t", status, is)
	}
	if status, is := (Process{PID: process.PID, StartTime: started + 1}).Unreaped(); is {
		t.Errorf("another process of that id: %#x", status)
	}
	_ = command.Wait()
	if status, is := process.Unreaped(); is {
		t.Errorf("after it was reaped: %#x", status)
	}
}

// TestLockOfWhatWasReplaced: who has waited for a container that is gone learns that, and
// nothing about the one that has its ID by now.
func TestLockOfWhatWasReplaced(t *testing.T) {
	store := open(t)
	first := reserve(t, store, "a")
	waited := make(chan error)
	go func() {
		_, err := store.Lock("a")
		waited <- err
	}()
	time.Sleep(20 * time.Millisecond) // without it, the wait may begin with the second
	if err := first.Remove(); err != nil {
		t.Fatal(err)
	}
	defer reserve(t, store, "a").Close()
	if err := <-waited; !errors.Is(err, ErrNotExist) || strings.Contains(err.Error(), "is creating it") {
		t.Errorf("%v", err)
	}
}

// TestRemovalInterrupted: a container whose removal was interrupted anywhere can be deleted
// again. A directory of which only other files are left would be a stranger's, and the ID
// taken for good.
func TestRemovalInterrupted(t *testing.T) {
	store := open(t)
	filled := func() (names []string) {
		handle := reserve(t, store, "a")
		for _, name := range []string{"config.json", "handshake.json", "start", "tracers"} {
			if err := handle.Keep(name, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(handle.Save(full("a")), handle.Close()); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(store.Path("a"))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		slices.SortFunc(names, removal)
		return names
	}
	for done := range filled() {
		if err := store.Remove("a"); err != nil {
			t.Fatal(err)
		}
		names := filled()
		for _, name := range names[:done+1] {
			if err := os.Remove(filepath.Join(store.Path("a"), name)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := store.Load("a"); err != nil {
			t.Errorf("without %v: %v", names[:done+1], err)
		}
	}
}
