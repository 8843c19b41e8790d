package child

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/child/rootfs"
)

// passwd is the file with the container's users and their home directories, in the format
// of passwd(5).
const passwd = "/etc/passwd"

// maxPasswd is how many bytes of it are read.
const maxPasswd = 1 << 20

// withHome adds HOME to an environment without one, like a login does. Engines leave that
// to the runtime, which is the only one to see the container's users.
func withHome(builder *rootfs.Builder, environment []string, uid uint32) []string {
	for _, entry := range environment {
		if strings.HasPrefix(entry, "HOME=") {
			return environment
		}
	}
	return append(environment, "HOME="+homeOf(uid, readPasswd(builder)))
}

// homeOf returns the home directory in the user's first entry, or / if there is none.
func homeOf(uid uint32, users string) string {
	wanted := strconv.FormatUint(uint64(uid), 10)
	for line := range strings.SplitSeq(users, "\n") {
		fields := strings.Split(line, ":")
		if len(fields) >= 6 && fields[2] == wanted && strings.HasPrefix(fields[5], "/") && !strings.ContainsRune(fields[5], 0) {
			return fields[5]
		}
	}
	return "/"
}

// readPasswd reads the file, which the container may have replaced with anything.
func readPasswd(builder *rootfs.Builder) string {
	file, err := builder.OpenRegular(passwd)
	if err != nil {
		return ""
	}
	defer unix.Close(file)
	content := make([]byte, maxPasswd)
	size := 0
	for size < len(content) {
		count, err := unix.Read(file, content[size:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return ""
		case count == 0:
			return string(content[:size])
		}
		size += count
	}
	return string(content)
}
