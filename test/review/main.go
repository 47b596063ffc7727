// Command review says what a change does before it is deployed: it compares two
// synthesized apps, that of the base branch and that of a pull request, and prints
// Markdown, a section for each environment.
//
//	go run ./test/review BASE_CDK_OUT HEAD_CDK_OUT [REHEARSAL_JSON]
//
// The last is the report of a rehearsal of the change of phases, as --from and --json of the
// rehearsal write it. The exit status is 2 when there are findings, which a person must accept: a resource
// with data would be replaced or deleted, the migration would take a step that it does
// not have, a path would be without a service, a permission reaches beyond what is its
// holder's own, a connection does not work as its phases say, or requests failed in the
// rehearsal. It is 1 when a folder cannot be read.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"example.com/strangler/test/internal/assembly"
	"example.com/strangler/test/review/diff"
)

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// The exit statuses.
const (
	nothingFound = 0
	failed       = 1
	found        = 2
)

// execute reviews the two folders of the command line and returns the exit status.
func execute(args []string, out, stderr io.Writer) int {
	diffs, err := review(args)
	if err != nil {
		_, _ = fmt.Fprintln(stderr, "review:", err)
		return failed
	}
	status := nothingFound
	var pages []string
	for _, d := range diffs {
		pages = append(pages, d.Markdown())
		if len(d.Findings) > 0 {
			status = found
		}
	}
	if _, err := io.WriteString(out, strings.Join(pages, "\n")); err != nil {
		_, _ = fmt.Fprintln(stderr, "review:", err)
		return failed
	}
	return status
}

func review(args []string) ([]diff.Diff, error) {
	if len(args) < 2 || len(args) > 3 {
		return nil, errors.New("want two folders, as go run ./test/review BASE_CDK_OUT HEAD_CDK_OUT, and a rehearsal's report if there is one")
	}
	var sides [2]*assembly.Assembly
	for i, folder := range args[:2] {
		var err error
		if sides[i], err = assembly.Read(folder); err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		if len(sides[i].Stages) == 0 {
			return nil, fmt.Errorf("%s: the assembly has no stack: synthesize the app first", folder)
		}
	}
	rehearsed, err := readRehearsal(args[2:])
	if err != nil {
		return nil, err
	}
	var diffs []diff.Diff
	for _, name := range names(sides) {
		d, err := diff.Of(find(sides[0], name), find(sides[1], name))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		d.Add(rehearsed)
		if name != "" || d.Changes() {
			diffs = append(diffs, d)
		}
	}
	return diffs, nil
}

// readRehearsal reads the report in a file, if there is one.
func readRehearsal(files []string) (r diff.Rehearsal, err error) {
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return r, err
		}
		if err := json.Unmarshal(content, &r); err != nil {
			return r, fmt.Errorf("%s: want the report of a rehearsal: %w", file, err)
		}
	}
	return r, nil
}

// names are those of the environments on either side. The last is the empty name of
// the stacks beside the environments, which are reported only when they change.
func names(sides [2]*assembly.Assembly) []string {
	var all []string
	for _, side := range sides {
		for _, stage := range side.Stages {
			all = append(all, stage.Name)
		}
	}
	slices.SortFunc(all, func(a, b string) int {
		if a == "" || b == "" {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(all)
}

// find returns nil where a side has no such environment.
func find(side *assembly.Assembly, name string) *assembly.Stage {
	stage, _ := side.Stage(name)
	return stage
}
