package criu

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"

	gocriu "github.com/checkpoint-restore/go-criu/v8"
	"github.com/checkpoint-restore/go-criu/v8/rpc"
	"golang.org/x/sys/unix"
)

// program is CRIU's name in PATH.
const program = "criu"

// ErrMissing says that CRIU is not installed.
var ErrMissing = errors.New("needs CRIU, which is not installed; Debian: package criu")

// Find returns an error if CRIU is not installed.
func Find() error {
	if _, err := exec.LookPath(program); err != nil {
		return ErrMissing
	}
	return nil
}

// Check returns an error if CRIU is not installed or does not work. It tests the kernel
// features that CRIU needs, which takes some tenths of a second.
func Check() error {
	if err := Find(); err != nil {
		return err
	}
	output, err := exec.Command(program, "check").CombinedOutput()
	if err == nil {
		return nil
	}
	why := cause(bufio.NewScanner(bytes.NewReader(output)))
	if why == "" {
		why = err.Error()
	}
	return fmt.Errorf("CRIU does not work here: criu check: %s", why)
}

// Settings apply to both dump and restore.
type Settings struct {
	// Images is the directory of the checkpoint's files, and Work that of the log.
	Images, Work string
	// TCPEstablished allows open TCP connections.
	TCPEstablished bool
	// UnixSockets allows unix sockets whose other end is outside; they become unconnected.
	UnixSockets bool
	// ShellJob allows a session whose leader is outside.
	ShellJob bool
	// FileLocks allows file locks.
	FileLocks bool
	// Yard is a directory in which "unified" is the cgroup2 tree. Otherwise CRIU would
	// mount the tree itself, which changes the options of the host's mount.
	Yard string
	// External names what is outside the container and is not dumped.
	External []string
}

// Dump describes a container to be dumped.
type Dump struct {
	Settings
	// PID is that of its init.
	PID int
	// Cgroup is the directory of the cgroup with all its processes.
	Cgroup string
	// LeaveRunning lets it continue; otherwise it ends.
	LeaveRunning bool
}

// The names of CRIU's logs in the directory Work.
const (
	dumpLog    = "dump.log"
	restoreLog = "restore.log"
)

// unified is CRIU's name for the cgroup2 hierarchy. Any cgroup v1 hierarchies are not the
// container's.
const unified = ""

// Do dumps the container.
func (d *Dump) Do() error {
	return d.call("dump", dumpLog, nil, func(client *gocriu.Criu, options *rpc.CriuOpts) error {
		options.Pid = new(int32(d.PID))
		options.LeaveRunning = &d.LeaveRunning
		options.ManageCgroupsMode = new(rpc.CriuCgMode_SOFT)
		options.CgroupDumpController = []string{unified}
		if d.Cgroup != "" {
			options.FreezeCgroup = &d.Cgroup
		}
		version, err := client.GetCriuVersion()
		if err != nil {
			return err
		}
		options.NetworkLock = new(networkLock(version, d.TCPEstablished))
		return client.Dump(options, gocriu.NoNotify{})
	})
}

// lockIsOptional is the first version of CRIU that can leave the network unlocked.
const lockIsOptional = 31800

// networkLock returns how to keep packets away from connections that are being dumped.
// Without connections nothing needs to be locked, if the version supports that.
func networkLock(version int, connections bool) rpc.CriuNetworkLockMethod {
	if version >= lockIsOptional && !connections {
		return rpc.CriuNetworkLockMethod_SKIP
	}
	return rpc.CriuNetworkLockMethod_NFTABLES
}

// Restore describes a container to be restored.
type Restore struct {
	Settings
	// Root is its root file system, which must be a mount.
	Root string
	// Cgroup is the path of its cgroup beneath the cgroup2 tree, "" for this process's own.
	Cgroup string
	// Inherited holds files that it gets from outside, by CRIU's names for them.
	Inherited map[string]*os.File
	// Restored is called with the init's process ID when all processes exist but do not run
	// yet. If it returns an error, they are killed.
	Restored func(pid int) error
}

// Do restores the container. Its init becomes a child of this process.
func (r *Restore) Do() error {
	return r.call("restore", restoreLog, r.Inherited, func(client *gocriu.Criu, options *rpc.CriuOpts) error {
		options.Root = &r.Root
		options.RstSibling = new(true)
		options.ManageCgroupsMode = new(rpc.CriuCgMode_IGNORE)
		if r.Cgroup != "" {
			options.ManageCgroupsMode = new(rpc.CriuCgMode_CG_NONE) // the cgroup exists already
			options.CgRoot = []*rpc.CgroupRoot{{Ctrl: new(unified), Path: &r.Cgroup}}
		}
		told := &restored{tell: r.Restored}
		if err := client.Restore(options, told); told.err == nil {
			return err
		}
		return &refused{told.err}
	})
}

// refused is an error from Restored rather than from CRIU.
type refused struct{ error }

func (r *refused) Unwrap() error { return r.error }

// restored handles the only notification that is needed.
type restored struct {
	gocriu.NoNotify
	tell func(pid int) error
	err  error
}

// PostRestore is called by the library when the processes exist.
func (r *restored) PostRestore(pid int32) error {
	r.err = r.tell(int(pid))
	return r.err
}

func (s *Settings) call(verb, log string, inherited map[string]*os.File, do func(*gocriu.Criu, *rpc.CriuOpts) error) error {
	images, err := os.Open(s.Images)
	if err != nil {
		return err
	}
	defer images.Close()
	work, err := os.Open(s.Work)
	if err != nil {
		return err
	}
	defer work.Close()
	free, err := occupy(len(inherited))
	if err != nil {
		return err
	}
	defer free()
	client := gocriu.MakeCriu()
	client.SetCriuPath(program)
	for key, file := range inherited {
		client.AddInheritFd(key, file)
	}
	options := &rpc.CriuOpts{
		ImagesDirFd: new(int32(images.Fd())), WorkDirFd: new(int32(work.Fd())),
		LogLevel: new(int32(4)), LogFile: &log,
		TcpEstablished: &s.TCPEstablished, ExtUnixSk: &s.UnixSockets, ShellJob: &s.ShellJob, FileLocks: &s.FileLocks,
		ExtSharing: new(true), ExtMasters: new(true), External: s.External,
	}
	if s.Yard != "" {
		options.CgroupYard = &s.Yard
	}
	err = do(client, options)
	if own, is := errors.AsType[*refused](err); is {
		return own.error
	}
	if err != nil {
		return failure(verb, work, log, err)
	}
	return nil
}

// occupy opens all descriptors up to those under which CRIU will have the inherited files:
// the library assumes that its socket is none of them.
func occupy(inherited int) (free func(), err error) {
	var taken []int
	free = func() {
		for _, descriptor := range taken {
			unix.Close(descriptor)
		}
	}
	for {
		descriptor, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			free()
			return nil, fmt.Errorf("open /dev/null: %w", err)
		}
		taken = append(taken, descriptor)
		if descriptor > firstInherited+inherited {
			return free, nil
		}
	}
}

// firstInherited is the first descriptor after the standard ones.
const firstInherited = 3
