package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// exportsInUse returns an error for each export that a deployment would remove or
// change while another deployed stack imports it. CloudFormation refuses both, and
// the deletion of the stack.
//
// An output that is exported and also read by Fn::GetStackOutput counts as
// imported: the assembly does not distinguish the two.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
func (a *Account) exportsInUse(exporter string, target template) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var errs []error
	for _, importer := range slices.Sorted(maps.Keys(a.stacks)) {
		if importer == exporter {
			continue
		}
		for _, export := range a.stacks[importer].template.imports(exporter) {
			if !target.exports(export) {
				errs = append(errs, fmt.Errorf("stack %s: export %q is in use by %s: destroy %[3]s or deploy it without that import first",
					exporter, export.Export, importer))
			}
		}
	}
	return errors.Join(errs...)
}
