package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// ConfigName is the name of the configuration file in a bundle (OCI runtime specification,
// bundle.md).
const ConfigName = "config.json"

// MaxConfigBytes bounds a configuration file.
const MaxConfigBytes = 16 << 20

// Error says which property of a configuration is wrong, what it holds and what
// is allowed.
type Error = strictjson.Error

// Bundle is a loaded and validated bundle.
type Bundle struct {
	// Directory is the bundle's absolute, cleaned path.
	Directory string
	// Spec is the validated configuration.
	Spec *specs.Spec
	// Text is the content of config.json.
	Text string
	// ignored holds warnings about unknown properties.
	ignored []string
}

// Warnings lists what should be logged about the bundle although it is not an error: the
// unknown properties, then those of [Warnings].
func (b *Bundle) Warnings() []string { return append(slices.Clip(b.ignored), Warnings(b.Spec)...) }

// Load reads and validates the bundle in directory. An error about a property
// wraps an *[Error].
func Load(directory string) (*Bundle, error) {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		return nil, fmt.Errorf("bundle %q: %w", directory, err)
	}
	path := filepath.Join(absolute, ConfigName)
	text, err := readBounded(path)
	if err != nil {
		return nil, describeOpenError(path, err)
	}
	spec, unknown, err := decode(text, readSpec)
	if err == nil {
		mapCaller(spec, os.Geteuid(), os.Getegid())
		err = Validate(spec, absolute)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	spec.Linux.Resources = WithoutZeroPids(spec.Version, spec.Linux.Resources)
	return &Bundle{Directory: absolute, Spec: spec, Text: text, ignored: ignoring(ConfigName, &unknown)}, nil
}

// readBounded reads a regular file of at most MaxConfigBytes. It opens the file in
// non-blocking mode, so that a FIFO is refused rather than waited for.
func readBounded(path string) (string, error) {
	file, err := sys.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK)
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: is of type %s; allowed: a regular file", path, info.Mode().Type())
	}
	if info.Size() > MaxConfigBytes {
		return "", tooLarge(path, info.Size())
	}
	var text strings.Builder
	text.Grow(int(info.Size()))
	// One byte beyond the limit reveals a file that has grown.
	size, err := io.Copy(&text, io.LimitReader(file, MaxConfigBytes+1))
	if err != nil {
		return "", err
	}
	if size > MaxConfigBytes {
		return "", tooLarge(path, size)
	}
	return text.String(), nil
}

func tooLarge(path string, size int64) error {
	return fmt.Errorf("%s: holds at least %d bytes; allowed: at most %d", path, size, MaxConfigBytes)
}

func describeOpenError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: does not exist; a bundle is a directory that holds %s and usually a root filesystem: %w", path, ConfigName, err)
	}
	return err
}

// ParseSpec decodes a configuration without validating it.
func ParseSpec(text string) (*specs.Spec, error) {
	spec, _, err := decode(text, readSpec)
	return spec, err
}

// ParseProcess decodes a process object, the content of the process file of exec, without
// validating it.
func ParseProcess(text string) (*specs.Process, error) {
	process, _, err := decode(text, readProcess)
	return process, err
}

// ParseResources decodes a resources object, the content of the resources file of update.
// Package cgroupv2 validates its values.
func ParseResources(text string) (*specs.LinuxResources, error) {
	resources, _, err := decode(text, readResources)
	return resources, err
}

// decode decodes a document. It also returns the unknown properties.
func decode[T any](text string, read func(*strictjson.Decoder, *T)) (*T, strictjson.Unknowns, error) {
	into := new(T)
	var unknown strictjson.Unknowns
	err := strictjson.Decode(text, func(d *strictjson.Decoder) {
		read(d, into)
		unknown = d.Unknown()
	})
	if err != nil {
		return nil, strictjson.Unknowns{}, err
	}
	return into, unknown, nil
}

// LoadProcess reads and decodes a process file, with the same size limit as a
// configuration. The warnings are about unknown properties.
func LoadProcess(path string) (process *specs.Process, warnings []string, err error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, nil, err
	}
	return decodeNamed(text, path, readProcess)
}

// ReadProcess is LoadProcess for a stream. The name is for messages.
func ReadProcess(from io.Reader, name string) (process *specs.Process, warnings []string, err error) {
	text, err := readStream(from, name)
	if err != nil {
		return nil, nil, err
	}
	return decodeNamed(text, name, readProcess)
}

// ReadResources reads and decodes a resources object, with the same size limit as a
// configuration. The name is for messages. The warnings are about unknown properties.
func ReadResources(from io.Reader, name string) (resources *specs.LinuxResources, warnings []string, err error) {
	text, err := readStream(from, name)
	if err != nil {
		return nil, nil, err
	}
	return decodeNamed(text, name, readResources)
}

// readStream reads at most MaxConfigBytes.
func readStream(from io.Reader, name string) (string, error) {
	text, err := io.ReadAll(io.LimitReader(from, MaxConfigBytes+1))
	if err != nil {
		return "", err
	}
	if len(text) > MaxConfigBytes {
		return "", tooLarge(name, int64(len(text)))
	}
	return string(text), nil
}

// decodeNamed decodes a document and prefixes errors and warnings with its name.
func decodeNamed[T any](text, name string, read func(*strictjson.Decoder, *T)) (*T, []string, error) {
	value, unknown, err := decode(text, read)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return value, ignoring(name, &unknown), nil
}
