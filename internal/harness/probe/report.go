// Package probe is a program that runs in a container and reports what it sees.
package probe

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys/nofile"
)

// Report is what the probe writes to its standard output, as JSON.
type Report struct {
	Args, Env  []string
	Cwd        string
	UID, GID   int
	Groups     []int
	Umask      int
	Status     map[string]string // /proc/self/status
	FDs        map[string]string // /proc/self/fd, without those of the Go runtime
	Rlimits    map[string][2]uint64
	Namespaces map[string]string
	Mounts     []Mount
	Hostname   string
	Domainname string
	OOMScore   string
	Keyring    string            // KEYCTL_DESCRIBE of the session keyring
	Loopback   bool              // whether lo is up
	Files      map[string]File   // those named by the arguments
	Attempts   map[string]string // the results of system calls
}

// File is what the probe sees of a file.
type File struct {
	Content string
	Stat    string // type, permissions, owner and device numbers
	Error   string
}

// Main writes the report. It begins with what looking could change, such as limits and
// descriptors.
func Main() {
	report := Report{FDs: descriptors(), Files: map[string]File{}}
	for _, name := range os.Args[1:] {
		report.Files[name] = look(name)
	}
	report.Rlimits = limits()
	report.Args, report.Env = os.Args, environment()
	report.Cwd, _ = os.Getwd()
	report.UID, report.GID = os.Getuid(), os.Getgid()
	report.Groups, _ = os.Getgroups()
	report.Umask = unix.Umask(0)
	unix.Umask(report.Umask)
	report.Status = status()
	report.Namespaces = links("/proc/self/ns")
	report.Mounts = mounts()
	report.Hostname, report.Domainname = names()
	report.OOMScore = strings.TrimSpace(look("/proc/self/oom_score_adj").Content)
	report.Keyring = keyring()
	report.Loopback = loopback()
	report.Attempts = attempt()
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// descriptors leaves out what the Go runtime itself has opened.
func descriptors() map[string]string {
	found := links("/proc/self/fd")
	for number, target := range found {
		if strings.HasPrefix(target, "anon_inode:[event") || strings.HasSuffix(target, "/cpu.max") || strings.HasSuffix(target, "/fd") {
			delete(found, number)
		}
	}
	return found
}

func links(directory string) map[string]string {
	found := map[string]string{}
	entries, _ := os.ReadDir(directory)
	for _, entry := range entries {
		if target, err := os.Readlink(directory + "/" + entry.Name()); err == nil {
			found[entry.Name()] = target
		}
	}
	return found
}

// maxContent bounds how much of a file is read.
const maxContent = 64 << 10

func look(name string) File {
	var found File
	var stat unix.Stat_t
	if err := unix.Lstat(name, &stat); err != nil {
		found.Error = err.Error()
		return found
	}
	found.Stat = fmt.Sprintf("%o %d:%d", stat.Mode, stat.Uid, stat.Gid)
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFCHR, unix.S_IFBLK:
		found.Stat += fmt.Sprintf(" dev %d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
	case unix.S_IFREG:
		found.Content, found.Error = read(name)
	case unix.S_IFDIR:
		found.Content, found.Error = list(name)
	case unix.S_IFLNK:
		found.Content, _ = os.Readlink(name)
	}
	return found
}

func read(name string) (content, failure string) {
	file, err := os.Open(name)
	if err != nil {
		return "", err.Error()
	}
	defer file.Close()
	buffer := make([]byte, maxContent)
	size, err := file.Read(buffer)
	if err != nil && size == 0 && err.Error() != "EOF" {
		return "", err.Error()
	}
	return string(buffer[:size]), ""
}

func list(name string) (content, failure string) {
	entries, err := os.ReadDir(name)
	if err != nil {
		return "", err.Error()
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Name())
	}
	return strings.Join(all, " "), ""
}

// resources maps the limits in setrlimit(2).
var resources = map[string]int{
	"RLIMIT_CPU": unix.RLIMIT_CPU, "RLIMIT_FSIZE": unix.RLIMIT_FSIZE, "RLIMIT_DATA": unix.RLIMIT_DATA,
	"RLIMIT_STACK": unix.RLIMIT_STACK, "RLIMIT_CORE": unix.RLIMIT_CORE, "RLIMIT_RSS": unix.RLIMIT_RSS,
	"RLIMIT_NPROC": unix.RLIMIT_NPROC, "RLIMIT_NOFILE": unix.RLIMIT_NOFILE, "RLIMIT_MEMLOCK": unix.RLIMIT_MEMLOCK,
	"RLIMIT_AS": unix.RLIMIT_AS, "RLIMIT_LOCKS": unix.RLIMIT_LOCKS, "RLIMIT_SIGPENDING": unix.RLIMIT_SIGPENDING,
	"RLIMIT_MSGQUEUE": unix.RLIMIT_MSGQUEUE, "RLIMIT_NICE": unix.RLIMIT_NICE, "RLIMIT_RTPRIO": unix.RLIMIT_RTPRIO,
	"RLIMIT_RTTIME": unix.RLIMIT_RTTIME,
}

func limits() map[string][2]uint64 {
	found := map[string][2]uint64{}
	for name, resource := range resources {
		var limit unix.Rlimit
		if unix.Getrlimit(resource, &limit) == nil {
			found[name] = [2]uint64{limit.Cur, limit.Max}
		}
	}
	// Package syscall has raised the soft limit by now.
	found["RLIMIT_NOFILE"] = [2]uint64{nofile.Soft, found["RLIMIT_NOFILE"][1]}
	return found
}

func status() map[string]string {
	found := map[string]string{}
	content, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(content)) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			found[key] = strings.TrimSpace(value)
		}
	}
	return found
}

// environment is the unmodified environment; the Go runtime's copy has each name only once.
func environment() []string {
	content, _ := os.ReadFile("/proc/self/environ")
	if len(content) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
}

func names() (host, domain string) {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "", ""
	}
	return unix.ByteSliceToString(name.Nodename[:]), unix.ByteSliceToString(name.Domainname[:])
}

func keyring() string {
	description, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, unix.KEY_SPEC_SESSION_KEYRING)
	if err != nil {
		return err.Error()
	}
	return description
}

func loopback() bool {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return false
	}
	request, err := unix.NewIfreq("lo")
	if err != nil || unix.IoctlIfreq(socket, unix.SIOCGIFFLAGS, request) != nil {
		return false
	}
	return request.Uint16()&unix.IFF_UP != 0
}
