package podman

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/engines/engine"
)

// TestPod: as root and with the cgroup file system, this version of Podman attaches a
// device program to the pod's cgroup that denies everything, beneath which no runtime can
// make /dev/null. An ordinary user may not attach one. Where systemd makes the cgroups,
// root must have pods too.
func TestPod(t *testing.T) {
	engine.Need(t)
	users := []user{tester}
	if manager == "systemd" {
		users = append(users, root)
	}
	for _, u := range users {
		t.Run(u.name, func(t *testing.T) { testPod(t, u) })
	}
}

func testPod(t *testing.T, u user) {
	const pod = "shared"
	// Podman would build the image of the pod's own container, from a network.
	engine.Run(t, u.command("pod", "create", "--name", pod, "--network=none", "--infra-image="+image, "--infra-command=sleep 1000", "--share=net,ipc,uts,pid")...)
	t.Cleanup(func() { engine.Run(t, u.command("pod", "rm", "--force", "--time=0", pod)...) })
	engine.Run(t, u.command("run", "--detach", "--name=first", "--pod="+pod, image, "sh", "-c", serve)...)
	share(t, u, "first", []string{"--pod=" + pod})
}

func TestSharedNamespaces(t *testing.T) {
	engine.Need(t)
	name := root.start(t, []string{"--ipc=shareable"}, "sh", "-c", serve)
	var options []string
	for _, kind := range []string{"network", "ipc", "uts", "pid"} {
		options = append(options, "--"+kind+"=container:"+name)
	}
	share(t, root, name, options)
}

const serve = "echo served > /tmp/index.html; httpd -f -p 8080 -h /tmp"

// share looks, from two containers, at the namespaces that they share, and at one that they
// do not.
func share(t *testing.T, u user, name string, options []string) {
	t.Helper()
	const look = "for n in net ipc uts pid mnt; do readlink /proc/self/ns/$n; done"
	first := engine.Fields(t, u.command("exec", name, "sh", "-c", look)...)
	second := strings.Fields(u.run(t, options, "sh", "-c", look))
	if len(first) != 5 || len(second) != 5 {
		t.Fatalf("the namespaces are %q and %q, want five each", first, second)
	}
	for index, kind := range []string{"net", "ipc", "uts", "pid"} {
		if first[index] != second[index] {
			t.Errorf("the %s namespaces are %s and %s, want one", kind, first[index], second[index])
		}
	}
	if first[4] == second[4] {
		t.Error("the mount namespace is one, want two")
	}
	engine.Eventually(t, "one container reads what the other serves", func() bool {
		return engine.Try(t, u.runCommand(options, "wget", "-q", "-O", "-", "http://127.0.0.1:8080/")...).Output == "served"
	})
}

func TestUserNamespaces(t *testing.T) {
	engine.Need(t)
	got := root.run(t, []string{"--uidmap=0:200000:5000", "--gidmap=0:300000:5000"}, "sh", "-c", "id -u; tr -s ' ' < /proc/self/uid_map; tr -s ' ' < /proc/self/gid_map; touch /tmp/own")
	if got != "0\n 0 200000 5000\n 0 300000 5000" {
		t.Errorf("with mappings the container printed %q", got)
	}
	if got := tester.run(t, []string{"--userns=keep-id"}, "id", "-u"); got != "1000" {
		t.Errorf("with keep-id the user is %s, want 1000", got)
	}
	if got := tester.run(t, []string{"--userns=nomap"}, "sh", "-c", "tr -s ' ' < /proc/self/uid_map | wc -l"); got != "1" {
		t.Errorf("with nomap there are %s mappings, want 1", got)
	}
	if got := root.run(t, []string{"--userns=host"}, "sh", "-c", "tr -s ' ' < /proc/self/uid_map"); got != "0 0 4294967295" {
		t.Errorf("in the host's user namespace the mapping is %q", got)
	}
}

func TestSecurityOptions(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		for _, test := range []struct {
			name    string
			options []string
			script  string
			want    string
		}{
			{"Seccomp", nil, "grep Seccomp: /proc/self/status", "Seccomp:\t2"},
			{"NoSeccomp", []string{"--security-opt=seccomp=unconfined"}, "grep Seccomp: /proc/self/status", "Seccomp:\t0"},
			{"NoNewPrivileges", []string{"--security-opt=no-new-privileges"}, "grep NoNewPrivs /proc/self/status", "NoNewPrivs:\t1"},
			{"Capabilities", []string{"--cap-drop=all", "--cap-add=net_raw"}, "grep CapEff /proc/self/status", "CapEff:\t0000000000002000"},
			{"ReadOnly", []string{"--read-only"}, "touch /file 2>/dev/null || echo refused; touch /tmp/file && echo made", "refused\nmade"},
			{"User", []string{"--user=1000:1000", "--group-add=2001"}, "id -u; id -G", "1000\n1000 2001"},
			{"Init", []string{"--init"}, "cat /proc/1/comm", "podman-init"},
			{"Hostname", []string{"--hostname=named"}, "hostname", "named"},
			{"Tmpfs", []string{"--tmpfs=/mine:size=1m,mode=700"}, "df -k /mine | awk 'END {print $2}'; stat -c %a /mine", "1024\n700"},
			{"Sysctl", []string{"--sysctl=kernel.msgmax=4096"}, "cat /proc/sys/kernel/msgmax", "4096"},
			{"Masked", nil, "wc -c < /proc/kcore; echo x 2>/dev/null > /proc/sysrq-trigger || echo refused", "0\nrefused"},
			{"Ulimit", []string{"--ulimit=nofile=123:456"}, "ulimit -Sn; ulimit -Hn", "123\n456"},
			{"Device", []string{"--device=/dev/net/tun:/dev/mine"}, "test -c /dev/mine && echo there", "there"},
		} {
			t.Run(test.name, func(t *testing.T) {
				if got := u.run(t, test.options, "sh", "-c", test.script); got != test.want {
					t.Errorf("%v: the container printed %q, want %q", test.options, got, test.want)
				}
			})
		}
	})
}

func TestVolumes(t *testing.T) {
	everyUser(t, func(t *testing.T, u user) {
		directory, err := os.MkdirTemp("/var/tmp", "volume-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(directory) })
		if err := os.WriteFile(filepath.Join(directory, "file"), []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(directory, 0o777); err != nil {
			t.Fatal(err)
		}
		got := u.run(t, []string{"--volume=" + directory + ":/data:ro"}, "sh", "-c", "cat /data/file; touch /data/new 2>/dev/null || echo ' refused'")
		if got != "content refused" {
			t.Errorf("a read-only volume gives %q", got)
		}
		u.run(t, []string{"--volume=" + directory + ":/data"}, "touch", "/data/new")
		if _, err := os.Stat(filepath.Join(directory, "new")); err != nil {
			t.Error(err)
		}
	})
}

func TestWithoutCgroups(t *testing.T) {
	engine.Need(t)
	if got := root.run(t, []string{"--cgroups=disabled"}, "echo", "ran"); got != "ran" {
		t.Errorf("without cgroups the container printed %q", got)
	}
}

func TestWithoutDelegation(t *testing.T) {
	engine.Need(t)
	if got := undelegated.run(t, nil, "echo", "ran"); got != "ran" {
		t.Errorf("without a delegated cgroup the container printed %q", got)
	}
}

func TestNetworks(t *testing.T) {
	engine.Need(t)
	name := root.start(t, []string{"--network=podman"}, "sh", "-c", "echo greeting > /tmp/index.html; httpd -f -p 8080 -h /tmp")
	address := root.inspect(t, name, "{{.NetworkSettings.IPAddress}}")
	engine.Eventually(t, "another container reads the greeting", func() bool {
		return engine.Try(t, root.runCommand([]string{"--network=podman"}, "wget", "-q", "-O", "-", "http://"+address+":8080/")...).Output == "greeting"
	})
}

func TestRootlessNetwork(t *testing.T) {
	engine.Need(t)
	got := tester.run(t, []string{"--network=slirp4netns"}, "sh", "-c", "ip -o -4 address show tap0 | awk '{print $4}'")
	if got != "10.0.2.100/24" {
		t.Errorf("the address is %q, want slirp4netns' 10.0.2.100/24", got)
	}
}
