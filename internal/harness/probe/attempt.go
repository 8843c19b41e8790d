package probe

import (
	"os"

	"golang.org/x/sys/unix"
)

// attempts are system calls that may be forbidden in a container.
var attempts = map[string]func() error{
	"write /": func() error { return touch("/attempt") },
	"write /dev/shm": func() error {
		return touch("/dev/shm/attempt")
	},
	"write /proc/sys": func() error {
		file, err := os.OpenFile("/proc/sys/kernel/domainname", os.O_WRONLY, 0)
		if err == nil {
			file.Close()
		}
		return err
	},
	"mkdir /sys/fs/cgroup": func() error { return os.Mkdir("/sys/fs/cgroup/attempt", 0o755) },
	"open /dev/null":       func() error { return open("/dev/null") },
	"open /dev/local":      func() error { return open("/dev/local") },
	"mount":                func() error { return unix.Mount("none", "/tmp", "tmpfs", 0, "") },
	"sethostname":          func() error { return unix.Sethostname([]byte("attempt")) },
	"personality": func() error {
		_, _, errno := unix.Syscall(unix.SYS_PERSONALITY, 0xffffffff, 0, 0)
		return failure(errno)
	},
	"getpriority": func() error { _, err := unix.Getpriority(unix.PRIO_PROCESS, 0); return err },
}

func attempt() map[string]string {
	results := map[string]string{}
	for name, try := range attempts {
		results[name] = "success"
		if err := try(); err != nil {
			results[name] = cause(err)
		}
	}
	return results
}

// cause is only the error number.
func cause(err error) string {
	if path, is := err.(*os.PathError); is {
		err = path.Err
	}
	if errno, is := err.(unix.Errno); is {
		return unix.ErrnoName(errno)
	}
	return err.Error()
}

func failure(errno unix.Errno) error {
	if errno != 0 {
		return errno
	}
	return nil
}

func touch(name string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		file.Close()
		err = os.Remove(name)
	}
	return err
}

// open opens a device, whose driver may refuse even if the container's rules allow it.
func open(name string) error {
	device, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err == nil {
		unix.Close(device)
	}
	return err
}
