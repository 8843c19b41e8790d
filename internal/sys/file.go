package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// OpenFile is os.OpenFile for files that never block: regular files, directories, and files
// in proc. Package os tries to register every file with the runtime's poller, which takes
// six more system calls.
func OpenFile(path string, flags int) (*os.File, error) {
	descriptor, err := open(path, flags)
	if err == nil && flags&unix.O_NONBLOCK != 0 {
		// The flag was only for opening; with it, the poller would watch the file after
		// all.
		if _, err = unix.FcntlInt(uintptr(descriptor), unix.F_SETFL, flags&^unix.O_NONBLOCK); err != nil {
			unix.Close(descriptor)
			err = &os.PathError{Op: "fcntl", Path: path, Err: err}
		}
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(descriptor), path), nil
}

// firstRead is larger than most files in proc.
const firstRead = 4 << 10

// ReadFile reads such a file.
func ReadFile(path string) ([]byte, error) {
	descriptor, err := open(path, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer unix.Close(descriptor)
	content := make([]byte, 0, firstRead)
	for {
		count, err := unix.Read(descriptor, content[len(content):cap(content)])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if count == 0 {
			return content, nil
		}
		content = content[:len(content)+count]
		if len(content) == cap(content) {
			content = append(content, 0)[:len(content)]
		}
	}
}

func open(path string, flags int) (int, error) {
	for {
		descriptor, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
		if err == nil {
			return descriptor, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return -1, &os.PathError{Op: "open", Path: path, Err: err}
		}
	}
}
