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

// program is what CRIU is called in PATH.
const program = "criu"

// ErrMissing is the error where CRIU is not installed.
var ErrMissing = errors.New("needs CRIU, which is not installed; Debian: package criu")

// Find says whether CRIU is there.
func Find() error {
	if _, err := exec.LookPath(program); err != nil {
		return ErrMissing
	}
	return nil
}

// Check says whether CRIU is there and works: it tries what it needs of the kernel,
// which takes some tenths of a second.
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

// Settings are what both ways are told.
type Settings struct {
	// Images is the directory that holds the processes, and Work that of the log.
	Images, Work string
	// TCPEstablished has connections that are open survive.
	TCPEstablished bool
	// UnixSockets has sockets whose other end is outside become unconnected ones.
	UnixSockets bool
	// ShellJob has a session survive whose leader is outside.
	ShellJob bool
	// FileLocks has locks on files survive.
	FileLocks bool
	// Yard is a directory in which "unified" is the cgroup2 tree: CRIU would else mount
	// it anew, which takes options from the mount of the host.
	Yard string
	// External names what is outside the container and is not written.
	External []string
}

// Dump is a container to be written.
type Dump struct {
	Settings
	// PID is its init.
	PID int
	// Cgroup is the directory of its cgroup, in which all its processes are.
	Cgroup string
	// LeaveRunning has it go on; else it ends.
	LeaveRunning bool
}

// Names of CRIU's logs in the directory Work.
const (
	dumpLog    = "dump.log"
	restoreLog = "restore.log"
)

// unified is the name of the cgroup2 hierarchy to CRIU. Those of version 1 beside it
// are not the container's.
const unified = ""

// Do writes the container.
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

// lockIsOptional is the first version of CRIU that need not lock the network.
const lockIsOptional = 31800

// networkLock is how packets are kept from connections that are written. Where none
// is, nothing is locked, by a version that can be told.
func networkLock(version int, connections bool) rpc.CriuNetworkLockMethod {
	if version >= lockIsOptional && !connections {
		return rpc.CriuNetworkLockMethod_SKIP
	}
	return rpc.CriuNetworkLockMethod_NFTABLES
}

// Restore is a container to be brought back.
type Restore struct {
	Settings
	// Root is its root file system, a mount.
	Root string
	// Cgroup is the path of its cgroup beneath the cgroup2 tree, "" for where this
	// process is.
	Cgroup string
	// Inherited are files that it gets from outside, by CRIU's name for each.
	Inherited map[string]*os.File
	// Restored is told the init when all processes are there and do not run yet. On
	// an error they are ended.
	Restored func(pid int) error
}

// Do brings the container back. Its init becomes a child of this process.
func (r *Restore) Do() error {
	return r.call("restore", restoreLog, r.Inherited, func(client *gocriu.Criu, options *rpc.CriuOpts) error {
		options.Root = &r.Root
		options.RstSibling = new(true)
		options.ManageCgroupsMode = new(rpc.CriuCgMode_IGNORE)
		if r.Cgroup != "" {
			options.ManageCgroupsMode = new(rpc.CriuCgMode_CG_NONE) // it is there
			options.CgRoot = []*rpc.CgroupRoot{{Ctrl: new(unified), Path: &r.Cgroup}}
		}
		told := &restored{tell: r.Restored}
		if err := client.Restore(options, told); told.err == nil {
			return err
		}
		return &refused{told.err}
	})
}

// refused is an error of Restored's, not CRIU's.
type refused struct{ error }

func (r *refused) Unwrap() error { return r.error }

// restored passes on the one notice that is wanted.
type restored struct {
	gocriu.NoNotify
	tell func(pid int) error
	err  error
}

// PostRestore is called by the library when the processes are there.
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

// occupy opens all descriptors up to those that CRIU will have the inherited files as:
// the library counts on its socket being none of them.
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

// firstInherited is the first descriptor behind the standard ones.
const firstInherited = 3
