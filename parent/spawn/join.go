package spawn

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// files maps the namespaces that can be joined between clone and execve to their names in
// /proc/PID/ns.
var files = map[uint64]string{
	unix.CLONE_NEWUSER:   "user",
	unix.CLONE_NEWIPC:    "ipc",
	unix.CLONE_NEWUTS:    "uts",
	unix.CLONE_NEWNET:    "net",
	unix.CLONE_NEWCGROUP: "cgroup",
	unix.CLONE_NEWPID:    "pid",
	unix.CLONE_NEWTIME:   "time",
	unix.CLONE_NEWNS:     "mnt",
}

// different leaves out the namespaces that we are already in: joining one's own needs
// privileges that may be gone by then.
func different(joins []Join) ([]Join, error) {
	var others []Join
	for _, join := range joins {
		var ours, theirs unix.Stat_t
		if err := unix.Stat("/proc/self/ns/"+files[join.Type], &ours); err != nil {
			return nil, fmt.Errorf("our own %s namespace: %w", files[join.Type], os.NewSyscallError("stat", err))
		}
		if err := unix.Fstat(join.FD, &theirs); err != nil {
			return nil, fmt.Errorf("%s namespace %s: %w", files[join.Type], join.Path, os.NewSyscallError("fstat", err))
		}
		if ours.Dev != theirs.Dev || ours.Ino != theirs.Ino {
			others = append(others, join)
		}
	}
	return others, nil
}

func joinsUser(joins []Join) bool { return userNamespace(joins) != nil }

func userNamespace(joins []Join) *Join {
	for i := range joins {
		if joins[i].Type == unix.CLONE_NEWUSER {
			return &joins[i]
		}
	}
	return nil
}

// enter appends the calls that join namespaces. Joining a namespace takes privileges in the
// user namespace that owns it. So those not owned by the user namespace to be joined come
// before it, with our own privileges, and the others after it.
func enter(program *sys.Program, joins []Join) {
	user := userNamespace(joins)
	for _, join := range joins {
		if join.Type != unix.CLONE_NEWUSER && (user == nil || !owns(user.FD, join.FD)) {
			setns(program, join)
		}
	}
	if user == nil {
		return
	}
	// Our groups mean nothing there, and it may be impossible to change them there.
	program.May("setgroups", unix.SYS_SETGROUPS, 0, 0)
	setns(program, *user)
	// Being its root keeps the privileges that joining gave. If it has no root user, they
	// are kept by being ambient.
	program.May("setgroups", unix.SYS_SETGROUPS, 0, 0)
	program.May("setresgid", unix.SYS_SETRESGID, 0, 0, 0)
	program.May("setresuid", unix.SYS_SETRESUID, 0, 0, 0)
	for _, join := range joins {
		if join.Type != unix.CLONE_NEWUSER && owns(user.FD, join.FD) {
			setns(program, join)
		}
	}
}

func setns(program *sys.Program, join Join) {
	if join.Type == unix.CLONE_NEWTIME {
		program.Alone()
	}
	program.Must("setns", files[join.Type]+" "+join.Path, unix.SYS_SETNS, uintptr(join.FD), uintptr(join.Type))
}

// owns reports whether a user namespace owns another namespace (ioctl_ns(2)).
func owns(user, other int) bool {
	owner, err := unix.IoctlRetInt(other, unix.NS_GET_USERNS)
	if err != nil {
		return false
	}
	defer unix.Close(owner)
	var one, two unix.Stat_t
	return unix.Fstat(user, &one) == nil && unix.Fstat(owner, &two) == nil && one.Dev == two.Dev && one.Ino == two.Ino
}
