package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// exportsInUse names the exports that the target of a plan does not have, or has
// with another value, while the current version of another stack imports them.
// CloudFormation refuses to take them away, and so to delete their stack.
//
// An output that is exported and also read by Fn::GetStackOutput counts as
// imported: the assembly does not tell the readers apart.
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
