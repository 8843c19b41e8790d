// Package harness is what tests with real containers stand on: bundles, a
// program that tells what it sees, a look at the host before and after, and a
// hand on both machines to stop them at any step. Only tests import it.
//
// A test says with [Need] what the machine must have. Natively a test whose need
// is not met is skipped with the reason; in the guest that internal/vm boots,
// which has everything, it fails.
package harness
