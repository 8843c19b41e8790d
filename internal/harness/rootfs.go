package harness

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// applets are the programs in a rootfs, all of them busybox.
var applets = []string{
	"cat", "cut", "date", "dd", "echo", "env", "false", "grep", "head", "hostname", "id", "kill", "ls", "mkdir",
	"mkfifo", "mknod", "mount", "nproc", "ps", "pwd", "readlink", "rm", "setsid", "sh", "sleep", "stat", "stty", "tail", "test", "touch",
	"true", "tty", "wc", "whoami",
}

// rootfsFiles are its files, by name.
var rootfsFiles = map[string]string{
	"etc/passwd": "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home:/bin/sh\n",
	"etc/group":  "root:x:0:\ntty:x:5:\nuser:x:1000:\n",
}

// Rootfs makes a root file system with busybox in a directory, which must not exist.
func Rootfs(t testing.TB, directory string) {
	t.Helper()
	program, err := busybox()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "etc", "home", "root", "tmp"} {
		must(t, os.MkdirAll(filepath.Join(directory, name), 0o755))
	}
	for name, content := range rootfsFiles {
		must(t, os.WriteFile(filepath.Join(directory, name), []byte(content), 0o644))
	}
	must(t, copyFile(program, filepath.Join(directory, "bin/busybox")))
	for _, applet := range applets {
		must(t, os.Symlink("busybox", filepath.Join(directory, "bin", applet)))
	}
}

// busybox finds a statically linked busybox.
func busybox() (string, error) {
	for _, place := range []string{"/bin/busybox", "/usr/bin/busybox"} {
		if static, err := isStatic(place); err == nil && static {
			return place, nil
		}
	}
	return "", fmt.Errorf("no static busybox is installed: %w", exec.ErrNotFound)
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
