package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/protocol"
)

func TestRewrite(t *testing.T) {
	parts := []section{{"a", just(func() string { return "new\n" })}}
	tests := []struct {
		name, document, want, wantError string
	}{
		{
			name:     "content is replaced, the rest kept",
			document: "before\n<!-- generated: a -->\nold\nolder\n<!-- end -->\nafter\n",
			want:     "before\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nafter\n",
		},
		{name: "unknown", document: "<!-- generated: b -->\n<!-- end -->\n", wantError: `line 1: no part is named "b"`},
		{name: "twice", document: strings.Repeat("<!-- generated: a -->\n<!-- end -->\n", 2), wantError: "line 3: a second part a"},
		{name: "no end", document: "<!-- generated: a -->\n", wantError: "part a has no end"},
		{name: "nested", document: "<!-- generated: a -->\n<!-- generated: a -->\n", wantError: "line 2: a begins within a"},
		{name: "stray end", document: "<!-- end -->\n", wantError: "line 1: an end without a beginning"},
		{name: "missing", document: "nothing\n", wantError: "part a stands nowhere"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := rewrite(test.document, parts)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if message != test.wantError {
				t.Fatalf("error %q, want %q", message, test.wantError)
			}
			if diff := cmp.Diff(test.want, got); err == nil && diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestFindMusts(t *testing.T) {
	tests := []struct{ name, document, want, wantError string }{
		{name: "one", document: "- **M-A-1** It MUST be so,\n  always.\n", want: "M-A-1 It MUST be so, always."},
		{name: "spoken of", document: "The words \"MUST\" and \"MUST NOT\".\n"},
		{name: "generated", document: "<!-- generated: a -->\nMUST\n<!-- end -->\n"},
		{name: "without an id", document: "\nIt MUST be so.\n", wantError: "line 2: a requirement without an identifier: It MUST be so."},
		{name: "twice", document: "- **M-A-1** MUST\n- **M-A-1** MUST\n", wantError: "line 2: a second M-A-1"},
		{name: "misshapen", document: "- **M-a-1** MUST\n", wantError: "line 1: not an identifier: - **M-a-1** MUST"},
		{name: "empty", document: "- **M-A-1** It is so.\n", wantError: "line 1: M-A-1 requires nothing: the word MUST is not in it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			musts, err := findMusts(test.document)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if message != test.wantError {
				t.Fatalf("error %q, want %q", message, test.wantError)
			}
			got := ""
			for _, one := range musts {
				got += one.id + " " + one.text
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCitationsOf(t *testing.T) {
	const head = "package p\n"
	tests := []struct{ name, source, want, wantError string }{
		{name: "in a test", source: head + "func TestA() {\n\t// SPEC: M-A-1, M-B-2\n}\n", want: "M-A-1 M-B-2 "},
		{name: "before a test", source: head + "// It works.\n//\n// SPEC: M-A-1\nfunc FuzzA() {}\n", want: "M-A-1 "},
		{name: "in a table", source: head + "var cases = []int{\n\t1, // SPEC: M-A-1\n}\n", want: "M-A-1 "},
		{name: "in a helper", source: head + "func help() {\n\t// SPEC: M-A-1\n}\n", wantError: "t.go:3:2: a citation belongs in a test function or a table of cases"},
		{name: "of nothing", source: head + "// SPEC: M-A\nfunc TestA() {}\n", wantError: `t.go:2:1: "M-A" is not the identifier of a requirement`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, "t.go", test.source, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			citations, err := citationsOf(files, file)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if message != test.wantError {
				t.Fatalf("error %q, want %q", message, test.wantError)
			}
			got := ""
			for _, one := range citations {
				got += one.id + " "
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A limit in the code is also described.
func TestEveryLimitIsDescribed(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), root+"/protocol/limits.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var declared, described []string
	ast.Inspect(file, func(node ast.Node) bool {
		if value, is := node.(*ast.ValueSpec); is {
			for _, name := range value.Names {
				if strings.HasPrefix(name.Name, "Max") {
					declared = append(declared, name.Name)
				}
			}
		}
		return true
	})
	for _, limit := range protocol.DescribeLimits() {
		described = append(described, limit.Name)
	}
	if diff := cmp.Diff(declared, described); diff != "" {
		t.Errorf("-declared in limits.go +described\n%s", diff)
	}
}
