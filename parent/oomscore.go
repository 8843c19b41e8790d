package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
)

// setOOMScore sets the score of a child, if the bundle asks for one. A child that hides
// from others in its user namespace cannot open the file itself.
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

// setOOMScore sets the score of a child that has joined a user namespace, so that the child
// finds it set. To set it by itself, the child would have to make itself visible to those
// who are already there. It still does if we are not root and may not set the score either.
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
