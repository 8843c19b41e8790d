package bundle

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// maxNamed bounds how many names a warning or an error lists.
const maxNamed = 16

// maxPath bounds a path, including its terminator (limits.h, PATH_MAX).
const maxPath = unix.PathMax

// maxHostname is the kernel's __NEW_UTS_LEN, in bytes.
const maxHostname = 64

// rule checks one property. The path is the property's, for errors.
type rule[T any] struct {
	path  string
	check func(path string, subject T) error
}

// Validate checks the configuration of a bundle in directory, an absolute path. It returns
// the first violation as an *[Error]; the order of the rules is fixed. The only checks that
// use the file system are those of root.path, and those of the paths of namespaces that
// must not be the host's.
func Validate(spec *specs.Spec, directory string) error {
	if err := apply(versionRules[:], "", spec); err != nil {
		return err
	}
	if err := checkUnsupported(spec); err != nil {
		return err
	}
	if spec.Process == nil {
		return refuse("process", "is missing", "an object")
	}
	if err := apply(processRules[:], "process.", spec.Process); err != nil {
		return err
	}
	if err := checkRoot(spec.Root, directory); err != nil {
		return err
	}
	return apply(specRules[:], "", spec)
}

// ValidateProcess checks the process object of exec. Paths in errors are those in a
// configuration.
func ValidateProcess(process *specs.Process) error {
	if err := checkUnsupported(&specs.Spec{Process: process}); err != nil {
		return err
	}
	return apply(processRules[:], "process.", process)
}

// Warnings lists what the OCI runtime specification requires to be logged rather than
// refused. The order is fixed.
func Warnings(spec *specs.Spec) []string {
	warnings := mountWarnings(spec)
	if spec.Process != nil {
		_, more := ParseCapabilities(spec.Process.Capabilities)
		warnings = append(warnings, more...)
	}
	return warnings
}

func apply[T any](rules []rule[T], prefix string, subject T) error {
	for i := range rules {
		if err := rules[i].check(prefix+rules[i].path, subject); err != nil {
			return err
		}
	}
	return nil
}

var versionRules = [...]rule[*specs.Spec]{
	{"ociVersion", checkVersion},
}

// specRules applies to whole configurations, in the order of config.md.
var specRules = [...]rule[*specs.Spec]{
	{"hostname", func(path string, s *specs.Spec) error { return checkUTSName(path, s, s.Hostname) }},
	{"domainname", func(path string, s *specs.Spec) error { return checkUTSName(path, s, s.Domainname) }},
	{"mounts", checkMounts},
	{"hooks", checkHooks},
	{"linux.namespaces", checkNamespaces},
	{"linux.uidMappings", checkUIDMappings},
	{"linux.gidMappings", checkGIDMappings},
	{"process.user", checkMappedUser},
	{"linux.sysctl", checkSysctl},
	{"linux.cgroupsPath", checkCgroupsPath},
	{"linux.devices", checkDevices},
	{"linux.rootfsPropagation", checkRootfsPropagation},
	{"linux.netDevices", checkNetDevices},
	{"linux.seccomp.listenerPath", checkSeccompListener},
	{"linux.intelRdt", checkIntelRdt},
	{"linux.memoryPolicy", checkMemoryPolicy},
	{"linux.personality", checkPersonality},
	{"linux.timeOffsets", checkTimeOffsets},
	{"linux.mountLabel", func(path string, s *specs.Spec) error { return checkLabel(path, s.Linux.MountLabel) }},
	{"linux.maskedPaths", func(path string, s *specs.Spec) error { return checkAbsolutePaths(path, s.Linux.MaskedPaths) }},
	{"linux.readonlyPaths", func(path string, s *specs.Spec) error { return checkAbsolutePaths(path, s.Linux.ReadonlyPaths) }},
}

// supportedMajor is the major version of the specification that this runtime supports.
const supportedMajor = "1"

func checkVersion(path string, spec *specs.Spec) error {
	const allowed = "a semantic version with major version " + supportedMajor + ", such as 1.0.2"
	if spec.Version == "" {
		return refuse(path, "is missing", allowed)
	}
	core, build, hasBuild := strings.Cut(spec.Version, "+")
	core, preRelease, hasPreRelease := strings.Cut(core, "-")
	numbers := strings.Split(core, ".")
	valid := len(numbers) == 3 && (!hasBuild || identifiers(build)) && (!hasPreRelease || identifiers(preRelease))
	for _, number := range numbers {
		valid = valid && isDigits(number) && (number == "0" || number[0] != '0')
	}
	if !valid {
		return refuse(path, quote(spec.Version)+" is not a semantic version", allowed)
	}
	if numbers[0] != supportedMajor {
		return refuse(path, quote(spec.Version)+" has major version "+numbers[0], allowed)
	}
	return nil
}

// identifiers reports whether text is a series of SemVer identifiers separated by dots.
func identifiers(text string) bool {
	for part := range strings.SplitSeq(text, ".") {
		if part == "" || strings.Trim(part, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-") != "" {
			return false
		}
	}
	return true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// RootPath returns the absolute path of a spec's root file system.
func RootPath(spec *specs.Spec, directory string) string {
	if filepath.IsAbs(spec.Root.Path) {
		return filepath.Clean(spec.Root.Path)
	}
	return filepath.Join(directory, spec.Root.Path)
}

func checkRoot(root *specs.Root, directory string) error {
	const path, allowed = "root.path", "a directory, absolute or relative to the bundle"
	if root == nil {
		return refuse("root", "is missing", "an object")
	}
	if root.Path == "" {
		return refuse(path, "is missing", allowed)
	}
	absolute := RootPath(&specs.Spec{Root: root}, directory)
	info, err := os.Stat(absolute)
	switch {
	case os.IsNotExist(err):
		return refuse(path, strconv.Quote(absolute)+" does not exist", allowed)
	case err != nil:
		return refuse(path, strconv.Quote(absolute)+" cannot be examined: "+unwrapPath(err).Error(), allowed)
	case !info.IsDir():
		return refuse(path, strconv.Quote(absolute)+" is not a directory", allowed)
	}
	return nil
}

// unwrapPath removes the operation and path that package os adds to an error.
func unwrapPath(err error) error {
	if wrapped, ok := err.(*fs.PathError); ok {
		return wrapped.Err
	}
	return err
}

func checkUTSName(path string, spec *specs.Spec, name string) error {
	if name == "" {
		return nil
	}
	if len(name) > maxHostname {
		return refuse(path, quote(name)+" has "+strconv.Itoa(len(name))+" bytes", "at most "+strconv.Itoa(maxHostname))
	}
	if FindNamespace(spec, specs.UTSNamespace) == nil {
		return refuse(path, quote(name)+" would be set for the host, as linux.namespaces has no \"uts\" entry", "a name only with a uts namespace")
	}
	if !Isolated(spec, specs.UTSNamespace) {
		return refuse(path, quote(name)+" would be set for the host, as the \"uts\" entry of linux.namespaces leads to the runtime's own namespace", "a name only with a uts namespace of the container's own")
	}
	return nil
}

func checkCgroupsPath(path string, spec *specs.Spec) error {
	value := spec.Linux.CgroupsPath
	if len(value) >= maxPath {
		return refuse(path, strconv.Itoa(len(value))+" bytes", "at most "+strconv.Itoa(maxPath-1))
	}
	for part := range strings.SplitSeq(value, "/") {
		if part == ".." {
			return refuse(path, quote(value)+" climbs with \"..\"", "a path below the cgroup mount")
		}
	}
	return nil
}

func checkRootfsPropagation(path string, spec *specs.Spec) error {
	if spec.Linux.RootfsPropagation != "" && RootfsPropagation(spec) == 0 {
		return refuse(path, quote(spec.Linux.RootfsPropagation), "shared, slave, private, unbindable, or one of them with r in front")
	}
	return nil
}

func checkAbsolutePaths(path string, values []string) error {
	for i, value := range values {
		if err := checkAbsolutePath(index(path, i), value); err != nil {
			return err
		}
	}
	return nil
}

func checkAbsolutePath(path, value string) error {
	switch {
	case value == "":
		return refuse(path, "is missing", "an absolute path")
	case value[0] != '/':
		return refuse(path, quote(value)+" is a relative path", "an absolute path")
	case len(value) >= maxPath:
		return refuse(path, "a path of "+strconv.Itoa(len(value))+" bytes", "at most "+strconv.Itoa(maxPath-1))
	}
	return nil
}

func refuse(path, found, allowed string) error {
	return &Error{Path: path, Found: found, Allowed: allowed}
}

func quote(text string) string { return strictjson.Quote(text) }

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
