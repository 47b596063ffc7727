// Command systems checks the types of everything in the module, tests too, as it is compiled
// for other operating systems:
//
//	go run ./test/systems windows darwin
//
// It compiles nothing. The CDK's bindings, which every compiler wants minutes for, are read
// without the bodies of their functions.
package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/tools/go/packages"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "systems:", err)
		os.Exit(1)
	}
}

// run checks the module for each system.
func run(systems []string, out io.Writer) error {
	if len(systems) == 0 {
		return errors.New("want names of systems, as go run ./test/systems windows darwin")
	}
	for _, system := range systems {
		n, err := check(system, nil, "./...")
		if err != nil {
			return fmt.Errorf("%s: %w", system, err)
		}
		if _, err := fmt.Fprintf(out, "%s: %d packages\n", system, n); err != nil {
			return err
		}
	}
	return nil
}

// check checks the packages of patterns for a system and returns how many there are. Overlay has
// files that are not on disk. An error has a line for each mistake.
func check(system string, overlay map[string][]byte, patterns ...string) (int, error) {
	root, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return 0, errors.New("there is no go.mod here: run it in the module's folder")
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedCompiledGoFiles | packages.NeedImports | packages.NeedDeps | packages.NeedSyntax |
			packages.NeedTypes | packages.NeedTypesSizes,
		Env:        append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0"),
		BuildFlags: []string{"-tags", "browser"},
		Tests:      true,
		Overlay:    overlay,
		ParseFile:  parse(root),
	}, patterns...)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, p := range loaded {
		for _, e := range p.Errors {
			errs = append(errs, e)
		}
	}
	return len(loaded), errors.Join(errs...)
}

// parse reads a file, and leaves the bodies of functions out of those of other modules: the types
// of what is there are known without. What the go command generates for a test is in its cache,
// under another ending.
func parse(root string) func(*token.FileSet, string, []byte) (*ast.File, error) {
	return func(files *token.FileSet, name string, source []byte) (*ast.File, error) {
		file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
		if below, _ := filepath.Rel(root, name); file != nil && !filepath.IsLocal(below) && filepath.Ext(name) == ".go" {
			for _, declared := range file.Decls {
				if function, ok := declared.(*ast.FuncDecl); ok {
					function.Body = nil
				}
			}
		}
		return file, err
	}
}
