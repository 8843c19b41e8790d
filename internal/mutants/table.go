package main

// mutant removes a guard, which a test must notice.
type mutant struct {
	class     string // in docs/security.md
	guard     string // what is removed
	edits     []edit
	directory string // of the test's package, relative to the module
	test      string
}

// edit replaces the only occurrence of a text in a file.
type edit struct{ file, old, new string }

var mutants = []mutant{
	{"V1", "a child that joins a user namespace cannot be looked into", []edit{
		{"parent/spawn/spawn.go", "hidden := joinsUser(joins)", "hidden := false && joinsUser(joins)"},
		{"child/greet.go", "return childmachine.Plain, hide()", "return childmachine.Plain, nil"},
	}, "cmd/fsrun", "TestJoiningChildIsClosed"},
	{"V1", "a child that may be looked into has nothing of the host's", []edit{
		{"parent/execspawn.go", "Watched: watched", "Watched: -1"},
	}, "cmd/fsrun", "TestJoiningChildHasNothingOfTheHosts"},
	{"V1", "a child joins no user namespace that the container has made", []edit{
		{"parent/users.go", "if inode == container.UserNamespace ||", "if inode != 0 ||"},
	}, "cmd/fsrun", "TestJoiningChildIsClosed|TestJoinIsInContainersUserNamespace"},
	{"V1", "a user namespace that has an id for the runtime protects nobody", []edit{
		{"parent/users.go", "if us >= mapping.HostID", "if us == mapping.HostID+mapping.Size && us >= mapping.HostID"},
	}, "cmd/fsrun", "TestJoiningChildHasNothingOfTheHosts"},
	{"V1", "a child that is created among others does not show itself to them", []edit{
		{"parent/oomscore.go", "if !h.joinsUserNamespace() {", "if true || !h.joinsUserNamespace() {"},
	}, "cmd/fsrun", "TestCreatedChildIsClosedToItsPod"},
	{"V2", "the child executes a sealed view of the binary", []edit{
		{"parent/spawn/seal.go", "if binary, err = overlay(); err == nil {", "var file int\n\t\tfile, err = unix.Open(self, unix.O_RDONLY|unix.O_CLOEXEC, 0)\n\t\tif binary = (&Binary{file, none}); err == nil {"},
	}, "cmd/fsrun", "TestBinaryIsNotWrittenWhenItIsFree"},
	{"V2", "the copy of the binary in memory is sealed", []edit{
		{"parent/spawn/seal.go", "unix.F_SEAL_GROW | unix.F_SEAL_WRITE", "unix.F_SEAL_GROW"},
	}, "parent/spawn", "TestSeal"},
	{"V3", "the working directory lies within the root", []edit{
		{"child/handoff/directory.go", "if len(path) == 0 || path[0] != '/' {", "if len(path) == 0 {"},
	}, "cmd/fsrun", "TestWorkingDirectoryOutsideIsRefused"},
	{"V3", "the child has no descriptor that the caller has leaked", []edit{
		{"parent/spawn/spawn.go", "uintptr(next), math.MaxUint32", "uintptr(next+1000), math.MaxUint32"},
		{"child/handoff/compile.go", "uintptr(3+e.Execute.PreservedFDs), math.MaxUint32", "uintptr(1000+e.Execute.PreservedFDs), math.MaxUint32"},
	}, "cmd/fsrun", "TestDescriptors|TestLeakedDirectoriesAreNoWayOut"},
	{"V4", "what is to be seen at /proc is procfs", []edit{
		{"child/rootfs/guard.go", "case kind != kernelViews[guard.filesystem]:", "case kind == 0:"},
	}, "child/rootfs", "TestCoveredProcIsRefused"},
	{"V4", "procfs is mounted on a real directory", []edit{
		{"child/rootfs/mount.go", "strict: isKernelView(op.Filesystem)", "strict: false"},
	}, "child/rootfs", "TestKernelViewNeedsRealDirectory"},
	{"V4", "what is masked is looked up on the procfs that was checked", []edit{
		{"child/rootfs/guard.go", "is && guard.view != none {", "is && guard.view == none {"},
	}, "child/rootfs", "TestAttackerAtEveryStep/view"},
	{"V4", "parameters are written through a procfs of our own", []edit{
		{"child/rootfs/sysctl.go", "import (\n", "import (\n\t\"os\"\n"},
		{"child/rootfs/sysctl.go", "file, err := handle.OpenRoot(name)", "_ = handle\n\tfile, err := os.Open(\"/proc/\" + name)"},
	}, "child/rootfs", "TestSysctlIgnoresContainerProc"},
	{"V4", "labels are written through a procfs of our own", []edit{
		{"child/rootfs/attribute.go", "import (\n", "import (\n\t\"os\"\n"},
		{"child/rootfs/attribute.go", "file, unlock, err := handle.OpenThreadSelf(path)", "_, unlock := handle, func() {}\n\tfile, err := os.Open(\"/proc/thread-self/\" + path)"},
	}, "child/rootfs", "TestAttributeIgnoresContainerProc"},
	{"V4", "descriptors are found in a real procfs", []edit{
		{"child/rootfs/process.go", "err != nil || stat.Type != unix.PROC_SUPER_MAGIC {", "err != nil {"},
	}, "child/rootfs", "TestCallersDescriptors"},
	{"V5", "paths are resolved beneath the root", []edit{
		{"child/rootfs/tree.go", "unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS", "unix.RESOLVE_NO_MAGICLINKS"},
	}, "child/rootfs", "TestMountFollowsInside"},
	{"V5", "a mount is looked for where it was put", []edit{
		{"child/rootfs/attach.go", "if want != have {", "if want == 0 && have == 0 {"},
	}, "child/rootfs", "TestMovedDestinationIsNoticed"},
	{"V6", "devices are made beneath the root", []edit{
		{"child/rootfs/tree.go", "unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS", "0"},
	}, "child/rootfs", "TestDevLeadsOutside"},
	{"V6", "a link in place of /dev/console is refused", []edit{
		{"child/rootfs/filebind.go", "if isType(stat.Mode, unix.S_IFLNK) || isType(stat.Mode, unix.S_IFDIR) {", "if isType(stat.Mode, unix.S_IFDIR) {"},
	}, "child/rootfs", "TestConsoleRefusals"},
	{"V7", "what masks is the null device", []edit{
		{"child/rootfs/null.go", "if err == nil && null.is(&stat) {", "if err == nil {"},
	}, "child/rootfs", "TestMaskNeedsTheNullDevice"},
	{"V8", "the terminal is of the container's devpts", []edit{
		{"child/rootfs/console.go", "if !multiplexer.is(&stat) || stat.Dev != device {", "if device == 0 {"},
	}, "child/rootfs", "TestConsoleRefusals|TestConsoleOfRunningContainer"},
	{"V9", "what is read-only is so below as well", []edit{
		{"child/rootfs/readonly.go", "unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY", "0, unix.MOUNT_ATTR_RDONLY"},
	}, "child/rootfs", "TestReadOnlyCoversMountsBelow"},
	{"V9", "attributes come before the mount can be seen", []edit{
		{"child/rootfs/readonly.go", `	if err := setAttributes(cover, path, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return err
	}
	return b.attach(cover, destination, path, lookup{})`, `	if err := b.attach(cover, destination, path, lookup{}); err != nil {
		return err
	}
	return setAttributes(cover, path, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0)`},
	}, "child/rootfs", "TestAttributesComeBeforeSight"},
	{"V10", "a capability that exec adds is not inheritable", []edit{
		{"cmd/fsrun/processchanges.go", "&process.Capabilities.Permitted, &process.Capabilities.Effective}", "&process.Capabilities.Permitted, &process.Capabilities.Effective, &process.Capabilities.Inheritable}"},
	}, "cmd/fsrun", "TestContainerScripts/container_exec_identity"},
	{"V10", "what was ambient before is so no longer", []edit{
		{"child/creds/creds.go", "unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)", "unix.PR_CAP_AMBIENT_IS_SET, 0, 0, 0)"},
		{"child/creds/creds.go", "Inheritable: uint32(op.Inheritable >> shift),", "Inheritable: uint32((op.Inheritable | op.Permitted) >> shift),"},
	}, "child/creds", "TestSetsAreReplaced"},
	{"V11", "the host's cgroup tree is bound as the configuration says", []edit{
		{"parent/plan/cgroup.go", "l.bind(place, l.facts.CgroupMount, destination, options, propagation)", "l.bind(place, l.facts.CgroupMount, destination, new(bundle.MountOptions), propagation)"},
	}, "cmd/fsrun", "TestCgroupTreeStaysReadOnly"},
	{"V12", "an id is a number as a whole", []edit{
		{"cmd/fsrun/processchanges.go", "uid, err := parseID(user)", "uid, err := parseID(strings.TrimRight(user, \"x\"))"},
	}, "cmd/fsrun", "TestUserIDs"},
	{"V13", "a map longer than a page is refused", []edit{
		{"parent/bundle/mappings.go", "size >= os.Getpagesize()", "size >= 1<<20"},
	}, "cmd/fsrun", "TestThousandsOfExtents"},
	{"V14", "a key of the cgroup names a file of that cgroup", []edit{
		{"cgroupv2/unified.go", `strings.Contains(file, "..") || strings.ContainsAny(file, "/\x00\n\t "):`, `false:`},
		{"cgroupv2/unified.go", `strings.Trim(controller, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" ||`, ``},
	}, "cmd/fsrun", "TestKeysOutsideOfTheCgroup"},
	{"V14", "a cgroup lies beneath the tree", []edit{
		{"cgroupv2/path.go", `case name == "." || name == "..":`, `case name == ".":`},
		{"parent/bundle/validate.go", `if part == ".." {`, `if part == "..." {`},
	}, "cmd/fsrun", "TestKeysOutsideOfTheCgroup"},
	{"V14", "exec's cgroup lies beneath the container's", []edit{
		{"cgroupv2/path.go", `case name == "." || name == "..":`, `case name == ".":`},
	}, "cmd/fsrun", "TestExecIntoASubgroup"},
	{"V15", "groups that cannot be set fail the start", []edit{
		{"child/creds/creds.go", `program.Must("setgroups", fmt.Sprint(ids), unix.SYS_SETGROUPS`, `program.May("setgroups", unix.SYS_SETGROUPS`},
	}, "cmd/fsrun", "TestNoProtectionIsDroppedInSilence"},
	{"V15", "a filter that was asked for is loaded", []edit{
		{"child/handoff/filter.go", "f.loads = true", "f.loads = false"},
	}, "cmd/fsrun", "TestSeccompDenies"},
	{"V15", "a label that was asked for is written", []edit{
		{"child/handoff/compile.go", "if label := e.Label; label != nil {", "if label := e.Label; label != nil && label.File < 0 {"},
	}, "child/handoff", "TestOrder"},
	{"V16", "the socket of a created container has no name of its own", []edit{
		{"parent/release.go", "address := &unix.SockaddrUnix{Name: startAddress(directory)}", "address := &unix.SockaddrUnix{Name: fmt.Sprint(\"@fsrun\", directory)}"},
	}, "cmd/fsrun", "TestStartSocketIsTheOwnersAlone"},
	{"V17", "links are refused without openat2 too", []edit{
		{"child/rootfs/walk.go", "if w.how.strict || w.links > maxLinks {", "if w.links > maxLinks {"},
	}, "child/rootfs", "TestAllWithoutOpenat2"},
	{"V17", "a link to / is one to the root without openat2 too", []edit{
		{"child/rootfs/walk.go", "if strings.HasPrefix(target, \"/\") {\n\t\tw.release()\n\t}", ""},
	}, "child/rootfs", "TestAllWithoutOpenat2"},
	{"V18", "what the parent opens for a user namespace passes no mounts on", []edit{
		{"parent/mountfd/open.go", "&unix.MountAttr{Propagation: unix.MS_SLAVE}", "&unix.MountAttr{}"},
	}, "cmd/fsrun", "TestVolumePropagation"},
	{"V18", "a volume that does not ask for it passes no mounts on", []edit{
		{"parent/plan/propagation.go", "return unix.MS_SLAVE | unix.MS_REC\n\tcase options", "return 0\n\tcase options"},
	}, "cmd/fsrun", "TestVolumePropagation"},
	{"V18", "a private mount stays so on a shared one", []edit{
		{"child/rootfs/propagation.go", "if b.sharing && propagation&others != 0 {", "if false && propagation&others != 0 {"},
	}, "child/rootfs", "TestPropagationBeneathASharedMount"},
	{"V19", "the root of the mount namespace is left", []edit{
		{"child/rootfs/pivot.go", "if found == root {", "if found == root || found != 0 {"},
	}, "child/rootfs", "TestChrootIsLeft"},
	{"V20", "what is no regular file is not opened", []edit{
		{"child/rootfs/regular.go", "if !isType(stat.Mode, unix.S_IFREG) {", "if isType(stat.Mode, unix.S_IFDIR) {"},
	}, "child/rootfs", "TestOpenRegular"},
	{"V20", "what has no size is not opened", []edit{
		{"child/rootfs/regular.go", "if stat.Size == 0 {", "if stat.Size < 0 {"},
	}, "child/rootfs", "TestOpenRegular"},
}
