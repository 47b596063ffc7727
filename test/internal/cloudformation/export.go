package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"example.com/strangler/test/internal/assembly"
)

// exportsInUse returns an error for each export that a target template would remove or
// change while another deployed stack imports it. CloudFormation refuses both, and
// the deletion of the stack.
func (a *Account) exportsInUse(exporter string, target template) error {
	return a.inUse(exporter, func(export *assembly.Output) bool { return !target.exports(export) })
}

// renewedInUse returns an error for each export in use whose value is another one
// because a plan has replaced the resource that it refers to. CloudFormation learns the
// value only after it has made the resource, so it refuses the export then.
func (a *Account) renewedInUse(exporter string, p plan) error {
	return a.inUse(exporter, func(export *assembly.Output) bool {
		return slices.ContainsFunc(p.renewed, func(r assembly.Resource) bool { return refers(export.Value, r) })
	})
}

// inUse returns an error for each export that goes and that another deployed stack imports.
//
// An output that is exported and also read by Fn::GetStackOutput counts as
// imported: the assembly does not distinguish the two.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
func (a *Account) inUse(exporter string, goes func(*assembly.Output) bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, importer := range slices.Sorted(maps.Keys(a.stacks)) {
		if importer == exporter {
			continue
		}
		for _, export := range a.stacks[importer].template.imports(exporter) {
			if goes(export) {
				errs = append(errs, fmt.Errorf("stack %s: export %q is in use by %s: destroy %[3]s or deploy it without that import first",
					exporter, export.Export, importer))
			}
		}
	}
	return errors.Join(errs...)
}
