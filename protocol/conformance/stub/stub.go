// Package stub turns the program that imports it into the conformance kit's stub when a
// parent under test executes it as its child. It does so in an init function, before
// packages that are initialized later, as fsrun's own child does.
package stub

import "github.com/fsrun/fsrun/protocol/conformance"

func init() {
	if conformance.IsStub() {
		conformance.StubMain()
	}
}
