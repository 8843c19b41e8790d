package sys

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// sources are this package's, embedded for the guest, which has none.
//
//go:embed *.go
var sources embed.FS

// TestNoAddressOfAVariableOutlivesItsExpression: the address of a variable is converted to
// a number only in the arguments of the system call itself. A variable is on the stack,
// which any other call may move without changing the number (unsafe.Pointer, rule 4).
func TestNoAddressOfAVariableOutlivesItsExpression(t *testing.T) {
	entries, err := sources.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		content, err := sources.ReadFile(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, entry.Name(), content, 0)
		if err != nil {
			t.Fatal(err)
		}
		var callers []ast.Node // the nodes around the one being inspected, from the file down
		ast.Inspect(file, func(node ast.Node) bool {
			if node == nil {
				callers = callers[:len(callers)-1]
				return false
			}
			if isAddressOfVariable(node) {
				found++
				if by := callers[len(callers)-1]; !makesSystemCall(by) {
					t.Errorf("%s: the number may be of a stack that has moved", files.Position(node.Pos()))
				}
			}
			callers = append(callers, node)
			return true
		})
	}
	if found == 0 {
		t.Error("no address was found: the test looks for something else than the code has")
	}
}

// isAddressOfVariable recognizes uintptr(unsafe.Pointer(&variable)).
func isAddressOfVariable(node ast.Node) bool {
	pointer, is := argumentOf(node, "uintptr").(*ast.CallExpr)
	if !is {
		return false
	}
	address, is := argumentOf(pointer, "unsafe.Pointer").(*ast.UnaryExpr)
	if !is || address.Op != token.AND {
		return false
	}
	_, is = address.X.(*ast.Ident)
	return is
}

// argumentOf returns the argument of a conversion, or nil for another node.
func argumentOf(node ast.Node, conversion string) ast.Expr {
	call, is := node.(*ast.CallExpr)
	if !is || len(call.Args) != 1 || nameOf(call.Fun) != conversion {
		return nil
	}
	return call.Args[0]
}

// makesSystemCall reports whether a node is a call during which the compiler keeps the
// stack where it is.
func makesSystemCall(node ast.Node) bool {
	call, is := node.(*ast.CallExpr)
	return is && (strings.HasPrefix(nameOf(call.Fun), "syscall.RawSyscall") || strings.HasPrefix(nameOf(call.Fun), "unix.Syscall"))
}

func nameOf(function ast.Expr) string {
	switch named := function.(type) {
	case *ast.Ident:
		return named.Name
	case *ast.SelectorExpr:
		return nameOf(named.X) + "." + named.Sel.Name
	}
	return ""
}
