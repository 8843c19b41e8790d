package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// asked is what a test wants of the child, which finds it as JSON in a file that it
// inherits.
type asked struct {
	Meddling   *meddling   // how to tamper with the frames
	Substitute *substitute // another program to be the child
}

// askedDescriptor is that file.
const askedDescriptor = gate

// readAsked returns what is asked of this child; nothing if there is no test.
func readAsked() (a asked) {
	if len(os.Args) != 2 || os.Args[1] == strconv.Itoa(askedDescriptor) {
		return a
	}
	content := make([]byte, 4096)
	size, err := unix.Pread(askedDescriptor, content, 0)
	if err != nil || json.Unmarshal(content[:size], &a) != nil {
		return asked{}
	}
	return a
}

// file returns the file for the child to inherit from its caller.
func (a asked) file() (*os.File, error) {
	content, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	descriptor, err := unix.MemfdCreate("asked", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(descriptor), "asked")
	_, err = file.Write(content)
	return file, err
}
