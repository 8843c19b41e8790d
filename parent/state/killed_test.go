package state

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writerEnvironment makes the test binary a process that reserves, records and saves in the
// state directory it names, again and again, until it is killed.
const writerEnvironment = "FSRUN_TEST_STATE_WRITER"

func TestMain(m *testing.M) {
	if root := os.Getenv(writerEnvironment); root != "" {
		panic(write(root))
	}
	os.Exit(m.Run())
}

func write(root string) error {
	store, err := Open(root)
	if err != nil {
		return err
	}
	for {
		handle, err := store.Reserve("a", "/b")
		if err != nil {
			return err
		}
		small, large := &Container{ID: "a"}, full("a")
		large.Annotations["filler"] = strings.Repeat("x", 64<<10)
		for range 10 {
			for _, container := range []*Container{small, large} {
				if err := handle.Intend(Intent{Step: "save", Object: "state"}); err != nil {
					return err
				}
				if err := handle.Save(container); err != nil {
					return err
				}
			}
		}
		if err := handle.Remove(); err != nil {
			return err
		}
	}
}

// TestKilledWriter kills a writer at any moment: what it leaves behind can be read, its
// lock is free, its container is stopped, and it can be removed.
func TestKilledWriter(t *testing.T) {
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for round := range 40 {
		store := open(t)
		writer := exec.Command(executable)
		writer.Env = append(os.Environ(), writerEnvironment+"="+store.root)
		writer.Stderr = os.Stderr
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); ; {
			if _, err := os.Lstat(store.root); err == nil {
				break
			} else if time.Now().After(deadline) {
				t.Fatal("the writer does not write")
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(round) * 300 * time.Microsecond)
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		writer.Wait()

		entries, err := store.List()
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			left++
			if entry.Err != nil {
				t.Errorf("round %d: %v", round, entry.Err)
				continue
			}
			if got := store.Status(entry.Container, false); got != Stopped {
				t.Errorf("round %d: %s, want stopped", round, got)
			}
			if _, err := store.Intents(entry.ID); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if handle, err := store.lock("a", 0); err == nil {
			handle.Close()
		} else if len(entries) > 0 {
			t.Errorf("round %d: the dead writer's lock: %v", round, err)
		}
		if err := store.Remove("a"); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if rest, err := filepath.Glob(store.root + "/*"); err != nil || len(rest) > 0 {
			t.Errorf("round %d: %v is left, %v", round, rest, err)
		}
	}
	if left == 0 {
		t.Error("no round left anything to check")
	}
}
