package bundle

import (
	"errors"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// mappingsFrom makes mappings from 6 bytes each, with numbers near the ends of the range
// and near each other, where it matters.
func mappingsFrom(data []byte) []specs.LinuxIDMapping {
	number := func(b []byte) uint32 {
		n := uint32(b[1])
		switch b[0] % 4 {
		case 0:
			return n
		case 1:
			return n << 16
		case 2:
			return -n // wraps: close to the highest
		}
		return 1<<31 + n
	}
	var mappings []specs.LinuxIDMapping
	for chunk := range slices.Chunk(data, 6) {
		if len(chunk) == 6 && len(mappings) < 12 {
			mappings = append(mappings, specs.LinuxIDMapping{ContainerID: number(chunk), HostID: number(chunk[2:]), Size: number(chunk[4:])})
		}
	}
	return mappings
}

// kernelTakes asks the kernel to accept a uid_map.
func kernelTakes(t *testing.T, mappings []specs.LinuxIDMapping) bool {
	t.Helper()
	command := exec.Command("/bin/true")
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}
	for _, m := range mappings {
		command.SysProcAttr.UidMappings = append(command.SysProcAttr.UidMappings,
			syscall.SysProcIDMap{ContainerID: int(m.ContainerID), HostID: int(m.HostID), Size: int(m.Size)})
	}
	err := command.Run()
	if err != nil && !errors.Is(err, unix.EINVAL) {
		t.Fatalf("%v: %v", mappings, err)
	}
	return err == nil
}

// FuzzMappings compares the check of ID mappings with the kernel: both accept the same.
func FuzzMappings(f *testing.F) {
	if os.Geteuid() != 0 {
		f.Skip("needs root: only root writes any map")
	}
	for _, mappings := range [][]specs.LinuxIDMapping{
		{{ContainerID: 0, HostID: 7, Size: 9}},
		{{ContainerID: 0, HostID: 7, Size: 9}, {ContainerID: 9, HostID: 16, Size: 1}},
		{{ContainerID: 0, HostID: 7, Size: 9}, {ContainerID: 8, HostID: 16, Size: 1}},
		{{ContainerID: 0, HostID: 7, Size: 9}, {ContainerID: 9, HostID: 15, Size: 1}},
		{{ContainerID: 0, HostID: 0, Size: 0}},
	} {
		var data []byte
		for _, m := range mappings {
			data = append(data, 0, byte(m.ContainerID), 0, byte(m.HostID), 0, byte(m.Size))
		}
		f.Add(data)
	}
	f.Add([]byte{2, 2, 0, 0, 0, 1}) // the highest id
	f.Add([]byte{2, 1, 0, 0, 0, 1}) // beyond it
	f.Add([]byte{0, 0, 2, 9, 0, 9}) // up to beyond it
	f.Add([]byte{3, 0, 0, 0, 3, 0}) // past 32 bits
	f.Add(make([]byte, 5*12))       // none of any size
	f.Add([]byte{0, 0, 0, 0, 2, 1}) // all
	f.Add([]byte{0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		mappings := mappingsFrom(data)
		if len(mappings) == 0 {
			return
		}
		err := checkMappings("linux.uidMappings", mappings)
		if kernel := kernelTakes(t, mappings); kernel != (err == nil) {
			t.Errorf("%v: the kernel takes them: %t, the check says %v", mappings, kernel, err)
		}
	})
}

// FuzzMountOptions compares options with an independent definition: of two that contradict
// each other the later one counts, nothing is both set and cleared, no known option reaches
// the file system, and no other is lost.
func FuzzMountOptions(f *testing.F) {
	f.Add("ro,nosuid,size=1m,rw")
	f.Add("rbind,rro,norelatime,noatime,strictatime")
	f.Add("mode=1777,,nosuid=1")
	f.Add(strings.Join(MountOptionNames(), ","))
	f.Fuzz(func(t *testing.T, text string) {
		options := strings.Split(text, ",")
		parsed, err := ParseMountOptions(options)
		joined, joinedErr := ParseMountOptions([]string{text})
		if !strings.ContainsAny(text, `"\`) && ((err == nil) != (joinedErr == nil) || !reflect.DeepEqual(parsed, joined)) {
			t.Errorf("%q: %+v, %v; in one string %+v, %v", options, parsed, err, joined, joinedErr)
		}
		if err != nil {
			var place *Error
			if !errors.As(err, &place) || !strings.HasPrefix(place.Path, "[") || place.Allowed == "" {
				t.Errorf("%q: %v names no option", options, err)
			}
			return
		}
		if parsed.Set&parsed.Clear&^atime != 0 || parsed.RecursiveSet&parsed.RecursiveClear&^atime != 0 || parsed.Superblock&parsed.SuperblockClear != 0 {
			t.Errorf("%q: set and cleared at once: %+v", options, parsed)
		}
		for _, masks := range [][2]uint64{{parsed.Set, parsed.Clear}, {parsed.RecursiveSet, parsed.RecursiveClear}} {
			if masks[0]&atime != 0 && masks[1]&atime != atime {
				t.Errorf("%q: an access time is set and the others are not cleared: %+v", options, parsed)
			}
		}
		var left []string
		for _, option := range options {
			if option != "" && !isForMountTable(option) && !slices.Contains(MountOptionNames(), option) {
				left = append(left, strings.ReplaceAll(option, `"`, ""))
			}
		}
		var data []string
		for _, one := range parsed.Data {
			text := one.Key
			if one.HasValue {
				text += "=" + one.Value
			}
			data = append(data, strings.ReplaceAll(text, `"`, ""))
		}
		if !slices.Equal(left, data) {
			t.Errorf("%q: the file system gets %q, want %q", options, data, left)
		}
		for _, pair := range []struct {
			on, off  string
			set, bit uint64
		}{
			{"ro", "rw", parsed.Set, unix.MOUNT_ATTR_RDONLY}, {"nosuid", "suid", parsed.Set, unix.MOUNT_ATTR_NOSUID},
			{"nodev", "dev", parsed.Set, unix.MOUNT_ATTR_NODEV}, {"noexec", "exec", parsed.Set, unix.MOUNT_ATTR_NOEXEC},
			{"rro", "rrw", parsed.RecursiveSet, unix.MOUNT_ATTR_RDONLY}, {"rnosuid", "rsuid", parsed.RecursiveSet, unix.MOUNT_ATTR_NOSUID},
			{"sync", "async", parsed.Superblock, unix.MS_SYNCHRONOUS}, {"nosymfollow", "symfollow", parsed.Set, unix.MOUNT_ATTR_NOSYMFOLLOW},
		} {
			want := false
			for _, option := range options {
				want = option == pair.on || want && option != pair.off
			}
			if got := pair.set&pair.bit != 0; got != want {
				t.Errorf("%q: %s is %t, want %t", options, pair.on, got, want)
			}
		}
	})
}

// The kernel accepts exactly as many mappings as the check.
func TestMappingsTheKernelTakes(t *testing.T) {
	many := func(count int) (mappings []specs.LinuxIDMapping) {
		for i := range uint32(count) {
			mappings = append(mappings, specs.LinuxIDMapping{ContainerID: i, HostID: i, Size: 1})
		}
		return mappings
	}
	for _, count := range []int{MaxMappings, MaxMappings + 1} {
		if err := checkMappings("m", many(count)); (err == nil) != (count == MaxMappings) {
			t.Errorf("%d mappings: %v", count, err)
		}
		if os.Geteuid() == 0 && kernelTakes(t, many(count)) != (count == MaxMappings) {
			t.Errorf("%d mappings: the kernel disagrees", count)
		}
	}
}
