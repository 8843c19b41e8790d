package preflight

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/moby/sys/user"
)

// idRange is a line of /etc/subuid or /etc/subgid (subuid(5)).
type idRange struct{ first, count uint64 }

func (r idRange) holds(first, count uint64) bool {
	return first >= r.first && first-r.first <= r.count && count <= r.count-(first-r.first)
}

// maxLines bounds how many lines of a file of ranges are read.
const maxLines = 1 << 16

// ranges reads the lines of a user, who is listed by name or number.
func ranges(from io.Reader, name string, uid int) ([]idRange, error) {
	var found []idRange
	lines := bufio.NewScanner(from)
	for number := 1; lines.Scan(); number++ {
		if number > maxLines {
			return nil, fmt.Errorf("more than %d lines", maxLines)
		}
		fields := strings.Split(strings.TrimSpace(lines.Text()), ":")
		if len(fields) != 3 || fields[0] != name && fields[0] != strconv.Itoa(uid) {
			continue
		}
		first, err := strconv.ParseUint(fields[1], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no id", number, fields[1])
		}
		count, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no count", number, fields[2])
		}
		found = append(found, idRange{first, count})
	}
	return found, lines.Err()
}

// subordinate reads a user's ranges from a file.
func subordinate(file, name string, uid int) ([]idRange, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	found, err := ranges(opened, name, uid)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no range for %s", file, name)
	}
	return found, nil
}

// userName returns a user's name, or the number if there is none.
func userName(uid int) string {
	entry, err := user.LookupUid(uid)
	if err != nil {
		return strconv.Itoa(uid)
	}
	return entry.Name
}

// helper checks for newuidmap(1) or newgidmap(1).
func helper(name string) error {
	_, err := exec.LookPath(name)
	return err
}

// subidHint says how to get ranges.
func subidHint(name string) string {
	return fmt.Sprintf("install the package uidmap, and as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name)
}
