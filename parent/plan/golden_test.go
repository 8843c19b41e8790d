package plan

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden plans")

const (
	goldens = "../../testdata/plans"
	bundles = "../../testdata/bundles"
)

// facts are those of an ordinary machine.
func facts() *Facts {
	return &Facts{
		Bundle: "/bundle", ID: "demo", CgroupMount: "/sys/fs/cgroup",
		OpenFiles: 1024, MaxOpenFiles: 524288, Stack: 32 << 20, State: []byte(`{"id":"demo"}`), Capabilities: 1<<64 - 1,
	}
}

// golden compares a plan with its file, or writes it.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(goldens, name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (-golden +lowered; -update rewrites it):\n%s", path, diff)
	}
}

// TestBundlesOfOtherTools lowers complete bundles written by other tools.
func TestBundlesOfOtherTools(t *testing.T) {
	configs, err := filepath.Glob(bundles + "/*/" + bundle.ConfigName)
	if err != nil || len(configs) < 5 {
		t.Fatalf("%d bundles, %v; want those of runc and crun and the full one", len(configs), err)
	}
	for _, config := range configs {
		name := filepath.Base(filepath.Dir(config))
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(config)
			if err != nil {
				t.Fatal(err)
			}
			spec, err := bundle.ParseSpec(string(text))
			if err != nil {
				t.Fatal(err)
			}
			plan, err := Init(spec, facts())
			if err != nil {
				t.Fatal(err)
			}
			fits(t, plan)
			golden(t, name, print(plan, everything))
		})
	}
}

// fits checks that a child would accept the plan's frames.
func fits(t *testing.T, plan *Plan) {
	t.Helper()
	parts, err := protocol.Cut(plan.Ops)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		if _, err := protocol.Encode(&protocol.Plan{Ops: part.Ops}); err != nil {
			t.Fatal(err)
		}
	}
}

// small is a minimal configuration.
func small() *specs.Spec {
	return &specs.Spec{
		Version: "1.2.0",
		Root:    &specs.Root{Path: "rootfs"},
		Process: &specs.Process{Cwd: "/", Args: []string{"/bin/true"}},
		Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{
			{Type: specs.MountNamespace}, {Type: specs.PIDNamespace},
		}},
	}
}

// rules are lowered from the small configuration, each with one change.
var rules = []struct {
	name, says string
	change     func(*specs.Spec, *Facts)
	show       func(protocol.Op) bool
}{
	{"small", "What is there without being asked for.", func(*specs.Spec, *Facts) {}, everything},
	{
		"namespaces", "Namespaces are made, or joined by path. Only a new network namespace has a loopback to bring up.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces,
				specs.LinuxNamespace{Type: specs.UTSNamespace}, specs.LinuxNamespace{Type: specs.CgroupNamespace},
				specs.LinuxNamespace{Type: specs.NetworkNamespace, Path: "/run/netns/blue"},
				specs.LinuxNamespace{Type: specs.IPCNamespace, Path: "/proc/1/ns/ipc"})
		},
		only(protocol.OpLoopback, protocol.OpRoot, protocol.OpPivot),
	},
	{
		"user_namespace", "In a user namespace the parent opens the sources of bind mounts, and the host's devices are bound, but pipes are made.",
		func(s *specs.Spec, _ *Facts) {
			addUserNamespace(s)
			s.Mounts = []specs.Mount{{Destination: "/data", Source: "/srv", Options: []string{"rbind"}}, proc}
			s.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229}, {Path: "/dev/pipe", Type: "p"}}
		},
		only(protocol.OpBind, protocol.OpMount, protocol.OpDevice),
	},
	{
		"user_namespace_joined", "The maps of a joined user namespace are there, but what a user namespace forbids is forbidden.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace, Path: "/proc/7/ns/user"})
			s.Mounts = []specs.Mount{{Destination: "/data", Source: "/srv", Options: []string{"bind"}}}
		},
		only(protocol.OpBind, protocol.OpDevice),
	},
	{
		"cgroup_without_namespace", "Without a cgroup namespace the host's tree itself is shown, with the mount's attributes.",
		func(s *specs.Spec, _ *Facts) { s.Mounts = []specs.Mount{cgroup} },
		only(protocol.OpBind, protocol.OpMount),
	},
	{
		"cgroup_with_namespace", "With a cgroup namespace the tree is mounted again.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.CgroupNamespace})
			s.Mounts = []specs.Mount{cgroup}
		},
		only(protocol.OpBind, protocol.OpMount),
	},
	{
		"cgroup_of_a_pod", "In a cgroup namespace that is joined the tree is mounted again, too, and shows what that namespace may see.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.CgroupNamespace, Path: "/proc/7/ns/cgroup"})
			s.Mounts = []specs.Mount{cgroup}
		},
		only(protocol.OpBind, protocol.OpMount),
	},
	{
		"cgroup_of_the_host", "Where the path leads to the runtime's own namespace, the host's tree itself is shown.",
		func(s *specs.Spec, f *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.CgroupNamespace, Path: "/proc/self/ns/cgroup"})
			s.Mounts, f.JoinsOwnCgroups = []specs.Mount{cgroup}, true
		},
		only(protocol.OpBind, protocol.OpMount),
	},
	{
		"dev_bound", "A /dev that is bound is the host's: no device and no link is made in it.",
		func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{{Destination: "/dev/", Source: "/dev", Options: []string{"rbind", "rslave"}}}
			s.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/fuse", Type: "c", Major: 10, Minor: 229}}
		},
		everything,
	},
	{
		"devices", "A device that is asked for takes the place of the default one of the same path; only permission bits count.",
		func(s *specs.Spec, _ *Facts) {
			mode, id := os.FileMode(0o60640), uint32(7)
			s.Linux.Devices = []specs.LinuxDevice{
				{Path: "/dev/./null", Type: "c", Major: 1, Minor: 3, FileMode: &mode, UID: &id, GID: &id},
				{Path: "/dev/raw", Type: "u", Major: 162, Minor: 0}, {Path: "/dev/sda", Type: "b", Major: 8, Minor: 0},
			}
		},
		only(protocol.OpDevice),
	},
	{
		"terminal", "A terminal is opened once /dev stands, before hooks.",
		func(s *specs.Spec, _ *Facts) {
			s.Process.Terminal, s.Process.ConsoleSize = true, &specs.Box{Width: 80, Height: 25}
			s.Hooks = &specs.Hooks{CreateContainer: []specs.Hook{{Path: "/h"}}}
		},
		only(protocol.OpLink, protocol.OpConsole, protocol.OpHook, protocol.OpPivot),
	},
	{
		"hooks", "Of the six points two are the parent's, with the device program before them, two the child's; those of poststart and poststop are in no plan.",
		func(s *specs.Spec, _ *Facts) {
			timeout := 5
			point := func(name string) []specs.Hook {
				return []specs.Hook{{Path: "/h/" + name, Args: []string{name, "0"}, Env: []string{"A=1"}, Timeout: &timeout}, {Path: "/h/" + name}}
			}
			s.Hooks = &specs.Hooks{
				//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
				Prestart:      point("prestart"),
				CreateRuntime: point("createRuntime"), CreateContainer: point("createContainer"),
				StartContainer: point("startContainer"), Poststart: point("poststart"), Poststop: point("poststop"),
			}
			s.Process.Cwd = "/work"
		},
		only(protocol.OpParentHooks, protocol.OpHook, protocol.OpDirectory, protocol.OpPivot, protocol.OpExecute),
	},
	{
		"hooks_of_the_container", "Hooks of the container alone need no exchange, and no early device program.",
		func(s *specs.Spec, _ *Facts) {
			s.Hooks = &specs.Hooks{StartContainer: []specs.Hook{{Path: "/h"}}}
		},
		only(protocol.OpParentHooks, protocol.OpHook, protocol.OpPivot, protocol.OpExecute),
	},
	{
		"protections", "Kernel parameters, by their keys, then read-only paths, then masked ones, then the root itself, all after the pivot.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Sysctl = map[string]string{"net.ipv4.ip_forward": "1", "kernel.shmmax": "65536", "fs.mqueue.msg_max": "20"}
			s.Linux.MaskedPaths, s.Linux.ReadonlyPaths = []string{"/proc/kcore", "/sys/firmware"}, []string{"/proc/sys"}
			s.Root.Readonly, s.Linux.RootfsPropagation = true, "rslave"
		},
		only(protocol.OpPivot, protocol.OpSysctl, protocol.OpReadOnly, protocol.OpMask, protocol.OpRootAttributes),
	},
	{
		"mounts", "What mount options become: attributes, file system options, propagation, copies; a relative bind source counts from the bundle, a relative destination from the root.",
		func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{
				{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=1777", "size=64k", "sync", "tmpcopyup", "private"}},
				{Destination: "data", Source: "volumes/data", Options: []string{"rbind", "rro", "noexec", "rslave"}},
				{Destination: "/etc/hosts", Source: "/srv/../srv/hosts", Options: []string{"bind", "ro", "noatime"}},
				{Destination: "/ro", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro", "rnosuid"}},
				{Destination: "/disk", Type: "ext4", Source: "/dev/sda1", Options: []string{"ro", "noload"}},
			}
		},
		only(protocol.OpMount, protocol.OpBind, protocol.OpRemount),
	},
	{
		"remount", "A mount that stands is changed: a bind mount's attributes, another file system's options too.",
		func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{
				{Destination: "/a", Source: "/srv", Options: []string{"rbind"}},
				{Destination: "/a", Options: []string{"bind", "remount", "ro", "sync", "rnosuid", "rslave"}},
				{Destination: "/b", Type: "tmpfs", Options: []string{"sync", "lazytime"}},
				{Destination: "/b", Type: "tmpfs", Options: []string{"remount", "async", "nolazytime", "mand", "noexec", "size=1m", "ro"}},
				{Destination: "/c", Type: "ext4", Source: "/dev/sda1", Options: []string{"ro"}},
				{Destination: "/c/.", Options: []string{"remount", "rw"}},
				{Destination: "/c", Options: []string{"remount", "ro"}},
				{Destination: "/c", Options: []string{"bind", "remount", "rw"}},
				{Destination: "/a", Options: []string{"remount", "ro"}},
				{Destination: "/image", Type: "ext4", Options: []string{"remount", "ro"}},
			}
		},
		only(protocol.OpMount, protocol.OpBind, protocol.OpRemount),
	},
	{
		"read_only_in_memory", "A file system in memory is read-only only once nothing is put there any more, be it devices, mount points, copies, what hooks put there or the working directory, or right before another mount covers it. The last word on it counts, and what is mounted below it is left alone.",
		func(s *specs.Spec, _ *Facts) {
			s.Mounts = []specs.Mount{
				{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "mode=755"}},
				{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nodev"}},
				{Destination: "/dev", Options: []string{"remount", "ro"}},
				{Destination: "/run", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}},
				{Destination: "/run/sec", Source: "/srv", Options: []string{"bind", "ro"}},
				{Destination: "/copied", Type: "tmpfs", Source: "tmpfs", Options: []string{"rro", "tmpcopyup"}},
				{Destination: "/covered/twice", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}},
				{Destination: "/covered", Source: "/srv", Options: []string{"bind"}},
				{Destination: "/covered/twice", Type: "ramfs", Source: "ramfs", Options: []string{"ro"}},
				{Destination: "/all", Type: "tmpfs", Source: "tmpfs"},
				{Destination: "/all", Type: "tmpfs", Options: []string{"remount", "rro", "noexec"}},
				{Destination: "/again", Type: "tmpfs", Source: "tmpfs", Options: []string{"ro"}},
				{Destination: "/again", Type: "tmpfs", Options: []string{"remount", "rw"}},
				{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"ro"}},
			}
			s.Process.Terminal, s.Process.Cwd = true, "/run/work"
			s.Hooks = &specs.Hooks{CreateContainer: []specs.Hook{{Path: "/h"}}}
		},
		only(protocol.OpMount, protocol.OpBind, protocol.OpRemount, protocol.OpConsole, protocol.OpHook, protocol.OpDirectory, protocol.OpPivot),
	},
	{
		"owners", "Sources whose owners are mapped are the parent's to open, with or without a user namespace.",
		func(s *specs.Spec, _ *Facts) {
			lines := []specs.LinuxIDMapping{{ContainerID: 0, HostID: 1000, Size: 10}}
			s.Mounts = []specs.Mount{
				{Destination: "/a", Source: "/srv", Options: []string{"rbind", "ridmap"}, UIDMappings: lines, GIDMappings: lines},
				{Destination: "/b", Source: "/srv", Options: []string{"bind"}, UIDMappings: lines, GIDMappings: lines},
				{Destination: "/c", Source: "/srv", Options: []string{"bind"}},
			}
		},
		only(protocol.OpBind),
	},
	{
		"owners_of_the_container", "Where a mount has no mapping of its own, the container's user namespace has it.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace, Path: "/proc/7/ns/user"})
			s.Mounts = []specs.Mount{{Destination: "/a", Source: "/srv", Options: []string{"bind", "idmap"}}}
		},
		only(protocol.OpBind),
	},
	{
		"shared_root", "Where mounts are to show on the host, the old tree stays as it is, and every bind that does not ask to be shared is cut off.",
		func(s *specs.Spec, _ *Facts) {
			s.Linux.RootfsPropagation = "rshared"
			s.Mounts = []specs.Mount{
				{Destination: "/bidirectional", Source: "/srv", Options: []string{"rbind", "rshared"}},
				{Destination: "/plain", Source: "/srv", Options: []string{"bind"}},
				{Destination: "/private", Source: "/srv", Options: []string{"rbind", "private"}},
				{Destination: "/unbindable", Source: "/srv", Options: []string{"bind", "unbindable"}},
				{Destination: "/both", Source: "/srv", Options: []string{"rbind", "rslave", "rshared"}},
			}
		},
		only(protocol.OpRoot, protocol.OpBind, protocol.OpRootAttributes),
	},
	{
		"no_pivot", "The root is moved instead of pivoted to where the caller says so.",
		func(_ *specs.Spec, f *Facts) { f.NoPivot = true },
		only(protocol.OpPivot),
	},
	{
		"no_new_keyring", "The caller's keyring is kept where the caller says so.",
		func(_ *specs.Spec, f *Facts) { f.NoNewKeyring = true },
		only(protocol.OpKeyring, protocol.OpRoot),
	},
	{
		"working_directory", "A working directory that is missing is made, before the pivot.",
		func(s *specs.Spec, _ *Facts) { s.Process.Cwd = "/srv//app/" },
		only(protocol.OpDirectory, protocol.OpPivot, protocol.OpExecute),
	},
	{
		"working_directory_in_proc", "A descriptor's name is no directory to be made: it is for the child to refuse.",
		func(s *specs.Spec, _ *Facts) { s.Process.Cwd = "/proc/self/fd/7" },
		only(protocol.OpDirectory, protocol.OpPivot, protocol.OpExecute),
	},
	{
		"identity", "What is about the process and not about files comes first.",
		func(s *specs.Spec, _ *Facts) {
			score := -500
			s.Process.OOMScoreAdj = &score
			s.Hostname, s.Domainname = "host", "example.test"
			s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UTSNamespace}, specs.LinuxNamespace{Type: specs.NetworkNamespace})
		},
		only(protocol.OpOOMScore, protocol.OpHostname, protocol.OpDomainname, protocol.OpLoopback, protocol.OpKeyring, protocol.OpRoot),
	},
	{
		"resource_limits", "Limits as they are asked for; the one on open files is the caller's unless it is among them.",
		func(s *specs.Spec, _ *Facts) {
			s.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_CORE", Soft: 0, Hard: 1}, {Type: "RLIMIT_MEMLOCK", Soft: 1<<64 - 1, Hard: 1<<64 - 1}}
		},
		only(protocol.OpResourceLimit),
	},
	{
		"open_files", "A limit on open files that is asked for is the only one.",
		func(s *specs.Spec, _ *Facts) {
			s.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 16, Hard: 32}}
		},
		only(protocol.OpResourceLimit),
	},
	{
		"user", "Ids, groups, umask, capabilities and descriptors; a filter is compiled.",
		func(s *specs.Spec, f *Facts) {
			umask := uint32(0)
			s.Process.User = specs.User{UID: 1000, GID: 100, AdditionalGids: []uint32{5, 6}, Umask: &umask}
			s.Process.NoNewPrivileges = true
			s.Process.Capabilities = &specs.LinuxCapabilities{
				Bounding: []string{"CAP_KILL", "CAP_CHOWN"}, Permitted: []string{"CAP_KILL"}, Effective: []string{"CAP_KILL"},
				Inheritable: []string{"CAP_KILL"}, Ambient: []string{"CAP_KILL"},
			}
			s.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Flags: []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog},
				Syscalls: []specs.LinuxSyscall{{Names: []string{"mount"}, Action: specs.ActErrno}}}
			f.PreservedFDs = 2
		},
		only(protocol.OpExecute),
	},
	{
		"notify", "The mount for NOTIFY_SOCKET is the variable's, and no entry of the configuration.",
		func(s *specs.Spec, f *Facts) {
			s.Mounts = []specs.Mount{proc, {Destination: "/run/notify/notify.sock", Type: "bind", Source: "/run/systemd/notify", Options: []string{"bind"}}}
			f.NotifyMount = true
		},
		only(protocol.OpMount, protocol.OpBind),
	},
	{
		"program", "What the kernel is told of the program comes right before the last operation: its label, memory policy, execution domain, and who answers for its filter.",
		func(s *specs.Spec, f *Facts) {
			f.AppArmor = true
			s.Process.ApparmorProfile = "fsrun-default"
			s.Linux.MemoryPolicy = &specs.LinuxMemoryPolicy{Mode: specs.MpolInterleave, Nodes: "0-1,4", Flags: []specs.MemoryPolicyFlagType{specs.MpolFStaticNodes}}
			s.Linux.Personality = &specs.LinuxPersonality{Domain: specs.PerLinux32}
			s.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/run/agent.sock",
				Syscalls: []specs.LinuxSyscall{{Names: []string{"mkdir", "mkdirat", "sendmsg"}, Action: specs.ActNotify}}}
		},
		only(protocol.OpLabel, protocol.OpMemoryPolicy, protocol.OpPersonality, protocol.OpListener, protocol.OpExecute),
	},
	{
		"selinux", "The program has its label, and the files of new file systems have theirs, unless the kernel gives them one itself.",
		func(s *specs.Spec, f *Facts) {
			f.SELinux = true
			s.Process.SelinuxLabel, s.Linux.MountLabel = "system_u:system_r:container_t:s0:c1,c2", "system_u:object_r:container_file_t:s0:c1,c2"
			s.Mounts = []specs.Mount{proc, {Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"size=64m"}}, {Destination: "/data", Type: "bind", Source: "/srv", Options: []string{"bind"}}}
		},
		only(protocol.OpMount, protocol.OpBind, protocol.OpLabel),
	},
	{
		"unprivileged", "Where setgroups(2) is denied, nobody asks for it.",
		func(s *specs.Spec, f *Facts) {
			addUserNamespace(s)
			f.Unprivileged, f.NoGroups = true, true
		},
		only(protocol.OpExecute),
	},
	{
		"large_environment", "2 MiB of environment travel in as many operations as it takes.",
		func(s *specs.Spec, _ *Facts) { s.Process.Env = strings2MiB() },
		only(protocol.OpArguments, protocol.OpEnvironment),
	},
}

var (
	proc   = specs.Mount{Destination: "/proc", Type: "proc", Source: "proc"}
	cgroup = specs.Mount{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: []string{"nosuid", "noexec", "nodev", "relatime", "ro"}}
)

func addUserNamespace(s *specs.Spec) {
	s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: specs.UserNamespace})
	s.Linux.UIDMappings = []specs.LinuxIDMapping{{HostID: 1000, Size: 1}}
	s.Linux.GIDMappings = s.Linux.UIDMappings
}

func TestRules(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			spec, facts := small(), facts()
			rule.change(spec, facts)
			plan, err := Init(spec, facts)
			if err != nil {
				t.Fatal(err)
			}
			fits(t, plan)
			golden(t, rule.name, rule.says+"\n\n"+print(plan, rule.show))
		})
	}
}

// TestExec lowers a process that joins: nothing of the container is made.
func TestExec(t *testing.T) {
	spec := small()
	spec.Mounts, spec.Hostname = []specs.Mount{proc}, "host"
	spec.Hooks = &specs.Hooks{StartContainer: []specs.Hook{{Path: "/h"}}}
	spec.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow}
	score := 7
	process := &specs.Process{Terminal: true, Cwd: "/work", Args: []string{"sh"}, Env: []string{"A=1"}, OOMScoreAdj: &score}
	plan, err := Exec(spec, process, facts())
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range plan.Ops {
		if !op.Kind().IsFor(protocol.RoleJoin) {
			t.Errorf("%s is not for a child that joins", protocol.Describe(op, i))
		}
	}
	golden(t, "exec", "A process that joins a container has its filter, and builds nothing.\n\n"+print(plan, everything))
}

// TestNoGoldenIsLeft finds files that no test writes any more.
func TestNoGoldenIsLeft(t *testing.T) {
	known := map[string]bool{"exec.txt": true}
	for _, rule := range rules {
		known[rule.name+".txt"] = true
	}
	configs, _ := filepath.Glob(bundles + "/*/" + bundle.ConfigName)
	for _, config := range configs {
		known[filepath.Base(filepath.Dir(config))+".txt"] = true
	}
	entries, err := os.ReadDir(goldens)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("%s/%s belongs to no test", goldens, entry.Name())
		}
	}
}
