package rootfs

import (
	"errors"
	"strings"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Sysctl writes a kernel parameter in the thread's namespaces.
func (b *Builder) Sysctl(op *protocol.Sysctl) error {
	name, err := sysctlPath(op.Key)
	if err != nil {
		return err
	}
	handle, err := b.process.root()
	if err != nil {
		return failed("fsopen", "proc", err)
	}
	file, err := handle.OpenRoot(name)
	if errors.Is(err, unix.ENOENT) {
		return refused("openat", "/proc/"+name, unix.ENOENT, "the kernel has no parameter "+op.Key)
	}
	if err != nil {
		return failed("openat", "/proc/"+name, err)
	}
	defer file.Close()
	parameter, err := b.process.reopen(int(file.Fd()), unix.O_WRONLY)
	if err != nil {
		return failed("openat", "/proc/"+name, err)
	}
	defer unix.Close(parameter)
	if _, err := unix.Write(parameter, []byte(op.Value)); err != nil {
		return failed("write", "/proc/"+name, err)
	}
	return nil
}

// sysctlPath turns a key into its path in procfs. As in sysctl(8), whichever of dot and
// slash comes first in the key is the separator. The other is then part of a name, in which
// a slash stands for a dot: net.ipv4.conf.eth0/1.forwarding is about the interface eth0.1.
func sysctlPath(key string) (string, error) {
	if first := strings.IndexAny(key, "./"); first >= 0 && key[first] == '.' {
		key = strings.Map(swapSeparators, key)
	}
	for component := range strings.SplitSeq(key, "/") {
		if component == "" || component == "." || component == ".." {
			return "", refused("openat", key, unix.EINVAL, "not the name of a kernel parameter")
		}
	}
	return "sys/" + key, nil
}

func swapSeparators(r rune) rune {
	switch r {
	case '.':
		return '/'
	case '/':
		return '.'
	}
	return r
}
