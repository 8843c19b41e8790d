package rootfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// Explanation is a system call's error number together with what else is known about it.
type Explanation struct {
	Errno  syscall.Errno
	Detail string // what happened, or what the kernel said
	Remedy string // if one is known
}

func (e *Explanation) Error() string {
	text := e.Errno.Error()
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Remedy != "" {
		text += " (" + e.Remedy + ")"
	}
	return text
}

// Hint returns only the remedy.
func (e *Explanation) Hint() string { return e.Remedy }

// Unwrap lets errors.Is see the error number.
func (e *Explanation) Unwrap() error { return e.Errno }

// failed adds the system call and its object to an error.
func failed(call, object string, err error) error {
	return &fs.PathError{Op: call, Path: object, Err: err}
}

// refused is like failed, for cases where the kernel would have agreed but the runtime does
// not.
func refused(call, object string, errno syscall.Errno, detail string) error {
	return failed(call, object, &Explanation{Errno: errno, Detail: detail})
}

// explain adds a detail to a failure whose error number says too little.
func explain(err error, detail string) error {
	var failure *fs.PathError
	var errno syscall.Errno
	if !errors.As(err, &failure) || !errors.As(err, &errno) {
		return err
	}
	return refused(failure.Op, failure.Path, errno, detail)
}
