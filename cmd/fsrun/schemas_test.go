package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// publishedSchema compiles a schema that is published with the OCI runtime specification,
// in the version that this module is built with.
func publishedSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	harness.NativeOnly(t, "reads the specification's module")
	directory, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/opencontainers/runtime-spec").Output()
	must(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft4) // which the published schemas declare
	schema, err := compiler.Compile(filepath.Join(strings.TrimSpace(string(directory)), "schema", name))
	must(t, err)
	return schema
}

// follows checks that a document is valid according to a schema.
func follows(t *testing.T, schema *jsonschema.Schema, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, document)
	}
}

// TestFeaturesFollowTheSchema: what fsrun prints follows the published schema, and contains
// nothing that the specification does not define (features.md).
func TestFeaturesFollowTheSchema(t *testing.T) {
	schema := publishedSchema(t, "features-schema.json")
	document, err := json.Marshal(supported())
	must(t, err)
	follows(t, schema, document)
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	must(t, decoder.Decode(supported()))
}

// TestStateFollowsTheSchema: both the state that hooks get and the one that fsrun prints.
func TestStateFollowsTheSchema(t *testing.T) {
	schema := publishedSchema(t, "state-schema.json")
	directory, bind := hookPlace(t)
	edits := []harness.Edit{bind, harness.Args("/bin/true")}
	for _, point := range points {
		edits = append(edits, withHook(point.name, shellHook(fmt.Sprintf("cat > %s/%s", directory, point.name))))
	}
	c := newContainer(t, edits...)
	c.create()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	document, err := json.Marshal(stateOf(inspected))
	must(t, err)
	follows(t, schema, document)
	must(t, c.startNow())
	must(t, parent.Delete(c.StateRoot, c.ID, true))
	for _, point := range points {
		content, err := os.ReadFile(filepath.Join(directory, point.name))
		must(t, err)
		follows(t, schema, content)
	}
}
