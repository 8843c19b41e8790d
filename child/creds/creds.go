// Package creds compiles the system calls that give a process its identity: user and group
// IDs, capabilities, no_new_privs. They are made after Start, in the order of SPEC.md,
// "Privileged acts".
package creds

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// Identity appends the calls that set IDs and capabilities. The bounding set is dropped
// while CAP_SETPCAP is still held; the IDs change while keepcaps preserves the permitted
// set; then every set becomes exactly what the plan says.
func Identity(program *sys.Program, op *protocol.Execute) error {
	held, known, err := standing()
	if err == nil {
		err = refuseLacking(op, held, known)
	}
	if err != nil {
		return err
	}
	program.Must("umask", "", unix.SYS_UMASK, uintptr(op.Umask))
	if op.SetsGroups {
		groups(program, op.Groups)
	}
	program.Must("prctl", "PR_SET_KEEPCAPS", unix.SYS_PRCTL, unix.PR_SET_KEEPCAPS, 1, 0, 0, 0)
	bounding(program, held&^op.Bounding)
	gid, uid := uintptr(op.GID), uintptr(op.UID)
	program.Must("setresgid", fmt.Sprint(op.GID), unix.SYS_SETRESGID, gid, gid, gid)
	program.Must("setresuid", fmt.Sprint(op.UID), unix.SYS_SETRESUID, uid, uid, uid)
	capset(program, op)
	ambient(program, op.Ambient)
	return nil
}

// NoNewPrivs appends the call that sets no_new_privs.
func NoNewPrivs(program *sys.Program) {
	program.Must("prctl", "PR_SET_NO_NEW_PRIVS", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
}

func groups(program *sys.Program, ids []uint32) {
	var list uintptr
	if len(ids) > 0 {
		list = sys.Array(program, ids)
	}
	program.Must("setgroups", fmt.Sprint(ids), unix.SYS_SETGROUPS, uintptr(len(ids)), list)
}

func capset(program *sys.Program, op *protocol.Execute) {
	header := sys.Value(program, unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3})
	var data [2]unix.CapUserData
	for i := range data {
		shift := 32 * i
		data[i] = unix.CapUserData{
			Effective:   uint32(op.Effective >> shift),
			Permitted:   uint32(op.Permitted >> shift),
			Inheritable: uint32(op.Inheritable >> shift),
		}
	}
	program.Must("capset", "", unix.SYS_CAPSET, header, sys.Value(program, data))
}

func ambient(program *sys.Program, wanted uint64) {
	program.Must("prctl", "PR_CAP_AMBIENT_CLEAR_ALL", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	for capability := uintptr(0); capability < 64; capability++ {
		if wanted&(1<<capability) != 0 {
			program.Must("prctl", fmt.Sprintf("PR_CAP_AMBIENT_RAISE %d", capability), unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_RAISE, capability, 0, 0)
		}
	}
}
