package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
)

// citation is one place at which a test says that it proves a requirement:
//
//	// SPEC: M-ENC-3, M-ENC-4
type citation struct {
	id string
	at token.Position
}

const citationPrefix = "SPEC:"

// findCitations finds the citations in every test file below root. A citation must be in a
// test or fuzz function, in its doc comment, or in a package variable such as a table of
// cases; elsewhere it is an error.
func findCitations(root string) ([]citation, error) {
	var all []citation
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name == "testdata" || path != root && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		some, err := citationsOf(files, file)
		all = append(all, some...)
		return err
	})
	return all, err
}

func citationsOf(files *token.FileSet, file *ast.File) ([]citation, error) {
	var all []citation
	for _, group := range file.Comments {
		for _, comment := range group.List {
			list, cites := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(comment.Text, "//")), citationPrefix)
			if !cites {
				continue
			}
			at := files.Position(comment.Pos())
			if !provesSomething(file, comment.Pos()) {
				return nil, fmt.Errorf("%s: a citation belongs in a test function or a table of cases", at)
			}
			for _, id := range strings.Split(list, ",") {
				id = strings.TrimSpace(id)
				if !isMustID(id) {
					return nil, fmt.Errorf("%s: %q is not the identifier of a requirement", at, id)
				}
				all = append(all, citation{id, at})
			}
		}
	}
	return all, nil
}

// provesSomething reports whether the position is in a test or fuzz function, its doc
// comment, or a package variable.
func provesSomething(file *ast.File, position token.Pos) bool {
	for _, declaration := range file.Decls {
		from, to := declaration.Pos(), declaration.End()
		var doc *ast.CommentGroup
		switch declared := declaration.(type) {
		case *ast.FuncDecl:
			name := declared.Name.Name
			if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Fuzz") {
				continue
			}
			doc = declared.Doc
		case *ast.GenDecl:
			if declared.Tok != token.VAR {
				continue
			}
			doc = declared.Doc
		}
		if doc != nil {
			from = doc.Pos()
		}
		if from <= position && position <= to {
			return true
		}
	}
	return false
}
