package engine

import (
	"fmt"
	"os/exec"
	"time"
)

// RestartService has systemd restart a service, so that it reads its configuration, and
// waits until the command ask succeeds.
func RestartService(name string, ask ...string) error {
	if output, err := exec.Command("systemctl", "restart", name).CombinedOutput(); err != nil {
		return fmt.Errorf("systemctl restart %s: %w: %s", name, err, output)
	}
	for deadline := time.Now().Add(daemonTime); ; time.Sleep(300 * time.Millisecond) {
		output, err := exec.Command(ask[0], ask[1:]...).CombinedOutput()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s does not answer after %s: %v: %w: %s", name, daemonTime, ask, err, output)
		}
	}
}
