// Package stub makes the program that imports it the conformance kit's stub when
// a parent under test executes it as its child. It does so before any other
// package's init functions that come later, as fsrun's own child does.
package stub

import "github.com/fsrun/fsrun/protocol/conformance"

func init() {
	if conformance.IsStub() {
		conformance.StubMain()
	}
}
