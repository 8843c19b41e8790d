package protocol

import (
	"errors"
	"io/fs"
	"os"
)

// Explain turns an error into a Fault. It takes the system call, its object and the error
// number from the error where it has them; the remedy and the place in config.json from its
// methods Hint and Place, where it has those; and the error's whole text where it says
// more. An error that is already a Fault is returned as it is.
func Explain(code Code, err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	fault = &Fault{Code: code}
	var path *fs.PathError
	var call *os.SyscallError
	var malformed *Malformed
	switch {
	case errors.As(err, &malformed):
		fault.Code = malformed.Code()
	case errors.As(err, &path):
		fault.Call, fault.Object = path.Op, path.Path
	case errors.As(err, &call):
		fault.Call = call.Syscall
	}
	errors.As(err, &fault.Errno)
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		fault.Hint = hinted.Hint()
	}
	var placed interface{ Place() string }
	if errors.As(err, &placed) {
		fault.Path = placed.Place()
	}
	if text := err.Error(); text != plain(fault) {
		fault.Detail = text
	}
	return fault
}

// plain is the text of an error that says nothing but call, object and error number.
func plain(fault *Fault) string {
	if fault.Errno == 0 {
		return ""
	}
	text := fault.Errno.Error()
	if fault.Call == "" {
		return text
	}
	if fault.Object == "" {
		return fault.Call + ": " + text
	}
	return fault.Call + " " + fault.Object + ": " + text
}
