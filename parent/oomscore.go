package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// setOOMScore sets a child's, if one is asked for. A child that hides from others in its
// user namespace cannot open the file itself.
func (p *process) setOOMScore(score *int) error {
	if score == nil {
		return nil
	}
	err := os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", p.pid), []byte(strconv.Itoa(*score)), 0)
	if err != nil {
		return fmt.Errorf("process.oomScoreAdj: %w", err)
	}
	return nil
}

// setOOMScore sets that of a child which has joined a user namespace, so that it finds
// it set. To set it itself the child would have to show itself, to those who are there
// already. It still does where we are not root, and may not either.
func (h *handshake) setOOMScore() error {
	if !h.joinsUserNamespace() {
		return nil
	}
	err := h.child.setOOMScore(h.bundle.Spec.Process.OOMScoreAdj)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
