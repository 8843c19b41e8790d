package parent

import (
	"encoding/json"
	"errors"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// stagedConfig is a container's new configuration, written but not yet in place.
type stagedConfig struct{ directory *os.File }

// configNext is renamed to the copy of the configuration.
const configNext = configCopy + ".new"

// stageConfig writes a container's configuration with other resources. It preserves
// everything else, including what this version does not know.
func stageConfig(l *locked, resources *specs.LinuxResources) (*stagedConfig, error) {
	directory := l.Directory()
	content, err := readAt(directory, configCopy)
	if err != nil {
		return nil, err
	}
	if content, err = withResources(content, resources); err != nil {
		return nil, err
	}
	staged := &stagedConfig{directory}
	if err := writeAt(directory, configNext, unix.O_TRUNC, string(content)); err != nil {
		staged.drop()
		return nil, err
	}
	return staged, nil
}

// place puts the staged configuration in place.
func (s *stagedConfig) place() error {
	directory := int(s.directory.Fd())
	return os.NewSyscallError("renameat", unix.Renameat(directory, configNext, directory, configCopy))
}

// drop removes a staged configuration that was not put in place.
func (s *stagedConfig) drop() { _ = unix.Unlinkat(int(s.directory.Fd()), configNext, 0) }

func withResources(content []byte, resources *specs.LinuxResources) ([]byte, error) {
	var whole, linux map[string]json.RawMessage
	if err := json.Unmarshal(content, &whole); err != nil {
		return nil, err
	}
	if section := whole["linux"]; section != nil {
		if err := json.Unmarshal(section, &linux); err != nil {
			return nil, err
		}
	}
	if linux == nil {
		linux = map[string]json.RawMessage{}
	}
	var err error
	if linux["resources"], err = json.Marshal(resources); err != nil {
		return nil, err
	}
	if whole["linux"], err = json.Marshal(linux); err != nil {
		return nil, err
	}
	return json.Marshal(whole)
}

func readAt(directory *os.File, name string) ([]byte, error) {
	file, err := openAt(directory, name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	content := make([]byte, info.Size())
	_, err = file.ReadAt(content, 0)
	return content, err
}

// writeAt makes a file that only its owner can access. Flags says what to do if it exists.
func writeAt(directory *os.File, name string, flags int, content string) error {
	file, err := openAt(directory, name, unix.O_WRONLY|unix.O_CREAT|flags)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

// openAt opens a file in a directory. The directory's name is its path, so that an error
// says where the file is.
func openAt(directory *os.File, name string, flags int) (*os.File, error) {
	path := directory.Name() + "/" + name
	descriptor, err := unix.Openat(int(directory.Fd()), name, flags|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "openat", Path: path, Err: err}
	}
	return os.NewFile(uintptr(descriptor), path), nil
}
