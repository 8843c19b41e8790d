package protocol

import (
	"errors"
	"io/fs"
	"os"
)

// Explain makes a Fault of an error: the call, what it was about and the error
// number, where the error tells them; the remedy and the place in config.json,
// where it has the methods Hint and Place that know them; the whole text, where it
// says more. An error that is a Fault already stays it.
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

// plain is what an error says that is nothing but call, object and number.
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
