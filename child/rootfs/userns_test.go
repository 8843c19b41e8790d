package rootfs

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

const userNamespaceVariable = "FSRUN_TEST_IN_USER_NAMESPACE"

// inUserNamespace runs the calling test again in a process in a new user namespace, along
// with the other given namespaces, and runs test there.
func inUserNamespace(t *testing.T, flags uintptr, test func(b *bundle)) {
	t.Helper()
	if os.Getenv(userNamespaceVariable) != "" {
		isolated(t, test)
		return
	}
	requireRoot(t)
	mapping := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}, {ContainerID: 1, HostID: 100000, Size: 65535}}
	command := exec.Command("/proc/self/exe", "-test.v", "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), userNamespaceVariable+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | flags,
		UidMappings: mapping, GidMappings: mapping, GidMappingsEnableSetgroups: true,
	}
	output, err := command.CombinedOutput()
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EPERM) {
		unavailable(t, "user namespaces are not allowed")
	}
	if err != nil || !strings.Contains(string(output), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, output)
	}
}

// In a container with its own user namespace, devices are bound, and the private procfs is
// available.
func TestUserNamespace(t *testing.T) {
	flags := uintptr(unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS)
	inUserNamespace(t, flags, func(b *bundle) {
		b.makeFile("etc/motd", "inside")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, defaultMounts()...))
		err := builder.Device(&protocol.Device{Path: "/dev/null", Type: "c", Major: 1, Minor: 3, Mode: 0o666})
		b.refuses(err, "mknodat", unix.EPERM)
		for _, device := range defaultDevices {
			b.check(builder.Device(&protocol.Device{Path: "/dev/" + device.name, Type: "c", Major: device.major, Minor: device.minor, Bound: true}))
		}
		b.check(perform(builder, &protocol.Sysctl{Key: "kernel.domainname", Value: "user.example"}))
		b.hasDomain("user.example")
		b.check(perform(builder, &protocol.ConsoleOp{}))
		b.check(perform(builder, &protocol.Pivot{}, &protocol.RootAttributes{ReadOnly: true}))
		b.check(perform(builder, protectedPaths()...))
		b.readsAs("/etc/motd", "inside")
		b.readsAs("/proc/timer_list", "")
		b.check(os.WriteFile("/dev/null", []byte("text"), 0))
		b.fails("write", os.WriteFile("/etc/motd", nil, 0), unix.EROFS)
		b.fails("a sysctl on a read-only path", os.WriteFile("/proc/sys/kernel/domainname", nil, 0), unix.EROFS)
	})
}

// Without the namespaces that a file system shows, the error names them.
func TestUserNamespaceWithoutOthers(t *testing.T) {
	inUserNamespace(t, 0, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		for filesystem, namespace := range map[string]string{"sysfs": "network", "proc": "pid", "mqueue": "ipc"} {
			err := builder.Mount(&protocol.Mount{Filesystem: filesystem, Source: filesystem, Destination: "/" + filesystem})
			if !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "needs a new "+namespace+" namespace") {
				t.Errorf("%s: %v", filesystem, err)
			}
		}
		// The host's root has mounts below it, which a user namespace must not uncover.
		err := builder.Bind(&protocol.Bind{Source: "/", Destination: "/host"}, -1)
		b.refuses(err, "open_tree", unix.EINVAL)
		if !strings.Contains(err.Error(), "rbind") {
			t.Errorf("error %q", err)
		}
		b.check(builder.Bind(&protocol.Bind{Source: "/sys", Destination: "/sys", Recursive: true, RecursiveSet: ro}, -1))
		b.check(builder.Bind(&protocol.Bind{Source: "/proc", Destination: "/proc", Recursive: true}, -1))
		b.check(perform(builder, &protocol.Pivot{}))
	})
}

// If the host's mounts cannot be unmounted, they must not be left within reach.
func TestMoveRefusesInUserNamespace(t *testing.T) {
	inUserNamespace(t, unix.CLONE_NEWPID, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		b.refuses(builder.Pivot(&protocol.Pivot{Move: true}), "umount2", unix.EINVAL)
	})
}
