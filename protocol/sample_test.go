package protocol

import (
	"math"
	"syscall"
	"testing"
)

// sample is a frame of a golden vector in testdata/frames.
type sample struct {
	name        string
	frame       Frame
	descriptors int
}

// samples has a frame of every kind and, in a Part each, an operation of every kind. No
// field is zero if it need not be.
func samples() []sample {
	all := []sample{
		{"hello", &Hello{
			LowestVersion: 1, HighestVersion: 2, Features: []string{"pidfd", "time_namespace"},
			Role: RoleInit, MapsWanted: true,
			Deadlines: []Deadline{{"awaiting_hooks", 600_000}, {"attached", 250}},
		}, 0},
		{"welcome", &Welcome{Version: 1, Features: []string{"pidfd"}}, 0},
		{"map_request", &MapRequest{}, 0},
		{"map_done", &MapDone{}, 0},
		{"part", &Part{Ops: []Op{
			&Arguments{at("process.args"), []string{"/bin/sh", "-c", "exec true"}},
			&Environment{at("process.env"), []string{"PATH=/bin", "EMPTY="}},
		}}, 0},
		{"plan", &Plan{Ops: []Op{
			&Hostname{at("hostname"), "c1"},
			&Execute{Origin: at("process"), Directory: "/", Umask: 0o22, NoNewPrivs: true},
		}}, 0},
		{"open_request", &OpenRequest{Ops: []uint32{3, 200}}, 0},
		{"open_done", &OpenDone{Ops: []uint32{3, 200}}, 2},
		{"console", &Console{}, 1},
		{"hooks_request", &HooksRequest{}, 0},
		{"hooks_done", &HooksDone{}, 0},
		{"ready", &Ready{
			Rows: []Stamp{{"C01", 81_000_000_000}, {"C15", 81_000_450_000}}, Ops: []uint64{1200, 0},
		}, 0},
		{"committed", &Committed{
			Cgroup:   "/machine.slice/c1",
			Limits:   []Pair{{"pids.max", "1"}, {"memory.max", "4194304"}},
			Programs: []uint32{71},
		}, 0},
		{"start", &Start{}, 0},
		{"detach", &Detach{}, 1},
		{"fault", &Fault{
			Code: CodeOperation, Machine: "child", State: "preparing", Awaited: "the parent's OpenDone",
			Op: "mount[3] tmpfs on /dev/shm", Path: "mounts[3]", Call: "fsmount", Errno: syscall.EPERM,
			Object: "/dev/shm", Detail: "size=65536k", Hint: "the user namespace does not own the mount namespace",
		}, 0},
	}
	for _, op := range sampleOps() {
		all = append(all, sample{"op_" + op.Kind().String(), &Part{Ops: []Op{op}}, 0})
	}
	return all
}

// at makes the Origin of an operation.
func at(path string) Origin { return Origin{path} }

func sampleOps() []Op {
	return []Op{
		&ResourceLimit{at("process.rlimits[0]"), 7, 1024, math.MaxUint64},
		&OOMScore{at("process.oomScoreAdj"), -998},
		&Hostname{at("hostname"), "c1"},
		&Domainname{at("domainname"), "example.org"},
		&Loopback{at("linux.namespaces[1]")},
		&Keyring{at("linux"), "_ses.c1"},
		&Root{at("root.path"), "/run/bundle/rootfs", syscall.MS_REC | syscall.MS_SLAVE},
		&Mount{
			Origin: at("mounts[3]"), Filesystem: "tmpfs", Source: "shm", Destination: "/dev/shm",
			Options: []Pair{{"mode", "1777"}, {"size", "65536k"}, {"nr_inodes", "1k"}},
			Set:     0xe, Propagation: syscall.MS_PRIVATE, CopyUp: true,
		},
		&Bind{
			Origin: at("mounts[9]"), Source: "/srv/data", Destination: "/data", Recursive: true,
			Set: 0x1, Clear: 0x2, RecursiveSet: 0x4, RecursiveClear: 0x8, Propagation: syscall.MS_SHARED, ByParent: true,
		},
		&Device{
			Origin: at("linux.devices[0]"), Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229,
			Mode: 0o666, UID: 1000, GID: 100_000, Bound: true,
		},
		&Link{at("linux.devices"), "/proc/self/fd", "/dev/fd"},
		&Directory{at("process.cwd"), "/srv"},
		&ConsoleOp{at("process.terminal"), 80, 24},
		&Sysctl{at("linux.sysctl"), "net.ipv4.ip_forward", "1"},
		&ParentHooks{at("hooks")},
		&Hook{
			Origin: at("hooks.createContainer[0]"), Point: "createContainer", Index: 1, Path: "/usr/bin/hook",
			Arguments: []string{"hook", ""}, Environment: []string{"A=b"}, State: []byte(`{"id":"c1"}`), Milliseconds: 5000,
		},
		&Pivot{at("root"), true},
		&RootAttributes{at("root.readonly"), true, syscall.MS_SLAVE},
		&Mask{at("linux.maskedPaths[0]"), "/proc/kcore"},
		&ReadOnly{at("linux.readonlyPaths[0]"), "/proc/sys"},
		&Enter{at("process")},
		&Arguments{at("process.args"), []string{"/bin/true"}},
		&Environment{at("process.env"), []string{"TERM=xterm", "NOT-UTF-8=\xff\xfe"}},
		&Execute{
			Origin: at("process"), Directory: "/srv", UID: 1000, GID: 1000, Groups: []uint32{10, 70_000}, Umask: 0o27,
			NoNewPrivs: true, Bounding: 0xa80425fb, Effective: 1 << 40, Permitted: 1<<40 | 1, Inheritable: 2, Ambient: 1,
			Filter: []byte{0x06, 0, 0, 0, 0, 0, 0xff, 0x7f}, FilterFlags: 2, PreservedFDs: 3, SetsGroups: true,
		},
		&Remount{
			Origin: at("mounts[10]"), Destination: "/data", Options: []Pair{{"size", "1m"}, {"sync", ""}},
			Set: 0x1, Clear: 0x2, RecursiveSet: 0x4, RecursiveClear: 0x8, Propagation: syscall.MS_PRIVATE,
		},
		&Personality{at("linux.personality"), 8},
		&MemoryPolicy{at("linux.memoryPolicy"), 3 | 1<<15, []uint32{0, 1023}},
		&Label{at("process.apparmorProfile"), LabelAppArmor, "fsrun-default"},
		&Listener{at("linux.seccomp.listenerPath"), CallSendmmsg, []byte(`{"pid":7}`)},
	}
}

func TestSamplesCoverEveryKind(t *testing.T) {
	frames, operations := map[Kind]bool{}, map[OpKind]bool{}
	for _, sample := range samples() {
		frames[sample.frame.Kind()] = true
	}
	for _, op := range sampleOps() {
		operations[op.Kind()] = true
	}
	for _, kind := range Kinds() {
		if !frames[kind] {
			t.Errorf("no sample of %s", kind)
		}
	}
	for _, kind := range OpKinds() {
		if !operations[kind] {
			t.Errorf("no sample of operation %s", kind)
		}
	}
}

// every accepts all kinds.
func every() KindSet { return SetOf(Kinds()...) }

func mustEncode(t testing.TB, frame Frame) []byte {
	t.Helper()
	data, err := Encode(frame)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
