package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// mishaps are failures that people meet.
var mishaps = []mishap{
	// The program.
	{name: "a program that is missing", edit: harness.Args("/bin/missing")},
	{name: "a program that is not in PATH", edit: harness.Args("missing")},
	{name: "a program that is a directory", edit: harness.Args("/bin")},
	{name: "a program that is not executable", edit: harness.Args("/etc/passwd")},
	{name: "a program of no known format", edit: harness.Args("/text"), before: file("text", "text")},
	{name: "a script whose interpreter is missing", edit: harness.Args("/script"), before: file("script", "#!/bin/no-such-interpreter\n")},
	{name: "a script with the ends of lines of Windows", edit: harness.Args("/script"), before: file("script", "#!/bin/sh\r\necho hi\r\n")},
	{name: "a program whose dynamic linker is missing", edit: harness.Args("/dynamic"), before: func(s *scene) {
		harness.DynamicProgram(s, filepath.Join(s.rootfs, "dynamic"), "/lib/ld-missing.so.1", machines[runtime.GOARCH].own)
	}},
	{name: "a program of another architecture", edit: harness.Args("/foreign"), before: func(s *scene) {
		harness.DynamicProgram(s, filepath.Join(s.rootfs, "foreign"), "/lib/ld.so.1", elf.EM_S390)
	}},
	{name: "no arguments", edit: harness.Args()},

	// Where it runs, and as which user.
	{name: "a working directory that is a file", edit: func(spec *specs.Spec) { spec.Process.Cwd = "/etc/passwd" }},
	{name: "a working directory that is closed", edit: func(spec *specs.Spec) {
		harness.UserNamespace(spec) // which does not own the root
		spec.Process.Cwd = "/closed"
		spec.Process.User = specs.User{UID: 1000, GID: 1000}
	}, before: func(s *scene) { must(s.T, os.Mkdir(filepath.Join(s.rootfs, "closed"), 0o700)) }},
	{name: "a working directory that is missing, for exec", before: running, line: []string{"exec", "--cwd", "/missing", "ID", "true"}},
	{name: "a user that is not mapped", edit: func(spec *specs.Spec) {
		harness.UserNamespace(spec)
		spec.Process.User = specs.User{UID: 70000}
	}},
	{name: "a user that is unknown", before: running, line: []string{"exec", "--user", "nobody-at-all", "ID", "true"}},
	{name: "a resource limit whose soft part is above the hard one", edit: func(spec *specs.Spec) {
		spec.Process.Rlimits = []specs.POSIXRlimit{{Type: "RLIMIT_CORE", Soft: 2, Hard: 1}}
	}},

	// The file system.
	{name: "a root that is missing", edit: func(spec *specs.Spec) { spec.Root.Path = "missing" }},
	{name: "a mount whose source is missing", edit: withMount(harness.Bind("/no/such/source", "/mnt"))},
	{name: "a mount of an unknown file system", edit: withMount(specs.Mount{Destination: "/mnt", Type: "nofs", Source: "nofs"})},
	{name: "a mount with an unknown option", edit: withMount(specs.Mount{Destination: "/mnt", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuchoption=1"}})},
	{name: "a mount whose destination is a loop of links", edit: withMount(specs.Mount{Destination: "/loop/mnt", Type: "tmpfs", Source: "tmpfs"}),
		before: func(s *scene) { must(s.T, os.Symlink("loop", filepath.Join(s.rootfs, "loop"))) }},
	{name: "a mount whose destination leads out of the root", edit: withMount(specs.Mount{Destination: "/proc/1/root/mnt", Type: "tmpfs", Source: "tmpfs"})},
	{name: "a proc file system on a symbolic link", before: func(s *scene) {
		must(s.T, os.Symlink("/etc", filepath.Join(s.rootfs, "proc")))
	}},

	// Namespaces and the kernel.
	{name: "a namespace that is missing", edit: harness.Namespace(specs.NetworkNamespace, "/run/no/such/namespace")},
	{name: "a namespace of another type", edit: harness.Namespace(specs.NetworkNamespace, "/proc/self/ns/uts")},
	{name: "a system control of the host", edit: func(spec *specs.Spec) { spec.Linux.Sysctl = map[string]string{"kernel.shm_no_such": "1"} }},
	{name: "a seccomp profile that forbids execve", edit: denying(false, "execve")},
	{name: "a seccomp profile that forbids what the start needs", edit: denying(true, "setresuid")},
	{name: "a seccomp profile that leaves the child no word either", edit: denying(true, "setresuid", "sendto", "sendmsg")},
	{name: "a seccomp profile that kills the start", edit: func(spec *specs.Spec) {
		spec.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActKillProcess}
	}},

	// Cgroups.
	{name: "a controller that the kernel does not have", edit: unified("nosuch.max", "1")},
	{name: "a controller that is bound to cgroup v1", edit: harness.Pids(10), native: "it is of a host whose controllers are bound to cgroup v1"},
	{name: "a limit that is no number", edit: func(spec *specs.Spec) {
		wrong := int64(-5)
		spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &wrong}
	}},
	{name: "a cgroup that is frozen", before: func(s *scene) { frozenGroup(s) }},
	{name: "a cgroup with processes above it that cannot hand controllers down", needs: []harness.Feature{harness.Controller("pids")},
		edit: func(spec *specs.Spec) {
			harness.Pids(10)(spec)
			spec.Linux.CgroupsPath = harness.Slice() + "/busy/inner"
		},
		before: func(s *scene) { busyGroup(s) }},
	{name: "a program that takes more memory than it may", needs: []harness.Feature{harness.Controller("memory")}, edit: func(spec *specs.Spec) {
		limit := int64(8 << 20)
		spec.Linux.Resources.Memory = &specs.LinuxMemory{Limit: &limit, Swap: &limit}
		harness.Args("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")(spec)
	}},
	{name: "a memory limit that leaves no room to execute anything", needs: []harness.Feature{harness.Controller("memory")}, edit: harness.Memory(4 << 10)},
	{name: "a pids limit that a hook reaches", needs: []harness.Feature{harness.Controller("pids")}, edit: func(spec *specs.Spec) {
		harness.Pids(1)(spec)
		withHook("startContainer", specs.Hook{Path: "/bin/true"})(spec)
	}},
	{name: "device rules without the privilege for them", blocked: unix.SYS_BPF},
	{name: "device rules on a kernel without programs for them", blocked: unix.SYS_BPF, answer: unix.EINVAL},
	{name: "a device rule with an unknown access", edit: func(spec *specs.Spec) {
		spec.Linux.Resources.Devices = []specs.LinuxDeviceCgroup{{Allow: true, Access: "rwx"}}
	}},

	// Hooks.
	{name: "a hook that is missing", edit: withHook("createContainer", specs.Hook{Path: "/no/such/hook"})},
	{name: "a hook that fails", edit: withHook("createRuntime", specs.Hook{
		Path: "/bin/sh", Args: []string{"sh", "-c", "echo looking for a GPU >&2; echo no GPU found >&2; exit 3"},
	})},
	{name: "a hook that fails before the program", edit: withHook("startContainer", specs.Hook{
		Path: "/bin/sh", Args: []string{"sh", "-c", "echo no migration ran >&2; exit 4"}, Env: []string{"PATH=/bin"},
	})},
	{name: "a hook that takes too long", edit: withHook("createContainer", specs.Hook{
		Path: "/bin/sleep", Args: []string{"sleep", "1000"}, Timeout: seconds(1),
	})},
	{name: "a hook without an end, and a deadline", edit: withHook("createContainer", specs.Hook{Path: "/bin/true"}, specs.Hook{
		Path: "/bin/sleep", Args: []string{"sleep", "1000"},
	}), line: []string{"run", "--deadline", "preparing=1s", "--bundle", "BUNDLE", "ID"}},

	// The caller.
	{name: "an id that is in use", before: running},
	{name: "an id that is none", line: []string{"run", "--bundle", "BUNDLE", "a/b"}},
	{name: "a container that does not exist", line: []string{"start", "ID"}},
	{name: "a container that does not run", before: stopped, line: []string{"kill", "ID", "TERM"}},
	{name: "exec in a container that does not run", before: stopped, line: []string{"exec", "ID", "true"}},
	{name: "a container that runs already", before: running, line: []string{"start", "ID"}},
	{name: "a root that is removed before the start", before: func(s *scene) {
		s.do("create", "--bundle", "BUNDLE", "ID")
		must(s.T, os.RemoveAll(s.rootfs))
	}, line: []string{"start", "ID"}},
	{name: "a cgroup that somebody removed, for exec", before: func(s *scene) {
		running(s)
		removeGroup(s)
	}, line: []string{"exec", "ID", "true"}},
	{name: "a state that is damaged", before: func(s *scene) {
		running(s)
		must(s.T, os.WriteFile(filepath.Join(s.root, s.id, "state.json"), []byte("{"), 0o600))
	}, line: []string{"delete", "ID"}},
	{name: "deleting a container that runs", before: running, line: []string{"delete", "ID"}},
	{name: "a bundle that is none", line: []string{"run", "--bundle", "PLACE", "ID"}},
	{name: "a configuration that is no JSON", before: config("{\"ociVersion\": \"1.0.2\",\n \"process\": {,}}")},
	{name: "a configuration with a value of the wrong type", before: config(`{"ociVersion": "1.0.2", "process": {"terminal": "yes"}}`)},
	{name: "a configuration that is too large", before: func(s *scene) {
		must(s.T, os.Truncate(filepath.Join(s.bundle, "config.json"), 17<<20))
	}},
	{name: "a terminal that nobody takes", edit: func(spec *specs.Spec) { spec.Process.Terminal = true }, line: []string{"create", "--bundle", "BUNDLE", "ID"}},
	{name: "a console socket that is missing", edit: func(spec *specs.Spec) { spec.Process.Terminal = true },
		line: []string{"create", "--console-socket", "PLACE/missing", "--bundle", "BUNDLE", "ID"}},
	{name: "a pid file that cannot be written", line: []string{"run", "--pid-file", "PLACE/missing/pid", "--bundle", "BUNDLE", "ID"}},
	{name: "a disk that is full", before: fullDisk},
	{name: "a file that may not grow as large", as: smallFiles},
	{name: "a cgroup that was not delegated", before: everybody, as: unprivileged, line: []string{"--root", "PLACE/own", "run", "--bundle", "BUNDLE", "ID"}},
	{name: "privileges that are missing", before: everybody, as: unprivileged, edit: noCgroup, line: []string{"--root", "PLACE/own", "run", "--bundle", "BUNDLE", "ID"}},
	{name: "subordinate ids that are missing", before: everybody, as: unprivileged, edit: func(spec *specs.Spec) { noCgroup(spec); harness.UserNamespace(spec) },
		line: []string{"--root", "PLACE/own", "run", "--bundle", "BUNDLE", "ID"}},
	{name: "subordinate ids that the user was not given", native: "the guest's users are its own: TestRootlessForeignIDs", before: everybody, as: withoutRanges,
		edit: func(spec *specs.Spec) { noCgroup(spec); harness.UserNamespace(spec) }, line: []string{"--root", "PLACE/own", "run", "--bundle", "BUNDLE", "ID"}},
	{name: "an unknown flag", line: []string{"run", "--bunble", "BUNDLE", "ID"}},
	{name: "an unknown command", line: []string{"strat", "ID"}},
}

// machines are the architectures' ELF machines.
var machines = map[string]struct{ own elf.Machine }{"amd64": {elf.EM_X86_64}, "arm64": {elf.EM_AARCH64}}

// file puts an executable file into the root.
func file(name, content string) func(*scene) {
	return func(s *scene) { must(s.T, os.WriteFile(filepath.Join(s.rootfs, name), []byte(content), 0o755)) }
}

// config replaces the configuration.
func config(content string) func(*scene) {
	return func(s *scene) {
		must(s.T, os.WriteFile(filepath.Join(s.bundle, "config.json"), []byte(content), 0o644))
	}
}

func withMount(mount specs.Mount) harness.Edit {
	return func(spec *specs.Spec) { spec.Mounts = append(spec.Mounts, mount) }
}

func unified(file, value string) harness.Edit {
	return func(spec *specs.Spec) { spec.Linux.Resources.Unified = map[string]string{file: value} }
}

// noCgroup asks for nothing that needs a cgroup.
func noCgroup(spec *specs.Spec) { spec.Linux.CgroupsPath, spec.Linux.Resources = "", nil }

func seconds(count int) *int { return &count }

// running starts a container that stays.
func running(s *scene) {
	s.Helper()
	bundle := harness.Bundle(s, harness.Args("/bin/sleep", "1000"))
	s.do("run", "--detach", "--bundle", bundle, "ID")
}

// removeGroup moves a container's init out of its cgroup and removes the cgroup.
func removeGroup(s *scene) {
	s.Helper()
	inspected, err := parent.Inspect(s.root, s.id)
	must(s.T, err)
	must(s.T, os.WriteFile(inspected.CgroupMount+"/cgroup.procs", []byte(strconv.Itoa(inspected.Init.PID)), 0))
	must(s.T, os.Remove(inspected.Cgroup))
}

// stopped leaves a container that has ended.
func stopped(s *scene) {
	s.Helper()
	s.do("run", "--keep", "--bundle", "BUNDLE", "ID")
}

// frozenGroup freezes the group above those of the tests' containers.
func frozenGroup(s *scene) {
	s.Helper()
	group := makeGroup(s, harness.Slice())
	must(s.T, os.WriteFile(group+"/cgroup.freeze", []byte("1"), 0))
	s.Cleanup(func() { must(s.T, os.WriteFile(group+"/cgroup.freeze", []byte("0"), 0)) })
}

func makeGroup(s *scene, path string) string {
	s.Helper()
	group := harness.CgroupMount + path
	must(s.T, os.MkdirAll(group, 0o755))
	s.Cleanup(func() { _ = os.Remove(group) }) // others may be in it
	return group
}

// busyGroup makes a group with a process, so that there can be no groups with controllers
// beneath it (cgroup-v2.rst, "No Internal Process Constraint").
func busyGroup(s *scene) {
	s.Helper()
	makeGroup(s, harness.Slice())
	group, err := os.Open(makeGroup(s, harness.Slice()+"/busy"))
	must(s.T, err)
	defer group.Close()
	process := exec.Command("/bin/sleep", "1000")
	process.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	must(s.T, process.Start())
	s.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait(); time.Sleep(10 * time.Millisecond) })
}

// fullDisk stores the state on a full file system.
func fullDisk(s *scene) {
	s.Helper()
	must(s.T, os.MkdirAll(s.root, 0o700))
	must(s.T, unix.Mount("tmpfs", s.root, "tmpfs", 0, "size=4096"))
	s.Cleanup(func() { must(s.T, unix.Unmount(s.root, 0)) })
	must(s.T, os.WriteFile(filepath.Join(s.root, "full"), make([]byte, 4096), 0o600))
}

// everybody lets other users read the bundle, and write to the place.
func everybody(s *scene) {
	s.Helper()
	must(s.T, os.Chmod(s.place, 0o777))
}

// smallFiles executes fsrun under a limit on the size of files that it writes: 1 KiB, which
// its log stays below.
func smallFiles(s *scene, command *exec.Cmd) {
	s.Helper()
	program := filepath.Join(s.place, commandName)
	must(s.T, os.Symlink(command.Path, program))
	command.Path, command.Args = "/bin/sh", append([]string{"sh", "-c", `ulimit -f 2; exec "$0" "$@"`, program}, command.Args[1:]...)
}

// unprivileged executes fsrun as a user without privileges, subordinate IDs or programs.
// The test binary is out of that user's reach.
func unprivileged(s *scene, command *exec.Cmd) {
	s.Helper()
	content, err := os.ReadFile(command.Path)
	must(s.T, err)
	command.Path = filepath.Join(s.place, commandName)
	must(s.T, os.WriteFile(command.Path, content, 0o755))
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 54321, Gid: 54321}}
	command.Env = []string{"PATH=/nonexistent"}
}

// withoutRanges executes fsrun as a known user without subordinate IDs, but with the
// programs that map them.
func withoutRanges(s *scene, command *exec.Cmd) {
	harness.NeedProgram(s, "newgidmap")
	unprivileged(s, command)
	nobody, err := user.Lookup("nobody")
	must(s.T, err)
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	must(s.T, err)
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	must(s.T, err)
	command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	command.Env = []string{"PATH=/usr/bin"}
}
