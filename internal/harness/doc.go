// Package harness is shared by tests with real containers. It makes bundles, has a program
// that reports what it sees in a container, compares the host before and after, and can
// stop both machines at any step. Only tests import it.
//
// A test calls [Need] to say what the machine must have. Without it the test is skipped,
// with the reason; but in the guest that internal/vm boots, which has everything, it fails.
package harness
