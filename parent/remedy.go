package parent

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/preflight"
	"github.com/fsrun/fsrun/protocol"
)

// remedies says what to do about a failure. Empty columns match anything; the first row
// that matches is used.
var remedies = [...]struct {
	code  protocol.Code
	call  string
	errno syscall.Errno
	says  string // contained in the detail
	hint  string
}{
	{code: protocol.CodeExec, says: `\r: no such file`, hint: `its first line ends with a carriage return, as lines do on Windows: take those out (sed -i 's/\r$//')`},
	{code: protocol.CodeExec, says: "its interpreter is missing", hint: "put the interpreter into the root file system, or use a program that needs none"},
	{code: protocol.CodeExec, says: "not found in $PATH", hint: "name the program by its path, or set PATH in process.env"},
	{code: protocol.CodeExec, call: "stat", errno: unix.ENOENT, hint: "name a program of the container's root file system"},
	{code: protocol.CodeExec, call: "stat", errno: unix.EISDIR, hint: "name a program in it"},
	{code: protocol.CodeExec, call: "stat", errno: unix.EACCES, hint: "make it executable (chmod +x), or name another"},
	{code: protocol.CodeExec, call: "execve", errno: unix.EACCES, hint: "its mode, a directory's on the way, or a mount with noexec forbids it to process.user"},
	{code: protocol.CodeExec, call: "chdir", errno: unix.EACCES, hint: "process.user may not enter it: choose another process.cwd, or change its owner or mode"},
	{code: protocol.CodeExec, call: "getcwd", errno: unix.ENOENT, hint: "the root file system, or that directory of it, was removed after the container was created: create it anew"},
	{code: protocol.CodeExec, call: "chdir", errno: unix.ENOENT, hint: "make the directory, or choose another"},
	{code: protocol.CodeOperation, call: "open_tree", errno: unix.ENOENT, hint: "make the mount's source, or name one that is there"},
	{code: protocol.CodeOperation, call: "fsopen", errno: unix.ENODEV, hint: "have its module loaded (modprobe), or use another type"},
	{code: protocol.CodeOperation, call: "fsconfig", errno: unix.EINVAL, hint: "take the option out, or correct it"},
	{code: protocol.CodeOperation, call: "openat2", errno: unix.ELOOP, says: "a real directory only", hint: "make it a directory in the root file system"},
	{code: protocol.CodeOperation, call: "openat2", errno: unix.ELOOP, hint: "the way there leads in a circle, or over a link of /proc that could leave the root: name the destination by its own path"},
	{code: protocol.CodeSpawn, call: "open", errno: unix.ENOENT, hint: "name the file of a namespace that is there, such as /proc/PID/ns/net"},
	{code: protocol.CodeSpawn, errno: unix.EPERM, hint: "without privileges a container needs a user namespace: fsrun spec --rootless writes a configuration with one, fsrun doctor tells what this machine allows"},
	{code: protocol.CodeSpawn, errno: unix.ENOSPC, hint: "a limit on namespaces is reached: sysctl user"},
	{code: protocol.CodeHook, errno: unix.ENOENT, hint: "install the hook's program, or take the hook out"},
	{code: protocol.CodeHook, says: "killed after its timeout", hint: "find out what it waits for, or raise its timeout"},
	{code: protocol.CodeConsole, errno: unix.ENOENT, hint: "nothing listens on that socket: start the listener first"},
	{errno: unix.ENOSPC, hint: "free space on that file system; fsrun keeps its state in the directory that --root names"},
	{code: protocol.CodeState, errno: unix.EACCES, hint: "name a directory with --root that the caller may write to"},
	{code: protocol.CodeState, errno: unix.EROFS, hint: "name a directory with --root on a file system that can be written"},
	{errno: unix.EFBIG, hint: "the caller's limit on the size of files is too small for fsrun's state: raise it (ulimit -f)"},
	{says: "pid file: ", errno: unix.ENOENT, hint: "make the directory that --pid-file names"},
	{errno: unix.EDQUOT, hint: "free space within the quota"},
}

// remedy adds what to do about a failure, unless it already says so.
func remedy(fault *protocol.Fault) {
	if fault.Hint != "" {
		return
	}
	if fault.Code == protocol.CodeTimeout {
		fault.Hint = fmt.Sprintf("--deadline %s=DURATION allows more time; 0s removes the deadline", fault.State)
		return
	}
	for _, row := range remedies {
		if (row.code == 0 || row.code == fault.Code) && (row.call == "" || row.call == fault.Call) &&
			(row.errno == 0 || row.errno == fault.Errno) && strings.Contains(fault.Detail, row.says) {
			fault.Hint = row.hint
			return
		}
	}
}

// blameFilter determines whether the seccomp profile caused the start to fail: a system call
// of the start itself, or a child that ended without a word, since the profile does not let
// it speak either.
func (h *handshake) blameFilter(fault *protocol.Fault) {
	silent := fault.Code == protocol.CodeGone
	if !silent && fault.State != "executing" || h.plan.Filter == nil {
		return
	}
	blocked := preflight.Blocked(&preflight.Wanted{Bundle: h.bundle, Ops: h.plan.Ops, Filter: h.plan.Filter})
	switch {
	case slices.Contains(blocked, fault.Call):
		blocked = []string{fault.Call}
	case silent && len(blocked) > 0:
		fault.Path = "linux.seccomp"
	default:
		return
	}
	fault.Hint = fmt.Sprintf("linux.seccomp forbids %s, which the start needs: allow it", strings.Join(blocked, ", "))
	if fault.Call != "execve" {
		fault.Hint += ", or set process.noNewPrivileges, which has the profile loaded last"
	}
}
