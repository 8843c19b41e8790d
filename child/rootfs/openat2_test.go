package rootfs

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness/supervise"
)

const blockVariable = "FSRUN_TEST_WITHOUT_OPENAT2"

func openat2Blocked() bool { return os.Getenv(blockVariable) != "" }

// blockOpenat2 makes openat2(2) return ENOSYS on this thread, like an old seccomp profile,
// and fchmodat2(2), like an old kernel.
func blockOpenat2() error {
	_, err := supervise.Install(supervise.Answering(unix.SECCOMP_RET_ERRNO|uint32(unix.ENOSYS), unix.SYS_OPENAT2, unix.SYS_FCHMODAT2), 0)
	return err
}

// All checks must hold without openat2, as they do with it.
//
// CLASS: V17
func TestAllWithoutOpenat2(t *testing.T) {
	if openat2Blocked() {
		onThread(t, func() {
			if _, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{Flags: unix.O_PATH}); err != unix.ENOSYS {
				t.Errorf("openat2 answers %v; it should be blocked", err)
			}
		})
		return
	}
	requireRoot(t)
	command := exec.Command("/proc/self/exe", "-test.v", "-test.run=^Test")
	command.Env = append(os.Environ(), blockVariable+"=1")
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	passed := strings.Count(string(output), "\n--- PASS: ")
	if passed < 10 {
		t.Fatalf("only %d tests passed:\n%s", passed, output)
	}
	t.Logf("%d tests passed without openat2, %d were skipped", passed, strings.Count(string(output), "--- SKIP: "))
}
