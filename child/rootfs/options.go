package rootfs

import (
	"strings"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// maxOptionValue is the longest option value that fsconfig(2) accepts, in bytes.
const maxOptionValue = 255

// configure sets the operation's source and options on a file system context.
func configure(context int, op *protocol.Mount) error {
	if op.Source != "" {
		if err := setOption(context, op.Filesystem, op.Object(), "source", op.Source); err != nil {
			return err
		}
	}
	for _, option := range op.Options {
		if err := setOption(context, op.Filesystem, op.Object(), option.Name, option.Value); err != nil {
			return err
		}
	}
	return nil
}

// setOption sets one option on a context. Object is for the error.
func setOption(context int, filesystem, object, key, value string) error {
	if len(value) > maxOptionValue {
		return refused("fsconfig", key+" of "+object, unix.EINVAL,
			"the value is longer than the 255 bytes that the kernel takes")
	}
	var err error
	if value == "" {
		err = unix.FsconfigSetFlag(context, key)
	} else {
		err = unix.FsconfigSetString(context, key, value)
	}
	if err == nil {
		return nil
	}
	option := key
	if value != "" {
		option += "=" + value
	}
	return failed("fsconfig", option+" of "+object, explainInstance(context, filesystem, err))
}

// maxMessages bounds how many messages of a file system context's log are read.
const maxMessages = 8

// messages returns the kernel's errors and warnings about a file system context. Each read
// returns one: a letter for its level, a space, the text (fsopen(2)).
func messages(context int) string {
	var texts []string
	buffer := make([]byte, 512)
	for range maxMessages {
		length, err := unix.Read(context, buffer)
		if err != nil || length == 0 {
			break
		}
		level, text, _ := strings.Cut(strings.TrimSpace(string(buffer[:length])), " ")
		if level == "e" || level == "w" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}
