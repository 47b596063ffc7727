// Package assembly reads a synthesized CDK cloud assembly: the very templates
// that CloudFormation would get, with every reference resolved, and typed views
// of what they declare.
//
// A resource becomes its identity, such as ${Orders.TargetGroup3D7CD9B8}, and an
// attribute of it ${Data.OrdersTable9725E9C8.Arn}. The identity is the same
// whether a template refers to the resource itself, imports an export or reads
// another stack's output, so resolved values can be compared across stacks.
package assembly

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Assembly is what a CDK app synthesized.
type Assembly struct {
	// Stages in the order of their names, each with at least one stack. The
	// stacks that belong to the app itself are in a stage without a name.
	Stages []*Stage
}

// Read reads the assembly in dir, usually cdk.out, and everything nested in it.
//
// It fails on a reference to nothing, an import that no stack exports, a cycle,
// and an intrinsic function or a property that is not supported.
// The error names the stack, the logical id and the property, and all such
// errors are reported at once.
func Read(dir string) (*Assembly, error) {
	a := &Assembly{}
	if err := a.read(dir, ""); err != nil {
		return nil, fmt.Errorf("assembly: %w", err)
	}
	return a, nil
}

func (a *Assembly) read(dir, name string) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	stage, err := readStage(dir, name, m)
	if err != nil {
		return err
	}
	if len(stage.Stacks) > 0 {
		a.Stages = append(a.Stages, stage)
	}
	for _, nested := range m.ofType(nestedAssembly) {
		properties := m.Artifacts[nested].Properties
		if err := a.read(filepath.Join(dir, properties.DirectoryName), properties.DisplayName); err != nil {
			return err
		}
	}
	return nil
}

// Stage returns the stage of that name, such as "shop-dev". The error of an
// unknown name lists those that exist.
func (a *Assembly) Stage(name string) (*Stage, error) {
	var names []string
	for _, stage := range a.Stages {
		if stage.Name == name {
			return stage, nil
		}
		names = append(names, stage.Name)
	}
	return nil, fmt.Errorf("assembly: no stage %q: want one of %s", name, strings.Join(names, ", "))
}
