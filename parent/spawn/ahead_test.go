package spawn

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// A child prints which network namespace it is in.
func TestMain(m *testing.M) {
	if os.Args[0] == protocol.ChildName {
		socket, err := strconv.Atoi(os.Args[1])
		if err != nil {
			os.Exit(1)
		}
		network, err := os.Readlink("/proc/self/ns/net")
		if err != nil {
			network = err.Error()
		}
		_, _ = unix.Write(socket, []byte(network))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may make namespaces")
	}
}

func readlink(t *testing.T, name string) string {
	t.Helper()
	target, err := os.Readlink(name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// The child gets what was made ahead, and we stay where we were.
func TestAhead(t *testing.T) {
	needRoot(t)
	before := readlink(t, "/proc/self/ns/net")
	ahead := begin()
	defer ahead.Close()
	if !ahead.hasNetwork() {
		t.Fatal("no network namespace was made")
	}
	made := readlink(t, "/proc/self/fd/"+strconv.Itoa(ahead.network))
	if got := networkOfChild(t, ahead); got != made || made == before {
		t.Errorf("the child is in %s; %s was made for it, ours is %s", got, made, before)
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if after, err := os.Readlink("/proc/self/task/" + task.Name() + "/ns/net"); err == nil && after != before {
			t.Errorf("thread %s is in %s, we were in %s", task.Name(), after, before)
		}
	}
}

// Otherwise the clone makes the network namespace.
func TestNothingAhead(t *testing.T) {
	needRoot(t)
	var ahead *Ahead
	defer ahead.Close()
	if got, ours := networkOfChild(t, ahead), readlink(t, "/proc/self/ns/net"); got == ours || got == "" {
		t.Errorf("the child is in %q, we are in %s", got, ours)
	}
}

func networkOfChild(t *testing.T, ahead *Ahead) string {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	pid, binary, err := Start(Request{
		New: unix.CLONE_NEWNET | unix.CLONE_NEWUTS, Watched: -1, Cgroup: -1, Return: -1, Stdio: [3]int{0, 1, 2}, Socket: pair[1], Ahead: ahead,
	})
	unix.Close(pair[1])
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	said := make([]byte, 256)
	count, err := unix.Read(pair[0], said)
	if err != nil {
		t.Error(err)
	}
	if _, err := unix.Wait4(pid, nil, 0, nil); err != nil {
		t.Error(err)
	}
	return string(said[:max(count, 0)])
}
